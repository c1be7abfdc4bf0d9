"""Carry applications over to the working calendar in force, after `load_calendar` or an upgrade of chinesecalendar."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils import timezone

from permits.models import Application
from reviews import calendars, workflow

SHOWN = 50


class Command(BaseCommand):
    help = "Count due times again by the working calendar in force; each that moves is an event, and told if promised."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="say what would move, and move nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        name = calendars.name_of(calendars.current())
        moved = 0
        # An application that is carried over is found no more, so this ends, and goes on where a stop left it.
        for pk in calendars.counted_otherwise(name).order_by("pk").values_list("pk", flat=True).iterator(1000):
            with transaction.atomic():
                times = workflow.recompute_due_times(pk, to=name)
                if options["dry_run"]:
                    transaction.set_rollback(True)
            if times:
                moved += 1
                if moved <= SHOWN:
                    self._say(pk, times)
        self.stdout.write(f"{moved} applications {'would move' if options['dry_run'] else 'moved'}; calendar {name}")

    def _say(self, pk: int, times: dict[str, Any]) -> None:
        number = Application.objects.values_list("number", flat=True).get(pk=pk)
        for what, (was, becomes) in times.items():
            here = [timezone.localtime(at).strftime("%Y-%m-%d %H:%M") for at in (was, becomes)]
            self.stdout.write(f"{number} {what}: {here[0]} → {here[1]}")
