"""The one-time notice of corrections (一次性告知补正): the clock stops, the applicant answers item by item, it goes on."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from permits import checks, mobiles
from permits.definition import Text
from permits.forms import kept_answers
from permits.models import Application, Status, User
from permits.models.material import Check
from reviews import clock, lifecycle, policy, told
from reviews.models import CorrectionItem, CorrectionNotice, Department, Mark, Place, Task
from reviews.notices import kick
from reviews.workflow import promises, rerouting
from reviews.workflow.errors import Incomplete, NotSensible, ReasonNeeded
from reviews.workflow.step import APPLICANT_ROLE, Step, check_open, on_application, on_task


@dataclass(frozen=True)
class Correction:
    """One thing to be corrected, tied to a field, a material, a row of a list (from 1), or nothing of these.

    ``place`` is where it is on a page of the material's file.
    """

    kind: str
    key: str
    message: str
    row: int | None = None
    place: Place | None = None


def answer_corrections(
    application_id: int, *, applicant: User, answers: dict[str, str], now: datetime | None = None
) -> Application:
    """Send the answers to a notice of corrections: ``answers`` maps an item's public id to the words that go with it.

    The corrected fields and files are on the application already. Raise ``Incomplete`` when the application as
    corrected has faults, an item was left without a change and without a word, or nobody handles it where it lies now.
    """
    with on_application(application_id, doing="answer_corrections", now=now) as step:
        application, now = step.application, step.now
        policy.check_applicant(applicant, application)
        if application.status == Status.CORRECTED:
            return application
        step.by(applicant, APPLICANT_ROLE)
        row = lifecycle.transition("answer_corrections", application.status, step.stage_kind)
        notice = application.correction_notices.filter(answered_at=None).latest("issued_at")
        items = list(notice.items.all())
        for item in items:
            item.answer = answers.get(str(item.public_id), "").strip()
        problems = [*_unanswered(application, items), *checks.problems(application)]
        if problems:
            raise Incomplete(problems)
        for item in items:
            item.answered_at = now
        CorrectionItem.objects.bulk_update(items, ["answer", "answered_at"])
        application.answers = kept_answers(application.definition, application.answers)  # a correction may hide others
        notice.answered_at, notice.remind_at = now, None
        notice.save(update_fields=["answered_at", "remind_at"])
        step.clock_goes_on(notice)
        mobiles.index(application)
        region, offices = application.region, rerouting.offices_by_answer(step, items)
        moved = {"region": application.region} if application.region != region else {}
        event = step.move(row, "corrections_answered", data={"items": len(items), **step.answers_sealed(), **moved})
        step.tell(told.applicant(event, "corrections_answered"))
        if offices and notice.task.department not in offices:
            step.cancel_tasks(kind=step.stage_kind)  # what another office of the same stage still had of it
            step.open_stage(step.stage)
        else:
            _back_to_the_one_who_asked(step, notice.task)
        promises.settle(step)  # last: an office is told of the answer, and not of what it did to a promise
        return application


def _back_to_the_one_who_asked(step: Step, earlier: Task) -> None:
    """It goes back to the office that asked, and to the official who did, if they still hold the post."""
    stage = step.stage
    task = step.new_task(stage.key, stage.kind, earlier.department, step.stage_due(stage))
    asker = earlier.claimed_by
    if asker and asker.is_active and earlier.department_id in Department.objects.ids_of(asker, step.now):
        task.claimed_by, task.claimed_at = asker, step.now
        task.lease_until = step.lease_end
    step.open_tasks([task])


def title_of(application: Application, item: Correction) -> str:
    """What it is about, in the reader's language."""
    return str(Text(**told.item_title(application, item.kind, item.key, item.row, item.place)))


def stop_clock(step: Step, items: list[Correction]) -> tuple[CorrectionNotice, list[CorrectionItem]]:
    """Issue the notice: everything at once. The time until it is answered doesn't count."""
    application = step.application
    deadline = step.limit(application.definition.limits.correction)
    notice = CorrectionNotice.objects.create(
        application=application, task=step.task, issued_at=step.now, deadline=deadline,
        remind_at=a_day_before(deadline, step.now, step.calendar), **step.time_left(),
    )  # fmt: skip
    made = [
        CorrectionItem(
            notice=notice, kind=item.kind, key=item.key, row=item.row, message=item.message.strip(),
            previous=_standing(application, item.kind, item.key, item.row),
        )
        for item in items
    ]  # fmt: skip
    made = CorrectionItem.objects.bulk_create(made)
    marks = [Mark(item=item, **asdict(asked.place)) for item, asked in zip(made, items, strict=True) if asked.place]
    Mark.objects.bulk_create(marks)
    if marks:
        transaction.on_commit(kick.draw_marks, robust=True)
    return notice, made


