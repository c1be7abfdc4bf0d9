"""Publish a service definition: ``manage.py publish_service permits/services/resumption.toml``."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from permits.definition_file import DefinitionError, parse
from permits.intake.storage import StorageUnavailable
from reviews.publishing import Preview, preview, publish

T = TypeVar("T")


class Command(BaseCommand):
    help = "Check a service definition (TOML) and publish it as the service's next edition."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, nargs="+")
        parser.add_argument("--dry-run", action="store_true", help="check only, and say what would change")

    def handle(self, *args: Any, **options: Any) -> None:
        checked = [self._checked(file) for file in options["file"]]  # all of them, before the first is published
        if options["dry_run"]:
            for file, source in checked:
                self._show(file, self._named(preview, source, file))
            return
        with transaction.atomic():
            published = [(file, self._named(publish, source, file)) for file, source in checked]
        for file, done in published:
            self.stdout.write(f"{file}: {done.version} {'published' if done.new else 'is in force already'}")

    def _show(self, file: Path, seen: Preview) -> None:
        """What publishing would change, and what it would mean for drafts that are open."""
        if seen.current is None:
            self.stdout.write(f"{file}: good; it would be the first edition of {seen.slug}")
            return
        self.stdout.write(f"{file}: good; against {seen.current}:")
        for change in seen.changes:
            self.stdout.write(f"  {change}")
        for name in seen.files:
            self.stdout.write(f"  ~ files/{name}")
        if not seen.changes and not seen.files:
            self.stdout.write("  no change")
        self.stdout.write(f"  {seen.drafts} open drafts stay on their edition until their owners carry them over")
        for key, count in sorted(seen.losing.items()):
            self.stdout.write(f"  in {count} of them the answer to '{key}' would no longer fit: its owner is shown it")

    def _named(self, do: Callable[..., T], source: str, file: Path) -> T:
        """With the files that the definition names, of the folder ``files`` beside it."""
        try:
            return do(source, name=str(file), folder=file.parent / "files")
        except DefinitionError as error:
            raise CommandError("nothing was published:\n" + "\n".join(error.faults)) from error
        except StorageUnavailable as error:
            raise CommandError(f"{file} was not published: {error}") from error

    def _checked(self, file: Path) -> tuple[Path, str]:
        try:
            source = file.read_text(encoding="utf-8")
            parse(source, name=str(file))
            return file, source
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{file} can't be read as UTF-8 text: {error}") from error
        except DefinitionError as error:
            raise CommandError("nothing was published:\n" + "\n".join(error.faults)) from error
