"""Pages by key: a page begins after the last row of the one before it, so that no page counts or skips rows.

The order is (due_at, id) for tasks, (at, id) for events: total, and stable while rows come and go. A link holds the key of a
row that may be gone by then; the page begins where it would stand.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet

SIZE = 25
DUE = "due_at"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Key:
    at: datetime
    pk: int

    @classmethod
    def of(cls, row: Any, by: str) -> Key:
        return cls(getattr(row, by), row.pk)

    @classmethod
    def read(cls, text: str) -> Key | None:
        """``microseconds.id`` as a link holds it; ``None`` for anything else."""
        at, dot, pk = text.partition(".")
        if not (dot and at.isdecimal() and pk.isdecimal() and len(at) < 18 and len(pk) < 19):
            return None
        try:
            return cls(_EPOCH + int(at) * _MICROSECOND, int(pk))
        except OverflowError:
            return None

    def __str__(self) -> str:
        return f"{(self.at - _EPOCH) // _MICROSECOND}.{self.pk}"


@dataclass(frozen=True)
class Page:
    rows: list[Any]
    before: Key | None  # there is a page that ends before this key
    after: Key | None  # there is a page that begins after this key


def page(
    found: QuerySet[Any],
    *,
    after: str = "",
    before: str = "",
    latest_first: bool = False,
    by: str = DUE,
    size: int | None = None,
) -> Page:
    """In the order of the time ``by`` and id. One query; two when somebody went back to the beginning and it has fewer rows
    than a page by now.
    """
    size = size or SIZE
    forward, backward = Key.read(after), Key.read(before)
    if backward:
        rows = list(beyond(found, backward, by, falling=not latest_first)[: size + 1])
        more, rows = len(rows) > size, rows[:size][::-1]
        if len(rows) == size:
            return Page(rows, Key.of(rows[0], by) if more else None, Key.of(rows[-1], by))
        forward = None  # back at the beginning: shown as a whole page
    rows = list(beyond(found, forward, by, falling=latest_first)[: size + 1])
    more, rows = len(rows) > size, rows[:size]
    first = (Key.of(rows[0], by) if rows else forward) if forward else None
    return Page(rows, first, Key.of(rows[-1], by) if more else None)


def in_order(found: QuerySet[Any], latest_first: bool = False, by: str = DUE) -> QuerySet[Any]:
    return found.order_by(f"-{by}", "-pk") if latest_first else found.order_by(by, "pk")


def beyond(found: QuerySet[Any], key: Key | None, by: str, *, falling: bool) -> QuerySet[Any]:
    """The rows that follow ``key`` in one direction. The first condition is what an index can begin at."""
    if key:
        way = "lt" if falling else "gt"
        further = Q((f"{by}__{way}", key.at)) | Q((f"pk__{way}", key.pk))
        found = found.filter(further, Q((f"{by}__{way}e", key.at)))
    return in_order(found, falling, by)
