"""Count what happened since the last time into the public board. Beat does it too; to repeat it changes nothing."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from reviews import public_counting


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        total = 0
        while read := public_counting.count():
            total += read
        self.stdout.write(f"{total} entries of the log were counted")
