"""Publish a service definition: ``manage.py publish_service permits/services/resumption.toml``."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from permits.definition_file import DefinitionError, parse
from reviews.publishing import Preview, preview, publish


class Command(BaseCommand):
    help = "Check a service definition (TOML) and publish it as the service's next edition."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, nargs="+")
        parser.add_argument("--dry-run", action="store_true", help="check only, and say what would change")

    def handle(self, *args: Any, **options: Any) -> None:
        checked = [self._checked(file) for file in options["file"]]  # all of them, before the first is published
        for file, source in checked:
            if options["dry_run"]:
                self._show(file, preview(source, name=str(file)))
                continue
            done = publish(source, name=str(file))
            word = "published" if done.new else "is in force already"
            self.stdout.write(f"{file}: {done.version} {word}")

    def _show(self, file: Path, seen: Preview) -> None:
        """What publishing would change, and what it would mean for drafts that are open."""
        if seen.current is None:
            self.stdout.write(f"{file}: good; it would be the first edition of {seen.slug}")
            return
        self.stdout.write(f"{file}: good; against {seen.current}:")
        for change in seen.changes:
            self.stdout.write(f"  {change}")
        if not seen.changes:
            self.stdout.write("  no change")
        self.stdout.write(f"  {seen.drafts} open drafts stay on their edition until their owners carry them over")
        for key, count in sorted(seen.losing.items()):
            self.stdout.write(f"  in {count} of them the answer to '{key}' would no longer fit: its owner is shown it")

    def _checked(self, file: Path) -> tuple[Path, str]:
        try:
            source = file.read_text(encoding="utf-8")
            parse(source, name=str(file))
            return file, source
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{file} can't be read as UTF-8 text: {error}") from error
        except DefinitionError as error:
            raise CommandError("nothing was published:\n" + "\n".join(error.faults)) from error
