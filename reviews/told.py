"""Who is told what of a step: the applicant's side, a department, its supervisors; who asks for access, and its owners."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from permits.models import AccessRequest, Application, Membership, Status, User
from reviews.models import CorrectionNotice, Department, Event, Official, Task
from reviews.notices import outbox


def applicant(event: Event, kind: str, *, reason: str = "") -> None:
    """The one who filed, and the enterprise's owners."""
    application = _application(event)
    outbox.tell(event, _applicants(application), kind, _params(application, reason=reason))


def corrections(event: Event, notice: CorrectionNotice, reason: str) -> None:
    application = _application(event)
    params = _params(application, reason=reason)
    params["items"] = [{"title": item_title(application, item.kind, item.key), "message": item.message}
                       for item in notice.items.all()]  # fmt: skip
    params["deadline_at"] = notice.deadline.isoformat()
    params["path"] = f"{application.get_absolute_url()}corrections/"
    outbox.tell(event, _applicants(application), "corrections_requested", params)


def department(event: Event, task: Task) -> None:
    """Everybody posted to the department that has a new task."""
    people = User.objects.filter(postings__department=task.department, postings__active=True, is_active=True)
    outbox.tell(event, people, "new_task", _task_params(task))


def supervisors(event: Event, office: Department, kind: str) -> None:
    people = User.objects.filter(
        postings__department=office, postings__active=True, postings__role=Official.Role.SUPERVISOR, is_active=True
    )
    application = _application(event)
    params = _params(application) | {"department": office.names, "path": "/admin/reviews/task/"}
    outbox.tell(event, people, kind, params)


def access_requested(event: Event, asked: AccessRequest) -> None:
    """The enterprise's owners. What the asker wrote is left to the page: a mail carries no stranger's words."""
    params = {"enterprise": asked.enterprise.name, "who": asked.user.name, "email": asked.user.email,
              "path": reverse("enterprise", args=[asked.enterprise.public_id])}  # fmt: skip
    outbox.tell(event, _owners(asked.enterprise_id), "access_requested", params)


def access_answered(event: Event, asked: AccessRequest) -> None:
    """The one who asked. Who was refused learns no more of the enterprise than they knew: its code."""
    if asked.state == AccessRequest.State.GRANTED:
        path = reverse("enterprise", args=[asked.enterprise.public_id])
        outbox.tell(event, [asked.user], "access_granted", {"enterprise": asked.enterprise.name, "path": path})
    else:
        params = {"uscc": asked.enterprise.uscc, "path": reverse("enterprises")}
        outbox.tell(event, [asked.user], "access_refused", params)


def item_title(application: Application, kind: str, key: str) -> dict[str, str]:
    """What a correction is about, in both languages."""
    definition = application.definition
    part: Any = (
        definition.field(key) if kind == "field" else definition.requirement(key) if kind == "material" else None
    )
    if part is None:
        return {"zh": "其他", "en": "Other"}
    text = part.label if kind == "field" else part.title
    return {"zh": text.zh, "en": text.en}


def _application(event: Event) -> Application:
    if event.application is None:
        raise ValueError("only steps of an application are told")
    return event.application


def _applicants(application: Application) -> list[User]:
    return [application.applicant, *_owners(application.enterprise_id)]


def _owners(enterprise_id: int | None) -> list[User]:
    if enterprise_id is None:
        return []
    owned = {"memberships__enterprise": enterprise_id, "memberships__active": True}
    return list(User.objects.filter(**owned, memberships__role=Membership.Role.OWNER))


def _params(application: Application, *, reason: str = "") -> dict[str, Any]:
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
        "path": application.get_absolute_url(),
    }


def _task_params(task: Task) -> dict[str, Any]:
    stage = task.application.definition.stage(task.stage)
    return _params(task.application) | {
        "stage": {"zh": stage.title.zh, "en": stage.title.en} if stage else {"zh": task.stage, "en": task.stage},
        "department": task.department.names,
        "due_at": task.due_at.isoformat(),
        "path": f"/admin/reviews/task/{task.pk}/review/",
    }
