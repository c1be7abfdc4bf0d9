"""manage.py clear_uploads: forget uploads that broke off and were not gone on with; beat does it every hour."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from permits.intake import arriving
from permits.intake.storage import StorageUnavailable


class Command(BaseCommand):
    help = "Forget uploads that expired, and pieces that no upload needs. Files that were handed in are not touched."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            gone = arriving.clear()
        except StorageUnavailable as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{gone} uploads cleared.")
