"""The only writers of a status: each function is one step of the process, one transaction, safe to call twice.

Each locks the application's row first, asks ``policy`` who may, asks ``lifecycle`` whether it is possible, writes the
decision, moves the application, opens the next tasks, appends the event and puts the notices into the outbox. All of
that is committed together, or none of it is. Views, admin, commands and Celery tasks only call these.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from permits import checks, comparing, credentials, numbers
from permits.definition import Stage
from permits.forms import values_of
from permits.intake.materials import take_from_record
from permits.models import Application, Permit, Service, Status, User, next_serial
from reviews import calendars, clock, lifecycle, policy, routing, told
from reviews.audit import log
from reviews.models import CorrectionItem, CorrectionNotice, Decision, Event, Official, Rating, Task
from reviews.notices import kick

APPLICANT_ROLE = "applicant"
SYSTEM_ROLE = "system"


class Incomplete(Exception):
    """The application can't be sent yet; ``problems`` says what is missing, each with its place."""

    def __init__(self, problems: list[checks.Problem]) -> None:
        self.problems = problems
        super().__init__(_("The application is not complete yet."))


class AlreadyDecided(Exception):
    """Somebody was first. ``decision`` says who, when, and what."""

    def __init__(self, task: Task, decision: Decision | None) -> None:
        self.task, self.decision = task, decision
        if decision:
            when = timezone.localtime(decision.decided_at).strftime("%Y-%m-%d %H:%M:%S")
            message: Any = _("%(name)s has decided this task already: “%(outcome)s”, %(time)s. Nothing was changed.") % {
                "name": decision.official, "outcome": decision.get_outcome_display(), "time": when,
            }  # fmt: skip
        else:
            message = _("This task is closed: the application was withdrawn or has moved on. Nothing was changed.")
        super().__init__(message)


class ReasonNeeded(Exception):
    """A step that is never taken without a reason was asked for without one."""


@dataclass(frozen=True)
class Correction:
    """One thing to be corrected, tied to a field, a material, or neither."""

    kind: str
    key: str
    message: str


# --- the applicant ---------------------------------------------------------------------------------------------------


@transaction.atomic
def submit(application_id: int, *, applicant: User, now: datetime | None = None) -> Application:
    """Send a draft. A second call gives the same application with the same number.

    Raise ``Incomplete`` with everything that is missing, ``NobodyHandles`` when no office is registered for it.
    """
    now = now or timezone.now()
    application = _locked(application_id)
    policy.check_applicant(applicant, application)
    if application.status != Status.DRAFT:
        return application
    take_from_record(application)
    if problems := checks.problems(application):
        raise Incomplete(problems)
    definition = application.definition
    first = definition.stages[0] if definition.stages else None
    row = lifecycle.transition("submit", application.status, first.kind if first else "none")
    values = values_of(definition, application.answers)
    # Hidden answers aren't kept; what is kept is what the form showed.
    application.answers = {key: application.answers[key] for key, value in values.items() if value is not None}
    application.region = str(values[definition.region_field] or "")
    application.industry = str(values.get(definition.industry_field or "") or "")
    day = timezone.localdate(now)
    serial = next_serial(f"case:{application.region}:{day:%Y%m%d}")
    application.number = numbers.case_number(application.region, now, serial)
    application.submitted_at = now
    calendar = calendars.current()
    application.due_at = clock.due(now, clock.Limit.parse(definition.limits.promised), calendar)
    application.statutory_due_at = clock.due(now, clock.Limit.parse(definition.limits.statutory), calendar)
    if row.target == Status.IN_REVIEW:
        application.accepted_at = now
    event = _move(application, row, "submitted", actor=applicant, role=APPLICANT_ROLE, now=now)
    told.applicant(event, "submitted")
    if first:
        _open_stage(application, first, now=now)
    if row.target == Status.RECORDED:
        _close(application, now)
    return application


