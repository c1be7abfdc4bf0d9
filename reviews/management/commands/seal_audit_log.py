"""manage.py seal_audit_log: put what waits into the tree and sign it, from this process."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from reviews.audit import sealing, tree


class Command(BaseCommand):
    help = "Seal the events of the audit log that wait; beat does the same every 10 seconds."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            sealed = sealing.seal()
            last = tree.latest()
        except (ImproperlyConfigured, tree.NothingSealed) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{sealed} events sealed; the tree has {last.size} leaves.")
        self.stdout.write(last.note)
