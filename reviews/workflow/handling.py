"""Who has a task in hand: claim and release."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from permits.models import User
from reviews import policy
from reviews.audit import log
from reviews.models import Task
from reviews.workflow import step


@transaction.atomic
def claim(task_id: int, *, official: User, now: datetime | None = None) -> Task:
    """Take a task into one's own hands. A second call by the same official changes nothing."""
    now = now or timezone.now()
    task = step.locked_task(task_id)
    step.check_open(task)
    post = policy.check_claim(official, task)
    if task.claimed_by_id == official.pk:
        return task
    task.claimed_by, task.claimed_at = official, now
    task.save(update_fields=["claimed_by", "claimed_at"])
    log.record(
        action="claimed", actor=official, role=step.role_of(post), at=now, application=task.application,
        data={"stage": task.stage, "department": post.department.kind},
    )  # fmt: skip
    return task


@transaction.atomic
def release(task_id: int, *, official: User, reason: str = "", now: datetime | None = None) -> Task:
    """Give a task back to the department's queue."""
    now = now or timezone.now()
    task = step.locked_task(task_id)
    step.check_open(task)
    if task.claimed_by_id is None:
        return task
    post = policy.check_release(official, task)
    task.claimed_by = task.claimed_at = None
    task.save(update_fields=["claimed_by", "claimed_at"])
    log.record(
        action="released", actor=official, role=step.role_of(post), at=now, application=task.application, reason=reason,
        data={"stage": task.stage, "department": post.department.kind},
    )  # fmt: skip
    return task
