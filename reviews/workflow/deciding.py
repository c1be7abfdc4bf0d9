"""An official decides a task, and what follows from it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from permits.models import Application, User
from reviews import lifecycle, policy, told
from reviews.models import Decision, Task
from reviews.workflow import corrections as correcting
from reviews.workflow import issuing, step
from reviews.workflow.corrections import Correction
from reviews.workflow.errors import AlreadyDecided, ReasonNeeded

EVENT_OF = {
    "accept": "accepted", "correct": "corrections_requested", "decline": "declined", "agree": "agreed",
    "disagree": "disagreed", "approve": "approved", "reject": "rejected", "acknowledge": "acknowledged",
}  # fmt: skip


@transaction.atomic
def decide(
    task_id: int,
    *,
    official: User,
    outcome: str,
    reason: str = "",
    corrections: Iterable[Correction] = (),
    now: datetime | None = None,
) -> Decision:
    """Decide a task. The same decision again by the same official gives the decision that stands (a double click).

    Raise ``AlreadyDecided`` when somebody else was first, ``Refused`` when a rule of ``policy`` stands against it,
    ``NotPossible`` when the process has no such step here, ``ReasonNeeded`` when words are missing.
    """
    now = now or timezone.now()
    reason, corrections = reason.strip(), list(corrections)
    task = step.locked_task(task_id)
    application = task.application
    if task.state != Task.State.OPEN:
        standing = Decision.objects.filter(task=task).select_related("official").first()
        if standing and (standing.official_id, standing.outcome) == (official.pk, outcome):
            return standing
        raise AlreadyDecided(task, standing)
    post = policy.check_decide(official, task)
    row = lifecycle.transition(outcome, application.status, task.kind)
    _check_words(row, reason, corrections, application)
    if task.claimed_by_id is None:
        task.claimed_by, task.claimed_at = official, now
    step.end_task(task, Task.State.DONE, now)
    decision = Decision.objects.create(task=task, official=official, outcome=outcome, reason=reason, decided_at=now)
    event = step.move(
        application, row, EVENT_OF[outcome], actor=official, role=step.role_of(post), now=now, reason=reason,
        data={"stage": task.stage, "department": post.department.kind},
    )  # fmt: skip
    match outcome:
        case "accept":
            application.accepted_at = now
            told.applicant(event, "accepted", reason=reason)
            step.next_stage(application, now)
        case "correct":
            notice = correcting.stop_clock(application, task, corrections, now)
            told.corrections(event, notice, reason)
        case "agree" | "disagree":
            if not application.tasks.open().filter(stage=task.stage).exists():
                step.next_stage(application, now)
        case "approve":
            step.close(application, now)
            issuing.issue(application, now, office=task.department.names)
            told.applicant(event, "approved", reason=reason)
        case "reject" | "decline":
            step.close(application, now)
            told.applicant(event, EVENT_OF[outcome], reason=reason)
    return decision


def _check_words(
    row: lifecycle.Transition, reason: str, corrections: list[Correction], application: Application
) -> None:
    if row.action == "correct":
        if not corrections or not all(item.message.strip() for item in corrections):
            raise ReasonNeeded(_("List at least one thing to be corrected, and say for each what is to be done."))
    elif row.needs_reason and not reason:
        raise ReasonNeeded(_("Give a reason: the applicant is told it, and it goes on record."))
    if row.action == "approve" and not reason:
        against = Decision.objects.filter(task__application=application, outcome=Decision.Outcome.DISAGREE)
        if against.exists():
            raise ReasonNeeded(_("A department disagreed. Say why it is approved all the same."))
