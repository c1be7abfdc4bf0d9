"""Draw the process from its table: ``manage.py workflow_graph``, and of one service ``--service resumption``."""

from __future__ import annotations

import itertools
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import translation

from permits.models import Service
from reviews import drawing
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
    help = "Draw all states (Mermaid), or a service's stages, steps and who takes them (SVG or Mermaid)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--service", help="slug of a published service")
        parser.add_argument("--format", choices=["svg", "mermaid"], default="mermaid")
        parser.add_argument("--language", choices=[code for code, _name in settings.LANGUAGES], default="en")
        parser.add_argument("--output", type=Path, help="a file to write to")

    def handle(self, *args: Any, **options: Any) -> None:
        text = self._drawn(options["service"], options["format"], options["language"])
        if options["output"]:
            options["output"].write_text(text.rstrip("\n") + "\n", encoding="utf-8")
        else:
            self.stdout.write(text)

    def _drawn(self, slug: str | None, form: str, language: str) -> str:
        if not slug:
            if form == "svg":
                raise CommandError("an SVG is drawn of one service: add --service SLUG")
            return states()
        service = Service.objects.filter(slug=slug, current__isnull=False).first()
        if service is None:
            raise CommandError(f"no published service '{slug}'")
        if form == "mermaid":
            return stages(service)
        with translation.override(language):
            return drawing.svg(service.definition)
