"""manage.py push_checkpoint: send the audit log's latest checkpoint to the witnesses, now."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from reviews.audit import witness


class Command(BaseCommand):
    help = "Send the latest checkpoint to AUDIT_WITNESSES that haven't got it; beat does the same every hour."

    def handle(self, *args: Any, **options: Any) -> None:
        if faults := witness.push():
            raise CommandError("\n".join(f"{address}: {fault}" for address, fault in faults.items()))
        self.stdout.write(f"{len(settings.AUDIT_WITNESSES)} witnesses have the latest checkpoint.")
