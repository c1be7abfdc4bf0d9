"""What was handed over long ago and is of no use any more goes: bodies told to other systems, reports of providers.

Nothing that waits, was given up or has not found its notice yet. Notices and their attempts stay: they are the proof that
somebody was told.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from reviews.models import DeliveryReport, WebhookDelivery
from reviews.notices.reports import KEPT

BATCH = 1000


def prune(*, now: datetime | None = None) -> dict[str, int]:
    """Delete what is older than ``DELIVERIES_KEPT_DAYS``, a batch at a time. How many of each; safe to call again."""
    now = now or timezone.now()
    before = now - timedelta(days=settings.DELIVERIES_KEPT_DAYS)
    told = WebhookDelivery.objects.filter(Q(state=WebhookDelivery.State.SENT) | Q(leaf=None), at__lt=before)
    settled = DeliveryReport.objects.filter(notice__isnull=False, received_at__lt=before)
    # Of messages that nobody ever knew: nobody looks at them again.
    strangers = DeliveryReport.objects.filter(notice=None, received_at__lt=min(before, now - KEPT))
    return {"webhook deliveries": _gone(told), "delivery reports": _gone(settled) + _gone(strangers)}


def _gone(rows: QuerySet) -> int:
    total = 0
    while keys := list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH]):
        total += rows.model._default_manager.filter(pk__in=keys).delete()[0]
    return total