@transaction.atomic
def carry_draft(application_id: int, *, applicant: User) -> Application:
    """Carry a draft over to the edition in force. What no longer fits is put aside to be shown, not dropped.

    A second call changes nothing; what was sent stays on its edition for ever (``NotPossible``). A draft is its
    owner's own affair and may be thrown away, so it has no events yet.
    """
    application = _locked(application_id)
    policy.check_applicant(applicant, application)
    if application.status != Status.DRAFT:
        raise lifecycle.NotPossible("submit", application.status)
    service = Service.objects.select_related("current").get(pk=application.version.service_id)
    if service.current is None or service.current_id == application.version_id:
        return application
    kept, left = comparing.carry(application.answers, application.definition, service.current.definition)
    application.version, application.answers = service.current, kept
    application.left_over = [*application.left_over, *(asdict(each) for each in left)]
    application.save(update_fields=["version", "answers", "left_over", "updated_at"])
    return application


@transaction.atomic
def withdraw(application_id: int, *, applicant: User, reason: str = "", now: datetime | None = None) -> Application:
    """Take an application back before it is decided. A second call changes nothing."""
    now = now or timezone.now()
    application = _locked(application_id)
    policy.check_applicant(applicant, application)
    if application.status == Status.WITHDRAWN:
        return application
    row = lifecycle.transition("withdraw", application.status, _stage_kind(application))
    for task in application.tasks.open():
        _end_task(task, Task.State.CANCELLED, now)
    event = _move(application, row, "withdrawn", actor=applicant, role=APPLICANT_ROLE, now=now, reason=reason)
    _close(application, now)
    told.applicant(event, "withdrawn")
    return application


@transaction.atomic
def answer_corrections(
    application_id: int, *, applicant: User, answers: dict[str, str], now: datetime | None = None
) -> Application:
    """Send the answers to a notice of corrections: ``answers`` maps an item's public id to the words that go with it.

    The corrected fields and files are on the application already. Raise ``Incomplete`` when the application as
    corrected has faults, or an item was left without a change and without a word.
    """
    now = now or timezone.now()
    application = _locked(application_id)
    policy.check_applicant(applicant, application)
    if application.status == Status.CORRECTED:
        return application
    row = lifecycle.transition("answer_corrections", application.status, _stage_kind(application))
    notice = application.correction_notices.filter(answered_at=None).latest("issued_at")
    items = list(notice.items.all())
    for item in items:
        item.answer = answers.get(str(item.public_id), "").strip()
    problems = [*_unanswered(application, items), *checks.problems(application)]
    if problems:
        raise Incomplete(problems)
    for item in items:
        item.answered_at = now
        item.save(update_fields=["answer", "answered_at"])
    notice.answered_at = now
    notice.save(update_fields=["answered_at"])
    calendar = calendars.current()
    application.due_at = clock.add_working_time(now, timedelta(seconds=notice.promised_left), calendar)
    application.statutory_due_at = clock.add_working_time(now, timedelta(seconds=notice.statutory_left), calendar)
    event = _move(
        application, row, "corrections_answered", actor=applicant, role=APPLICANT_ROLE, now=now,
        data={"items": len(items)},
    )  # fmt: skip
    told.applicant(event, "corrections_answered")
    # It goes back to the office that asked, and to the official who did, if they still hold the post.
    earlier = notice.task
    task = _open_task(application, _stage(application), earlier.department, now=now)
    if earlier.claimed_by and Official.objects.filter(
        user=earlier.claimed_by, department=earlier.department, active=True
    ):
        Task.objects.filter(pk=task.pk).update(claimed_by=earlier.claimed_by, claimed_at=now)
    return application


