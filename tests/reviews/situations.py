"""An application at every place of the process, and every step that the table knows: for the matrix and the faults."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from permits.models import Application, Status, User
from reviews import lifecycle, workflow
from reviews.models import CorrectionNotice, Department, Task
from reviews.publishing import publish
from tests.cast import Cast, filled, post, task_of
from tests.reviews.steps import PLEDGE, SOURCE, TUESDAY, accepted, countersigned, edition, rejected, say, submitted

LATER, MUCH_LATER = TUESDAY + timedelta(days=24), TUESDAY + timedelta(days=35)
ONE_CORRECTION = [workflow.Correction("other", "", "请补充说明")]


@dataclass
class Situation:
    """Where a row of the table begins: the application, and the task that an official would end with it."""

    application: Application
    task: Task | None = None


def stages_only(*kinds: str) -> None:
    """An edition of the model case with these stages and no others."""
    text = SOURCE.read_text(encoding="utf-8")
    text = text[: text.index("[[stages]]")]
    offices = {"precheck": "street", "countersign": "health", "decision": "bureau", "record": "street"}
    for kind in kinds:
        text += (
            f'\n[[stages]]\nkey = "{kind}"\nkind = "{kind}"\ntitle = {{ zh = "环节", en = "Stage" }}\nlimit = "1h"\n'
            f'departments = [{{ department = "{offices[kind]}" }}]\n'
        )
    if kinds in ((), ("record",)):
        text = re.sub(r"(?m)^in_register = .*\n", "", text.replace('kind = "permit"', 'kind = "none"'))
    publish(text)


def to_correct(cast: Cast) -> Application:
    application = submitted(cast)
    say(application, "street", cast.street, "correct", corrections=ONE_CORRECTION)
    return fresh(application)


def corrected(cast: Cast) -> Application:
    application = to_correct(cast)
    answer(application, cast.owner)
    application = fresh(application)
    # The second round is allowed, so that the table alone decides what is possible.
    Task.objects.filter(application=application, state="open").update(second_round_by=cast.supervisor, claimed_by=None)
    return application


def suspended(cast: Cast) -> Application:
    application = countersigned(cast)
    workflow.suspend(
        task_of(application, "bureau").pk, official=cast.decider, kind="experts", reason="评审", now=TUESDAY
    )
    return fresh(application)


def declined(cast: Cast) -> Application:
    application = submitted(cast)
    say(application, "street", cast.street, "decline", reason="不属于本地")
    return fresh(application)


def recorded(cast: Cast) -> Application:
    stages_only("record")
    return submitted(cast)


def approved_on_a_pledge(cast: Cast) -> Application:
    edition(epidemic_plan=PLEDGE)
    draft = filled(cast)
    draft.materials.filter(requirement="epidemic_plan").delete()
    workflow.promise_material(draft.pk, applicant=cast.owner, requirement="epidemic_plan", kind="pledge", now=TUESDAY)
    application = workflow.submit(draft.pk, applicant=cast.owner, now=TUESDAY)
    say(application, "street", cast.street, "accept")
    say(application, "health", cast.health, "agree")
    say(application, "industry", cast.industry, "agree")
    say(application, "bureau", cast.decider, "approve")
    return fresh(application)


def a_second_countersign(first: str = "") -> None:
    """An edition with another countersign before the decision; ``first`` are lines for the one that is there."""
    text = SOURCE.read_text(encoding="utf-8")
    second = (
        '[[stages]]\nkey = "second"\nkind = "countersign"\ntitle = { zh = "再会签", en = "Again" }\nlimit = "1h"\n'
        'departments = [{ department = "commerce" }]\n\n'
    )
    at = text.index('[[stages]]\nkey = "decision"')
    text = text[:at] + second + text[at:]
    publish(text.replace('key = "countersign"\n', f'key = "countersign"\n{first}\n'))


def two_countersigns(cast: Cast) -> Application:
    a_second_countersign()
    return countersigned(cast)


def objected(cast: Cast, application: Application) -> Application:
    workflow.object_to(application.pk, applicant=cast.owner, text="不服", now=TUESDAY)
    return fresh(application)


def fresh(application: Application) -> Application:
    return Application.objects.select_related("version", "enterprise", "applicant").get(pk=application.pk)


def answer(application: Application, who: User) -> Application:
    notice = CorrectionNotice.objects.get(application=application, answered_at=None)
    words = {str(item.public_id): "已补充" for item in notice.items.all()}
    return workflow.answer_corrections(application.pk, applicant=who, answers=words, now=TUESDAY)


def with_a_question(cast: Cast, application: Application, office: str, asker: User) -> Situation:
    post("money", "finance")
    asked = workflow.ask_advice(
        task_of(application, office).pk, official=asker, department=Department.objects.get(kind="finance"),
        question="？", now=TUESDAY,
    )  # fmt: skip
    return Situation(fresh(application), asked)


def arrange(row: lifecycle.Transition, cast: Cast) -> Situation:
    """An application from which this row of the table leads on."""
    if row.action == "submit":
        stages_only(*({"none": (), "record": ("record",), "precheck": ("precheck", "decision"),
                       "countersign": ("countersign", "decision"), "decision": ("decision",)}[row.stage or ""]))  # fmt: skip
        return Situation(filled(cast))
    if row.action == "advise":
        match row.source:
            case Status.IN_REVIEW:
                return with_a_question(cast, accepted(cast), "health", cast.health)
            case Status.SUSPENDED:
                application = countersigned(cast)
                found = with_a_question(cast, application, "bureau", cast.decider)
                workflow.suspend(
                    task_of(application, "bureau").pk, official=cast.decider, kind="experts", reason="评审", now=TUESDAY
                )
                return Situation(fresh(application), found.task)
            case Status.CORRECTED:
                return with_a_question(cast, corrected(cast), "street", cast.street)
        return with_a_question(cast, submitted(cast), "street", cast.street)
    if row.action == "return" and row.stage == row.to:
        application = two_countersigns(cast)
        return Situation(application, task_of(application, "commerce"))
    makers: dict[tuple[str, str | None], Callable[[Cast], Application]] = {
        (Status.SUBMITTED, "precheck"): submitted, (Status.CORRECTED, "precheck"): corrected,
        (Status.NEEDS_CORRECTION, "precheck"): to_correct, (Status.IN_REVIEW, "countersign"): accepted,
        (Status.IN_REVIEW, "decision"): countersigned, (Status.SUSPENDED, None): suspended,
        (Status.RECORDED, "record"): recorded, (Status.APPROVED, None): approved_on_a_pledge,
        (Status.DECLINED, "precheck"): declined, (Status.REJECTED, "decision"): rejected,
        (Status.OBJECTED, "precheck"): lambda cast: objected(cast, declined(cast)),
        (Status.OBJECTED, "decision"): lambda cast: objected(cast, rejected(cast)),
        (Status.SUBMITTED, None): submitted, (Status.CORRECTED, None): corrected,
        (Status.NEEDS_CORRECTION, None): to_correct, (Status.IN_REVIEW, None): countersigned,
    }  # fmt: skip
    application = makers[row.source, row.stage](cast)
    return Situation(application, application.tasks.order_by("-state", "pk").first())  # an open one, if there is one


def take(row: lifecycle.Transition, there: Situation, who: Any) -> Any:
    """Take the step of a row, as ``who``."""
    application, task = there.application, there.task
    match row.action:
        case "submit":
            return workflow.submit(application.pk, applicant=who, now=TUESDAY)
        case "withdraw":
            return workflow.withdraw(application.pk, applicant=who, now=TUESDAY)
        case "answer_corrections":
            return answer(application, who)
        case "object":
            return workflow.object_to(application.pk, applicant=who, text="不服", now=TUESDAY)
        case "resume":
            return workflow.resume(application.pk, official=who, now=TUESDAY)
    assert task is not None
    if row.action == "suspend":
        return workflow.suspend(task.pk, official=who, kind="experts", reason="评审", now=TUESDAY)
    stages = application.definition.stages
    to_stage = next((stage.key for stage in stages if stage.kind == row.to), "") if row.to else ""
    corrections = ONE_CORRECTION if row.action == "correct" else ()
    return workflow.decide(
        task.pk,
        official=who,
        outcome=row.action,
        reason="理由",
        corrections=corrections,
        to_stage=to_stage,
        now=TUESDAY,
    )


def overdue(action: str, cast: Cast) -> Application:
    """An application that waits for nothing but time: for the steps that nobody takes."""
    match action:
        case "deem_accepted":
            return submitted(cast)
        case "lapse":
            application = to_correct(cast)
            workflow.warn_of_lapse(application.correction_notices.get().pk, now=LATER)
            return application
        case "deem_agreed":
            edition(countersign='silence = "agrees"')
            post("chief", "health", supervisor=True)
            return accepted(cast)
    assert action == "terminate", action
    edition(canteen_plan="deferrable = true")
    draft = filled(cast)
    draft.materials.filter(requirement="canteen_plan").delete()
    workflow.promise_material(draft.pk, applicant=cast.owner, requirement="canteen_plan", kind="later", now=TUESDAY)
    application = workflow.submit(draft.pk, applicant=cast.owner, now=TUESDAY)
    say(application, "street", cast.street, "accept")
    return fresh(application)


def time_brings(action: str, application: Application) -> bool:
    """Take a step that only time takes, more than a month later."""
    of_task = action == "deem_agreed"
    return getattr(workflow, action)(task_of(application, "health").pk if of_task else application.pk, now=MUCH_LATER)
