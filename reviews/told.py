"""Who is told what of a step: the applicant's side, a department, its supervisors, one official.

Each function gives the notices; the step that it belongs to writes them with everything else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from permits.models import AccessRequest, Application, Membership, Status
from permits.ready import Ready
from reviews.models import CorrectionItem, CorrectionNotice, Delegation, Department, Event, Official, Task
from reviews.notices import outbox
from reviews.notices.outbox import Letter


def applicant(event: Event, kind: str, *, reason: str = "", **more: Any) -> list[Letter]:
    """The one who filed, and the enterprise's owners."""
    application = _application(event)
    return outbox.compose(event, _applicants(application), kind, _params(application, reason=reason) | more)


def corrections(event: Event, notice: CorrectionNotice, items: Iterable[CorrectionItem], reason: str) -> list[Letter]:
    application = _application(event)
    told = [
        {"title": item_title(application, item.kind, item.key, item.row), "message": item.message} for item in items
    ]
    return applicant(
        event, "corrections_requested", reason=reason, items=told, deadline_at=notice.deadline.isoformat(),
        path=f"{application.get_absolute_url()}corrections/",
    )  # fmt: skip


def corrections_due(event: Event, notice: CorrectionNotice) -> list[Letter]:
    path = f"{_application(event).get_absolute_url()}corrections/"
    return applicant(event, "corrections_due_soon", deadline_at=notice.deadline.isoformat(), path=path)


def departments(event: Event, tasks: list[Task]) -> list[Letter]:
    """Everybody who acts for a department that has a new task."""
    people = _acting_for([task.department_id for task in tasks], event)
    return [
        notice
        for task in tasks
        for notice in outbox.compose(event, people[task.department_id], "new_task", _task_params(task))
    ]


def holder(event: Event, task: Task, kind: str, *, reason: str = "", **more: Any) -> list[Letter]:
    """The one who has the task in hand; everybody in its department while nobody has."""
    people = (
        [task.claimed_by_id] if task.claimed_by_id else _acting_for([task.department_id], event)[task.department_id]
    )
    return official(event, task, people, kind, reason=reason, **more)


def official(
    event: Event, task: Task, people: Iterable[int | None], kind: str, *, reason: str = "", **more: Any
) -> list[Letter]:
    found = [person for person in people if person]
    return outbox.compose(event, found, kind, _task_params(task) | {"reason": reason} | more)


def supervisors(event: Event, office: Department, kind: str, *, reason: str = "", path: str = "") -> list[Letter]:
    people = Official.objects.filter(
        department=office, active=True, role=Official.Role.SUPERVISOR, user__is_active=True
    ).values_list("user_id", flat=True)
    params = _params(_application(event), reason=reason, path=path or "/admin/reviews/task/")
    params |= {"department": office.names}
    return outbox.compose(event, people, kind, params)


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


def _applicants(application: Application) -> list[int]:
    people = [application.applicant_id] if application.applicant.is_active else []
    return [*people, *_owners(application.enterprise_id)] if application.enterprise_id else people


def _owners(enterprise_id: int) -> list[int]:
    return [user for (user,) in _owners_of(enterprise=enterprise_id)]


@Ready
def _owners_of(*, enterprise: int) -> QuerySet[Any, Any]:
    owners = Membership.objects.filter(
        enterprise=enterprise, active=True, role=Membership.Role.OWNER, user__is_active=True
    )
    return owners.values_list("user_id")


def _acting_for(department_ids: list[int], event: Event) -> dict[int, list[int]]:
    """By department: who is posted there, and who stands in for one of them. One query."""
    people: dict[int, list[int]] = defaultdict(list)
    for department, user in _acting(departments=list(dict.fromkeys(department_ids)), at=event.at):
        people[department].append(user)
    return people


@Ready
def _acting(*, departments: list[int], at: datetime) -> QuerySet[Any, Any]:
    posted = Official.objects.filter(department__in=departments, active=True, user__is_active=True)
    lent = Delegation.objects.in_force(at).filter(official__department__in=departments)
    rows = posted.order_by().values_list("department_id", "user_id")
    return rows.union(lent.order_by().values_list("official__department_id", "delegate_id"))


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
