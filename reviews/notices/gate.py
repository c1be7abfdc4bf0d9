"""Whether a channel takes anything now: a circuit breaker and a rate limit for each, shared by every worker.

A channel that fails ``THRESHOLD`` times in a row is left alone: ``NOTICE_PAUSE``, then twice as long each time, ``NOTICE_LONGEST_PAUSE`` at most.
When that is over one notice goes ahead to see; the others follow once it got through. A notice that is turned back here
was not tried, and its attempts are not counted.
"""

from __future__ import annotations

import random
import time
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import F, FloatField, QuerySet, Value
from django.db.models.functions import Least
from django.utils import timezone

from permits.ready import Ready
from reviews.models import ChannelState

THRESHOLD = 8
OUR_OWN = frozenset({"inbox"})  # it is the database itself
PATIENCE = 2.0  # seconds that a worker waits for its turn before it puts the notice back


def open_again(channel: str) -> datetime | None:
    """When the channel can be tried; ``None`` for now. The one who finds the pause over goes ahead alone."""
    if channel in OUR_OWN:
        return None
    known = _state(channel=channel)
    until, now = known[0][0] if known else None, timezone.now()
    if until is None:
        return None if _token(channel) else now + timedelta(seconds=random.uniform(1, 5))  # noqa: S311 (jitter)
    if until > now:
        return until + timedelta(seconds=random.uniform(0, 5))  # noqa: S311 (jitter)
    others = now + timedelta(seconds=settings.NOTICE_PAUSE)
    ahead = ChannelState.objects.filter(pk=channel, open_until=until).update(open_until=others)
    return None if ahead else others


@Ready
def _state(*, channel: str) -> QuerySet[Any, Any]:
    return ChannelState.objects.filter(channel=channel).values_list("open_until", "failures")


def worked(channel: str) -> None:
    """Somebody got through: the count begins anew. Written only where there is something to forget."""
    if channel in OUR_OWN or _state(channel=channel) in ([], [(None, 0)]):
        return
    ChannelState.objects.filter(pk=channel).update(failures=0, open_until=None, pauses=0)


def failed(channel: str, begun: datetime) -> None:
    """It did not take one that was begun then; the last of ``THRESHOLD`` in a row closes the way for a while.

    Those that were on their way when it was closed say nothing new.
    """
    if channel in OUR_OWN:
        return
    _there(channel)
    state = ChannelState.objects.filter(pk=channel).exclude(closed_at__gt=begun)
    if not state.update(failures=F("failures") + 1):
        return
    row = ChannelState.objects.get(pk=channel)
    if row.failures >= THRESHOLD:
        now, longest = timezone.now(), settings.NOTICE_LONGEST_PAUSE
        seconds = min(settings.NOTICE_PAUSE * 2**row.pauses, longest)
        pause, pauses = timedelta(seconds=seconds), row.pauses + 1 if seconds < longest else row.pauses
        state.filter(pauses=row.pauses).update(closed_at=now, open_until=now + pause, pauses=pauses)


def _token(channel: str) -> bool:
    """Take one of the channel's tokens (``NOTICE_RATES``, so many a second), waiting a little for it."""
    rate = settings.NOTICE_RATES.get(channel)
    if not rate:
        return True
    _there(channel)
    end = time.monotonic() + PATIENCE
    while not _taken(channel, rate):
        if time.monotonic() > end:
            return False
        time.sleep(min(1 / rate, 0.5))
    return True


def _taken(channel: str, rate: float) -> bool:
    """One conditional UPDATE: what has flowed in since the last one, a second's worth at most, less one."""
    now = time.time()
    flowed = Least(
        F("tokens") + (Value(now, FloatField()) - F("refilled")) * Value(float(rate), FloatField()),
        Value(float(max(rate, 1)), FloatField()),
    )
    rows = ChannelState.objects.filter(pk=channel).annotate(flowed=flowed).filter(flowed__gte=1.0)
    return bool(rows.update(tokens=flowed - 1.0, refilled=now))


def _there(channel: str) -> None:
    ChannelState.objects.bulk_create([ChannelState(channel=channel)], ignore_conflicts=True)
