"""What ``manage.py verify_permit`` says of a code: its signature, and the register's word or that of a list."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from permits.credentials import status
from permits.credentials.code import Code, read
from permits.credentials.cose import Refused
from permits.credentials.register import check

WORDS = {
    "no_code": "this is no code of a permit: none begins so",
    "malformed": "this code is damaged or made up",
    "unknown_key": "signed with a key that is not ours, or whose public half is missing from old/",
    "forged": "FORGED: the signature does not fit what it says",
    "another_number": "the address names another permit than the code behind it",
}
STANDING = {
    "valid": "VALID",
    "revoked": "NOT VALID: revoked",
    "superseded": "NOT VALID: superseded by a renewed permit",
    "corrected": "NOT VALID: this print is from before a correction",
    "expired": "NOT VALID: expired",
    "not_yet": "NOT VALID: to be issued later, by this computer's clock",
    "unregistered": "NOT VALID: the register has no permit of this number, or its entry was changed",
    "unknown": "GENUINE, but the list is too old to say whether it is in force",
}


def report(text: str, *, known: bytes | None = None, now: datetime | None = None) -> tuple[bool, list[str]]:
    """Whether it is good, and the lines that say so. With ``known``, a list from ``/verify/status``, no register is asked."""
    now = now or timezone.now()
    try:
        code = read(text)
    except Refused as refused:
        return False, [f"NOT VALID: {WORDS[refused.code]}"]
    if known is None:
        word, asked = by_the_register(code, now), "asked now"
    else:
        try:
            found = status.read(known)
        except Refused:
            return False, ["the list is no list of ours, or was changed: nothing can be said"]
        word, asked = status.judge(code, found, now), f"not asked; list of {found.as_of:%Y-%m-%dT%H:%M:%SZ}"
    return word == "valid", [
        f"{code.number}: {STANDING[word]}",
        f"  holder      {code.holder}{' …' if code.cut else ''} {code.uscc}".rstrip(),
        f"  service     {code.service}",
        f"  issued at   {code.issued_at:%Y-%m-%dT%H:%M:%SZ}",
        f"  valid until {code.valid_until or 'revoked'}",
        f"  the code    is signed with {code.key_id}, unchanged to the last bit",
        f"  register    {asked}",
    ]


def by_the_register(code: Code, now: datetime) -> str:
    """A code that we signed of a number that the register doesn't have is not good either."""
    found = check(code.number, today=timezone.localdate(now))
    if not (found.found and found.signature_ok):
        return "unregistered"
    known = status.StatusList(
        as_of=now, expires=now + status.SLOW_CLOCKS,
        revoked={code.number: 1} if found.revoked else {},
        superseded={code.number: found.superseded_by} if found.superseded_by else {},
        corrected={code.number: int(found.corrected_at.timestamp())} if found.corrected_at else {},
    )  # fmt: skip
    return status.judge(code, known, now)


def of_a_number(number: str, now: datetime) -> str:
    """The same words for a number that was typed. A print from before a correction can't be told by its number."""
    word = check(number, today=timezone.localdate(now)).standing
    return "unregistered" if word in ("unknown", "forged") else word
