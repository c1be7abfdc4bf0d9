"""容缺受理 and 告知承诺: a material is handed in later, or a signed pledge stands in its place and is checked afterwards."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from permits.definition import Requirement
from permits.forms import values_of
from permits.intake.materials import hidden_materials, requirement_state
from permits.models import Application, Material, Promise, Status, User
from reviews import clock, lifecycle, policy, routing, told
from reviews.models import Event, Task
from reviews.workflow.errors import NotSensible
from reviews.workflow.step import APPLICANT_ROLE, HALF, MOST, Step, at_share, on_application


def promise_material(
    application_id: int, *, applicant: User, requirement: str, kind: str, now: datetime | None = None
) -> Promise:
    """In a draft: say that a material comes later, or pledge in its place. A second call gives the same one.

    ``kind`` is a ``Promise.Kind``. Raise ``NotSensible`` when the service doesn't allow it for this material.
    """
    with on_application(application_id, doing="promise_material", now=now) as step:
        application = step.application
        policy.check_applicant(applicant, application)
        _check_draft(application)
        asked = application.definition.requirement(requirement)
        text = checked(application, asked, kind)
        made, _new = Promise.objects.update_or_create(
            application=application, requirement=requirement,
            defaults={"kind": kind, "text": text, "made_by": applicant, "made_at": step.now},
        )  # fmt: skip
        return made


def drop_promise(application_id: int, *, applicant: User, requirement: str) -> None:
    """In a draft: take a promise back, and hand the material in after all."""
    with on_application(application_id, doing="drop_promise") as step:
        policy.check_applicant(applicant, step.application)
        _check_draft(step.application)
        step.application.promises.filter(requirement=requirement).delete()


def _check_draft(application: Application) -> None:
    if application.status != Status.DRAFT:
        raise NotSensible(_("This application was sent; what was promised in it stands."))


def checked(application: Application, asked: Requirement | None, kind: str) -> str:
    """The words of the pledge; nothing for a material that comes later. Raise ``NotSensible`` where neither is allowed."""
    if asked is None:
        raise NotSensible(_("This service doesn't ask for such a material. Reload the page."))
    if application.enterprise and application.enterprise.bad_credit:
        raise NotSensible(_("The enterprise's credit record doesn't allow this: please upload the material."))
    if kind == Promise.Kind.LATER and asked.deferrable:
        return ""
    if kind == Promise.Kind.PLEDGE and asked.pledge:
        return str(asked.pledge.text)
    raise NotSensible(_("“%(title)s” has to be uploaded.") % {"title": asked.title})


def drop_needless(application: Application) -> None:
    """At submission: where the file came after all, or isn't asked for any more, nothing is owed and nothing checked."""
    states = requirement_state(application, values_of(application.definition, application.answers))
    needed = [state.requirement.key for state in states if state.promise and state.required and not state.files]
    application.promises.exclude(requirement__in=needed).delete()


def settle(step: Step) -> None:
    """When corrections are answered, the same, on record: what came is met, the other promises are gone."""
    application = step.application
    if not application.promises.filter(met_at=None).exists():
        return
    for promise, files in _needless(application):
        if promise.kind == Promise.Kind.LATER and files:
            _meet(step, promise, files)
        else:
            promise.delete()
            step.record("promise_dropped", data={"requirement": promise.requirement})


def _needless(application: Application) -> list[tuple[Promise, list[Material]]]:
    """The promises that stand in for nothing, each with the files that came instead: a material isn't asked for either
    where its question is hidden."""
    values = values_of(application.definition, application.answers)
    hidden = hidden_materials(application.definition, values)
    return [
        (state.promise, state.files)
        for state in requirement_state(application, values, with_hidden=True)
        if state.promise and state.promise.met_at is None
        and (state.files or not state.required or state.requirement.key in hidden)
    ]  # fmt: skip


def _meet(step: Step, promise: Promise, files: list[Material]) -> Event:
    promise.met_at, promise.remind_at = step.now, None
    promise.save(update_fields=["met_at", "remind_at"])
    return step.record("promise_met", data={"requirement": promise.requirement, "files": step.files_sealed(files)})


def owe(step: Step) -> list[Promise]:
    """At acceptance: from now on, what was promised for later is owed by a date."""
    application = step.application
    later = [p for p in application.promises.filter(kind=Promise.Kind.LATER, met_at=None) if p.due_at is None]
    _give_time(step, later)
    return later


def tell_accepted(step: Step, event: Event, owed: list[Promise], reason: str = "") -> None:
    """The applicant: that it is accepted, and what is owed from now on if something is."""
    if owed:
        step.tell(told.applicant(event, "accepted_owing", reason=reason, **owed_words(step.application, owed)))
    else:
        step.tell(told.applicant(event, "accepted", reason=reason))


def titles(application: Application, promises: list[Promise]) -> list[dict[str, str]]:
    """What is owed, in both languages, for a notice."""
    found = [application.definition.requirement(promise.requirement) for promise in promises]
    return [{"zh": asked.title.zh, "en": asked.title.en} for asked in found if asked]


