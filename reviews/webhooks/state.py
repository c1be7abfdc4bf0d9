"""How the webhooks are doing, by endpoint: for the command line, Prometheus and ``doctor``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Avg, Count, Min, Q
from django.utils import timezone

from reviews.models import WebhookDelivery, WebhookEndpoint
from reviews.webhooks import steps

RECENT = timedelta(hours=1)


@dataclass(frozen=True)
class EndpointFigures:
    """Counts of steps; ages and latencies in seconds; tries are of steps that were last tried in the last hour."""

    key: int
    name: str
    active: bool
    waiting: int
    oldest: float  # how long ago the oldest of them happened
    unread: int  # entries of the sealed log that it was not asked about yet
    dead: int
    tried: int
    failed: int
    seconds: float  # mean latency of a try
    failures: int  # in a row
    failing_since: datetime | None


def figures() -> list[EndpointFigures]:
    """One row for each endpoint, in three queries."""
    now, end = timezone.now(), steps.end_of_log()
    states = WebhookDelivery.State
    unsent = [states.PENDING, states.DEAD]
    rows = WebhookDelivery.objects.filter(leaf__isnull=False).order_by().values("endpoint")
    waiting: dict[int, Any] = {
        row["endpoint"]: row
        for row in rows.filter(state__in=unsent).annotate(
            waiting=Count("pk", filter=Q(state=states.PENDING)), dead=Count("pk", filter=Q(state=states.DEAD)),
            oldest=Min("at", filter=Q(state=states.PENDING)),
        )
    }  # fmt: skip
    tries: dict[int, Any] = {
        row["endpoint"]: row
        for row in rows.filter(tried_at__gte=now - RECENT).annotate(
            tried=Count("pk"), failed=Count("pk", filter=~Q(state=states.SENT)), mean=Avg("seconds")
        )
    }
    found = []
    for endpoint in WebhookEndpoint.objects.order_by("name", "pk"):
        wait = waiting.get(endpoint.pk, {})
        tried = tries.get(endpoint.pk, {})
        oldest = wait.get("oldest")
        found.append(EndpointFigures(
            key=endpoint.pk, name=endpoint.name, active=endpoint.active, waiting=wait.get("waiting", 0),
            oldest=(now - oldest).total_seconds() if oldest else 0.0, unread=max(end - endpoint.next_leaf, 0),
            dead=wait.get("dead", 0), tried=tried.get("tried", 0), failed=tried.get("failed", 0),
            seconds=tried.get("mean") or 0.0, failures=endpoint.failures, failing_since=endpoint.failing_since,
        ))  # fmt: skip
    return found
