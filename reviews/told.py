"""Who is told what of a step: the applicant's side, a department, its supervisors, one official.

Each function gives messages; the step that it belongs to writes them with everything else, and asks but once who the
people of a department and the owners of an enterprise are (``letters``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import BooleanField, ExpressionWrapper, F, Q, QuerySet, Value
from django.urls import reverse
from django.utils import translation

from permits.models import AccessRequest, Application, Enterprise, Membership, Status, User
from permits.ready import Ready
from reviews.models import CorrectionItem, CorrectionNotice, Delegation, Department, Event, Official, Place, Task
from reviews.notices import choosing, outbox
from reviews.notices.choosing import Reader
from reviews.notices.outbox import Letter

OWNERS = 0  # stands where a department's key would: the owners of the application's enterprise, and who filed it
NAMED = -1  # the same, for people that are named by their keys


@dataclass(frozen=True, slots=True)
class Message:
    """What is said of an event: to people (accounts that are read already, or keys of such that aren't), and to
    everybody of a group (a department's key, or OWNERS).
    """

    event: Event
    kind: str
    params: dict[str, Any]
    people: tuple[Reader | int, ...] = ()
    group: int | None = None


def letters(messages: list[Message]) -> list[Letter]:
    """A notice for each person and channel. Somebody whom two messages of one event concern is told the first."""
    groups = {message.group for message in messages if message.group is not None}
    named = {person for message in messages for person in message.people if isinstance(person, int)}
    found = _readers(groups, named, messages[0].event) if groups or named else {}
    by_key = {reader.id: reader for reader in found.get(NAMED, ())}
    once: dict[tuple[int, int, str], Letter] = {}
    for message in messages:
        people = [person if isinstance(person, Reader) else by_key[person] for person in message.people]
        if message.group is not None:
            people += found[message.group]
        for letter in outbox.compose(message.event, people, message.kind, message.params):
            once.setdefault((id(letter.event), letter.recipient_id, letter.channel), letter)
    return list(once.values())


def applicant(event: Event, kind: str, *, reason: str = "", **more: Any) -> list[Message]:
    """The one who filed; for an enterprise its owners, and the one who filed while they still act for it."""
    application = _application(event)
    params = _params(application, reason=reason) | more
    if application.enterprise_id:
        return [Message(event, kind, params, group=OWNERS)]
    people = (choosing.reader(application.applicant),) if application.applicant.is_active else ()
    return [Message(event, kind, params, people)]


def corrections(
    event: Event, notice: CorrectionNotice, items: Iterable[CorrectionItem], reason: str, *, places: list[Place | None]
) -> list[Message]:
    """``places``: where on a page each of the items was marked."""
    application = _application(event)
    told = [
        {"title": item_title(application, item.kind, item.key, item.row, place), "message": item.message}
        for item, place in zip(items, places, strict=True)
    ]
    return applicant(
        event, "corrections_requested", reason=reason, items=told, deadline_at=notice.deadline.isoformat(),
        path=f"{application.get_absolute_url()}corrections/",
    )  # fmt: skip


def corrections_due(event: Event, notice: CorrectionNotice) -> list[Message]:
    path = f"{_application(event).get_absolute_url()}corrections/"
    return applicant(event, "corrections_due_soon", deadline_at=notice.deadline.isoformat(), path=path)


def departments(event: Event, tasks: list[Task]) -> list[Message]:
    """Everybody who acts for a department that has a new task; of one that is in somebody's hand already (corrections came
    back to who asked for them) they alone, and who stands in for them.
    """
    return [message for task in tasks for message in holder(event, task, "new_task")]


def holder(event: Event, task: Task, kind: str, *, reason: str = "", **more: Any) -> list[Message]:
    """The one who has the task in hand, and who stands in for them; everybody in its department while nobody has."""
    if task.claimed_by_id:
        lent = Delegation.objects.in_force(event.at).filter(
            official__user=task.claimed_by_id, official__department=task.department_id
        )
        people = [task.claimed_by_id, *lent.values_list("delegate", flat=True)]
        return official(event, task, people, kind, reason=reason, **more)
    return [Message(event, kind, _task_params(task) | {"reason": reason} | more, group=task.department_id)]


def official(
    event: Event, task: Task, people: Iterable[int | None], kind: str, *, reason: str = "", **more: Any
) -> list[Message]:
    found = tuple(person for person in people if person)
    return [Message(event, kind, _task_params(task) | {"reason": reason} | more, found)]


def supervisors(
    event: Event, office: Department, kind: str, *, reason: str = "", path: str = "", **more: Any
) -> list[Message]:
    """Those of the department; led to the application unless another path is given."""
    application = _application(event)
    params = _params(application, reason=reason, path=path or f"/admin/permits/application/{application.pk}/change/")
    params |= {"department": office.names} | more
    return [Message(event, kind, params, tuple(supervisors_of(office, event.at)))]


def supervisors_of(office: Department, at: datetime) -> list[Reader]:
    """The supervisors of a department, and who stands in for one of them."""
    posts = Official.objects.filter(department=office, active=True, role=Official.Role.SUPERVISOR)
    lent = Delegation.objects.in_force(at).filter(official__in=posts)
    people = User.objects.filter(Q(pk__in=posts.values("user")) | Q(pk__in=lent.values("delegate")), is_active=True)
    return [choosing.reader(person) for person in people.defer("mobile").order_by("pk")]


def in_both(say: Callable[[], Any]) -> dict[str, str]:
    """What ``say`` says, in the two languages that a notice may be read in."""
    said = {}
    for short, language in (("zh", "zh-hans"), ("en", "en")):
        with translation.override(language):
            said[short] = str(say())
    return said


def of_task(task: Task) -> dict[str, Any]:
    """Which stage it is, and when it is due."""
    stage = task.application.definition.stage(task.stage)
    named = {"zh": stage.title.zh, "en": stage.title.en} if stage else _beside(task)
    return {"stage": named, "due_at": task.due_at.isoformat()}


def task_path(task: Task) -> str:
    return f"/admin/reviews/task/{task.pk}/review/"


def access_requested(event: Event, asked: AccessRequest) -> list[Letter]:
    """The enterprise's owners. What the asker wrote is left to the page: a mail carries no stranger's words."""
    params = {"enterprise": asked.enterprise.name, "who": asked.user.name, "email": asked.user.email,
              "path": reverse("enterprise", args=[asked.enterprise.public_id])}  # fmt: skip
    return outbox.compose(event, owners_of(asked.enterprise_id), "access_requested", params)


def access_answered(event: Event, asked: AccessRequest) -> list[Letter]:
    """The one who asked. Who was refused learns no more of the enterprise than they knew: its code."""
    if asked.state == AccessRequest.State.GRANTED:
        path = reverse("enterprise", args=[asked.enterprise.public_id])
        params = {"enterprise": asked.enterprise.name, "path": path}
        return outbox.compose(event, [choosing.reader(asked.user)], "access_granted", params)
    params = {"uscc": asked.enterprise.uscc, "path": reverse("enterprises")}
    return outbox.compose(event, [choosing.reader(asked.user)], "access_refused", params)


def of_enterprise(
    event: Event, about: Enterprise, kind: str, *, people: Iterable[User] = (), owners: bool = False, **more: Any
) -> list[Letter]:
    """Something about who acts for an enterprise, to some of them and to its owners; not to the one who did it."""
    readers = [choosing.reader(person) for person in people] + (owners_of(about.pk) if owners else [])
    params = {"enterprise": about.name, "path": reverse("enterprise", args=[about.public_id])} | more
    return outbox.compose(event, [each for each in readers if each.id != event.actor_id], kind, params)


def item_title(
    application: Application, kind: str, key: str, row: int | None = None, place: Place | None = None
) -> dict[str, str]:
    """What a correction is about, in both languages."""
    definition = application.definition
    field = definition.field(key) if kind in ("field", "row") else None
    material = definition.requirement(key) if kind in ("material", "row") else None
    text = field.label if field else material.title if material else None
    if text is None:
        return {"zh": "其他", "en": "Other"}
    if row:
        return {"zh": f"{text.zh}第{row}行", "en": f"{text.en}, row {row}"}
    if place:
        return {"zh": f"{text.zh}，{place.words['zh']}", "en": f"{text.en}, {place.words['en']}"}
    return {"zh": text.zh, "en": text.en}


def _application(event: Event) -> Application:
    if event.application is None:
        raise ValueError("only steps of an application are told")
    return event.application


def _readers(groups: set[int], named: set[int], event: Event) -> dict[int, list[Reader]]:
    """Who is in each of the groups, and those who are named, by one query."""
    offices = sorted(groups - {OWNERS})
    filed = _application(event) if OWNERS in groups else None
    rows = _told(
        departments=offices or None, at=event.at if offices else None, enterprise=filed and filed.enterprise_id,
        filer=filed and filed.applicant_id, named=sorted(named) or None,
    )  # fmt: skip
    people: dict[int, list[Reader]] = {group: [] for group in groups}
    for group, *row in rows:
        people.setdefault(group, []).append(Reader(*row))
    return people


def owners_of(enterprise_id: int) -> list[Reader]:
    """The owners of an enterprise, as who is told."""
    rows = _told(departments=None, at=None, enterprise=enterprise_id, filer=None, named=None)
    return [Reader(*row) for _group, *row in rows]


@Ready
def _told(
    *, departments: list[int] | None, at: datetime | None, enterprise: int | None, filer: int | None,
    named: list[int] | None,
) -> QuerySet[Any, Any]:  # fmt: skip
    """Rows of a group, and what ``Reader`` is made of: one query of as many parts as are asked for."""
    parts = [*(_acting(departments, at) if departments and at else ())]
    if enterprise is not None:
        # An authorisation that has run out carries that day once it was told (``authorisations.keep``).
        theirs = Membership.objects.filter(enterprise=enterprise, active=True, expired_of=None, user__is_active=True)
        owns = Q(role=Membership.Role.OWNER)
        theirs = theirs.filter(owns | Q(user=filer)) if filer is not None else theirs.filter(owns)
        parts.append(_rows(theirs.annotate(group=Value(OWNERS)), "group", "user"))
    if named:
        parts.append(_rows(User.objects.filter(pk__in=named).annotate(group=Value(NAMED)), "group", ""))
    first, *rest = parts
    return first.union(*rest, all=True) if rest else first


def _acting(departments: list[int], at: datetime) -> list[QuerySet[Any, Any]]:
    """Who is posted there, and who stands in for one of them."""
    posted = Official.objects.filter(department__in=departments, active=True, user__is_active=True)
    lent = Delegation.objects.in_force(at).filter(official__department__in=departments)
    return [_rows(posted, "department_id", "user"), _rows(lent, "official__department_id", "delegate")]


def _rows(found: QuerySet[Any, Any], group: str, account: str) -> QuerySet[Any, Any]:
    at = f"{account}__" if account else ""
    mobile = ExpressionWrapper(Q(**{f"{at}mobile_index__isnull": False}), output_field=BooleanField())
    rows = found.order_by().annotate(reader=F(f"{at}pk"), choices=F(f"{at}notice_choices"), reachable=mobile)
    return rows.values_list(group, "reader", "choices", "reachable")


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
    return _params(task.application, path=task_path(task)) | of_task(task) | {"department": task.department.names}


def _beside(task: Task) -> dict[str, str]:
    if task.kind == "aftercheck":
        return {"zh": "承诺事项核查", "en": "Check of a pledge"}
    return {"zh": task.stage, "en": task.stage}
