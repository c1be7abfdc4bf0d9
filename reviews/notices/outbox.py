"""Put notices into the outbox, in the transaction of the step they tell of. ``delivery`` sends what stands there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from permits.ready import insert_values
from reviews.models import Event, Notice
from reviews.notices import choosing, hours, kick

GRACE = timedelta(seconds=5)  # how long the sweep leaves a fresh notice to its own kick


@dataclass(frozen=True, slots=True)
class Letter:
    """A notice that isn't written yet."""

    event: Event
    recipient_id: int
    channel: str
    kind: str
    params: dict[str, Any]


COLUMNS = (
    "event_id", "application_id", "recipient_id", "channel", "kind", "params", "created_at", "next_attempt_at",
)  # fmt: skip


def compose(event: Event, readers: Iterable[choosing.Reader], kind: str, params: dict[str, Any]) -> list[Letter]:
    """The notices of an event, one for each reader and channel that is theirs; not written yet."""
    return [
        Letter(event, reader.id, channel, kind, params)
        for reader in choosing.unique(readers)
        for channel in choosing.channels(kind, reader, settings.NOTICE_CHANNELS)
    ]


def write(letters: list[Letter]) -> None:
    """Put notices into the outbox, and kick the workers once the transaction is through. Their events are written."""
    if not letters:
        return
    rows = [
        (each.event.pk, each.event.application_id, each.recipient_id, each.channel, each.kind, each.params,
         each.event.at, hours.not_before(each.channel, each.event.at))
        for each in letters
    ]  # fmt: skip
    ids = insert_values(Notice, COLUMNS, rows)
    # robust: a broker that is down never turns a decision into an error; the sweep finds these notices.
    transaction.on_commit(lambda: kick.deliver(ids), robust=True)


def waiting(now: datetime) -> Q:
    """Notices that can be tried now: due ones, and those whose worker is taken for dead."""
    return Q(state__in=[Notice.State.PENDING, Notice.State.SENDING], next_attempt_at__lte=now)


def left_behind(limit: int = 500) -> list[int]:
    """Ids of notices that nobody is working on, oldest first."""
    now = timezone.now()
    rows = Notice.objects.filter(waiting(now), created_at__lte=now - GRACE).order_by("next_attempt_at")
    return list(rows.values_list("pk", flat=True)[:limit])


def revive(notices: Any) -> list[int]:
    """Begin anew with notices that were given up (a QuerySet). Return their ids; the caller kicks."""
    # The lock is on the notices alone: what was searched for may have joined other tables to them.
    dead = Notice.objects.filter(pk__in=notices.order_by().values("pk"), state=Notice.State.DEAD)
    with transaction.atomic():
        ids = list(dead.select_for_update().order_by("pk").values_list("pk", flat=True))
        Notice.objects.filter(pk__in=ids).update(state=Notice.State.PENDING, attempts=0, next_attempt_at=timezone.now())
    return ids
