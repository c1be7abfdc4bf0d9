"""manage.py prune_scans: who came through a gate is forgotten once the gate's time is over; how many came is kept."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from reviews import gates


class Command(BaseCommand):
    help = "Delete passages older than their gate keeps them; how many there were on each day stays."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{gates.prune()} passages")
