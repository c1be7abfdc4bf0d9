"""manage.py erase_words NUMBER SEQ --reason …: what the law wants erased goes, and the audit log stays valid."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from permits.intake.storage import StorageUnavailable
from permits.models import Application
from reviews.audit import archive
from reviews.models import Event
from reviews.workflow import erasing


class Command(BaseCommand):
    help = "Erase the words of one event of an application, with their salt. The event stays and verifies."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("number", help="the application's number")
        parser.add_argument("seq", type=int, help="which of its events")
        parser.add_argument("--reason", required=True, help="why; goes on record, so don't repeat what is erased")

    def handle(self, *args: Any, **options: Any) -> None:
        number, seq = options["number"], options["seq"]
        application = Application.objects.filter(number=number).first()
        if application is None:
            raise CommandError(f"there is no application {number}")
        event = _event(application, seq)
        if event is None:
            raise CommandError(f"application {number} has no event {seq}")
        if erasing.erase_words(event, reason=options["reason"]) is None:
            raise CommandError(f"event {seq} of application {number} has no words, or they were erased already")
        self.stdout.write(f"The words of event {seq} of application {number} are gone; that they went is on record.")


def _event(application: Application, seq: int) -> Event | None:
    """From the database, or from the archive, which is read only if it has to be."""
    if found := application.events.filter(seq=seq).first():
        return found
    try:
        return next((event for event in archive.events_of(application) if event.seq == seq), None)
    except (archive.NotArchived, StorageUnavailable) as error:
        raise CommandError(f"event {seq} of application {application.number} is archived. {error}") from error
