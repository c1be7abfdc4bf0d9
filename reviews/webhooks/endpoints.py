"""What a system administrator does with endpoints: kept with its event; secrets and whole addresses stand in no event."""

from __future__ import annotations

import json
import secrets
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.db import transaction
from django.utils import timezone

from permits.models import User
from reviews import roles
from reviews.audit import log
from reviews.models import WebhookDelivery, WebhookEndpoint
from reviews.webhooks import sending, steps, wire

BOTH_VALID = timedelta(days=7)  # how long the earlier secret signs beside the new one


@transaction.atomic
def save(endpoint: WebhookEndpoint, *, by: User | None) -> None:
    """Make an endpoint, which hears of what happens from now on, or change one. Switched on again it goes on where it was."""
    new = endpoint.pk is None
    if new:
        endpoint.secret, endpoint.next_leaf = wire.new_secret(), steps.end_of_log()
    elif endpoint.active:
        endpoint.failures, endpoint.failing_since, endpoint.disabled_because = 0, None, ""
        endpoint.next_attempt_at = timezone.now()
    columns = ["name", "url", "actions", "services", "region", "active"]
    if not new:
        # What a worker writes meanwhile (its cursor, who holds it) is not ours to put back.
        columns += ["failures", "failing_since", "disabled_because", "next_attempt_at"]
    endpoint.save(update_fields=None if new else columns)
    data = {name: str(getattr(endpoint, name)) for name in ("name", "actions", "services", "region", "active")}
    record(endpoint, by, {**data, "host": urlsplit(endpoint.url).hostname or ""}, before="" if new else "there")


@transaction.atomic
def rotate(endpoint: WebhookEndpoint, *, by: User | None) -> str:
    """A new secret, which signs at once; the earlier one signs beside it for a week. Return the new one."""
    row = WebhookEndpoint.objects.select_for_update().get(pk=endpoint.pk)
    row.earlier_secret, row.earlier_until = row.secret, timezone.now() + BOTH_VALID
    row.secret = wire.new_secret()
    row.save(update_fields=["secret", "earlier_secret", "earlier_until"])
    record(row, by, {"secret": "rotated"})
    return row.secret


@transaction.atomic
def replay(endpoint: WebhookEndpoint, *, since: datetime, by: User | None) -> int:
    """Tell it again what happened since then, under the same ids; what it was never told is told too.

    Return how many deliveries begin anew; those that were never made come with the next sending.
    """
    row = WebhookEndpoint.objects.select_for_update().get(pk=endpoint.pk)
    again = row.deliveries.filter(at__gte=since, leaf__isnull=False).exclude(state=WebhookDelivery.State.PENDING)
    count = again.update(state=WebhookDelivery.State.PENDING, attempts=0)
    first = steps.first_since(since)
    if first is not None:
        row.next_leaf = min(row.next_leaf, first)
    row.next_attempt_at = timezone.now()
    row.save(update_fields=["next_leaf", "next_attempt_at"])
    record(row, by, {"replayed_since": since.isoformat(), "deliveries": count})
    return count


def test(endpoint: WebhookEndpoint, *, by: User | None) -> WebhookDelivery:
    """Send a ``portal.test`` now, also to one that is switched off; what came of it."""
    now = timezone.now()
    body = json.dumps({"type": "portal.test", "timestamp": now.isoformat(), "data": {}}, separators=(",", ":"))
    delivery = WebhookDelivery(
        endpoint=endpoint, message_id=f"test_{secrets.token_hex(16)}", action="portal.test", body=body, at=now,
        state=WebhookDelivery.State.DEAD,
    )  # fmt: skip
    sending.attempt(delivery)
    delivery.save()
    with transaction.atomic():
        WebhookEndpoint.objects.select_for_update().get(pk=endpoint.pk)
        record(endpoint, by, {"test": delivery.status or 0})
    return delivery


def record(endpoint: WebhookEndpoint, by: User | None, data: dict[str, Any], *, before: str = "there") -> None:
    """Under the lock of its row, or with it."""
    log.record(
        action="settings_changed", actor=by, role=roles.acting_as(by), at=timezone.now(),
        stream=f"webhookendpoint:{endpoint.pk}", before=before, after="there", data=data,
    )  # fmt: skip
