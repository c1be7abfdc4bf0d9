"""Publish a service definition: ``manage.py publish_service permits/services/resumption.toml``."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from permits.definition_file import DefinitionError, parse
from reviews.publishing import publish


class Command(BaseCommand):
    help = "Check a service definition (TOML) and publish it as the service's next edition."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, nargs="+")
        parser.add_argument("--dry-run", action="store_true", help="check only")

    def handle(self, *args: Any, **options: Any) -> None:
        for file in options["file"]:
            try:
                source = file.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise CommandError(f"{file} can't be read as UTF-8 text: {error}") from error
            try:
                if options["dry_run"]:
                    self.stdout.write(f"{file}: good ({parse(source, name=str(file)).slug})")
                    continue
                done = publish(source, name=str(file))
            except DefinitionError as error:
                raise CommandError("nothing was published:\n" + "\n".join(error.faults)) from error
            word = "published" if done.new else "is in force already"
            self.stdout.write(f"{file}: {done.version} {word}")
