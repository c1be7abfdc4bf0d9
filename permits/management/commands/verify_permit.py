"""manage.py verify_permit NUMBER|TEXT|FILE: what register and signatures say. Exit status 1 unless the permit is valid."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from permits.credentials import VerifyResult, check, code, code_checking


class Command(BaseCommand):
    help = "Say whether a permit is good: in the register, in force, and signed by us."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "number",
            help="the permit's number, such as 360924-FG-2020-000001-K, the text of its QR code (PP1:… or an address that "
            "ends in it), or a file with that text",
        )
        parser.add_argument(
            "--status", type=Path, metavar="FILE", help="a list from /verify/status: then the register isn't asked"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        good, lines = _found(options["number"], options.get("status"))
        for line in lines:
            self.stdout.write(line)
        if not good:
            sys.exit(1)


def _found(given: str, status: Path | None) -> tuple[bool, list[str]]:
    try:
        if not code.found_in(given) and Path(given).is_file():
            given = Path(given).read_text(encoding="utf-8", errors="replace")
        known = status.read_bytes() if status else None
    except (OSError, ValueError) as error:
        raise CommandError(str(error)) from error
    if code.found_in(given):
        return code_checking.report(given, known=known)
    if known is not None:
        raise CommandError("--status goes with the text of a QR code: a number alone is signed by nobody")
    result = check(given)
    return result.valid, _report(result)


def _report(result: VerifyResult) -> list[str]:
    if not result.found:
        return [f"{result.number}: NOT FOUND: no permit of this number was issued here"]
    content = result.content
    lines = [f"{result.number}: {'VALID' if result.valid else 'NOT VALID'}"]
    if result.signature_ok:
        holder, office, title = content["holder"], content["office"], content["title"]
        lines += [
            f"  title       {title['zh']} / {title['en']}",
            f"  holder      {holder['name']} {holder['uscc']}".rstrip(),
            f"  issued by   {office['zh']} / {office['en']}",
            f"  issued at   {content['issued_at']}",
            f"  valid until {content['valid_until'] or 'revoked'}{' (EXPIRED)' if result.expired else ''}",
        ]
    revoked = f"REVOKED at {result.revoked_at:%Y-%m-%dT%H:%M:%SZ}" if result.revoked_at else "REVOKED"
    standing = f"SUPERSEDED by {result.superseded_by}" if result.superseded_by else "in force"
    lines.append(f"  register    {revoked if result.revoked else standing}")
    if result.corrected_at:
        lines.append(f"  corrected   {result.corrected_at:%Y-%m-%dT%H:%M:%SZ}: earlier prints are void")
    lines.append(f"  signature   {'fits' if result.signature_ok else 'DOES NOT FIT, or its key is missing from old/'}")
    return lines
