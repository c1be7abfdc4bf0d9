"""Publish a service definition: ``manage.py publish_service permits/services/resumption.toml``."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from permits.definition import Definition
from permits.definition_file import DefinitionError, parse
from reviews.publishing import publish


class Command(BaseCommand):
    help = "Check a service definition (TOML) and publish it as the service's next edition."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, nargs="+")
        parser.add_argument("--dry-run", action="store_true", help="check only")

    def handle(self, *args: Any, **options: Any) -> None:
        checked = [self._checked(file) for file in options["file"]]  # all of them, before the first is published
        for file, source, definition in checked:
            if options["dry_run"]:
                self.stdout.write(f"{file}: good ({definition.slug})")
                continue
            done = publish(source, name=str(file))
            word = "published" if done.new else "is in force already"
            self.stdout.write(f"{file}: {done.version} {word}")

    def _checked(self, file: Path) -> tuple[Path, str, Definition]:
        try:
            source = file.read_text(encoding="utf-8")
            return file, source, parse(source, name=str(file))
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{file} can't be read as UTF-8 text: {error}") from error
        except DefinitionError as error:
            raise CommandError("nothing was published:\n" + "\n".join(error.faults)) from error
