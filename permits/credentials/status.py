"""The signed list of permits that are not good any more, for whoever checks codes without a network.

A COSE_Sign1 whose contents say when they were true (6), until when they may be relied on (4), and under a private claim
which numbers were revoked (with the second), superseded (by which number) and corrected (codes signed before that second
are void). Permits whose validity has ended anyway aren't in it. It is a function of the rows, the hour and the key: any
process makes the same bytes, at once after a change and anew each hour, and nothing of it is stored.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db.models import Count, Max, Q, QuerySet
from django.utils import timezone

from permits.credentials import cose
from permits.credentials.code import EXPIRES, ISSUED_AT, Code
from permits.credentials.cose import Refused
from permits.credentials.keys import KEY
from permits.keyfile import key_id
from permits.models import Permit

TYPE = "permit-status"
OURS = -65538
REVOKED, SUPERSEDED, CORRECTED = 1, 2, 3
SLOW_CLOCKS = timedelta(minutes=5)


@dataclass(frozen=True)
class StatusList:
    """What one says: moments by numbers, or the number that took the place of a number."""

    as_of: datetime
    expires: datetime
    revoked: dict[str, int] = field(default_factory=dict)
    superseded: dict[str, str] = field(default_factory=dict)
    corrected: dict[str, int] = field(default_factory=dict)


def make(*, now: datetime | None = None) -> bytes:
    """The list as it is now. Raise ``ImproperlyConfigured`` when there is no key to sign with."""
    now = now or timezone.now()
    seen = _not_good(timezone.localdate(now)).aggregate(
        count=Count("pk"), revoked=Max("revoked_at"), corrected=Max("corrected_at"),
        superseded=Max("superseded_by__issued_at"),
    )  # fmt: skip
    count = seen.pop("count")
    hour = now.replace(minute=0, second=0, microsecond=0)
    as_of = max([hour, *(moment for moment in seen.values() if moment)])
    key = key_id(KEY.signing_key().public_key())
    return _signed(as_of, timezone.localdate(now), (count, *seen.values(), settings.PERMIT_STATUS_DAYS, key))


def read(data: bytes) -> StatusList:
    """What a list says that one of our keys signed. Raise ``Refused``."""
    opened = cose.unseal(data, type_of=TYPE)
    try:
        claims = opened.contents
        parts = [claims[OURS][part] for part in (REVOKED, SUPERSEDED, CORRECTED)]
        as_of, expires = (datetime.fromtimestamp(claims[claim], UTC) for claim in (ISSUED_AT, EXPIRES))
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError):
        raise Refused("malformed") from None
    if not all(isinstance(part, dict) for part in parts):
        raise Refused("malformed")
    return StatusList(as_of, expires, *parts)


def judge(code: Code, known: StatusList | None, now: datetime) -> str:
    """``valid``, ``revoked``, ``superseded``, ``corrected``, ``expired`` or ``not_yet``; ``unknown`` where only the list
    could tell and it is missing or too old. Nothing makes a permit good again, so an old list's "revoked" counts."""
    if known and code.number in known.revoked:
        return "revoked"
    if known and code.number in known.superseded:
        return "superseded"
    if known and code.signed_at.timestamp() < known.corrected.get(code.number, 0):
        return "corrected"
    if code.expires and now >= code.expires:
        return "expired"
    if code.issued_at > now + SLOW_CLOCKS:
        return "not_yet"
    return "valid" if known and now < known.expires else "unknown"


def _not_good(today: date) -> QuerySet[Permit]:
    changed = ~Q(state=Permit.State.VALID) | Q(corrected_at__isnull=False)
    return Permit.objects.filter(changed, Q(valid_until=None) | Q(valid_until__gte=today))


@lru_cache(maxsize=2)
def _signed(as_of: datetime, today: date, _seen: tuple[Any, ...]) -> bytes:
    """Made once for all that is asked before something changes, which ``_seen`` tells."""
    lists: dict[int, dict[str, Any]] = {REVOKED: {}, SUPERSEDED: {}, CORRECTED: {}}
    wanted = ("number", "state", "revoked_at", "superseded_by__number", "corrected_at")
    for number, state, revoked_at, by, corrected_at in _not_good(today).values_list(*wanted):
        if state == Permit.State.REVOKED:
            lists[REVOKED][number] = int(revoked_at.timestamp()) if revoked_at else 0
        elif state == Permit.State.SUPERSEDED:
            lists[SUPERSEDED][number] = by or ""
        if corrected_at:
            lists[CORRECTED][number] = int(corrected_at.timestamp())
    until = as_of + timedelta(days=settings.PERMIT_STATUS_DAYS)
    claims = {ISSUED_AT: int(as_of.timestamp()), EXPIRES: int(until.timestamp()), OURS: lists}
    return cose.seal(claims, type_of=TYPE)