@transaction.atomic
def rate(application_id: int, *, applicant: User, score: int, comment: str = "", now: datetime | None = None) -> Rating:
    """Rate a closed application, once. A rating of 1 or 2 opens a follow-up within 15 working days."""
    now = now or timezone.now()
    application = _locked(application_id)
    policy.check_applicant(applicant, application)
    if earlier := Rating.objects.filter(application=application).first():
        return earlier
    if not application.is_closed:
        raise lifecycle.NotPossible("rate", application.status)
    last = application.tasks.order_by("-pk").first()
    bad = score <= Rating.Score.BAD
    rating = Rating.objects.create(
        application=application, department=last.department if last else None, rater=applicant, score=score,
        comment=comment, created_at=now,
        follow_up_due_at=clock.due(now, clock.Limit(15, "d"), calendars.current()) if bad else None,
    )  # fmt: skip
    # The rater's identity is protected: the log says that it was rated, and not by whom or how.
    event = log.record(action="rated", actor=None, role=APPLICANT_ROLE, at=now, application=application)
    if bad and rating.department:
        told.supervisors(event, rating.department, "bad_rating")
    return rating


# --- officials -------------------------------------------------------------------------------------------------------


@transaction.atomic
def claim(task_id: int, *, official: User, now: datetime | None = None) -> Task:
    """Take a task into one's own hands. A second call by the same official changes nothing."""
    now = now or timezone.now()
    task = _locked_task(task_id)
    _check_open(task)
    post = policy.check_claim(official, task)
    if task.claimed_by_id == official.pk:
        return task
    task.claimed_by, task.claimed_at = official, now
    task.save(update_fields=["claimed_by", "claimed_at"])
    log.record(
        action="claimed", actor=official, role=_role(post), at=now, application=task.application,
        data={"stage": task.stage, "department": post.department.kind},
    )  # fmt: skip
    return task


@transaction.atomic
def release(task_id: int, *, official: User, reason: str = "", now: datetime | None = None) -> Task:
    """Give a task back to the department's queue."""
    now = now or timezone.now()
    task = _locked_task(task_id)
    _check_open(task)
    if task.claimed_by_id is None:
        return task
    post = policy.check_release(official, task)
    task.claimed_by = task.claimed_at = None
    task.save(update_fields=["claimed_by", "claimed_at"])
    log.record(
        action="released", actor=official, role=_role(post), at=now, application=task.application, reason=reason,
        data={"stage": task.stage, "department": post.department.kind},
    )  # fmt: skip
    return task


EVENT_OF = {
    "accept": "accepted", "correct": "corrections_requested", "decline": "declined", "agree": "agreed",
    "disagree": "disagreed", "approve": "approved", "reject": "rejected", "acknowledge": "acknowledged",
}  # fmt: skip


@transaction.atomic
def decide(
    task_id: int,
    *,
    official: User,
    outcome: str,
    reason: str = "",
    corrections: Iterable[Correction] = (),
    now: datetime | None = None,
) -> Decision:
    """Decide a task. The same decision again by the same official gives the decision that stands (a double click).

    Raise ``AlreadyDecided`` when somebody else was first, ``Refused`` when a rule of ``policy`` stands against it,
    ``NotPossible`` when the process has no such step here, ``ReasonNeeded`` when words are missing.
    """
    now = now or timezone.now()
    reason, corrections = reason.strip(), list(corrections)
    task = _locked_task(task_id)
    application = task.application
    if task.state != Task.State.OPEN:
        standing = Decision.objects.filter(task=task).select_related("official").first()
        if standing and (standing.official_id, standing.outcome) == (official.pk, outcome):
            return standing
        raise AlreadyDecided(task, standing)
    post = policy.check_decide(official, task)
    row = lifecycle.transition(outcome, application.status, task.kind)
    _check_words(row, reason, corrections, application)
    if task.claimed_by_id is None:
        task.claimed_by, task.claimed_at = official, now
    _end_task(task, Task.State.DONE, now)
    decision = Decision.objects.create(task=task, official=official, outcome=outcome, reason=reason, decided_at=now)
    event = _move(
        application, row, EVENT_OF[outcome], actor=official, role=_role(post), now=now, reason=reason,
        data={"stage": task.stage, "department": post.department.kind},
    )  # fmt: skip
    match outcome:
        case "accept":
            application.accepted_at = now
            told.applicant(event, "accepted", reason=reason)
            _next_stage(application, now)
        case "correct":
            notice = _stop_clock_for_corrections(application, task, corrections, now)
            told.corrections(event, notice, reason)
        case "agree" | "disagree":
            if not application.tasks.open().filter(stage=task.stage).exists():
                _next_stage(application, now)
        case "approve":
            _close(application, now)
            _issue(application, now, office=task.department.names)
            told.applicant(event, "approved", reason=reason)
        case "reject" | "decline":
            _close(application, now)
            told.applicant(event, EVENT_OF[outcome], reason=reason)
    return decision


