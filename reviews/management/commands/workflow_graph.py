"""Draw the process from its table, as Mermaid: ``manage.py workflow_graph`` (and ``--service resumption``)."""

from __future__ import annotations

import itertools
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from permits.models import Service
from reviews.lifecycle import FINAL, TRANSITIONS


def states() -> str:
    """The state diagram of ``lifecycle.TRANSITIONS``."""
    lines = ["stateDiagram-v2", "    [*] --> draft"]
    for row in TRANSITIONS:
        where = f" ({row.stage})" if row.stage else ""
        lines.append(f"    {row.source} --> {row.target}: {row.action}{where} · {row.by}")
    lines += [f"    {status} --> [*]" for status in sorted(FINAL)]
    return "\n".join(dict.fromkeys(lines))


def stages(service: Service) -> str:
    """The stages of a service and who handles each."""
    lines = ["flowchart LR"]
    keys = []
    for stage in service.definition.stages:
        who = ", ".join(h.department + (f" when {h.when}" if h.when else "") for h in stage.departments)
        lines.append(f'    {stage.key}["{stage.title.en}<br/>{who.replace(chr(34), chr(39))}"]')
        keys.append(stage.key)
    lines += [f"    {a} --> {b}" for a, b in itertools.pairwise(keys)]
    return "\n".join(lines)


class Command(BaseCommand):
    help = "Print the states (or a service's stages) as a Mermaid diagram."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--service")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["service"]:
            self.stdout.write(states())
            return
        service = Service.objects.filter(slug=options["service"], current__isnull=False).first()
        if service is None:
            raise CommandError(f"no published service '{options['service']}'")
        self.stdout.write(stages(service))
