"""Who may do what to which task. Each refusal names its rule, and says it in words for the person refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from permits.models import Application, Membership, Promise, User
from permits.ready import Ready
from reviews.models import (
    Advice,
    CorrectionNotice,
    Decision,
    Delegation,
    Department,
    Interest,
    Objection,
    Official,
    Task,
)

REFUSING = {"decline", "reject"}
STAGES = ("precheck", "countersign", "decision")


class Refused(Exception):
    """A rule stands against it; ``rule`` is its name, the message is for the person who asked."""

    def __init__(self, rule: str, message: Any, user: User | None = None) -> None:
        self.rule, self.user = rule, user
        super().__init__(message)


@dataclass(frozen=True)
class Post:
    """What somebody acts as: a posting of their own, or the one of somebody on leave in whose place they act."""

    official: Official
    user: User
    on_behalf_of: User | None = None
    # What the rules were judged by: see ON_RECORD.
    on_record: Mapping[str, bool] = field(default_factory=dict, compare=False)

    @property
    def department(self) -> Department:
        return self.official.department

    @property
    def is_supervisor(self) -> bool:
        return self.official.role == Official.Role.SUPERVISOR

    @property
    def words(self) -> str:
        """As the audit log has it: ``reviewer@street:360924``."""
        return f"{self.official.role}@{self.department.kind}:{self.department.region}"

    @property
    def data(self) -> dict[str, str]:
        """What the audit log says beside that."""
        told = {"department": self.department.kind}
        if self.on_behalf_of:
            told["on_behalf_of"] = str(self.on_behalf_of.public_id)
        return told

    @property
    def people(self) -> list[int]:
        return [self.user.pk, *([self.on_behalf_of.pk] if self.on_behalf_of else [])]


def posting(user: User, task: Task, at: datetime) -> Post:
    """What the user acts as in the task's department; raise ``Refused`` when as nothing."""
    found = post_in(user, task.department_id, at)
    if found is None:
        raise Refused("own_department", _("This task belongs to another department."), user)
    return found


def post_in(user: User, department_id: int, at: datetime, *, supervisor: bool = False) -> Post | None:
    """What the user acts as there, at that moment; a posting of one's own goes before somebody else's, unless only a
    supervisor's will do.
    """
    if not user.is_active:
        return None
    rank = {"role": Official.Role.SUPERVISOR} if supervisor else {}
    own = Official.objects.filter(user=user, department=department_id, active=True, **rank)
    if mine := own.select_related("department").first():
        return Post(mine, user)
    lent = Delegation.objects.in_force(at).filter(
        delegate=user, official__department=department_id, **{f"official__{key}": role for key, role in rank.items()}
    )
    found = lent.select_related("official__department", "official__user").order_by("pk").first()
    return Post(found.official, user, found.official.user) if found else None


def check_claim(user: User, task: Task, at: datetime) -> Post:
    """May this person take the task in hand? The rules that would stop its decision stop its claim too."""
    check_advises(user, task)
    return check_decide(user, task, at)


def check_decide(user: User, task: Task, at: datetime, outcome: str = "") -> Post:
    """May this person decide the task (so)? One query, for their posting and for everything that is on record; a
    second one for what they decided, where they decided anything here.
    """
    return _check_decide(_own_post(user, task) or _on_record(posting(user, task, at), task), task, at, outcome)


def _check_decide(post: Post, task: Task, at: datetime, outcome: str) -> Post:
    user = post.user
    if task.claimed_by_id and task.claimed_by_id not in post.people:
        lent = in_place_of(task.claimed_by_id, user, task.department_id, at)
        if lent is None:
            words = _("%(name)s claimed this task at %(time)s.")
            raise Refused("claimed", words % {"name": task.claimed_by, "time": _clock(task.claimed_at)}, user)
        post = _on_record(lent, task)
    _check_rules(post, task)
    needed = _rank_needed(post.on_record, task, outcome)
    if needed is None or post.is_supervisor:
        return post
    # Perhaps they are a supervisor, or stand in for one, besides the posting that the task is in the hands of.
    higher = post_in(user, task.department_id, at, supervisor=True)
    if higher is None:
        raise Refused(needed, RANK[needed], user)
    higher = _on_record(replace(higher, on_behalf_of=higher.on_behalf_of or post.on_behalf_of), task)
    _check_rules(higher, task)
    return higher


def _check_rules(post: Post, task: Task) -> None:
    for rule, holds, message in RULES:
        if holds(post.on_record, task):
            raise Refused(rule, message, post.user)


def in_place_of(holder_id: int | None, user: User, department_id: int, at: datetime) -> Post | None:
    """The posting of the one who has something in hand and is on leave, where the user stands in for them.

    Asked besides their own posting: colleagues of one department stand in for each other.
    """
    lent = Delegation.objects.in_force(at).filter(
        delegate=user, official__department=department_id, official__user=holder_id
    )
    found = lent.select_related("official__department", "official__user").first()
    return Post(found.official, user, found.official.user) if found and user.is_active else None


