"""manage.py verify_permit NUMBER|TEXT|FILE: is the permit good? Exit status 1 unless it is."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from permits.credentials import checking, code, code_checking

PDF = b"%PDF-"


class Command(BaseCommand):
    help = "Say whether a permit is good: signed by us, in the register, in force."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "what",
            help="a number, such as 360924-FG-2020-000001-K, the text of a QR code (PP1:… or an address that ends in it), a "
            "file with that text, or the file of a permit's PDF",
        )
        parser.add_argument(
            "--offline", action="store_true", help="of a PDF check the signature only, not the register"
        )
        parser.add_argument(
            "--status", type=Path, metavar="FILE", help="a list from /verify/status: of a code the register isn't asked then"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            good, lines = _found(options["what"], offline=options["offline"], status=options["status"])
        except (OSError, ValueError, ImproperlyConfigured) as error:
            raise CommandError(str(error)) from error
        except DatabaseError as error:
            raise CommandError(f"the register doesn't answer: {error} (a PDF's signature alone: --offline)") from error
        self.stdout.write("\n".join(lines))
        if not good:
            sys.exit(1)


def _found(what: str, *, offline: bool, status: Path | None) -> tuple[bool, list[str]]:
    known = status.read_bytes() if status else None
    if not code.found_in(what) and ((path := Path(what)).suffix.lower() == ".pdf" or path.is_file()):
        content = path.read_bytes()
        if path.suffix.lower() == ".pdf" or PDF in content[:1024]:
            found = checking.pdf(content, offline=offline)
            return found.good, found.lines
        what = content.decode(errors="replace")
    if code.found_in(what):
        return code_checking.report(what, known=known)
    if known is not None:
        raise CommandError("--status goes with the text of a QR code: a number alone is signed by nobody")
    found = checking.number(what)
    return found.good, found.lines
