"""Publish the draft editions whose time has come, from this process."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from reviews import editions


class Command(BaseCommand):
    help = "Publish draft editions whose time has come; beat does the same three times a minute."

    def handle(self, *args: Any, **options: Any) -> None:
        done = editions.publish_due()
        self.stdout.write(f"{done['published']} published, {done['refused']} refused (the reason stands on the draft)")
