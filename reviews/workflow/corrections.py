"""The one-time notice of corrections (一次性告知补正): the clock stops, the applicant answers item by item, it goes on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from permits import checks
from permits.models import Application, Status, User
from reviews import calendars, clock, lifecycle, policy, told
from reviews.models import CorrectionItem, CorrectionNotice, Official, Task
from reviews.workflow import step
from reviews.workflow.errors import Incomplete


@dataclass(frozen=True)
class Correction:
    """One thing to be corrected, tied to a field, a material, or neither."""

    kind: str
    key: str
    message: str


@transaction.atomic
def answer_corrections(
    application_id: int, *, applicant: User, answers: dict[str, str], now: datetime | None = None
) -> Application:
    """Send the answers to a notice of corrections: ``answers`` maps an item's public id to the words that go with it.

    The corrected fields and files are on the application already. Raise ``Incomplete`` when the application as
    corrected has faults, or an item was left without a change and without a word.
    """
    now = now or timezone.now()
    application = step.locked(application_id)
    policy.check_applicant(applicant, application)
    if application.status == Status.CORRECTED:
        return application
    row = lifecycle.transition("answer_corrections", application.status, step.stage_kind(application))
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
    event = step.move(
        application, row, "corrections_answered", actor=applicant, role=step.APPLICANT_ROLE, now=now,
        data={"items": len(items)},
    )  # fmt: skip
    told.applicant(event, "corrections_answered")
    # It goes back to the office that asked, and to the official who did, if they still hold the post.
    earlier = notice.task
    task = step.open_task(application, step.stage_of(application), earlier.department, now=now)
    if earlier.claimed_by and Official.objects.filter(
        user=earlier.claimed_by, department=earlier.department, active=True
    ):
        Task.objects.filter(pk=task.pk).update(claimed_by=earlier.claimed_by, claimed_at=now)
    return application


def stop_clock(application: Application, task: Task, corrections: list[Correction], now: datetime) -> CorrectionNotice:
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
