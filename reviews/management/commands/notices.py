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
from reviews.webhooks import state as webhooks

ROW = "{:<8} {:>8} {:>8} {:>8} {:>6} {:>8} {:>8} {:>9} {:>9}  {}"

WEBHOOK = "{:<20} {:>8} {:>8} {:>6} {:>8} {:>8} {:>9}  {}"


class Command(BaseCommand):
    help = "Print the state of the outbox by channel, and of the webhooks: waiting, oldest, given up, tries of the last hour."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="for a program")

    def handle(self, *args: Any, **options: Any) -> None:
        found, told = state.figures(), webhooks.figures()
        if options["json"]:
            rows = {"channels": [asdict(each) for each in found], "webhooks": [asdict(each) for each in told]}
            self.stdout.write(json.dumps(rows, cls=DjangoJSONEncoder))
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
        if not told:
            return
        self.stdout.write("\n" + WEBHOOK.format("webhook", "waiting", "oldest", "dead", "tried/h", "failed/h", "mean ms", ""))
        for hook in told:
            self.stdout.write(
                WEBHOOK.format(
                    f"{hook.key} {hook.name}"[:20], hook.waiting, _age(hook.oldest), hook.dead, hook.tried, hook.failed,
                    round(hook.seconds * 1000), _of_webhook(hook),
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


def _of_webhook(hook: webhooks.EndpointFigures) -> str:
    if not hook.active:
        return "switched off: see Webhooks in the review desk"
    if hook.failing_since:
        return f"nothing gets through since {timezone.localtime(hook.failing_since):%m-%d %H:%M}"
    return f"manage.py replay_webhooks --endpoint {hook.key} --since DAY" if hook.dead else ""
