"""Who is told what of a step: the applicant's side, a department, its supervisors, one official.

Each function gives messages; the step that it belongs to writes them with everything else, and asks but once who the
people of a department and the owners of an enterprise are (``letters``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet, Value
from django.urls import reverse

from permits.models import AccessRequest, Application, Membership, Status
from permits.ready import Ready
from reviews.models import CorrectionItem, CorrectionNotice, Delegation, Department, Event, Official, Task
from reviews.notices import outbox
from reviews.notices.outbox import Letter

OWNERS = 0  # stands where a department's key would: the owners of the application's enterprise


@dataclass(frozen=True, slots=True)
class Message:
    """What is said of an event: to people (their ids), and to everybody of a group (a department's key, or OWNERS)."""

    event: Event
    kind: str
    params: dict[str, Any]
    people: tuple[int, ...] = ()
    group: int | None = None


def letters(messages: list[Message]) -> list[Letter]:
    """A notice for each person and channel. Somebody whom two messages of one event concern is told the first."""
    groups = {message.group for message in messages if message.group is not None}
    found = _in_groups(groups, messages[0].event) if groups else {}
    once: dict[tuple[int, int, str], Letter] = {}
    for message in messages:
        people = message.people if message.group is None else (*message.people, *found[message.group])
        for letter in outbox.compose(message.event, people, message.kind, message.params):
            once.setdefault((id(letter.event), letter.recipient_id, letter.channel), letter)
    return list(once.values())


def applicant(event: Event, kind: str, *, reason: str = "", **more: Any) -> list[Message]:
    """The one who filed, and the enterprise's owners."""
    application = _application(event)
    people = (application.applicant_id,) if application.applicant.is_active else ()
    group = OWNERS if application.enterprise_id else None
    return [Message(event, kind, _params(application, reason=reason) | more, people, group)]


def corrections(event: Event, notice: CorrectionNotice, items: Iterable[CorrectionItem], reason: str) -> list[Message]:
    application = _application(event)
    told = [
        {"title": item_title(application, item.kind, item.key, item.row), "message": item.message} for item in items
    ]
    return applicant(
        event, "corrections_requested", reason=reason, items=told, deadline_at=notice.deadline.isoformat(),
        path=f"{application.get_absolute_url()}corrections/",
    )  # fmt: skip


def corrections_due(event: Event, notice: CorrectionNotice) -> list[Message]:
    path = f"{_application(event).get_absolute_url()}corrections/"
    return applicant(event, "corrections_due_soon", deadline_at=notice.deadline.isoformat(), path=path)


def departments(event: Event, tasks: list[Task]) -> list[Message]:
    """Everybody who acts for a department that has a new task."""
    return [Message(event, "new_task", _task_params(task), group=task.department_id) for task in tasks]


def holder(event: Event, task: Task, kind: str, *, reason: str = "", **more: Any) -> list[Message]:
    """The one who has the task in hand; everybody in its department while nobody has."""
    if task.claimed_by_id:
        return official(event, task, [task.claimed_by_id], kind, reason=reason, **more)
    return [Message(event, kind, _task_params(task) | {"reason": reason} | more, group=task.department_id)]


def official(
    event: Event, task: Task, people: Iterable[int | None], kind: str, *, reason: str = "", **more: Any
) -> list[Message]:
    found = tuple(person for person in people if person)
    return [Message(event, kind, _task_params(task) | {"reason": reason} | more, found)]


def supervisors(event: Event, office: Department, kind: str, *, reason: str = "", path: str = "") -> list[Message]:
    people = Official.objects.filter(
        department=office, active=True, role=Official.Role.SUPERVISOR, user__is_active=True
    ).values_list("user_id", flat=True)
    params = _params(_application(event), reason=reason, path=path or "/admin/reviews/task/")
    params |= {"department": office.names}
    return [Message(event, kind, params, tuple(people))]


def task_path(task: Task) -> str:
    return f"/admin/reviews/task/{task.pk}/review/"


def access_requested(event: Event, asked: AccessRequest) -> list[Letter]:
    """The enterprise's owners. What the asker wrote is left to the page: a mail carries no stranger's words."""
    params = {"enterprise": asked.enterprise.name, "who": asked.user.name, "email": asked.user.email,
              "path": reverse("enterprise", args=[asked.enterprise.public_id])}  # fmt: skip
    return outbox.compose(event, _owners(asked.enterprise_id), "access_requested", params)


def access_answered(event: Event, asked: AccessRequest) -> list[Letter]:
    """The one who asked. Who was refused learns no more of the enterprise than they knew: its code."""
    if asked.state == AccessRequest.State.GRANTED:
        path = reverse("enterprise", args=[asked.enterprise.public_id])
        params = {"enterprise": asked.enterprise.name, "path": path}
        return outbox.compose(event, [asked.user_id], "access_granted", params)
    params = {"uscc": asked.enterprise.uscc, "path": reverse("enterprises")}
    return outbox.compose(event, [asked.user_id], "access_refused", params)


def item_title(application: Application, kind: str, key: str, row: int | None = None) -> dict[str, str]:
    """What a correction is about, in both languages."""
    definition = application.definition
    field = definition.field(key) if kind in ("field", "row") else None
    material = definition.requirement(key) if kind in ("material", "row") else None
    text = field.label if field else material.title if material else None
    if text is None:
        return {"zh": "其他", "en": "Other"}
    if row:
        return {"zh": f"{text.zh}第{row}行", "en": f"{text.en}, row {row}"}
    return {"zh": text.zh, "en": text.en}


def _application(event: Event) -> Application:
    if event.application is None:
        raise ValueError("only steps of an application are told")
    return event.application


def _in_groups(groups: set[int], event: Event) -> dict[int, list[int]]:
    """Who is in each of the groups, by one query."""
    offices = sorted(groups - {OWNERS})
    enterprise = _application(event).enterprise_id if OWNERS in groups else None
    people: dict[int, list[int]] = {group: [] for group in groups}
    if enterprise is None:
        found = _acting(departments=offices, at=event.at)
    elif not offices:
        found = _owners_of(enterprise=enterprise)
    else:
        found = _acting_or_owners(departments=offices, at=event.at, enterprise=enterprise)
    for group, user in found:
        people[group].append(user)
    return people


def _owners(enterprise_id: int) -> list[int]:
    return [user for _group, user in _owners_of(enterprise=enterprise_id)]


@Ready
def _owners_of(*, enterprise: int) -> QuerySet[Any, Any]:
    owners = Membership.objects.filter(
        enterprise=enterprise, active=True, role=Membership.Role.OWNER, user__is_active=True
    )
    return owners.annotate(group=Value(OWNERS)).values_list("group", "user_id")


@Ready
def _acting(*, departments: list[int], at: datetime) -> QuerySet[Any, Any]:
    """Who is posted there, and who stands in for one of them."""
    posted = Official.objects.filter(department__in=departments, active=True, user__is_active=True)
    lent = Delegation.objects.in_force(at).filter(official__department__in=departments)
    rows = posted.order_by().values_list("department_id", "user_id")
    return rows.union(lent.order_by().values_list("official__department_id", "delegate_id"))


@Ready
def _acting_or_owners(*, departments: list[int], at: datetime, enterprise: int) -> QuerySet[Any, Any]:
    return _acting.build(departments=departments, at=at).union(_owners_of.build(enterprise=enterprise))


def _params(application: Application, *, reason: str = "", path: str = "") -> dict[str, Any]:
    definition = application.definition
    wording = definition.outcome.wording.get(application.status)
    return {
        "number": application.number,
        "service": {"zh": definition.title.zh, "en": definition.title.en},
        "outcome": {"zh": wording.zh, "en": wording.en} if wording else None,
        "enterprise": application.enterprise.name if application.enterprise else "",
        # What is only recorded is done with once it is received: nothing more is promised.
        "due_at": application.due_at.isoformat()
        if application.due_at and application.status != Status.RECORDED
        else "",
        "reason": reason,
        "path": path or application.get_absolute_url(),
    }


def _task_params(task: Task) -> dict[str, Any]:
    stage = task.application.definition.stage(task.stage)
    return _params(task.application, path=task_path(task)) | {
        "stage": {"zh": stage.title.zh, "en": stage.title.en} if stage else _beside(task),
        "department": task.department.names,
        "due_at": task.due_at.isoformat(),
    }


def _beside(task: Task) -> dict[str, str]:
    if task.kind == "aftercheck":
        return {"zh": "承诺事项核查", "en": "Check of a pledge"}
    return {"zh": task.stage, "en": task.stage}
