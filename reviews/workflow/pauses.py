"""特别程序 and 延长: while experts look at it the clock stands still; the head may extend the statutory limit once."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from permits.models import Application, Status, User
from reviews import clock, lifecycle, policy, told
from reviews.models import Pause, Task
from reviews.workflow.errors import NotSensible, ReasonNeeded
from reviews.workflow.step import Step, at_share, check_open, next_share, on_application, on_task


def suspend(task_id: int, *, official: User, kind: str, reason: str, now: datetime | None = None) -> Pause:
    """Begin a special procedure (expert review, hearing, inspection): its time doesn't count (Licensing Law art. 45).

    A second call gives the one under way. ``kind`` is a ``Pause.Kind``.
    """
    with on_task(task_id, doing="suspend", now=now) as step:
        task, application = step.task, step.application
        check_open(task)
        if standing := application.pauses.filter(ended_at=None).first():
            return standing
        post = policy.check_decide(official, task, step.now)
        row = lifecycle.transition("suspend", application.status, task.kind)
        if kind not in Pause.Kind.values:
            raise NotSensible(_("Choose the procedure."))
        if not reason.strip():
            raise ReasonNeeded(_("Give a reason: the applicant is told it, and it goes on record."))
        step.by(official, post)
        pause = Pause.objects.create(
            application=application, kind=kind, started_at=step.now, started_by=official, **step.time_left()
        )  # fmt: skip
        event = step.move(row, "suspended", reason=reason.strip(), data={"kind": kind, "stage": task.stage} | post.data)
        words = told.in_both(pause.get_kind_display)
        step.tell(told.applicant(event, "suspended", reason=reason.strip(), procedure=words))
        return pause


def resume(application_id: int, *, official: User, reason: str = "", now: datetime | None = None) -> Application:
    """End the special procedure: the time limits, and those of the open tasks, go on with what was left of them."""
    with on_application(application_id, doing="resume", now=now) as step:
        application = step.application
        pause = application.pauses.filter(ended_at=None).first()
        if pause is None and application.status == Status.IN_REVIEW and application.pauses.exists():
            return application
        row = lifecycle.transition("resume", application.status, step.stage_kind)
        if pause is None:
            raise LookupError(f"{application} is suspended without a special procedure")
        tasks = list(application.tasks.open().select_related("department", "claimed_by"))
        post = _of_one_of_them(step, official, tasks)
        step.by(official, post)
        pause.ended_at, pause.ended_by = step.now, official
        pause.save(update_fields=["ended_at", "ended_by"])
        step.clock_goes_on(pause)
        for task in tasks:
            _goes_on(step, task, since=pause.started_at)
        event = step.move(row, "resumed", reason=reason.strip(), data={"kind": pause.kind} | post.data)
        step.tell(told.applicant(event, "resumed"))
        return application


def _of_one_of_them(step: Step, official: User, tasks: list[Task]) -> policy.Post:
    for task in tasks:
        if task.kind == "advice":  # whose opinion is asked for takes no step of the case
            continue
        if post := policy.post_in(official, task.department_id, step.now):
            policy.check_not_involved(official, task.application)
            return post
    raise policy.Refused("own_department", _("This task belongs to another department."), official)


def went_on(application: Application) -> datetime | None:
    """When its last special procedure ended."""
    ended = application.pauses.exclude(ended_at=None).order_by("-ended_at").first()
    return ended.ended_at if ended else None


def _goes_on(step: Step, task: Task, *, since: datetime) -> None:
    def left_of(until: datetime) -> datetime:
        left = clock.working_time_between(max(since, task.opened_at), until, step.calendar)
        return clock.add_working_time(step.now, left, step.calendar)

    share = next_share(task.reminded)
    task.due_at = left_of(task.due_at)
    task.remind_at = at_share(step.now, task.due_at, share, step.calendar) if share else None
    task.silent_at = task.silent_at and left_of(task.silent_at)
    task.lease_until = step.lease_end if task.lease_until else None  # a question to one person stays with them
    task.save(update_fields=["due_at", "remind_at", "silent_at", "lease_until"])


def extend(task_id: int, *, official: User, reason: str, now: datetime | None = None) -> Application:
    """The head extends the statutory limit, once, and the applicant is told why (Licensing Law art. 42)."""
    with on_task(task_id, doing="extend", now=now) as step:
        task, application = step.task, step.application
        check_open(task)
        if task.kind not in policy.STAGES:
            raise lifecycle.NotPossible("extend", application.status)
        post = policy.check_supervisor(official, [task.department_id], step.now)
        policy.check_not_involved(official, application)
        if application.extended_at:
            return application
        if application.status != Status.IN_REVIEW or application.statutory_due_at is None:
            raise lifecycle.NotPossible("extend", application.status)
        if not reason.strip():
            raise ReasonNeeded(_("Give a reason: the applicant is told it, and it goes on record."))
        step.by(official, post)
        text = application.definition.limits.extension
        before = application.statutory_due_at
        application.statutory_due_at = clock.due(before, clock.Limit.parse(text), step.calendar)
        application.extended_at = step.now
        event = step.record("extended", reason=reason.strip(), data={"by": text} | post.data)
        until = application.statutory_due_at.isoformat()
        step.tell(told.applicant(event, "extended", reason=reason.strip(), until_at=until))
        return application