def a_day_before(deadline: datetime, now: datetime, calendar: clock.WorkCalendar) -> datetime:
    """One working day before the deadline, or at once when there is less left than that."""
    left = clock.working_time_between(now, deadline, calendar)
    return clock.add_working_time(now, max(left - clock.DAY_LENGTH, timedelta()), calendar)


def ask_second_round(task_id: int, *, official: User, reason: str, now: datetime | None = None) -> Task:
    """Ask the supervisors to allow a second notice of corrections. A second call changes nothing."""
    with on_task(task_id, doing="ask_second_round", now=now) as step:
        task = step.task
        check_open(task)
        post = policy.check_decide(official, task, step.now)
        if task.second_round_asked_at or task.second_round_by_id:
            return task
        if not reason.strip():
            raise ReasonNeeded(_("Say what is still to be corrected, and why it was not told the first time."))
        lifecycle.transition("correct", step.application.status, step.stage_kind, task=task.kind)
        step.by(official, post)
        task.second_round_asked_at = step.now
        task.save(update_fields=["second_round_asked_at"])
        event = step.record("second_round_asked", reason=reason.strip(), data={"stage": task.stage} | post.data)
        told_to = told.supervisors(
            event, task.department, "second_round_asked", reason=reason.strip(), path=told.task_path(task),
            **told.of_task(task),
        )  # fmt: skip
        step.tell(told_to)
        return task


def allow_second_round(task_id: int, *, official: User, reason: str, now: datetime | None = None) -> Task:
    """A supervisor's word: corrections may be asked for once more. A second call changes nothing."""
    with on_task(task_id, doing="allow_second_round", now=now) as step:
        task = step.task
        check_open(task)
        post = policy.check_supervisor(official, [task.department_id], step.now)
        policy.check_not_involved(official, step.application)
        if task.second_round_by_id:
            return task
        if not reason.strip():
            raise ReasonNeeded(_("Say why corrections may be asked for a second time."))
        lifecycle.transition("correct", step.application.status, step.stage_kind, task=task.kind)
        step.by(official, post)
        task.second_round_by = official
        task.save(update_fields=["second_round_by"])
        event = step.record("second_round_allowed", reason=reason.strip(), data={"stage": task.stage} | post.data)
        step.tell(told.holder(event, task, "second_round_allowed", reason=reason.strip()))
        return task


def check_rows(application: Application, asked: list[Correction]) -> None:
    """A row of a list in the form has to be there; a roster's are counted in its sheet, blank ones among them."""
    for item in asked:
        field = application.definition.field(item.key) if item.kind == CorrectionItem.Kind.ROW else None
        answer = application.answers.get(item.key)
        rows = len(answer) if isinstance(answer, list) else 0
        if field and (item.row or 0) > rows:
            words = ngettext(
                "“%(title)s” has %(rows)d row; there is no row %(row)d.",
                "“%(title)s” has %(rows)d rows; there is no row %(row)d.", rows,
            )  # fmt: skip
            raise NotSensible(words % {"title": field.label, "rows": rows, "row": item.row})


def check_places(application: Application, asked: list[Correction]) -> None:
    """A place lies on a page of a file that is there now, for the material that is named."""
    places = [item for item in asked if item.place]
    if not places:
        return
    files = {file.public_id: file for file in application.materials.current().filter(check_state=Check.FINE)}
    for item in places:
        place = item.place
        file = files.get(place.file) if place else None
        named = item.kind == CorrectionItem.Kind.MATERIAL and file is not None and file.requirement == item.key
        if not named or not place or not place.is_on_page:
            raise NotSensible(_("A marked file is not there any more. Reload the page, and mark its place again."))
        if file and place.page > file.facts.get("pages", place.page):
            raise NotSensible(_("A mark lies on a page that its file does not have. Mark it again."))


def _standing(application: Application, kind: str, key: str, row: int | None = None) -> Any:
    """What stands there now, to be compared when it is answered: an answer, a row, or the digests of files."""
    answer = application.answers.get(key)
    if kind == CorrectionItem.Kind.FIELD:
        return answer
    if kind == CorrectionItem.Kind.ROW and application.definition.field(key):
        return answer[row - 1] if row and isinstance(answer, list) and len(answer) >= row else None
    if kind in (CorrectionItem.Kind.MATERIAL, CorrectionItem.Kind.ROW):
        files = application.materials.current().filter(requirement=key)
        return sorted(files.values_list("sha256", flat=True))
    return None


def changed(application: Application, item: CorrectionItem) -> bool:
    """Whether something else stands there than when the notice was issued."""
    if item.kind == CorrectionItem.Kind.OTHER:
        return False
    standing: Any = _standing(application, item.kind, item.key, item.row)
    return bool(standing != item.previous)


def _unanswered(application: Application, items: list[CorrectionItem]) -> list[checks.Problem]:
    found = []
    for item in items:
        if not item.answer and not changed(application, item):
            message = str(_("Change it as asked, or write why it stays as it is."))
            found.append(checks.Problem("correction", str(item.public_id), item.key, item.message, message))
    return found
