"""manage.py guard_audit_log: put the audit log's triggers back."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection

from reviews.audit import triggers


class Command(BaseCommand):
    help = "Make the triggers that keep the audit log append-only, where one is missing or switched off."

    def handle(self, *args: Any, **options: Any) -> None:
        triggers.remove(connection)
        triggers.install(connection)
        self.stdout.write("The audit log is guarded: " + ", ".join(triggers.TABLES))
