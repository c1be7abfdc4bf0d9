"""What time brings about: tasks overdue, silence that means acceptance, corrections never answered."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from django.utils import timezone

from permits.models import Status
from reviews import workflow
from reviews.models import CorrectionNotice, Task

log = logging.getLogger(__name__)
BATCH = 500


def keep(now: datetime | None = None) -> dict[str, int]:
    """Carry out what is due, each step in its own transaction; one that fails doesn't stop the others."""
    now = now or timezone.now()
    return {
        "escalated": escalate_overdue(now),
        "deemed_accepted": _each(_unchecked(now), workflow.deem_accepted, now),
        "lapsed": _each(_unanswered(now), workflow.lapse, now),
    }


def escalate_overdue(now: datetime | None = None) -> int:
    now = now or timezone.now()
    overdue = Task.objects.open().filter(due_at__lte=now, escalated_at=None).order_by("due_at")
    return _each(list(overdue.values_list("pk", flat=True)[:BATCH]), workflow.escalate, now)


def _unchecked(now: datetime) -> list[int]:
    waiting = Task.objects.open().filter(
        kind="precheck", due_at__lte=now, application__status__in=[Status.SUBMITTED, Status.CORRECTED]
    )
    return list(waiting.order_by("due_at").values_list("application_id", flat=True)[:BATCH])


def _unanswered(now: datetime) -> list[int]:
    late = CorrectionNotice.objects.filter(
        answered_at=None, deadline__lte=now, application__status=Status.NEEDS_CORRECTION
    )
    return list(late.order_by("deadline").values_list("application_id", flat=True)[:BATCH])


def _each(ids: list[int], step: Callable[..., bool], now: datetime) -> int:
    done = 0
    for pk in ids:
        try:
            done += step(pk, now=now)
        except Exception:
            log.exception("%s %s failed", step.__name__, pk)
    return done
