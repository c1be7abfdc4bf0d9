"""manage.py check_storage [--repair] [--sample N | --quick]: rows and blobs side by side."""

from __future__ import annotations

import sys
import time
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from permits.intake import storage_rounds
from permits.intake.storage import StorageUnavailable
from permits.intake.storage_check import How, Tally

EVERY = 5.0  # seconds between two words of progress
FAULTY, LEFT_OVER, NOT_CHECKED = 1, 2, 3  # exit statuses


class Command(BaseCommand):
    help = (
        "Compare the rows with the storage: blobs that are lost or damaged, blobs that no row needs, uploads that broke off. "
        "Every blob is read and hashed, unless --sample or --quick says otherwise. Exit status 0: all is well; 1: something is lost or "
        "damaged; 2: something is left over that --repair removes; 3: the storage could not be checked."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--repair", action="store_true", help="delete what no row needs, make anew what can be made anew"
        )
        parser.add_argument("--sample", type=int, metavar="N", help="read only so many blobs, drawn by lot")
        parser.add_argument(
            "--quick", action="store_true", help="read no blob: only whether it is there and how long it is"
        )
        parser.add_argument("--grace", type=float, default=24, metavar="HOURS", help="leave alone what is younger (24)")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["grace"] < 1:
            raise CommandError("--grace: at least 1 hour, for an upload under way has no row yet")
        read: str | int = "none" if options["quick"] else "all" if options["sample"] is None else options["sample"]
        if isinstance(read, int) and not 0 < read <= 1_000_000:
            raise CommandError("--sample: from 1 to 1,000,000 blobs")
        how = How(
            read=read, repair=options["repair"], grace=timedelta(hours=options["grace"]), tell=Progress(self).tell
        )
        try:
            tally = storage_rounds.all_of_it(how)
        except StorageUnavailable as error:
            self.stderr.write(f"The storage could not be checked: {error}")
            sys.exit(NOT_CHECKED)
        self._say(tally)
        if tally.faulty:
            self.stderr.write(
                "Lost or damaged: put the file back from a backup under the same name, then run check_storage again."
            )
            sys.exit(FAULTY)
        if tally.orphans + tally.leftovers > tally.removed:
            self.stderr.write("Left over: check_storage --repair removes it.")
            sys.exit(LEFT_OVER)

    def _say(self, tally: Tally) -> None:
        for words in tally.said:
            self.stdout.write(words)
        found = tally.lost + tally.damaged + tally.orphans + tally.leftovers + tally.mended
        if found > len(tally.said):
            self.stdout.write(f"… and {found - len(tally.said)} more")
        self.stdout.write(
            f"{tally.needed} blobs needed, {tally.blobs} there, {tally.read} read: {tally.lost} lost, {tally.damaged} damaged, "
            f"{tally.orphans} orphans, {tally.leftovers} leftovers; {tally.mended} made anew, {tally.removed} removed."
        )


class Progress:
    """A word every few seconds: digests are spread evenly, so the first of their digits say how far it is."""

    def __init__(self, command: BaseCommand) -> None:
        self.command, self.next = command, time.monotonic() + EVERY

    def tell(self, tally: Tally) -> None:
        if time.monotonic() < self.next:
            return
        self.next = time.monotonic() + EVERY
        share = int(tally.after[:4] or "0", 16) / 0x10000
        faults = tally.lost + tally.damaged
        self.command.stderr.write(f"{share:4.0%}  {tally.blobs} blobs, {tally.read} read, {faults} lost or damaged")