def owe_anew(step: Step) -> None:
    """A decision was set aside: what is still owed has its time again."""
    _give_time(step, list(step.application.promises.owed()))


def _give_time(step: Step, promises: list[Promise]) -> None:
    if not promises:
        return
    due = step.limit(step.application.definition.limits.owed)
    for promise in promises:
        promise.owed_since, promise.due_at = step.now, due
        promise.remind_at, promise.reminded = at_share(step.now, due, HALF, step.calendar), 0
    Promise.objects.bulk_update(promises, ["owed_since", "due_at", "remind_at", "reminded"])


def owed_words(application: Application, promises: list[Promise]) -> dict[str, Any]:
    """What is owed, and by when, for a notice."""
    until = min(promise.due_at for promise in promises if promise.due_at)
    return {"items": titles(application, promises), "deadline_at": until.isoformat()}


def material_arrived(application_id: int, *, applicant: User | None = None, now: datetime | None = None) -> int:
    """Owed materials that are there now are owed no more. Return how many; a second call finds none.

    Without an ``applicant`` the system says so, of a file that was found fine: that its sender may hand it in was
    checked when it came, and an authorisation that has ended since takes nothing back.
    """
    with on_application(application_id, doing="material_arrived", now=now) as step:
        application = step.application
        if applicant is not None:
            policy.check_applicant(applicant, application)
            step.by(applicant, APPLICANT_ROLE)
        there: dict[str, list[Material]] = defaultdict(list)
        for material in application.materials.current():
            there[material.requirement].append(material)
        met = [promise for promise in application.promises.owed() if promise.requirement in there]
        for promise in met:
            event = _meet(step, promise, there[promise.requirement])
            for task in application.tasks.open().select_related("department", "claimed_by"):
                task.application = application
                step.tell(told.holder(event, task, "promise_met", items=titles(application, [promise])))
        return len(met)


def check_nothing_owed(application: Application, user: User) -> None:
    """The result is issued only after completion."""
    if application.promises.owed().exists():
        raise policy.Refused(
            "owed_material",
            _("A material that was accepted as missing has not come yet; the application can't be approved before."),
            user,
        )


def remind_owing(promise_id: int, *, now: datetime | None = None) -> bool:
    """At half of its time the applicant is reminded, at four fifths the office's supervisors are told too."""
    application_id = Promise.objects.values_list("application_id", flat=True).get(pk=promise_id)
    with on_application(application_id, doing="remind_owing", now=now) as step:
        application = step.application
        promise = application.promises.owed().filter(pk=promise_id, remind_at__lte=step.now).first()
        if promise is None or promise.due_at is None or application.status in lifecycle.AT_REST:
            return False
        start = promise.owed_since or promise.made_at
        most = at_share(start, promise.due_at, MOST, step.calendar)
        promise.reminded = MOST if step.now >= most else HALF
        promise.remind_at = None if promise.reminded == MOST else most
        promise.save(update_fields=["reminded", "remind_at"])
        action = "owed_escalated" if promise.reminded == MOST else "reminded"
        event = step.record(action, data={"requirement": promise.requirement, "per_cent": promise.reminded})
        step.tell(told.applicant(event, "owed_reminder", **owed_words(application, [promise])))
        if promise.reminded == MOST and (task := application.tasks.order_by("pk").select_related("department").first()):
            until = promise.due_at.isoformat()
            step.tell(told.supervisors(event, task.department, "owed_at_risk", deadline_at=until))
        return True


def terminate(application_id: int, *, now: datetime | None = None) -> bool:
    """End an application whose owed material did not come in time. Return whether it did."""
    with on_application(application_id, doing="terminate", now=now) as step:
        application = step.application
        missed = application.promises.owed().filter(due_at__lte=step.now)
        if application.status in lifecycle.AT_REST or not missed.exists():
            return False
        row = lifecycle.transition("terminate", application.status, step.stage_kind)
        offices = [task.department for task in application.tasks.open().select_related("department")]
        step.cancel_tasks()
        application.pauses.filter(ended_at=None).update(ended_at=step.now)
        event = step.move(row, "terminated", data={"requirements": [promise.requirement for promise in missed]})
        step.close()
        step.tell(told.applicant(event, "terminated", items=titles(application, list(missed))))
        for office in offices:
            step.tell(told.supervisors(event, office, "terminated_office"))
        return True


def open_aftercheck(step: Step) -> None:
    """On approval: each pledge becomes a task of the department that checks it."""
    application = step.application
    pledged = application.promises.filter(kind=Promise.Kind.PLEDGE)
    tasks: list[Task] = []
    for promise in pledged:
        asked = application.definition.requirement(promise.requirement)
        if asked is None or asked.pledge is None:
            continue
        (office,) = routing.nearest([asked.pledge.department], application.region, what=str(asked.title))
        due = clock.due(step.now, clock.Limit.parse(asked.pledge.within), step.calendar)
        tasks.append(step.new_task(f"aftercheck:{promise.requirement}", "aftercheck", office, due))
    if tasks:
        step.record(
            "aftercheck_opened", by_system=True, data={"requirements": [t.stage.partition(":")[2] for t in tasks]}
        )
        step.open_tasks(tasks)
