"""What time brings about, one application or task at a time; ``reviews.limits`` finds what is due."""

from __future__ import annotations

from datetime import datetime, timedelta

from permits.models import Status
from reviews import clock, lifecycle, told
from reviews.models import CorrectionNotice, Task
from reviews.workflow import pauses, promises
from reviews.workflow.step import HALF, MOST, Step, at_share, latest, on_application, on_task

LATE = timedelta(minutes=15)  # a warning that comes so much later than it should takes nothing from anybody


def deem_accepted(application_id: int, *, now: datetime | None = None) -> bool:
    """Accept by law what nobody pre-checked in time (Administrative Licensing Law art. 32). Return whether it did."""
    with on_application(application_id, doing="deem_accepted", now=now) as step:
        application = step.application
        if application.status not in (Status.SUBMITTED, Status.CORRECTED):
            return False
        task = application.tasks.open().filter(kind="precheck").select_related("department").first()
        limit = clock.Limit.parse(application.definition.limits.acceptance)
        if task is None:
            return False
        if task.silent_at is None:
            task.silent_at = clock.due(task.opened_at, limit, step.calendar)
            task.save(update_fields=["silent_at"])
        if task.silent_at > step.now:
            return False
        row = lifecycle.transition("deem_accepted", application.status, "precheck")
        step.cancel_tasks()
        event = step.move(
            row, "deemed_accepted", data={"stage": task.stage, "department": task.department.kind, "limit": str(limit)}
        )
        application.accepted_at = application.accepted_at or task.opened_at  # deemed accepted from receipt
        promises.tell_accepted(step, event, promises.owe(step))
        step.tell(told.supervisors(event, task.department, "deemed_accepted"))
        step.next_stage()
        return True


def lapse(application_id: int, *, now: datetime | None = None) -> bool:
    """End an application whose corrections were not answered by their deadline. Return whether it did."""
    with on_application(application_id, doing="lapse", now=now) as step:
        application = step.application
        if application.status != Status.NEEDS_CORRECTION:
            return False
        notice = application.correction_notices.filter(answered_at=None).latest("issued_at")
        if notice.deadline > step.now or notice.remind_at:  # nobody's application ends without the warning before
            return False
        row = lifecycle.transition("lapse", application.status, step.stage_kind)
        event = step.move(row, "lapsed")
        step.close()
        step.tell(told.applicant(event, "lapsed"))
        return True


def warn_of_lapse(notice_id: int, *, now: datetime | None = None) -> bool:
    """One working day before corrections are due, remind the applicant once. Return whether it did.

    A warning that comes late moves the deadline.
    """
    application_id = CorrectionNotice.objects.values_list("application_id", flat=True).get(pk=notice_id)
    with on_application(application_id, doing="warn_of_lapse", now=now) as step:
        if step.application.status != Status.NEEDS_CORRECTION:
            return False
        notice = CorrectionNotice.objects.filter(pk=notice_id, answered_at=None, remind_at__lte=step.now).first()
        if notice is None:
            return False
        moved = _a_day_from_now(notice, step)
        notice.deadline, notice.remind_at = moved or notice.deadline, None
        notice.save(update_fields=["deadline", "remind_at"])
        event = step.record("reminded", data={"of": "corrections"} | ({"until": moved.isoformat()} if moved else {}))
        step.tell(told.corrections_due(event, notice))
        return True


def _a_day_from_now(notice: CorrectionNotice, step: Step) -> datetime | None:
    """The deadline to be, where the warning comes late (the portal was down): whoever is warned has the day that is theirs."""
    if notice.remind_at is None:
        return None
    whole = clock.working_time_between(notice.remind_at, notice.deadline, step.calendar)
    left = clock.working_time_between(step.now, notice.deadline, step.calendar)
    return clock.add_working_time(step.now, whole, step.calendar) if whole - left > LATE else None


def remind(task_id: int, *, now: datetime | None = None) -> bool:
    """Remind the one who has the task at half of its time, and again at four fifths. Return whether it did."""
    with on_task(task_id, doing="remind", now=now) as step:
        task = step.task
        if task.state != Task.State.OPEN or task.remind_at is None or task.remind_at > step.now:
            return False
        if step.application.status == Status.SUSPENDED:
            return False
        # After a special procedure the reminders are shares of what was left.
        since = latest(task.opened_at, pauses.went_on(step.application))
        most = at_share(since, task.due_at, MOST, step.calendar)
        # Whoever wakes up late reminds once, of what is true now.
        task.reminded = MOST if task.reminded or step.now >= most else HALF
        task.remind_at = None if task.reminded == MOST else most
        task.save(update_fields=["reminded", "remind_at"])
        if step.now >= task.due_at:
            return False  # it is overdue by now, which is told in other words
        event = step.record(
            "reminded", data={"stage": task.stage, "department": task.department.kind, "per_cent": task.reminded}
        )
        step.tell(told.holder(event, task, "reminder", per_cent=task.reminded))
        return True


def escalate(task_id: int, *, now: datetime | None = None) -> bool:
    """Tell the supervisors of a task that is overdue, once. Return whether it did."""
    with on_task(task_id, doing="escalate", now=now) as step:
        task = step.task
        if task.state != Task.State.OPEN or task.due_at > step.now or task.escalated_at:
            return False
        if step.application.status == Status.SUSPENDED:
            return False
        task.escalated_at, task.remind_at = step.now, None
        task.save(update_fields=["escalated_at", "remind_at"])
        event = step.record("escalated", data={"stage": task.stage, "department": task.department.kind})
        step.tell(told.supervisors(event, task.department, "overdue", **told.of_task(task)))
        return True
