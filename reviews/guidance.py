"""On-line guidance, its rules: which office answers whom and by when, who may write, look at a draft, be called back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from permits.forms import values_of
from permits.models import Application, User
from reviews import clock, policy, routing
from reviews.audit.talks import PREFIX as PREFIX
from reviews.audit.talks import stream_of as stream_of
from reviews.models import Department, GuidanceConsent, SavedAnswer, Task, Thread

ANSWER = clock.Limit.parse("4h")  # an answer is expected within so much working time
CLAIM = clock.Limit.parse("2h")
AFTERWARDS = timedelta(days=30)  # so long after the end one can still ask
TOLD_AGAIN = timedelta(hours=1)
LOOKED_AT_FOR = timedelta(days=14)  # a draft, by consent
LONGEST = 2000
SLOTS = 6  # half days that are offered for a call


class NobodyAnswers(Exception):
    """No office is known yet that would handle the draft."""


def may_ask(application: Application, at: datetime) -> bool:
    return application.closed_at is None or at <= application.closed_at + AFTERWARDS


def office_of(application: Application, thread: Thread | None) -> Department:
    """The office that answers now. Of several with an open task the one that is asked already. Raise ``NobodyAnswers``."""
    if application.is_draft:
        return _routed(application)
    offices = [task.department for task in _open_tasks(application).select_related("department").order_by("pk")]
    if thread and (not offices or thread.department in offices):
        return thread.department
    if offices:
        return offices[0]
    last = application.tasks.exclude(kind="advice").select_related("department").order_by("-pk").first()
    if last is None:
        raise NobodyAnswers(_("No office handles this kind of application, so there is nobody to ask here."))
    return last.department


def _routed(application: Application) -> Department:
    definition, values = application.definition, values_of(application.definition, application.answers)
    region = str(values.get(definition.region_field) or "")
    region = region or (application.enterprise.region if application.enterprise else "")
    try:
        if not (region and definition.stages):
            raise routing.NobodyHandles("", "", region)
        return routing.departments_for(definition.stages[0], region=region, values=values)[0]
    except routing.NobodyHandles as nobody:
        raise NobodyAnswers(
            _("It is not known yet which office would handle this: fill in the region in the form first.")
            if not region
            else _("No office is registered yet that handles this in your region. Please tell the approval bureau.")
        ) from nobody


def _open_tasks(application: Application) -> QuerySet[Task]:
    return Task.objects.open().filter(application=application).exclude(kind="advice")


def check_answers(user: User, application: Application, thread: Thread | None, at: datetime) -> policy.Post:
    """May this official write to the applicant? Those of an office with an open task, and of the office that is asked."""
    asked = [thread.department_id] if thread else []
    for office in dict.fromkeys([*asked, *_open_tasks(application).values_list("department_id", flat=True)]):
        if post := policy.post_in(user, office, at):
            policy.check_not_involved(user, application)
            return post
    raise policy.Refused("own_department", _("Another department answers here."), user)


def check_claim(post: policy.Post, thread: Thread, at: datetime) -> policy.Post:
    """Whoever took a thread in hand answers it, or who stands in for them, or a supervisor; the posting they do it by."""
    holder = thread.claimed_by_id if thread.is_claimed(at) else None
    if holder is None or holder in post.people or post.is_supervisor:
        return post
    if lent := policy.in_place_of(holder, post.user, thread.department_id, at):
        return lent
    if head := policy.post_in(post.user, thread.department_id, at, supervisor=True):  # in a supervisor's place
        return head
    raise policy.Refused("claimed", _("%(name)s is answering this.") % {"name": thread.claimed_by}, post.user)


def consent_of(application: Application, at: datetime) -> GuidanceConsent | None:
    """The one in force: of a draft only, for what was sent is looked at anyhow."""
    if not application.is_draft:
        return None
    return application.consents.filter(revoked_at=None, until__gt=at).first()


def check_looks(user: User, application: Application, thread: Thread | None, at: datetime) -> policy.Post:
    """May this official look at the draft? Of the office that it would be sent to, as long as the applicant lets it."""
    if consent_of(application, at) is None:
        raise policy.Refused("no_consent", _("The applicant does not let the office look at this draft now."), user)
    return check_answers(user, application, thread, at)


def threads_of(user: User) -> QuerySet[Thread]:
    """Those with the departments that ``user`` acts for."""
    return Thread.objects.filter(department__in=Department.objects.ids_of(user))


def late(at: datetime) -> QuerySet[Thread]:
    """Those whose question has waited past its time, and whose supervisors haven't heard of it since it was due."""
    untold = Q(escalated_at=None) | Q(escalated_at__lt=F("due_at"))
    return Thread.objects.filter(untold, due_at__lte=at)


def applications_of(user: User) -> QuerySet[Application]:
    """Those whose thread this official may read: asked of their departments, or with a task there now or earlier."""
    offices = Department.objects.ids_of(user)
    seen = Exists(Task.objects.filter(application=OuterRef("pk"), department__in=offices))
    return Application.objects.filter(Q(seen) | Q(thread__department__in=offices))


def saved_answers(user: User, department_id: int) -> QuerySet[SavedAnswer]:
    """What one may insert: the department's, and one's own."""
    mine = Q(owner=user) | Q(department=department_id)
    return SavedAnswer.objects.filter(mine, active=True).order_by("title", "pk")


@dataclass(frozen=True)
class Slot:
    """Half a working day."""

    starts_at: datetime
    ends_at: datetime

    @property
    def key(self) -> str:
        return f"{self.starts_at.astimezone(clock.SHANGHAI):%Y-%m-%dT%H:%M}"


def slots(at: datetime, calendar: clock.WorkCalendar) -> list[Slot]:
    """The next half days that have at least half an hour left."""
    found: list[Slot] = []
    day = at.astimezone(clock.SHANGHAI).date()
    for _day in range(60):  # no holidays are longer
        for begin, end in clock.SESSIONS if calendar.is_working_day(day) else ():
            slot = Slot(*(datetime.combine(day, each, clock.SHANGHAI) for each in (begin, end)))
            if slot.ends_at - at >= timedelta(minutes=30):
                found.append(slot)
        if len(found) >= SLOTS:
            break
        day += timedelta(days=1)
    return found[:SLOTS]


def params(application: Application, path: str, **more: Any) -> dict[str, Any]:
    """What a notice of a thread may name. A draft has no number."""
    title = application.definition.title
    return {
        "number": application.number or "", "service": {"zh": title.zh, "en": title.en},
        "enterprise": application.enterprise.name if application.enterprise else "", "path": path, **more,
    }  # fmt: skip
