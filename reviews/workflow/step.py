"""What every step is made of: the lock it begins with, the move with its event, the tasks it ends and opens."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from permits.definition import Stage
from permits.forms import values_of
from permits.models import Application, User
from reviews import calendars, clock, lifecycle, routing, told
from reviews.audit import log
from reviews.models import Decision, Event, Official, Task
from reviews.workflow.errors import AlreadyDecided

APPLICANT_ROLE = "applicant"
SYSTEM_ROLE = "system"


def locked(application_id: int) -> Application:
    """The application, with its row locked until the transaction ends: every step begins here."""
    rows = Application.objects.select_related("version", "enterprise", "applicant")
    return rows.select_for_update(of=("self",)).get(pk=application_id)


def locked_task(task_id: int) -> Task:
    """The task as it is once its application's row is locked."""
    application = locked(Task.objects.values_list("application_id", flat=True).get(pk=task_id))
    task = Task.objects.select_related("department", "claimed_by").get(pk=task_id)
    task.application = application
    return task


def check_open(task: Task) -> None:
    if task.state != Task.State.OPEN:
        raise AlreadyDecided(task, Decision.objects.filter(task=task).select_related("official").first())


def role_of(post: Official) -> str:
    return f"{post.role}@{post.department.kind}:{post.department.region}"


def stage_of(application: Application) -> Stage:
    stage = application.definition.stage(application.stage)
    if stage is None:
        raise LookupError(f"{application} stands at '{application.stage}', which its edition doesn't have")
    return stage


def stage_kind(application: Application) -> str:
    return stage_of(application).kind if application.stage else "none"


def move(
    application: Application, row: lifecycle.Transition, action: str, *, actor: User | None, role: str, now: datetime,
    reason: str = "", data: dict[str, Any] | None = None,
) -> Event:  # fmt: skip
    """Move an application along a row of the table, and record it."""
    before, application.status = application.status, row.target
    application.save()
    return log.record(
        action=action, actor=actor, role=role, at=now, application=application, before=before, after=row.target,
        reason=reason, data=data,
    )  # fmt: skip


def close(application: Application, now: datetime) -> None:
    application.closed_at = now
    application.save(update_fields=["closed_at", "updated_at"])


def end_task(task: Task, state: str, now: datetime) -> None:
    # Two machines' clocks may be apart: a task is never closed before it was opened.
    task.state, task.closed_at = state, max(now, task.opened_at)
    task.save(update_fields=["state", "closed_at", "claimed_by", "claimed_at"])


def next_stage(application: Application, now: datetime) -> None:
    following = application.definition.stage_after(application.stage)
    if following is None:
        raise LookupError(f"{application}: the decision is the last stage, nothing follows '{application.stage}'")
    open_stage(application, following, now=now)


def open_stage(application: Application, stage: Stage, *, now: datetime) -> None:
    values = values_of(application.definition, application.answers)
    offices = routing.departments_for(stage, region=application.region, values=values)
    before, application.stage = application.stage, stage.key
    application.save()
    if before:
        log.record(
            action="stage_opened", actor=None, role=SYSTEM_ROLE, at=now, application=application,
            before=before, after=stage.key, data={"departments": [office.kind for office in offices]},
        )  # fmt: skip
    for office in offices:
        open_task(application, stage, office, now=now)


def open_task(application: Application, stage: Stage, department: Any, *, now: datetime) -> Task:
    due = application.due_at or now
    if stage.limit:
        due = clock.due(now, clock.Limit.parse(stage.limit), calendars.current())
    task = Task.objects.create(
        application=application, stage=stage.key, kind=stage.kind, department=department, opened_at=now, due_at=due
    )
    event = Event.objects.filter(application=application).latest("seq")
    told.department(event, task)
    return task
