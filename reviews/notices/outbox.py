"""Put notices into the outbox, in the transaction of the step they tell of; send what stands there.

A notice is claimed with one conditional UPDATE, so that two workers never send it twice; one whose worker died comes
back when its lease is over. What a lost kick left behind is found by the sweep.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from permits.ready import insert_values
from reviews.models import Attempt, Event, Notice
from reviews.notices import channels as ways
from reviews.notices import kick

log = logging.getLogger(__name__)
LEASE = timedelta(minutes=3)  # longer than any channel's time-out
MAX_ATTEMPTS = 10
GRACE = timedelta(seconds=5)  # how long the sweep leaves a fresh notice to its own kick


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
    channels = [Notice.Channel.INBOX] if kind in INBOX_ONLY else Notice.Channel.values
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
         each.event.at, each.event.at)
        for each in letters
    ]  # fmt: skip
    ids = insert_values(Notice, COLUMNS, rows)
    # robust: a broker that is down never turns a decision into an error; the sweep finds these notices.
    transaction.on_commit(lambda: kick.deliver(ids), robust=True)


def waiting() -> Q:
    """Notices that can be tried now: due ones, and those whose worker is taken for dead."""
    return Q(state__in=[Notice.State.PENDING, Notice.State.SENDING], next_attempt_at__lte=timezone.now())


def deliver(notice_id: int) -> bool:
    """Try one notice once. Return whether it was sent by this call; never raise for a channel's failure."""
    now = timezone.now()
    claimed = Notice.objects.filter(waiting(), pk=notice_id).update(
        state=Notice.State.SENDING, next_attempt_at=now + LEASE, attempts=F("attempts") + 1
    )
    if not claimed:
        return False
    notice = Notice.objects.select_related("recipient", "application").get(pk=notice_id)
    started = time.monotonic()
    try:
        detail = ways.send(notice)
    except Exception as error:
        log.warning("notice %s by %s failed: %s", notice.pk, notice.channel, error)
        _failed(notice, f"{type(error).__name__}: {error}"[:500], time.monotonic() - started)
        return False
    with transaction.atomic():
        Notice.objects.filter(pk=notice.pk).update(state=Notice.State.SENT, sent_at=timezone.now())
        Attempt.objects.create(notice=notice, at=now, ok=True, detail=detail[:500], seconds=time.monotonic() - started)
    return True


def _failed(notice: Notice, detail: str, seconds: float) -> None:
    dead = notice.attempts >= MAX_ATTEMPTS
    wait = min(3600, 15 * 2 ** (notice.attempts - 1)) * random.uniform(0.8, 1.2)  # noqa: S311 (jitter, not a secret)
    with transaction.atomic():
        Notice.objects.filter(pk=notice.pk).update(
            state=Notice.State.DEAD if dead else Notice.State.PENDING,
            next_attempt_at=timezone.now() + timedelta(seconds=wait),
        )
        Attempt.objects.create(notice=notice, at=timezone.now(), ok=False, detail=detail, seconds=seconds)
    if dead:
        log.error(
            "notice %s is given up after %s attempts: manage.py deliver_notices --dead tries again",
            notice.pk,
            notice.attempts,
        )


def left_behind(limit: int = 500) -> list[int]:
    """Ids of notices that nobody is working on, oldest first."""
    old_enough = timezone.now() - GRACE
    rows = Notice.objects.filter(waiting(), created_at__lte=old_enough).order_by("next_attempt_at")
    return list(rows.values_list("pk", flat=True)[:limit])
