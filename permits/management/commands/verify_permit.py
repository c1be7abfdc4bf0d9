"""manage.py verify_permit NUMBER|FILE.pdf: is the permit good? Exit status 1 unless it is."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from permits.credentials import checking


class Command(BaseCommand):
    help = "Say whether a permit is good: signed by us, in the register, in force."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", help="a number, such as 360924-FG-2020-000001-K, or the file of a permit's PDF")
        parser.add_argument(
            "--offline", action="store_true", help="of a PDF check the signature only, not the register"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            found = _found(options["what"], offline=options["offline"])
        except (OSError, ImproperlyConfigured) as error:
            raise CommandError(str(error)) from error
        except DatabaseError as error:
            raise CommandError(f"the register doesn't answer: {error} (a PDF's signature alone: --offline)") from error
        self.stdout.write("\n".join(found.lines))
        if not found.good:
            sys.exit(1)


def _found(what: str, *, offline: bool) -> checking.Finding:
    if (path := Path(what)).suffix.lower() == ".pdf" or path.is_file():
        return checking.pdf(path.read_bytes(), offline=offline)
    return checking.number(what)
