"""Load days of the official calendar from a CSV file: date,working|off,note."""

from __future__ import annotations

import csv
from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from reviews import calendars


class Command(BaseCommand):
    help = "Load holidays and make-up days from a CSV file with lines such as 2027-01-01,off,元旦"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        rows = []
        for number, row in enumerate(csv.reader(_text(options["file"]).splitlines()), 1):
            if not row or row[0].startswith("#"):
                continue
            try:
                day, word = date.fromisoformat(row[0].strip()), row[1].strip()
                working = {"working": True, "off": False}[word]
            except (ValueError, IndexError, KeyError) as error:
                raise CommandError(f"line {number}: write YYYY-MM-DD,working|off,note; nothing was loaded") from error
            rows.append({"date": day, "working": working, "note": row[2].strip() if len(row) > 2 else ""})
        self.stdout.write(f"{calendars.load(rows)} days loaded")
        if open_ones := calendars.open_ones_counted_otherwise():
            self.stdout.write(
                f"{open_ones} open applications are counted with the calendar as it was: manage.py recompute_due_times"
            )


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise CommandError(f"{file} can't be read ({error.strerror}); nothing was loaded") from error
    except UnicodeDecodeError as error:
        raise CommandError(f"{file} is not UTF-8: save it as “CSV UTF-8”; nothing was loaded") from error
