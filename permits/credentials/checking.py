"""What ``manage.py verify_permit`` says of a thing that somebody holds up: one function for each kind of thing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC

from permits.credentials.pades_checking import Refused, Signature, signature_of
from permits.credentials.register import VerifyResult, check


@dataclass(frozen=True)
class Finding:
    good: bool
    lines: list[str]  # in words, the first of them the whole of it


def number(text: str) -> Finding:
    """A number, as a person may have typed it: the register's word."""
    result = check(text)
    if not result.found:
        return Finding(False, [f"{result.number}: NOT FOUND: no permit of this number was issued here"])
    return Finding(result.valid, [f"{result.number}: {'VALID' if result.valid else 'NOT VALID'}", *_register(result)])


def pdf(content: bytes, *, offline: bool = False) -> Finding:
    """A PDF: its signature, and what the register says today unless it can't be asked (``offline``)."""
    try:
        signature = signature_of(content)
    except Refused as refused:
        return Finding(False, [f"NOT VALID: {refused}"])
    lines = _signature(signature)
    if offline:
        return Finding(True, [f"{signature.number}: SIGNED by the bureau; the register was not asked", *lines])
    result = check(signature.number)
    if not result.found:
        return Finding(False, [f"{signature.number}: NOT FOUND in the register, though the bureau signed it", *lines])
    void = result.corrected_at is not None and signature.signed_at < result.corrected_at.replace(microsecond=0)
    good = result.valid and not void
    lines += _register(result)
    if void:
        lines.append("  print       VOID: the permit was corrected after this was printed")
    return Finding(good, [f"{signature.number}: {'VALID' if good else 'NOT VALID'}", *lines])


def _signature(signature: Signature) -> list[str]:
    at = f"{signature.signed_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    by = f", says the time stamp of {signature.stamped_by}" if signature.stamped_by else ", says the bureau"
    return [
        "  the PDF     is unchanged since it was signed, to the last bit",
        f"  signed by   {signature.signer}",
        f"  vouched by  {signature.issuer}",
        f"  signed at   {at}{by}",
    ]


def _register(result: VerifyResult) -> list[str]:
    content, lines = result.content, []
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