@transaction.atomic
def revoke_permit(permit_id: int, *, official: User, reason: str, now: datetime | None = None) -> Permit:
    """Revoke an issued permit: by a supervisor of the department that decided, never without a reason."""
    now = now or timezone.now()
    if not reason.strip():
        raise ReasonNeeded(_("Say why the permit is revoked."))
    application = _locked(Permit.objects.values_list("application_id", flat=True).get(pk=permit_id))
    permit = Permit.objects.select_related("application").get(pk=permit_id)
    if permit.state == Permit.State.REVOKED:
        return permit
    deciding = application.tasks.filter(kind="decision").values_list("department_id", flat=True)
    post = policy.check_supervisor(official, list(deciding))
    policy.check_not_involved(official, application)
    permit.state, permit.revoked_at = Permit.State.REVOKED, now
    permit.save(update_fields=["state", "revoked_at"])
    event = log.record(
        action="permit_revoked", actor=official, role=_role(post), at=now, application=application,
        before=Permit.State.VALID, after=Permit.State.REVOKED, reason=reason, data={"permit": permit.number},
    )  # fmt: skip
    told.applicant(event, "permit_revoked", reason=reason)
    return permit


@transaction.atomic
def follow_up_rating(rating_id: int, *, official: User, text: str, now: datetime | None = None) -> Rating:
    """Record what was done about a bad rating."""
    now = now or timezone.now()
    rating = Rating.objects.select_for_update(of=("self",)).get(pk=rating_id)
    if rating.followed_up_at:
        return rating
    if not text.strip():
        raise ReasonNeeded(_("Say what was done about it."))
    post = policy.check_supervisor(official, [rating.department_id] if rating.department_id else [])
    application = _locked(rating.application_id)
    rating.follow_up, rating.followed_up_at, rating.followed_up_by = text.strip(), now, official
    rating.save(update_fields=["follow_up", "followed_up_at", "followed_up_by"])
    log.record(action="rating_followed_up", actor=official, role=_role(post), at=now, application=application)
    return rating


# --- the clock -------------------------------------------------------------------------------------------------------


@transaction.atomic
def deem_accepted(application_id: int, *, now: datetime | None = None) -> bool:
    """Accept by law what nobody pre-checked in time (Administrative Licensing Law art. 32). Return whether it did."""
    now = now or timezone.now()
    application = _locked(application_id)
    if application.status not in (Status.SUBMITTED, Status.CORRECTED):
        return False
    task = application.tasks.open().filter(kind="precheck").first()
    limit = clock.Limit.parse(application.definition.limits.acceptance)
    if task is None or clock.due(task.opened_at, limit, calendars.current()) > now:
        return False
    row = lifecycle.transition("deem_accepted", application.status, "precheck")
    _end_task(task, Task.State.CANCELLED, now)
    event = _move(
        application, row, "deemed_accepted", actor=None, role=SYSTEM_ROLE, now=now,
        data={"stage": task.stage, "department": task.department.kind, "limit": str(limit)},
    )  # fmt: skip
    application.accepted_at = task.opened_at  # deemed accepted from receipt
    told.applicant(event, "accepted")
    told.supervisors(event, task.department, "deemed_accepted")
    _next_stage(application, now)
    return True


