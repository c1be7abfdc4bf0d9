"""Pages by key: a page begins after the last task of the one before it, so that no page counts or skips rows.

The order is (due_at, id): total, and stable while tasks come and go. A link holds the key of a task that may be gone
by then; the page begins where it would stand.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import Q, QuerySet

from reviews.models import Task

SIZE = 25
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Key:
    due_at: datetime
    pk: int

    @classmethod
    def of(cls, task: Task) -> Key:
        return cls(task.due_at, task.pk)

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
        return f"{(self.due_at - _EPOCH) // _MICROSECOND}.{self.pk}"


@dataclass(frozen=True)
class Page:
    rows: list[Task]
    before: Key | None  # there is a page that ends before this key
    after: Key | None  # there is a page that begins after this key


def page(tasks: QuerySet[Task], *, after: str = "", before: str = "", latest_first: bool = False) -> Page:
    """One query; two when somebody went back to the beginning and it has fewer rows than a page by now."""
    forward, backward = Key.read(after), Key.read(before)
    if backward:
        rows = list(_beyond(tasks, backward, falling=not latest_first)[: SIZE + 1])
        more, rows = len(rows) > SIZE, rows[:SIZE][::-1]
        if len(rows) == SIZE:
            return Page(rows, Key.of(rows[0]) if more else None, Key.of(rows[-1]))
        forward = None  # back at the beginning: shown as a whole page
    rows = list(_beyond(tasks, forward, falling=latest_first)[: SIZE + 1])
    more, rows = len(rows) > SIZE, rows[:SIZE]
    first = (Key.of(rows[0]) if rows else forward) if forward else None
    return Page(rows, first, Key.of(rows[-1]) if more else None)


def in_order(tasks: QuerySet[Task], latest_first: bool = False) -> QuerySet[Task]:
    return tasks.order_by("-due_at", "-pk") if latest_first else tasks.order_by("due_at", "pk")


def _beyond(tasks: QuerySet[Task], key: Key | None, *, falling: bool) -> QuerySet[Task]:
    """The tasks that follow ``key`` in one direction. The first condition is what an index can begin at."""
    if key and falling:
        tasks = tasks.filter(Q(due_at__lt=key.due_at) | Q(pk__lt=key.pk), due_at__lte=key.due_at)
    elif key:
        tasks = tasks.filter(Q(due_at__gt=key.due_at) | Q(pk__gt=key.pk), due_at__gte=key.due_at)
    return in_order(tasks, falling)
