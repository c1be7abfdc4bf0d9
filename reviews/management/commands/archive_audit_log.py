"""manage.py archive_audit_log --year YEAR: events of applications closed by then go to the storage, proofs stay."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from permits.intake.storage import StorageUnavailable
from reviews.audit import archive, verify


class Command(BaseCommand):
    help = (
        "Verify the audit log, then move the events of applications that were closed in YEAR or before into files at "
        "AUDIT_ARCHIVE_URL. Leaves, checkpoints and words stay in the database. For the role that owns the tables."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--year", type=int, required=True, help="a year that is over")

    def handle(self, *args: Any, **options: Any) -> None:
        if first := verify.verify().first:
            raise CommandError(f"Nothing is archived: the audit log does not hold. {first.words}")
        total = 0
        try:
            for made in archive.archive_year(options["year"]):
                total += made.events
                self.stdout.write(f"{made.name}: {made.events} events, SHA-256 {made.sha256}")
        except (archive.NotArchived, StorageUnavailable) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{total} events archived.")
