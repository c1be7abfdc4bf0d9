"""manage.py verify_permit NUMBER: what the register and the signature say. Exit status 1 unless the permit is valid."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from permits.credentials import VerifyResult, check


class Command(BaseCommand):
    help = "Say whether a permit is good: in the register, in force, and signed by us."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("number", help="the permit's number, such as 360924-FG-2020-000001-K")

    def handle(self, *args: Any, **options: Any) -> None:
        result = check(options["number"])
        for line in _report(result):
            self.stdout.write(line)
        if not result.valid:
            sys.exit(1)


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
