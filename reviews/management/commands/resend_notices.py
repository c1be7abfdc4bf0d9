"""Begin anew with notices that were given up."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from reviews.models import Notice
from reviews.notices import kick, outbox


class Command(BaseCommand):
    help = "Put notices that were given up back into the outbox and kick the workers; all, or those of a channel."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--channel", choices=Notice.Channel.values, help="only this channel's")
        parser.add_argument("--number", help="only those of the application of this number")

    def handle(self, *args: Any, **options: Any) -> None:
        # An empty variable in a script must not turn "those of this one" into "all of them".
        if options["number"] == "":
            raise CommandError("--number: the application's number, as in 360924-20261124-000001-Y; it is empty")
        rows = Notice.objects.all()
        if options["channel"] is not None:
            rows = rows.filter(channel=options["channel"])
        if options["number"] is not None:
            rows = rows.filter(application__number=options["number"])
        ids = outbox.revive(rows)
        kick.deliver(ids)
        self.stdout.write(f"{len(ids)} put back")