RANK = {
    "rank": _("Only a supervisor may refuse an application at this stage."),
    "second_round": _(
        "Corrections were asked for once already, and the rule is once. Ask a supervisor to allow a second notice."
    ),
}


def _rank_needed(known: Mapping[str, bool], task: Task, outcome: str) -> str | None:
    """The rule by which only a supervisor may decide so."""
    if outcome in REFUSING:
        stage = task.application.definition.stage(task.stage)
        return "rank" if stage is not None and stage.refused_by == "supervisor" else None
    if outcome == "correct" and known["corrected_before"] and not task.second_round_by_id:
        return "second_round"
    return None


# What the tables say about these people and this application, asked in one query: each is true when there is such a row.
ON_RECORD = ("member", "interest", "decided", "corrected_before", "asked_others", "promised")
# What the decisions say that these people took on it; asked where there are any.
DECIDED = ("prechecked", "other_stage", "took_part", "set_aside")


def _own_post(user: User, task: Task) -> Post | None:
    """The user's own posting to the task's department, with what is on record."""
    if not user.is_active:
        return None
    found = _posted(user=user.pk, department=task.department_id, **_about(task))
    if not found:
        return None
    pk, role, *row = found[0]
    own = Official(pk=pk, user=user, department=task.department, role=role)
    return Post(own, user, None, _known([user.pk], task, row))


def _on_record(post: Post, task: Task) -> Post:
    (row,) = _recorded(user=post.user.pk, people=post.people, **_about(task))
    return replace(post, on_record=_known(post.people, task, row))


def _about(task: Task) -> dict[str, Any]:
    application = task.application
    return {
        "application": application.pk, "enterprise": application.enterprise_id, "applicant": application.applicant_id,
        "task": task.pk,
    }  # fmt: skip


@Ready
def _posted(
    *, user: int, department: int, application: int, enterprise: int | None, applicant: int, task: int
) -> QuerySet[Any, Any]:
    facts = _facts([user], application, enterprise, applicant, task)
    own = Official.objects.filter(user=user, department=department, active=True)
    return own.annotate(**facts).values_list("pk", "role", *ON_RECORD)


@Ready
def _recorded(
    *, user: int, people: list[int], application: int, enterprise: int | None, applicant: int, task: int
) -> QuerySet[Any, Any]:
    facts = _facts(people, application, enterprise, applicant, task)
    return User.objects.filter(pk=user).annotate(**facts).values_list(*ON_RECORD)


def _facts(people: list[int], application: int, enterprise: int | None, applicant: int, task: int) -> dict[str, Exists]:
    asked: dict[str, QuerySet[Any]] = {
        **_linked(people, enterprise, applicant),
        "decided": Decision.objects.filter(task__application=application, official__in=people),
        "corrected_before": CorrectionNotice.objects.filter(application=application),
        "asked_others": Advice.objects.filter(asked_for=task),
        "promised": Promise.objects.filter(application=application),
    }
    return {name: Exists(asked[name]) for name in ON_RECORD}


def _linked(people: list[int], enterprise: Any, applicant: Any) -> dict[str, QuerySet[Any]]:
    """What links them to whom an application is for; its keys, or where an outer query has them."""
    interest = Q(person=applicant) | Q(enterprise=enterprise) if enterprise else Q(person=applicant)
    return {
        "member": Membership.objects.filter(user__in=people, enterprise=enterprise, active=True),
        "interest": Interest.objects.filter(interest, user__in=people, ended_at=None),
    }


def _known(people: list[int], task: Task, row: Iterable[bool]) -> dict[str, bool]:
    known = dict(zip(ON_RECORD, row, strict=True)) | {"filed": task.application.applicant_id in people}
    return known | (_by_decisions(people, task) if known["decided"] else dict.fromkeys(DECIDED, False))


def _by_decisions(people: list[int], task: Task) -> dict[str, bool]:
    asked = _decisions(people, task.application, task.stage)
    found = User.objects.filter(pk=people[0]).annotate(**{name: Exists(rows) for name, rows in asked.items()})
    known: dict[str, bool] = found.values(*asked).get()
    return known


def _decisions(people: list[int], application: Any, stage: Any) -> dict[str, QuerySet[Any]]:
    """What they decided on an application, seen from a task of this stage: as ``DECIDED`` has it."""
    past = Decision.objects.filter(task__application=application, official__in=people)
    return {
        "prechecked": past.filter(task__kind="precheck"),
        "other_stage": past.filter(task__kind__in=STAGES).exclude(task__stage=stage),
        "took_part": past.filter(task__kind__in=STAGES),
        # Only who decided can have been objected to.
        "set_aside": Objection.objects.filter(
            application=application, against__official__in=people, task__decision__outcome="overturn"
        ),
    }


