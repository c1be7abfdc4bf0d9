"""The pages for a proxy to show when the portal can't: it is down, or a request is too large to be handed on."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from portal.views import errors


class Command(BaseCommand):
    help = "Write 413.html, 500.html and 503.html, each complete in itself, into a folder for the web server."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        folder: Path = options["folder"]
        folder.mkdir(parents=True, exist_ok=True)
        for status in errors.ALONE:
            (folder / f"{status}.html").write_bytes(errors.alone(status).content)
            self.stdout.write(str(folder / f"{status}.html"))
