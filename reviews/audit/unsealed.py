"""Which events wait for their leaf: found without looking through the log, and none is ever passed over.

Ids are given out before their transactions commit, so an event may appear behind one with a higher id. On SQLite writers
are serial and that can't be. On PostgreSQL ``SealState.sealed_to`` moves up to an id only when every transaction that could
have been given a lower one has ended:

1. the highest id that can be seen is read (``newest``);
2. after that the sealer locks its row, which gives its own transaction a number. Whoever has an id up to the one read has a
   lower number: a trigger gives each transaction its number before it takes an id (``triggers``);
3. a later run finds that all lower numbers have ended (``pg_snapshot_xmin``): it sees whatever they wrote, seals it, and
   moves ``sealed_to``.

Above ``sealed_to`` an event is found by having no leaf. Numbers of transactions mean nothing in another cluster: after a
restore into one, where they are lower, step 1 begins again.
"""

from __future__ import annotations

from datetime import datetime

from django.db import connection
from django.db.models import Max

from reviews.models import Event, SealState

COUNTED = 100_000
Row = tuple[int, str, int, str]  # id, stream, seq, payload


def newest() -> int:
    """The highest id of an event that can be seen, 0 when there is none."""
    return Event.objects.aggregate(newest=Max("pk"))["newest"] or 0


def waiting(after: int, limit: int) -> list[Row]:
    """The events above that id that have no leaf, in the order of their leaves."""
    rows = Event.objects.filter(pk__gt=after, leaf=None).order_by("pk")
    return list(rows.values_list("pk", "stream", "seq", "payload")[:limit])


def backlog() -> tuple[datetime | None, int]:
    """When the event that waits longest happened, and how many wait (counted to ``COUNTED``)."""
    sealed_to = SealState.objects.filter(pk=1).values_list("sealed_to", flat=True).first() or 0
    waits = Event.objects.filter(pk__gt=sealed_to, leaf=None).order_by("pk")
    return waits.values_list("at", flat=True).first(), len(waits.values("pk")[:COUNTED])


def final_to(state: SealState, seen: int) -> int:
    """Up to which id everything that will ever be there can be seen now. Inside the lock; ``seen`` was ``newest`` before.

    Notes on ``state`` what a later run is to wait for; the caller saves it.
    """
    if connection.vendor != "postgresql":
        return newest()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_current_xact_id()::text::bigint, pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
        )
        own, oldest = cursor.fetchone()
    ended = 0 < state.seen_xid <= oldest and state.seen_xid < own
    final = state.seen_to if ended else state.sealed_to
    if ended or not 0 < state.seen_xid < own:
        state.seen_to, state.seen_xid = seen, own
    return max(final, state.sealed_to)
