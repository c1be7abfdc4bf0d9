"""How the outbox is doing, by channel: what an operator looks at, on a page, on the command line, in Prometheus."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Aggregate, Avg, Count, Max, Min, Q, QuerySet
from django.utils import timezone

from reviews.models import Attempt, ChannelState, Notice

RECENT = timedelta(hours=1)


@dataclass(frozen=True)
class ChannelFigures:
    """Counts of notices; ages and latencies in seconds; tries are those of the last hour."""

    channel: str
    set_up: bool
    waiting: int  # those that a worker has in hand among them
    oldest: float  # how long the oldest of them has been waiting; those kept for the morning or a later try too
    overdue: int  # could be tried now, and have been able to for a minute
    dead: int
    tried: int
    failed: int
    seconds: float  # mean latency of a try
    slowest: float
    open_until: datetime | None  # nothing is handed over before: the channel failed too often in a row

    @property
    def since(self) -> datetime:
        return timezone.now() - timedelta(seconds=self.oldest)

    @property
    def mean_ms(self) -> int:
        return round(self.seconds * 1000)

    @property
    def slowest_ms(self) -> int:
        return round(self.slowest * 1000)

    @property
    def closed(self) -> bool:
        return self.open_until is not None and self.open_until > timezone.now()


def figures() -> list[ChannelFigures]:
    """One row for each channel that is set up or has something in the outbox; three queries, each on an index."""
    now = timezone.now()
    unsent = [Notice.State.PENDING, Notice.State.SENDING]
    waiting = _by_channel(
        Notice.objects.filter(state__in=[*unsent, Notice.State.DEAD]), "channel",
        waiting=Count("pk", filter=Q(state__in=unsent)), dead=Count("pk", filter=Q(state=Notice.State.DEAD)),
        oldest=Min("created_at", filter=Q(state__in=unsent)),
        overdue=Count("pk", filter=Q(state__in=unsent, next_attempt_at__lt=now - timedelta(minutes=1))),
    )  # fmt: skip
    tries = _by_channel(
        Attempt.objects.filter(at__gte=now - RECENT).exclude(notice__state=Notice.State.DROPPED),  # says nothing of a channel
        "notice__channel", tried=Count("pk"), failed=Count("pk", filter=Q(ok=False)),
        mean=Avg("seconds"), slowest=Max("seconds"),
    )  # fmt: skip
    states = {state.channel: state for state in ChannelState.objects.all()}
    return [
        _figures(channel, waiting.get(channel, {}), tries.get(channel, {}), states.get(channel), now)
        for channel in Notice.Channel.values
        if channel in settings.NOTICE_CHANNELS or channel in waiting
    ]


def _by_channel(rows: QuerySet[Any, Any], column: str, **asked: Aggregate) -> dict[str, dict[str, Any]]:
    return {row.pop(column): row for row in rows.order_by().values(column).annotate(**asked)}


def _figures(
    channel: str, waiting: dict[str, Any], tries: dict[str, Any], state: ChannelState | None, now: datetime
) -> ChannelFigures:
    oldest = waiting.get("oldest")
    return ChannelFigures(
        channel=channel, set_up=channel in settings.NOTICE_CHANNELS, waiting=waiting.get("waiting", 0),
        oldest=(now - oldest).total_seconds() if oldest else 0.0, overdue=waiting.get("overdue", 0),
        dead=waiting.get("dead", 0), tried=tries.get("tried", 0), failed=tries.get("failed", 0),
        seconds=tries.get("mean") or 0.0, slowest=tries.get("slowest") or 0.0,
        open_until=state.open_until if state else None,
    )  # fmt: skip