RULES: tuple[tuple[str, Callable[[Mapping[str, bool], Task], bool], Any], ...] = (
    (
        "own_filing",
        lambda known, task: known["filed"] or known["member"],
        _("You filed this application or act for its enterprise; somebody else has to handle it."),
    ),
    (
        "conflict_of_interest",
        lambda known, task: known["interest"],
        _("A link of yours to the enterprise or to its agent is on record; somebody else has to handle it."),
    ),
    (
        "separate_decider",
        lambda known, task: task.kind == "decision" and known["prechecked"],
        _("You pre-checked this application, so somebody else has to take the final decision."),
    ),
    (
        "two_persons",
        lambda known, task: task.kind in STAGES and known["other_stage"] and task.application.definition.two_persons,
        _("You decided an earlier stage of this application, so somebody else has to decide this one."),
    ),
    (
        "fresh_eyes",
        lambda known, task: (
            (task.kind == "objection" and known["took_part"]) or (task.kind in STAGES and known["set_aside"])
        ),
        _("You had a part in the decision that was objected to, so somebody else has to look at it again."),
    ),
)


def barred(user: User, tasks: Iterable[Task]) -> dict[int, Any]:
    """By the key of each of these tasks that a rule keeps from the user whatever they act as: that rule's words.

    One query for all of them, to draw a list with: what counts is asked anew when a task is taken.
    """
    by_key = {task.pk: task for task in tasks}
    asked = {
        **_linked([user.pk], OuterRef("application__enterprise"), OuterRef("application__applicant")),
        **_decisions([user.pk], OuterRef("application"), OuterRef("stage")),
    }
    facts = {name: Exists(rows) for name, rows in asked.items()}
    found: dict[int, Any] = {}
    for row in Task.objects.filter(pk__in=by_key).order_by().annotate(**facts).values("pk", *facts) if by_key else ():
        task = by_key[row["pk"]]
        known = row | {"filed": task.application.applicant_id == user.pk}
        if words := next((words for _rule, holds, words in RULES if holds(known, task)), None):
            found[task.pk] = words
    return found


def check_not_involved(user: User, application: Application) -> None:
    """Nobody decides what they filed, or what was filed for an enterprise they act for or have an interest in."""
    interest = Interest.objects.filter(user=user, ended_at=None).filter(
        Q(person=application.applicant_id) | Q(enterprise__isnull=False, enterprise=application.enterprise_id)
    )
    messages = {rule: message for rule, _holds, message in RULES}
    if application.applicant_id == user.pk or is_member(user, application):
        raise Refused("own_filing", messages["own_filing"], user)
    if interest.exists():
        raise Refused("conflict_of_interest", messages["conflict_of_interest"], user)


def check_release(user: User, task: Task, at: datetime) -> Post:
    post = posting(user, task, at)
    if task.kind == "advice" and task.advice.expert_id:
        words = _("%(name)s was asked, and nobody else answers: it can't go back to the department.")
        raise Refused("asked_person", words % {"name": task.advice.expert}, user)
    if task.claimed_by_id in post.people:
        return post
    if lent := in_place_of(task.claimed_by_id, user, task.department_id, at):
        return lent
    head = post_in(user, task.department_id, at, supervisor=True)
    if head is None:
        raise Refused("own_claim", _("Only the one who claimed a task, or a supervisor, can release it."), user)
    check_not_involved(user, task.application)
    return head


def check_applicant(user: User, application: Application) -> None:
    """Who filed it for themselves; of an enterprise's whoever may act for it today, in this service."""
    if application.enterprise_id is None and application.applicant_id == user.pk:
        return
    if application.enterprise_id is None or not is_member(user, application):
        raise Refused("own_application", _("This application belongs to somebody else."), user)
    mine = Membership.objects.in_force().covering(application.version.service_id)
    if not mine.filter(user=user.pk, enterprise=application.enterprise_id).exists():
        words = _("Your authorisation to act for the enterprise is over, or doesn't cover this service: ask one of its owners.")
        raise Refused("authorisation", words, user)


def check_supervisor(user: User, department_ids: list[int], at: datetime) -> Post:
    """A supervisor of one of the departments, or who stands in for one."""
    for department_id in dict.fromkeys(department_ids):
        if post := post_in(user, department_id, at, supervisor=True):
            return post
    raise Refused("supervisor", _("Only a supervisor of the department can do this."), user)


def check_advises(user: User, task: Task) -> None:
    """A question put to one person is answered by that person."""
    if task.kind == "advice" and task.advice.expert_id not in (None, user.pk):
        raise Refused(
            "asked_person", _("%(name)s was asked; nobody else answers.") % {"name": task.advice.expert}, user
        )


def is_member(user: User, application: Application) -> bool:
    """Whether they act for its enterprise, be it with an authorisation that has run out: nobody decides for their own."""
    if application.enterprise_id is None:
        return False
    return Membership.objects.filter(user=user.pk, enterprise=application.enterprise_id, active=True).exists()


def _clock(at: Any) -> str:
    return timezone.localtime(at).strftime("%H:%M:%S")


def is_official_request(request: Any) -> bool:
    return request.user.is_active and (request.user.is_superuser or request.user.postings.filter(active=True).exists())


def is_supervisor_request(request: Any) -> bool:
    """Also one who stands in for a supervisor."""
    return request.user.is_active and (request.user.is_superuser or bool(Department.objects.ids_headed_by(request.user)))
