"""Send what stands in the outbox: claim, hand over, record.

A notice is claimed under its row's lock before it is handed over, so that two workers never send it at once; rows that
another worker has just now are passed over, not waited for (SKIP LOCKED; SQLite has one writer at a time). One whose
worker died comes back when its lease is over.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from permits.ready import Ready, insert, update
from permits.together import together
from reviews.models import Attempt, Notice
from reviews.notices import alerts, channels, gate, hours, kick, outbox

log = logging.getLogger(__name__)
DETAIL = 500
SENT = ("state", "sent_at", "provider_id")
FAILED = ("state", "next_attempt_at")
DROPPED = ("state",)
CLAIMED = (*FAILED, "attempts")


def deliver(ids: Iterable[int]) -> int:
    """Try each of the notices once. Return how many were sent by this call; never raise for a channel's failure."""
    return sum(_tried(notice) for some in kick.portions(list(ids)) for notice in _claimed(some))


def _claimed(ids: Sequence[int]) -> list[Notice]:
    """Those of them that can be tried now and that nobody else has; they are this worker's until the lease ends."""
    with transaction.atomic(), together():
        rows: list[Notice] = _free(ids=sorted(ids), now=timezone.now())
        for row in rows:
            row.state, row.attempts = Notice.State.SENDING, row.attempts + 1
            row.next_attempt_at = timezone.now() + timedelta(seconds=settings.NOTICE_LEASE)
            update(row, CLAIMED)
    return rows


@Ready
def _free(*, ids: list[int], now: datetime) -> QuerySet[Notice]:
    rows = Notice.objects.filter(outbox.waiting(now), pk__in=ids).select_related("recipient", "application")
    return rows.order_by("pk").select_for_update(skip_locked=True, of=("self",))


def _tried(notice: Notice) -> bool:
    if notice.channel != Notice.Channel.INBOX and not notice.recipient.is_active:
        _dropped(notice)
        return False
    if turn := _its_turn(notice):
        notice.state, notice.next_attempt_at, notice.attempts = Notice.State.PENDING, turn, notice.attempts - 1
        update(notice, CLAIMED)
        return False
    at, started = timezone.now(), time.monotonic()
    try:
        receipt = channels.send(notice)
    except Exception as error:
        log.warning("notice %s by %s failed: %s", notice.pk, notice.channel, error)
        _failed(notice, error, at, time.monotonic() - started)
        return False
    notice.state, notice.sent_at, notice.provider_id = Notice.State.SENT, timezone.now(), receipt.provider_id
    attempt = Attempt(
        notice=notice, at=at, ok=True, detail=receipt.detail[:DETAIL], provider_id=receipt.provider_id,
        seconds=time.monotonic() - started,
    )  # fmt: skip
    _record(notice, SENT, attempt)
    gate.worked(notice.channel)
    return True


def _its_turn(notice: Notice) -> datetime | None:
    """When it may go, if that isn't now: quiet hours, a channel that is left alone, a rate that is used up."""
    now = timezone.now()
    awake = hours.not_before(notice.channel, now)
    return awake if awake > now else gate.open_again(notice.channel)


def _dropped(notice: Notice) -> None:
    """Whoever has no account any more is told nothing outside the portal: it may be no business of theirs by now."""
    notice.state = Notice.State.DROPPED
    detail = "not sent: the recipient's account is switched off or closed"
    _record(notice, DROPPED, Attempt(notice=notice, at=timezone.now(), ok=False, detail=detail, seconds=0))


def _failed(notice: Notice, error: Exception, at: datetime, seconds: float) -> None:
    never = isinstance(error, channels.Rejected)
    dead = never or notice.attempts >= settings.NOTICE_ATTEMPTS
    notice.state = Notice.State.DEAD if dead else Notice.State.PENDING
    notice.next_attempt_at = timezone.now() + timedelta(seconds=_wait(notice.attempts, error))
    detail = f"{type(error).__name__}: {error}"[:DETAIL]
    _record(notice, FAILED, Attempt(notice=notice, at=at, ok=False, detail=detail, seconds=seconds))
    if not never:  # what one notice is refused for says nothing of its channel
        gate.failed(notice.channel, at)
    if dead:
        alerts.given_up(notice, detail)


def _wait(attempts: int, error: Exception) -> float:
    """Seconds until the next try: what the provider asks for, or twice as long each time; never two at once."""
    backoff = min(settings.NOTICE_LONGEST_WAIT, settings.NOTICE_FIRST_WAIT * 2 ** (attempts - 1))
    asked = min(error.seconds, 24 * 3600) if isinstance(error, channels.Later) else 0
    return max(asked, backoff * random.uniform(0.8, 1.0)) + random.uniform(0, 0.2 * backoff)  # noqa: S311 (jitter)


def _record(notice: Notice, columns: tuple[str, ...], attempt: Attempt) -> None:
    with transaction.atomic(), together():
        update(notice, columns)
        insert([attempt], keys=False)
