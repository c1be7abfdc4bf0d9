"""manage.py erase_words NUMBER SEQ --reason …: what the law wants erased goes, and the audit log stays valid."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

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
        event = Event.objects.filter(application__number=number, seq=seq).first()
        if event is None:
            raise CommandError(f"application {number} has no event {seq}")
        if erasing.erase_words(event.pk, reason=options["reason"]) is None:
            raise CommandError(f"event {seq} of application {number} has no words, or they were erased already")
        self.stdout.write(f"The words of event {seq} of application {number} are gone; that they went is on record.")
