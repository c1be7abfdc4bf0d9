"""What time brings about: reminders, tasks overdue, claims left alone, silence that means something, promises not kept."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from permits.models import Promise, Status
from reviews import guidance, lifecycle, workflow
from reviews.models import CorrectionNotice, Task
from reviews.models.task import TaskQuerySet

log = logging.getLogger(__name__)
BATCH = 500


def keep(now: datetime | None = None) -> dict[str, int]:
    """Carry out what is due, each step in its own transaction; one that fails doesn't stop the others."""
    now = now or timezone.now()
    running = Task.objects.open().exclude(application__status=Status.SUSPENDED)
    # While an objection is looked at nothing is owed; an overturned decision gives the time anew.
    owed = Promise.objects.owed().exclude(application__status__in=lifecycle.AT_REST)
    unanswered = CorrectionNotice.objects.filter(answered_at=None, application__status=Status.NEEDS_CORRECTION)
    return {
        "reminded": _each(_due(running, "remind_at", now), workflow.remind, now),
        "escalated": escalate_overdue(now),
        "answers_late": _each(_due(guidance.late(now), "due_at", now), workflow.escalate_thread, now),
        "claims_expired": _each(_left(running, now), workflow.expire_claim, now),
        "deemed_agreed": _each(_due(running.filter(kind="countersign"), "silent_at", now), workflow.deem_agreed, now),
        "deemed_accepted": _each(_unchecked(now), workflow.deem_accepted, now),
        "warned_of_lapse": _each(_due(unanswered, "remind_at", now), workflow.warn_of_lapse, now),
        "lapsed": _each(_due(unanswered, "deadline", now, "application_id"), workflow.lapse, now),
        "owing_reminded": _each(_due(owed, "remind_at", now), workflow.remind_owing, now),
        "terminated": _each(_due(owed, "due_at", now, "application_id"), workflow.terminate, now),
    }


def escalate_overdue(now: datetime | None = None) -> int:
    now = now or timezone.now()
    overdue = Task.objects.open().filter(escalated_at=None).exclude(application__status=Status.SUSPENDED)
    return _each(_due(overdue, "due_at", now), workflow.escalate, now)


def _due(rows: QuerySet[Any], when: str, now: datetime, key: str = "pk") -> list[int]:
    """The longest due first, and no more at a time than a minute's work."""
    found = rows.filter(**{f"{when}__lte": now}).order_by(when)
    return list(dict.fromkeys(found.values_list(key, flat=True)[:BATCH]))


def _left(running: TaskQuerySet, now: datetime) -> list[int]:
    """Claims left alone for too long, and those of people who may not decide there any more."""
    gone = running.held_by_nobody_there(now).order_by("lease_until").values_list("pk", flat=True)
    return list(dict.fromkeys([*_due(running, "lease_until", now), *gone[:BATCH]]))


def _unchecked(now: datetime) -> list[int]:
    waiting = Task.objects.open().filter(kind="precheck", application__status__in=[Status.SUBMITTED, Status.CORRECTED])
    # One that was opened before pre-checks had their time of silence is looked at once, and has it from then on.
    without = waiting.filter(silent_at=None).values_list("application_id", flat=True)[:BATCH]
    return list(dict.fromkeys([*_due(waiting, "silent_at", now, "application_id"), *without]))


def _each(ids: Iterable[int], step: Callable[..., bool], now: datetime) -> int:
    done = 0
    for pk in ids:
        try:
            done += step(pk, now=now)
        except Exception:
            log.exception("%s %s failed", step.__name__, pk)
    return done
