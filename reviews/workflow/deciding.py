"""An official decides a task, and what follows from it: one function an outcome."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from permits.definition_process import Stage
from permits.models import User
from permits.ready import insert
from reviews import lifecycle, policy, told
from reviews.audit.log import EVENT_OF
from reviews.models import CorrectionItem, Decision, Event, Task
from reviews.workflow import corrections as correcting
from reviews.workflow import countersigning, issuing, objections, promises
from reviews.workflow.corrections import Correction
from reviews.workflow.errors import AlreadyDecided, NotSensible, ReasonNeeded
from reviews.workflow.step import Step, on_task


@dataclass(frozen=True)
class Said:
    """What the official said with the decision."""

    outcome: str
    reason: str = ""
    corrections: list[Correction] = field(default_factory=list)
    to_stage: str = ""


def decide(
    task_id: int,
    *,
    official: User,
    outcome: str,
    reason: str = "",
    corrections: Iterable[Correction] = (),
    to_stage: str = "",
    now: datetime | None = None,
) -> Decision:
    """Decide a task. The same decision again by the same official gives the decision that stands (a double click).

    ``to_stage`` is the key of the stage that a return goes back to. Raise ``AlreadyDecided`` when somebody else was
    first, ``Refused`` when a rule of ``policy`` stands against it, ``NotPossible`` when the process has no such step
    here, ``ReasonNeeded`` when words are missing.
    """
    said = Said(outcome, reason.strip(), list(corrections), to_stage)
    with on_task(task_id, doing=outcome, now=now) as step:
        task, application = step.task, step.application
        if task.state != Task.State.OPEN:
            standing = Decision.objects.filter(task=task).select_related("official").first()
            if standing and (standing.official_id, standing.outcome) == (official.pk, outcome):
                return standing
            raise AlreadyDecided(task, standing)
        post = policy.check_decide(official, task, step.now, outcome)
        policy.check_advises(official, task)
        back = _earlier_stage(step, to_stage) if outcome == "return" else None
        row = lifecycle.transition(
            outcome, application.status, step.stage_kind, task=task.kind, to=back.kind if back else None
        )
        _check_words(step, row, said)
        if outcome == "approve":
            countersigning.check_agreed(application, official)
            if post.on_record["promised"]:
                promises.check_nothing_owed(application, official)
        step.by(official, post)
        if task.claimed_by_id != official.pk:
            task.claimed_by, task.claimed_at = official, step.now
        step.end_task(task, Task.State.DONE)
        decision = Decision(
            task=task, official=official, on_behalf_of=post.on_behalf_of, outcome=outcome, reason=said.reason,
            decided_at=step.now,
        )  # fmt: skip
        insert([decision])
        # A question that was asked for this task is of no use any more.
        if step.on_record["asked_others"]:
            step.cancel_tasks(kind="advice", advice__asked_for=task)
        data: dict[str, Any] = {"stage": task.stage} | post.data | ({"to": to_stage} if back else {})
        # Where on which page, and not what is said of it: the words stand with the items, the log holds none.
        if outcome == "correct" and (marks := [item.place.on_record for item in said.corrections if item.place]):
            data["marks"] = marks
        event = step.move(row, EVENT_OF[outcome], reason=said.reason, data=data)
        FOLLOWS[outcome](step, event, said)
        return decision


def _check_words(step: Step, row: lifecycle.Transition, said: Said) -> None:
    if row.action == "correct":
        if not said.corrections:
            raise ReasonNeeded(_("List at least one thing to be corrected, and say for each what is to be done."))
        if wordless := [item for item in said.corrections if not item.message.strip()]:
            titles = str(_(", ")).join(correcting.title_of(step.application, item) for item in wordless)
            raise ReasonNeeded(_("Say what is to be done: %(titles)s.") % {"titles": titles})
        if any((item.kind == CorrectionItem.Kind.ROW) != bool(item.row) for item in said.corrections):
            raise NotSensible(_("Name the row by its number, from 1."))
        correcting.check_rows(step.application, said.corrections)
        correcting.check_places(step.application, said.corrections)
    elif row.needs_reason and not said.reason and row.action in lifecycle.INTERNAL:
        raise ReasonNeeded(_("Write what there is to say: it goes on record."))
    elif row.needs_reason and not said.reason:
        raise ReasonNeeded(_("Give a reason: the applicant is told it, and it goes on record."))
    unexplained = row.action == "approve" and not said.reason
    if unexplained and any(stage.kind == "countersign" for stage in step.application.definition.stages):
        against = countersigning.against().filter(task__application=step.application)
        if against.exists():
            raise ReasonNeeded(_("A department disagreed. Say why it is approved all the same."))


def _earlier_stage(step: Step, key: str) -> Stage:
    before = step.application.definition.stages_before(step.application.stage)
    found = next((stage for stage in before if stage.key == key), None)
    if found is None:
        raise NotSensible(_("Choose the earlier stage that it goes back to."))
    return found


# --- what follows ----------------------------------------------------------------------------------------------------


def _for_all(step: Step) -> None:
    """One of the departments decided for all that the stage has: what the others have open there is ended."""
    if len(step.stage.departments) > 1:
        step.cancel_tasks(stage=step.stage.key)


def _accepted(step: Step, event: Event, said: Said) -> None:
    _for_all(step)
    # Returned to the pre-check and accepted again: it has been accepted since the first time.
    step.application.accepted_at = step.application.accepted_at or step.now
    promises.tell_accepted(step, event, promises.owe(step) if step.on_record["promised"] else [], said.reason)
    step.next_stage()


def _corrected(step: Step, event: Event, said: Said) -> None:
    _for_all(step)
    notice, items = correcting.stop_clock(step, said.corrections)
    step.tell(told.corrections(event, notice, items, said.reason, places=[each.place for each in said.corrections]))


def _heard(step: Step, event: Event, said: Said) -> None:
    countersigning.heard(step)


def _approved(step: Step, event: Event, said: Said) -> None:
    _for_all(step)
    step.close()
    issuing.issue(step, office=step.task.department.names)
    step.tell(told.applicant(event, "approved", reason=said.reason))
    if step.on_record["promised"]:
        promises.open_aftercheck(step)


def _refused(step: Step, event: Event, said: Said) -> None:
    _for_all(step)
    step.close()
    until = objections.objection_until(step.application)
    words = {"objection_at": until.isoformat() if until else ""}
    step.tell(told.applicant(event, EVENT_OF[said.outcome], reason=said.reason, **words))


def _returned(step: Step, event: Event, said: Said) -> None:
    step.cancel_tasks()
    step.application.round += 1
    step.open_stage(_earlier_stage(step, said.to_stage), returned=True)


def _advised(step: Step, event: Event, said: Said) -> None:
    advice = step.task.advice
    asked_for = advice.asked_for
    asked_for.application = step.application
    step.tell(told.official(event, asked_for, [advice.asked_by_id], "advised", reason=said.reason))


def _upheld(step: Step, event: Event, said: Said) -> None:
    step.close()
    step.tell(told.applicant(event, "upheld", reason=said.reason))


def _overturned(step: Step, event: Event, said: Said) -> None:
    objections.after_overturning(step)  # first: what is promised from now on is told
    step.tell(told.applicant(event, "overturned", reason=said.reason))


def _found_false(step: Step, event: Event, said: Said) -> None:
    """A false pledge is a ground to revoke; the department that decided is told, and its supervisor does it."""
    deciding = step.application.tasks.filter(kind="decision", state=Task.State.DONE).select_related("department")
    if last := deciding.order_by("-pk").first():
        path = f"/admin/permits/permit/?q={step.application.number}"
        step.tell(told.supervisors(event, last.department, "pledge_false", reason=said.reason, path=path))


def _nothing(step: Step, event: Event, said: Said) -> None:
    """It is on record, and that is all."""


FOLLOWS: dict[str, Callable[[Step, Event, Said], None]] = {
    "accept": _accepted, "correct": _corrected, "decline": _refused, "agree": _heard, "disagree": _heard,
    "approve": _approved, "reject": _refused, "acknowledge": _nothing, "return": _returned, "advise": _advised,
    "uphold": _upheld, "overturn": _overturned, "confirm": _nothing, "found_false": _found_false,
}  # fmt: skip
