"""A question that an office left without an answer past its time: its supervisors hear of it, once a question."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from reviews import guidance, told
from reviews.audit import log
from reviews.notices import outbox
from reviews.workflow.step import SYSTEM_ROLE
from reviews.workflow.talking import locked


def escalate_thread(application_id: int, *, now: datetime | None = None) -> bool:
    """Tell the supervisors of the office that an answer is late. Return whether it did; a second call finds it told."""
    now = now or timezone.now()
    with transaction.atomic():
        application = locked(application_id)
        thread = guidance.late(now).select_related("department").filter(pk=application_id).first()
        if thread is None or thread.due_at is None:
            return False
        thread.escalated_at = now
        thread.save(update_fields=["escalated_at"])
        office = thread.department
        event = log.record(
            action="thread_escalated", actor=None, role=SYSTEM_ROLE, at=now, stream=guidance.stream_of(application),
            data={"department": office.kind},
        )  # fmt: skip
        path = reverse("admin:reviews_thread_thread", args=[thread.pk])
        due = thread.due_at.isoformat()
        params = guidance.params(application, path, department=office.names, until_at=due)
        outbox.write(outbox.compose(event, told.supervisors_of(office, now), "answer_late", params))
        return True
