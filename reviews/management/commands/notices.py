"""Print how the outbox is doing."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand
from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone

from reviews.notices import state

ROW = "{:<8} {:>8} {:>8} {:>8} {:>6} {:>8} {:>8} {:>9} {:>9}  {}"


class Command(BaseCommand):
    help = "Print the state of the outbox by channel: waiting, oldest, given up, tries of the last hour."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="for a program")

    def handle(self, *args: Any, **options: Any) -> None:
        found = state.figures()
        if options["json"]:
            self.stdout.write(json.dumps([asdict(each) for each in found], cls=DjangoJSONEncoder))
            return
        heads = ("channel", "waiting", "oldest", "overdue", "dead", "tried/h", "failed/h", "mean ms", "max ms", "")
        self.stdout.write(ROW.format(*heads))
        for each in found:
            self.stdout.write(
                ROW.format(
                    each.channel, each.waiting, _age(each.oldest), each.overdue, each.dead, each.tried, each.failed,
                    round(each.seconds * 1000), round(each.slowest * 1000), _words(each),
                ).rstrip()
            )  # fmt: skip


def _age(seconds: float) -> str:
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s" if seconds else "-"


def _words(each: state.ChannelFigures) -> str:
    """What stands against it, and the command that mends it."""
    if not each.set_up:
        return "not set up: see NOTICE_CHANNELS"
    if each.closed and each.open_until:
        return f"left alone until {timezone.localtime(each.open_until):%H:%M:%S}: it failed too often in a row"
    if each.overdue:
        return "late: start the Celery worker, or manage.py deliver_notices"
    return "manage.py resend_notices --channel " + each.channel if each.dead else ""
