"""manage.py prune_deliveries: what was told to other systems long ago, and what providers reported, goes."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from reviews import pruning


class Command(BaseCommand):
    help = "Delete webhook deliveries that got through and providers' reports that are older than DELIVERIES_KEPT_DAYS."

    def handle(self, *args: Any, **options: Any) -> None:
        for what, count in pruning.prune().items():
            self.stdout.write(f"{count} {what}")
