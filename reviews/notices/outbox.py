"""Put notices into the outbox, in the transaction of the step they tell of. ``delivery`` sends what stands there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from permits.ready import insert_values
from reviews.models import Event, Notice
from reviews.notices import hours, kick

GRACE = timedelta(seconds=5)  # how long the sweep leaves a fresh notice to its own kick
USUAL = (Notice.Channel.INBOX, Notice.Channel.EMAIL)

# What an official sees soon enough at work; a mail for each would be too many.
INBOX_ONLY = frozenset({"reminder", "lease_expired", "promise_met"})


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


def compose(event: Event, recipients: Iterable[int], kind: str, params: dict[str, Any]) -> list[Letter]:
    """The notices of an event, one for each recipient (ids of active accounts) and channel; not written yet."""
    channels = (Notice.Channel.INBOX,) if kind in INBOX_ONLY else USUAL
    return [
        Letter(event, recipient, channel, kind, params)
        for recipient in dict.fromkeys(recipients)
        for channel in channels
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
    with transaction.atomic():
        ids = list(notices.filter(state=Notice.State.DEAD).select_for_update().values_list("pk", flat=True))
        Notice.objects.filter(pk__in=ids).update(state=Notice.State.PENDING, attempts=0, next_attempt_at=timezone.now())
    return ids
