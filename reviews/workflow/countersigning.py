"""会签: what the opinions of several departments amount to, by the rule of the stage."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext_lazy as _

from permits.definition_process import Stage
from permits.models import Application, Status, User
from reviews import lifecycle, policy, told
from reviews.models import Decision, Task
from reviews.workflow.step import Step, on_task

AGREE = (Decision.Outcome.AGREE, Decision.Outcome.SILENT)
Result = Literal["open", "agreed", "failed"]


def result(stage: Stage, agree: int, disagree: int, waiting: int) -> Result:
    """What so many opinions amount to. A stage where opinions bind nobody is agreed once they are all in.

    ``all`` waits for everybody, so that the applicant learns of all that stands against it at once; ``any`` and
    ``quorum`` are settled as soon as they can't come out otherwise.
    """
    if stage.agreement in ("opinion", "all"):
        if waiting:
            return "open"
        return "failed" if disagree and stage.agreement == "all" else "agreed"
    needed = 1 if stage.agreement == "any" else stage.quorum or 1
    # Conditions on the form may leave fewer departments than the quorum; then all of them are needed.
    needed = min(needed, agree + disagree + waiting)
    if agree >= needed:
        return "agreed"
    return "failed" if agree + waiting < needed else "open"


def standing(application: Application, stage: Stage) -> Result:
    """What the stage has come to in the last round that it had a part in.

    The application may be in a later one: it came back to a stage after this one, or to its decision after an
    objection, and what was said here stands.
    """
    rows = application.tasks.filter(stage=stage.key, kind="countersign")
    said = list(rows.values_list("round", "state", "decision__outcome"))
    last = max((number for number, _s, _o in said), default=0)
    outcomes = [(state, outcome) for number, state, outcome in said if number == last]
    agree = sum(outcome in AGREE for _s, outcome in outcomes)
    disagree = sum(outcome == Decision.Outcome.DISAGREE for _s, outcome in outcomes)
    return result(stage, agree, disagree, sum(state == Task.State.OPEN for state, _o in outcomes))


def against() -> QuerySet[Decision]:
    """Where a department disagreed, and its stage was not begun anew since: what counts is as in ``standing``."""
    later = Task.objects.filter(
        application=OuterRef("task__application"), stage=OuterRef("task__stage"), kind="countersign",
        round__gt=OuterRef("task__round"),
    )  # fmt: skip
    return Decision.objects.filter(~Exists(later), outcome=Decision.Outcome.DISAGREE)


def heard(step: Step) -> None:
    """After an opinion: on to the next stage, once this one is settled."""
    stage = step.stage
    if standing(step.application, stage) == "open":
        return
    step.cancel_tasks(stage=stage.key)
    step.next_stage()


def check_agreed(application: Application, user: User) -> None:
    """What the departments had to agree to, and did not, can't be approved."""
    for stage in application.definition.stages:
        if stage.kind != "countersign" or stage.agreement == "opinion":
            continue
        if standing(application, stage) == "failed":
            raise policy.Refused(
                "not_agreed",
                _("The departments did not agree as this service asks (%(stage)s): reject it, or return it to them.")
                % {"stage": stage.title},
                user,
            )


def deem_agreed(task_id: int, *, now: datetime | None = None) -> bool:
    """默认同意: where the definition says so, a late department is deemed to agree. Return whether it was."""
    with on_task(task_id, doing="deem_agreed", now=now) as step:
        task, application = step.task, step.application
        if task.state != Task.State.OPEN or task.silent_at is None or task.silent_at > step.now:
            return False
        if application.status != Status.IN_REVIEW:
            return False
        row = lifecycle.transition("deem_agreed", application.status, task.kind)
        task.claimed_by = task.claimed_at = None
        step.end_task(task, Task.State.DONE)
        Decision.objects.create(task=task, outcome=Decision.Outcome.SILENT, decided_at=step.now)
        event = step.move(row, "deemed_agreed", data={"stage": task.stage, "department": task.department.kind})
        step.tell(told.supervisors(event, task.department, "deemed_agreed"))
        heard(step)
        return True
