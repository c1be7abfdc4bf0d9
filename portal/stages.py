"""An application drawn as its service's stages: who has it, since when, how long each took, and what is left of the promise.

``timeline`` lists what has happened; this says where it stands. All spans are working time, without the time in which the
clock stood still.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from permits.definition_process import Stage
from permits.models import Application, Status
from portal.timeline import STOPPED, due_state
from portal.words import limit_in_words, span_in_words
from reviews import calendars, clock, times
from reviews.models import Decision, Task

BAD = {Decision.Outcome.DECLINE, Decision.Outcome.REJECT, Decision.Outcome.DISAGREE}
Span = tuple[datetime, datetime]


def drawn(application: Application) -> dict[str, Any]:
    """The sending, each stage in its order, and the promise. Three queries, however long its way was.

    stages: list of {title, state: done | current | todo | error | skipped, note, at, took (in words), limit (in words),
    parallel (bool), offices: list of {name, state, words, at}}; promise: see ``_promise``.
    """
    tasks = list(application.tasks.select_related("department", "decision").order_by("opened_at", "pk"))
    stops = _stops(application)
    stages = [_sent(application)]
    stages += [_stage(application, stage, tasks, stops) for stage in application.definition.stages]
    if application.status == Status.OBJECTED:
        title = _("Somebody who had no part in the decision looks at it again")
        stages.append({"title": title, "state": "current", "offices": []})
    return {"stages": stages, "promise": _promise(application, stops)}


def _sent(application: Application) -> dict[str, Any]:
    who = application.enterprise.name if application.enterprise else ""
    return {"title": _("Sent and received"), "state": "done", "at": application.submitted_at, "who": who, "offices": []}


def _stage(application: Application, stage: Stage, tasks: list[Task], stops: list[Span]) -> dict[str, Any]:
    own = [
        task
        for task in tasks
        if task.stage == stage.key and task.kind == stage.kind and task.state != Task.State.CANCELLED
    ]
    latest = {task.department_id: task for task in own}  # of a department that was asked again, the last time
    state = _state(application, stage, list(latest.values()))
    closed = [task.closed_at for task in own if task.closed_at]
    done = state in ("done", "error")
    took = _worked(application, [(task.opened_at, task.closed_at) for task in own if task.closed_at], stops)
    return {
        "title": stage.title, "state": state, "parallel": len(latest) > 1,
        "offices": [_office(task, done=done) for task in latest.values()] if state != "todo" else [],
        "at": max(closed) if done and closed else None, "took": span_in_words(took) if done and closed else "",
        "limit": limit_in_words(stage.limit) if stage.limit and not done else "", "note": _note(application, state),
    }  # fmt: skip


def _state(application: Application, stage: Stage, latest: list[Task]) -> str:
    keys = [each.key for each in application.definition.stages]
    here = keys.index(application.stage) if application.stage in keys else len(keys)
    place = keys.index(stage.key)
    outcomes = {decision.outcome for task in latest if (decision := getattr(task, "decision", None))}
    if any(task.state == Task.State.OPEN for task in latest):
        return "current"
    if application.is_closed or application.status == Status.OBJECTED:
        if not latest:
            return "skipped"
        return "error" if outcomes & BAD and stage.kind != "countersign" else "done"
    return "done" if place < here else "current" if place == here else "todo"


def _note(application: Application, state: str) -> str:
    if state != "current" or application.status not in STOPPED:
        return ""
    if application.status == Status.NEEDS_CORRECTION:
        return _("Waits for your corrections. The clock stands still")
    return _("The clock stands still")


def _office(task: Task, *, done: bool) -> dict[str, Any]:
    decision = getattr(task, "decision", None)
    if decision is None:
        working = task.state == Task.State.OPEN
        return {
            "name": str(task.department), "state": "current" if working else "done", "at": None if working else task.closed_at,
            "words": _("At work since %(at)s") % {"at": times.moment(task.opened_at)} if working else "",
        }  # fmt: skip
    bad = decision.outcome in BAD
    return {
        "name": str(task.department), "state": "error" if bad else "done", "words": WORDS[decision.outcome](),
        "at": decision.decided_at,
    }  # fmt: skip


WORDS = {
    Decision.Outcome.ACCEPT: lambda: _("Accepted"), Decision.Outcome.CORRECT: lambda: _("Asked for corrections"),
    Decision.Outcome.DECLINE: lambda: _("Not accepted"), Decision.Outcome.AGREE: lambda: _("Agreed"),
    Decision.Outcome.DISAGREE: lambda: _("Did not agree"), Decision.Outcome.APPROVE: lambda: _("Approved"),
    Decision.Outcome.REJECT: lambda: _("Refused"), Decision.Outcome.ACKNOWLEDGE: lambda: _("Seen to"),
    Decision.Outcome.RETURN: lambda: _("Looked at once more"), Decision.Outcome.SILENT: lambda: _("Deemed to agree"),
}  # fmt: skip


def _promise(application: Application, stops: list[Span]) -> dict[str, Any] | None:
    """What became of the promised time, or what is left of it; nothing where nothing was promised.

    state: ok | soon | late | stopped | kept | broken; words: all of it in a sentence; while offices work, left and open:
    seconds of working time left, and until the offices close, for the script that counts down.
    """
    if application.due_at is None or application.submitted_at is None or application.status == Status.OBJECTED:
        return None
    now = timezone.now()
    calendar = calendars.of(application.calendar)
    if application.closed_at:
        if application.status not in (Status.APPROVED, Status.REJECTED, Status.DECLINED):
            return None
        took = span_in_words(_worked(application, [(application.submitted_at, application.closed_at)], stops))
        if application.closed_at <= application.due_at:
            return {
                "state": "kept",
                "words": _("Decided in %(took)s of working time: within the promised time.") % {"took": took},
            }
        return {
            "state": "broken",
            "words": _("Decided in %(took)s of working time: later than was promised.") % {"took": took},
        }
    state = due_state(application)
    if state == "stopped":
        return {"state": state, "words": _("The promised time doesn't run at the moment.")}
    left = clock.remaining(now, application.due_at, calendar)
    if state == "late":
        over = span_in_words(-left)
        return {"state": state, "words": _("Late: it was promised by %(due)s, %(over)s of working time ago.") % {
            "due": times.moment(application.due_at), "over": over}}  # fmt: skip
    found: dict[str, Any] = {
        "state": state,
        "due": application.due_at,
        "span": span_in_words(left),
        "left": int(left.total_seconds()),
    }
    closes = clock.open_until(now, calendar)
    if closes:
        return found | {"open": int((closes - now).total_seconds())}
    opens = clock.add_working_time(now, timedelta(seconds=1), calendar) - timedelta(seconds=1)
    return found | {"opens": opens}


def _stops(application: Application) -> list[Span]:
    """When the clock stood still: while corrections were asked for, and during special procedures."""
    now = timezone.now()
    asked = application.correction_notices.values_list("issued_at", "answered_at")
    paused = application.pauses.values_list("started_at", "ended_at")
    return [(begin, end or now) for begin, end in [*asked, *paused]]


def _worked(application: Application, spans: Iterable[Span], stops: list[Span]) -> timedelta:
    """The working time that the spans cover together, what they share counted once, without the stops."""
    calendar = calendars.of(application.calendar)
    pieces = _merged(spans)
    whole = sum((clock.working_time_between(begin, end, calendar) for begin, end in pieces), timedelta())
    for begin, end in pieces:
        for stopped, went_on in _merged(stops):
            whole -= clock.working_time_between(max(begin, stopped), min(end, went_on), calendar)
    return whole


def _merged(spans: Iterable[Span]) -> list[Span]:
    found: list[Span] = []
    for begin, end in sorted(spans):
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((begin, end))
    return found
