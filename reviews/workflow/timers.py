"""What time brings about, one application or task at a time; ``reviews.limits`` finds what is due."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from permits.models import Status
from reviews import calendars, clock, lifecycle, told
from reviews.audit import log
from reviews.models import Task
from reviews.workflow import step


@transaction.atomic
def deem_accepted(application_id: int, *, now: datetime | None = None) -> bool:
    """Accept by law what nobody pre-checked in time (Administrative Licensing Law art. 32). Return whether it did."""
    now = now or timezone.now()
    application = step.locked(application_id)
    if application.status not in (Status.SUBMITTED, Status.CORRECTED):
        return False
    task = application.tasks.open().filter(kind="precheck").first()
    limit = clock.Limit.parse(application.definition.limits.acceptance)
    if task is None or clock.due(task.opened_at, limit, calendars.current()) > now:
        return False
    row = lifecycle.transition("deem_accepted", application.status, "precheck")
    step.end_task(task, Task.State.CANCELLED, now)
    event = step.move(
        application, row, "deemed_accepted", actor=None, role=step.SYSTEM_ROLE, now=now,
        data={"stage": task.stage, "department": task.department.kind, "limit": str(limit)},
    )  # fmt: skip
    application.accepted_at = task.opened_at  # deemed accepted from receipt
    told.applicant(event, "accepted")
    told.supervisors(event, task.department, "deemed_accepted")
    step.next_stage(application, now)
    return True


@transaction.atomic
def lapse(application_id: int, *, now: datetime | None = None) -> bool:
    """End an application whose corrections were not answered by their deadline. Return whether it did."""
    now = now or timezone.now()
    application = step.locked(application_id)
    if application.status != Status.NEEDS_CORRECTION:
        return False
    notice = application.correction_notices.filter(answered_at=None).latest("issued_at")
    if notice.deadline > now:
        return False
    row = lifecycle.transition("lapse", application.status, step.stage_kind(application))
    event = step.move(application, row, "lapsed", actor=None, role=step.SYSTEM_ROLE, now=now)
    step.close(application, now)
    told.applicant(event, "lapsed")
    return True


@transaction.atomic
def escalate(task_id: int, *, now: datetime | None = None) -> bool:
    """Tell the supervisors of a task that is overdue, once. Return whether it did."""
    now = now or timezone.now()
    task = step.locked_task(task_id)
    if task.state != Task.State.OPEN or task.due_at > now or task.escalated_at:
        return False
    task.escalated_at = now
    task.save(update_fields=["escalated_at"])
    event = log.record(
        action="escalated", actor=None, role=step.SYSTEM_ROLE, at=now, application=task.application,
        data={"stage": task.stage, "department": task.department.kind},
    )  # fmt: skip
    told.supervisors(event, task.department, "overdue")
    return True
