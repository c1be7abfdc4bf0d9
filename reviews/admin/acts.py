"""The small acts beside the decision: each a form of its own on the review page, its words kept when it is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from permits.models import Status, User
from reviews import lifecycle, policy, times, workflow
from reviews.models import CorrectionNotice, Delegation, Department, Official, Pause, Task
from reviews.workflow import NotSensible

Options = list[tuple[str, list[tuple[str, str]]]]  # groups of (value, words)
AT_MOST = 300


@dataclass
class Act:
    """A form: its name, its words, and what was typed when it was refused."""

    name: str
    title: str
    label: str
    button: str
    help: str = ""
    choice_label: str = ""
    options: Options = field(default_factory=list)
    choice: str = ""
    text: str = ""
    error: str = ""


def possible(task: Task, user: User) -> list[Act]:
    """The acts that are possible now, for this official, on this task."""
    if task.state != Task.State.OPEN:
        return []
    application, status, now = task.application, task.application.status, timezone.now()
    head = policy.post_in(user, task.department_id, now, supervisor=True)
    post = head or policy.post_in(user, task.department_id, now)
    if post is None:
        return []
    decides = not refused(policy.check_decide, user, task, now)
    uninvolved = not refused(policy.check_not_involved, user, application)
    acts = []
    if decides and task.kind in policy.STAGES and _leads("advise", task, ends="advice"):
        acts.append(_ask_advice(task, user))
    if decides and _leads("suspend", task, ends=""):
        acts.append(_suspend())
    if status == Status.SUSPENDED and uninvolved and task.kind != "advice":
        acts.append(_resume())
    acts += _second_round(task, head if uninvolved else None, decides=decides)
    until = application.statutory_due_at
    extendable = task.kind in policy.STAGES and status == Status.IN_REVIEW and not application.extended_at
    if head and uninvolved and extendable and until:
        acts.append(_extend(until))
    if head:
        acts.append(_reassign(task))
    return acts


def take(name: str, task: Task, user: User, *, choice: str, text: str) -> str:
    """Take an act; return what was done, in words. Raise what the workflow raises."""
    step = TAKE.get(name)
    if step is None:
        raise NotSensible(_("There is no such step. Reload the page."))
    return step(task, user, choice, text)


def refused(check: Callable[..., Any], *about: Any) -> str:
    """The words of the rule that stands against it, if one does."""
    try:
        check(*about)
    except policy.Refused as refusal:
        return str(refusal)
    return ""


def _leads(action: str, task: Task, *, ends: str) -> bool:
    try:
        lifecycle.transition(action, task.application.status, task.application.stage_kind, task=ends)
    except lifecycle.NotPossible:
        return False
    return True


# --- the forms ------------------------------------------------------------------------------------------------------


def _ask_advice(task: Task, user: User) -> Act:
    return Act(
        "ask_advice", _("Ask for an opinion"), _("Question"), _("Ask"),
        _("The one who is asked sees this application. The opinion is heard, and decides nothing."),
        _("Department or person"), _offices(task, user),
    )  # fmt: skip


def _offices(task: Task, user: User) -> Options:
    """The departments around, each with its people; of one's own department only the people."""
    region = task.department.region
    near = Q(region__startswith=region[:4]) | Q(region=f"{region[:2]}0000") | Q(region="")
    posted = Official.objects.filter(active=True, user__is_active=True, department__active=True).exclude(user=user)
    people: dict[int, list[tuple[str, str]]] = {}
    around = Department.objects.filter(near, active=True).order_by("region", "kind")[:AT_MOST]
    offices = {office.pk: office for office in around}
    for row in posted.filter(department__in=list(offices)).select_related("user").order_by("user__name")[:AT_MOST]:
        people.setdefault(row.department_id, []).append((f"{row.department_id}:{row.user_id}", str(row.user)))
    found: Options = []
    for office in offices.values():
        whole = [] if office.pk == task.department_id else [(str(office.pk), _("%(name)s: anybody") % {"name": office})]
        if whole or people.get(office.pk):
            found.append((str(office), [*whole, *people.get(office.pk, [])]))
    return found


def _suspend() -> Act:
    kinds = [(str(value), str(words)) for value, words in Pause.Kind.choices]
    return Act(
        "suspend", _("Begin a special procedure"), _("Reason"), _("Begin it: the clock stops"),
        _("Its time does not count. The applicant is told the reason."), _("Procedure"), [("", kinds)],
    )  # fmt: skip


def _resume() -> Act:
    return Act("resume", _("End the special procedure"), _("What came of it (may be left empty)"),
               _("End it: the clock goes on"))  # fmt: skip


