"""Begin anew with notices that were given up."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from reviews.models import Notice
from reviews.notices import kick, outbox


class Command(BaseCommand):
    help = "Put notices that were given up back into the outbox and kick the workers; all, or those of a channel."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--channel", choices=Notice.Channel.values, help="only this channel's")
        parser.add_argument("--number", help="only those of the application of this number")

    def handle(self, *args: Any, **options: Any) -> None:
        rows = Notice.objects.all()
        if options["channel"]:
            rows = rows.filter(channel=options["channel"])
        if options["number"]:
            rows = rows.filter(application__number=options["number"])
        ids = outbox.revive(rows)
        kick.deliver(ids)
        self.stdout.write(f"{len(ids)} put back")
