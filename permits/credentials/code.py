"""The code on a permit: who holds what until when, signed, small enough for a QR code, checked without any network.

``PP1:`` and, in base45, a CWT (RFC 8392) in a COSE_Sign1. Its claims: subject (2) the permit's number, expiry (4) the
moment after the last day it is valid, not before (5) when it was issued, issued at (6) when this was signed (which a
correction does anew), and under a private claim who holds it and for which service. Nothing is compressed: see
docs/decisions/0026-the-code-on-a-permit.md, which also says why it stands in the fragment of an address.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from permits.credentials import base45, cose
from permits.credentials.cose import Refused
from permits.numbers import SHANGHAI

PREFIX = "PP1:"
CWT = 61  # the type application/cwt, by its CoAP number
SUBJECT, EXPIRES, NOT_BEFORE, ISSUED_AT = 2, 4, 5, 6
OURS = -65537  # claims below -65536 are for private use
NAME, USCC, SERVICE, CUT = 1, 2, 3, 4
LONGEST = 4000  # characters of what somebody scans or pastes
ROOM = 5352  # bits that a QR code of version 20 holds at level M
BLANKS = " \t\r\n"


@dataclass(frozen=True)
class Code:
    """What a genuine code says."""

    number: str
    holder: str
    uscc: str  # empty for a person
    service: str  # the slug of it
    issued_at: datetime
    expires: datetime | None  # the moment from which on it is not valid any more
    signed_at: datetime
    key_id: str
    cut: bool  # the holder's name is longer than what stands here

    @property
    def valid_until(self) -> date | None:
        return (self.expires - timedelta(seconds=1)).astimezone(SHANGHAI).date() if self.expires else None


def make(content: dict[str, Any], *, now: datetime) -> str:
    """The code of a permit's content. A name too long for a QR code of version 20 is cut, and the code says so."""
    holder, until = content["holder"], content["valid_until"]
    claims: dict[int, Any] = {
        SUBJECT: content["number"],
        NOT_BEFORE: int(datetime.fromisoformat(content["issued_at"]).timestamp()),
        ISSUED_AT: int(now.timestamp()),
        OURS: {NAME: holder["name"], SERVICE: content["service"]},
    }
    if until:
        claims[EXPIRES] = _end_of(date.fromisoformat(until))
    if holder["uscc"]:
        claims[OURS][USCC] = holder["uscc"]
    while True:
        text = PREFIX + base45.encode(cose.seal(claims, type_of=CWT))
        kept = claims[OURS][NAME]
        if not kept or bits(content["verify_url"], text) <= ROOM:
            return text
        claims[OURS] |= {NAME: kept[:-4], CUT: 1}


def address(verify_url: str, code: str) -> str:
    """What the QR code holds: the public page, and behind the # the code, which no browser sends to a server.

    ``%`` and blanks are the two characters of base45 that a fragment can't hold as they are.
    """
    return verify_url + "#" + code.replace("%", "%25").replace(" ", "%20") if code else verify_url


def bits(verify_url: str, code: str) -> int:
    """How much of a QR code of version 10 to 26 the address takes: a part in bytes, then one in its 45 characters."""
    head, tail = address(verify_url, code).split("#", 1)
    return 4 + 16 + 8 * len(f"{head}#".encode()) + 4 + 11 + (11 * len(tail) + 1) // 2


def found_in(text: str) -> bool:
    """Whether somebody means a code by it, not a number."""
    return PREFIX in text


def read(text: str) -> Code:
    """What a scanned or typed text says: a code, or an address that ends in one. Raise ``Refused``."""
    text = text.strip(BLANKS)
    if len(text) > LONGEST:
        raise Refused("no_code")
    number = None
    if not text.startswith(PREFIX):
        head, _, tail = text.partition("#")
        if not tail.startswith(PREFIX):
            raise Refused("no_code")
        on_it = re.search(r"/verify/([0-9A-Z-]+)/\Z", head)
        number, text = on_it[1] if on_it else "", _unescaped(tail)
    code = _code(text)
    if number is not None and number != code.number:
        raise Refused("another_number")
    return code


def _code(text: str) -> Code:
    try:
        data = base45.decode(text.removeprefix(PREFIX))
    except ValueError:
        raise Refused("malformed") from None
    opened = cose.unseal(data, type_of=CWT)
    try:
        claims = opened.contents
        ours = claims[OURS]
        expires = claims.get(EXPIRES)
        code = Code(
            number=claims[SUBJECT], holder=ours[NAME], uscc=ours.get(USCC, ""), service=ours[SERVICE],
            issued_at=_moment(claims[NOT_BEFORE]), signed_at=_moment(claims[ISSUED_AT]),
            expires=_moment(expires) if expires is not None else None,
            key_id=opened.key_id, cut=ours.get(CUT) == 1,
        )  # fmt: skip
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError):
        raise Refused("malformed") from None
    if not all(isinstance(each, str) for each in (code.number, code.holder, code.uscc, code.service)):
        raise Refused("malformed")
    return code


def _unescaped(tail: str) -> str:
    """Undo what ``address`` did, and nothing else: each code has one spelling in an address."""
    if re.search(r" |%(?!2[05])", tail):
        raise Refused("malformed")
    return tail.replace("%20", " ").replace("%25", "%")


def _end_of(day: date) -> int:
    return int(datetime.combine(day + timedelta(days=1), time(), SHANGHAI).timestamp())


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