def _second_round(task: Task, head: policy.Post | None, *, decides: bool) -> list[Act]:
    if task.kind != "precheck" or task.second_round_by_id or not _leads("correct", task, ends="precheck"):
        return []
    if not CorrectionNotice.objects.filter(application=task.application).exists():
        return []
    if head:
        return [Act("allow_second_round", _("Allow a second notice of corrections"), _("Reason"), _("Allow it"),
                    asked_already(task) or _("Corrections were asked for once already, and the rule is once."))]  # fmt: skip
    if decides and not task.second_round_asked_at:
        return [Act("ask_second_round", _("Ask for a second notice of corrections"),
                    _("What is still to be corrected, and why it was not told the first time"), _("Ask a supervisor"),
                    _("Corrections were asked for once already: a supervisor has to allow a second notice."))]  # fmt: skip
    return []


def asked_already(task: Task) -> str:
    """That a second notice was asked for and waits for a supervisor's word; nothing where it doesn't."""
    if task.second_round_asked_at is None or task.second_round_by_id:
        return ""
    words = _("A second notice was asked for on %(time)s (the reason stands in the history); a supervisor has to allow it.")
    return words % {"time": times.moment(task.second_round_asked_at)}


def _extend(until: datetime) -> Act:
    return Act(
        "extend", _("Extend the statutory limit"), _("Reason"), _("Extend"),
        _("It ends %(day)s. It can be extended once, and the applicant is told why.") % {"day": times.moment(until)},
    )  # fmt: skip


def _reassign(task: Task) -> Act:
    posted = Official.objects.filter(department=task.department_id, active=True, user__is_active=True)
    people = [(str(row.user_id), str(row)) for row in posted.select_related("user", "department")[:AT_MOST]]
    lent = Delegation.objects.in_force(timezone.now()).filter(official__department=task.department_id)
    stand_ins = [
        (
            str(row.delegate_id),
            _("%(name)s, in place of %(other)s") % {"name": row.delegate, "other": row.official.user},
        )
        for row in lent.select_related("delegate", "official__user")[:AT_MOST]
    ]
    found = [*people, *[each for each in stand_ins if each[0] not in dict(people)]]
    options = [each for each in found if each[0] != str(task.claimed_by_id or "")]
    return Act(
        "reassign", _("Give it to somebody else"), _("Reason"), _("Give it"), "", _("To whom"), [("", options)],
    )  # fmt: skip


# --- what they do ---------------------------------------------------------------------------------------------------


def _take_advice(task: Task, user: User, choice: str, text: str) -> str:
    office, _colon, person = choice.partition(":")
    department = Department.objects.filter(pk=_number(office), active=True).first()
    expert = User.objects.filter(pk=_number(person)).first() if person else None
    if department is None or (person and expert is None):
        raise NotSensible(_("Choose whom you ask."))
    workflow.ask_advice(task.pk, official=user, department=department, question=text, expert=expert)
    return _("The question is put to %(name)s.") % {"name": expert or department}


def _take_suspend(task: Task, user: User, choice: str, text: str) -> str:
    workflow.suspend(task.pk, official=user, kind=choice, reason=text)
    return _("The special procedure has begun; the clock stands still.")


def _take_resume(task: Task, user: User, choice: str, text: str) -> str:
    workflow.resume(task.application_id, official=user, reason=text)
    return _("The special procedure has ended; the clock goes on.")


def _take_ask_second(task: Task, user: User, choice: str, text: str) -> str:
    workflow.ask_second_round(task.pk, official=user, reason=text)
    return _("The supervisors are asked; you are told when one of them allows it.")


def _take_allow_second(task: Task, user: User, choice: str, text: str) -> str:
    workflow.allow_second_round(task.pk, official=user, reason=text)
    return _("A second notice of corrections is allowed.")


def _take_extend(task: Task, user: User, choice: str, text: str) -> str:
    until = workflow.extend(task.pk, official=user, reason=text).statutory_due_at
    day = times.moment(until) if until else ""
    return _("The statutory limit is extended until %(day)s.") % {"day": day}


def _take_reassign(task: Task, user: User, choice: str, text: str) -> str:
    to = User.objects.filter(pk=_number(choice)).first()
    if to is None:
        raise NotSensible(_("Choose who gets it."))
    workflow.reassign(task.pk, official=user, to=to, reason=text)
    return _("%(name)s has it in hand now.") % {"name": to}


def _number(text: str) -> int:
    """-1, which no row has, for anything but the key of a row."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else -1


TAKE: dict[str, Callable[[Task, User, str, str], str]] = {
    "ask_advice": _take_advice, "suspend": _take_suspend, "resume": _take_resume, "extend": _take_extend,
    "ask_second_round": _take_ask_second, "allow_second_round": _take_allow_second, "reassign": _take_reassign,
}  # fmt: skip