@transaction.atomic
def lapse(application_id: int, *, now: datetime | None = None) -> bool:
    """End an application whose corrections were not answered by their deadline. Return whether it did."""
    now = now or timezone.now()
    application = _locked(application_id)
    if application.status != Status.NEEDS_CORRECTION:
        return False
    notice = application.correction_notices.filter(answered_at=None).latest("issued_at")
    if notice.deadline > now:
        return False
    row = lifecycle.transition("lapse", application.status, _stage_kind(application))
    event = _move(application, row, "lapsed", actor=None, role=SYSTEM_ROLE, now=now)
    _close(application, now)
    told.applicant(event, "lapsed")
    return True


@transaction.atomic
def escalate(task_id: int, *, now: datetime | None = None) -> bool:
    """Tell the supervisors of a task that is overdue, once. Return whether it did."""
    now = now or timezone.now()
    task = _locked_task(task_id)
    if task.state != Task.State.OPEN or task.due_at > now or task.escalated_at:
        return False
    task.escalated_at = now
    task.save(update_fields=["escalated_at"])
    event = log.record(
        action="escalated", actor=None, role=SYSTEM_ROLE, at=now, application=task.application,
        data={"stage": task.stage, "department": task.department.kind},
    )  # fmt: skip
    told.supervisors(event, task.department, "overdue")
    return True


# --- inside a step ---------------------------------------------------------------------------------------------------


def _locked(application_id: int) -> Application:
    """The application, with its row locked until the transaction ends: every step begins here."""
    rows = Application.objects.select_related("version", "enterprise", "applicant")
    return rows.select_for_update(of=("self",)).get(pk=application_id)


def _locked_task(task_id: int) -> Task:
    """The task as it is once its application's row is locked."""
    application = _locked(Task.objects.values_list("application_id", flat=True).get(pk=task_id))
    task = Task.objects.select_related("department", "claimed_by").get(pk=task_id)
    task.application = application
    return task


def _check_open(task: Task) -> None:
    if task.state != Task.State.OPEN:
        raise AlreadyDecided(task, Decision.objects.filter(task=task).select_related("official").first())


def _check_words(
    row: lifecycle.Transition, reason: str, corrections: list[Correction], application: Application
) -> None:
    if row.action == "correct":
        if not corrections or not all(item.message.strip() for item in corrections):
            raise ReasonNeeded(_("List at least one thing to be corrected, and say for each what is to be done."))
    elif row.needs_reason and not reason:
        raise ReasonNeeded(_("Give a reason: the applicant is told it, and it goes on record."))
    if row.action == "approve" and not reason:
        against = Decision.objects.filter(task__application=application, outcome=Decision.Outcome.DISAGREE)
        if against.exists():
            raise ReasonNeeded(_("A department disagreed. Say why it is approved all the same."))


def _role(post: Official) -> str:
    return f"{post.role}@{post.department.kind}:{post.department.region}"


def _stage(application: Application) -> Stage:
    stage = application.definition.stage(application.stage)
    if stage is None:
        raise LookupError(f"{application} stands at '{application.stage}', which its edition doesn't have")
    return stage


def _stage_kind(application: Application) -> str:
    return _stage(application).kind if application.stage else "none"


def _move(
    application: Application, row: lifecycle.Transition, action: str, *, actor: User | None, role: str, now: datetime,
    reason: str = "", data: dict[str, Any] | None = None,
) -> Event:  # fmt: skip
    """Move an application along a row of the table, and record it."""
    before, application.status = application.status, row.target
    application.save()
    return log.record(
        action=action, actor=actor, role=role, at=now, application=application, before=before, after=row.target,
        reason=reason, data=data,
    )  # fmt: skip


def _close(application: Application, now: datetime) -> None:
    application.closed_at = now
    application.save(update_fields=["closed_at", "updated_at"])


def _end_task(task: Task, state: str, now: datetime) -> None:
    # Two machines' clocks may be apart: a task is never closed before it was opened.
    task.state, task.closed_at = state, max(now, task.opened_at)
    task.save(update_fields=["state", "closed_at", "claimed_by", "claimed_at"])


