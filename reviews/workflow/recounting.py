"""Due times counted again when the working calendar changed: each moves by a step that is on record."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from permits.models import Application, Status
from reviews import calendars, clock, lifecycle, told
from reviews.models import Decision, Event, Task
from reviews.workflow import advising, corrections, pauses
from reviews.workflow.step import Step, at_share, latest, next_share, on_application

STANDS_STILL = {Status.NEEDS_CORRECTION, Status.SUSPENDED} | lifecycle.AT_REST
Moved = dict[str, tuple[datetime, datetime]]  # what was due, when it was, and when it is


def recompute_due_times(application_id: int, *, to: str = "", now: datetime | None = None) -> Moved:
    """Carry an application over to the calendar of the name ``to``, or else to the one in force. Return what moved; a
    second call moves nothing.

    Working time that was counted out before the clock stopped stands as it was counted, and so does what is past. The
    time in which an applicant has to do something never gets shorter.
    """
    with on_application(application_id, doing="recompute_due_times", now=now) as step:
        application, name = step.application, to or calendars.name_of(calendars.current())
        calendar = calendars.of(name)
        if application.status == Status.DRAFT or application.calendar == name:
            return {}
        earlier = calendars.of(application.calendar)
        Application.objects.filter(pk=application.pk).update(calendar=name)
        moved: Moved = {}
        for what, was, becomes in _times(step, earlier, calendar):
            if was != becomes:
                moved[what] = (was, becomes)
        if moved:
            data = {what: [was.isoformat(), becomes.isoformat()] for what, (was, becomes) in moved.items()}
            event = step.record("due_times_recomputed", data={"calendar": name} | data)
            _tell_the_applicant(step, event, moved)
        return moved


def _times(
    step: Step, earlier: clock.WorkCalendar, calendar: clock.WorkCalendar
) -> Iterator[tuple[str, datetime, datetime]]:
    """Move every time that is still to come. What each is called, when it was, and when it is."""
    application, limits = step.application, step.application.definition.limits
    began, goes_on = _began(application), _went_on(application)

    def counted(was: datetime, since: datetime, limit: str) -> datetime:
        """What is due after the clock stopped has so much left; before, days count from the end of the first."""
        if goes_on and goes_on > since:
            since = goes_on
        elif limit.endswith("d"):
            since = clock.end_of_day(since)
        return clock.carried_over(was, since, earlier, calendar) if was > since else was

    promised, runs = application.due_at, application.status not in STANDS_STILL
    if runs:
        for name, limit in (("due_at", limits.promised), ("statutory_due_at", limits.statutory)):
            if was := getattr(application, name):
                setattr(application, name, counted(was, began, limit))
                yield name, was, getattr(application, name)
    for task in application.tasks.open().select_related("department"):
        was, silent = task.due_at, task.silent_at
        # While the clock stands still the promise doesn't move, and a task of its time is carried over by itself.
        with_the_promise = application.due_at if was == promised and runs else None
        task.due_at = with_the_promise or counted(was, task.opened_at, _limit_of(task))
        task.silent_at = silent and counted(silent, task.opened_at, _silence_of(task))
        if (task.due_at, task.silent_at) != (was, silent):
            _timers(task, latest(task.opened_at, goes_on), step.now, calendar)
        yield f"{task.stage}@{task.department.kind}", was, task.due_at
        if silent and task.silent_at:
            yield f"silence:{task.stage}@{task.department.kind}", silent, task.silent_at
    # Of an application that is over nothing is asked and nothing owed; while an objection is looked at, it may be again.
    asked = application.correction_notices.filter(answered_at=None, application__status=Status.NEEDS_CORRECTION)
    for notice in asked:
        was = notice.deadline
        notice.deadline = max(was, clock.carried_over(was, clock.end_of_day(notice.issued_at), earlier, calendar))
        if notice.deadline != was:
            notice.remind_at = notice.remind_at and corrections.a_day_before(notice.deadline, step.now, calendar)
            notice.save(update_fields=["deadline", "remind_at"])
        yield "corrections", was, notice.deadline
    for promise in application.promises.owed().exclude(application__status__in=lifecycle.FINAL):
        was, since = promise.due_at, promise.owed_since or began
        if was is None:  # `owed` has none such
            continue
        promise.due_at = becomes = max(was, clock.carried_over(was, clock.end_of_day(since), earlier, calendar))
        if becomes != was:
            share = next_share(promise.reminded)
            promise.remind_at = at_share(since, becomes, share, calendar) if share else None
            promise.save(update_fields=["due_at", "remind_at"])
        yield f"owed:{promise.requirement}", was, becomes


def _began(application: Application) -> datetime:
    """Since when its time limits run: it was sent, or a decision against it was set aside."""
    again = Decision.objects.filter(task__application=application, outcome="overturn").order_by("-decided_at").first()
    sent = application.submitted_at
    assert sent is not None, "the database holds it so for all but drafts"
    return latest(sent, again.decided_at if again else None)


def _went_on(application: Application) -> datetime | None:
    """When the clock went on after it had stopped, the last time."""
    answered = application.correction_notices.exclude(answered_at=None).order_by("-answered_at").first()
    found = (pauses.went_on(application), answered.answered_at if answered else None)
    return max(filter(None, found), default=None)


def _limit_of(task: Task) -> str:
    """The limit that the task was opened with; where its stage has none, the promise."""
    definition, beside = task.application.definition, task.kind
    if beside == "advice":
        return advising.LIMIT
    if beside == "objection":
        return definition.limits.objection_review
    if beside == "aftercheck":
        asked = definition.requirement(task.stage.removeprefix("aftercheck:"))
        return asked.pledge.within if asked and asked.pledge else definition.limits.statutory
    stage = definition.stage(task.stage)
    return (stage.limit if stage else None) or definition.limits.promised


def _silence_of(task: Task) -> str:
    """The limit after which its department's silence means something."""
    return task.application.definition.limits.acceptance if task.kind == "precheck" else _limit_of(task)


def _timers(task: Task, since: datetime, now: datetime, calendar: clock.WorkCalendar) -> None:
    """What hangs on a task's due time goes with it; one that is not overdue any more may be escalated again."""
    share = next_share(task.reminded)
    task.remind_at = at_share(since, task.due_at, share, calendar) if share else None
    if task.due_at > now:
        task.escalated_at = None
    task.save(update_fields=["due_at", "remind_at", "silent_at", "escalated_at"])


def _tell_the_applicant(step: Step, event: Event, moved: Moved) -> None:
    """Of what was promised to them, and of what they have to do."""
    for what in ("corrections", "due_at"):
        if what in moved:
            until = moved[what][1].isoformat()
            step.tell(told.applicant(event, "due_times_recomputed", until_at=until, of=what))
            return