def _next_stage(application: Application, now: datetime) -> None:
    following = application.definition.stage_after(application.stage)
    if following is None:
        raise LookupError(f"{application}: the decision is the last stage, nothing follows '{application.stage}'")
    _open_stage(application, following, now=now)


def _open_stage(application: Application, stage: Stage, *, now: datetime) -> None:
    values = values_of(application.definition, application.answers)
    offices = routing.departments_for(stage, region=application.region, values=values)
    before, application.stage = application.stage, stage.key
    application.save()
    if before:
        log.record(
            action="stage_opened", actor=None, role=SYSTEM_ROLE, at=now, application=application,
            before=before, after=stage.key, data={"departments": [office.kind for office in offices]},
        )  # fmt: skip
    for office in offices:
        _open_task(application, stage, office, now=now)


def _open_task(application: Application, stage: Stage, department: Any, *, now: datetime) -> Task:
    due = application.due_at or now
    if stage.limit:
        due = clock.due(now, clock.Limit.parse(stage.limit), calendars.current())
    task = Task.objects.create(
        application=application, stage=stage.key, kind=stage.kind, department=department, opened_at=now, due_at=due
    )
    event = Event.objects.filter(application=application).latest("seq")
    told.department(event, task)
    return task


def _stop_clock_for_corrections(
    application: Application, task: Task, corrections: list[Correction], now: datetime
) -> CorrectionNotice:
    calendar = calendars.current()
    limit = clock.Limit.parse(application.definition.limits.correction)
    left = [
        calendars.seconds(clock.working_time_between(now, due, calendar)) if due else 0
        for due in (application.due_at, application.statutory_due_at)
    ]
    notice = CorrectionNotice.objects.create(
        application=application, task=task, issued_at=now, deadline=clock.due(now, limit, calendar),
        promised_left=left[0], statutory_left=left[1],
    )  # fmt: skip
    for item in corrections:
        CorrectionItem.objects.create(
            notice=notice, kind=item.kind, key=item.key, message=item.message.strip(),
            previous=_standing(application, item.kind, item.key),
        )  # fmt: skip
    return notice


def _standing(application: Application, kind: str, key: str) -> Any:
    if kind == CorrectionItem.Kind.FIELD:
        return application.answers.get(key)
    if kind == CorrectionItem.Kind.MATERIAL:
        files = application.materials.current().filter(requirement=key)
        return sorted(files.values_list("sha256", flat=True))
    return None


def _unanswered(application: Application, items: list[CorrectionItem]) -> list[checks.Problem]:
    found = []
    for item in items:
        changed = (
            item.kind != CorrectionItem.Kind.OTHER and _standing(application, item.kind, item.key) != item.previous
        )
        if not changed and not item.answer:
            message = str(_("Change it as asked, or write why it stays as it is."))
            found.append(checks.Problem("correction", str(item.public_id), item.key, item.message, message))
    return found


def _issue(application: Application, now: datetime, *, office: dict[str, str]) -> None:
    """Number and sign the outcome now; the PDF is printed by a worker."""
    outcome = application.definition.outcome
    if outcome.kind != "permit":
        return
    serial = next_serial(f"permit:{application.region}:{outcome.number_prefix}:{timezone.localdate(now).year}")
    number = numbers.permit_number(application.region, outcome.number_prefix, now, serial)
    valid_until = timezone.localdate(now) + timedelta(days=outcome.valid_days) if outcome.valid_days else None
    content = credentials.content_of(application, number=number, issued_at=now, valid_until=valid_until, office=office)
    signature, key_id = credentials.sign(content)
    permit = Permit.objects.create(
        application=application, number=number, content=content, signature=signature, key_id=key_id, issued_at=now,
        valid_until=valid_until,
    )  # fmt: skip
    transaction.on_commit(lambda: kick.print_permit(permit.pk), robust=True)
