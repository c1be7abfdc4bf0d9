"""A question that an office left without an answer past its time: its supervisors hear of it, once a question."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from permits.models import Application
from reviews import guidance, told
from reviews.audit import log
from reviews.notices import outbox
from reviews.workflow.step import SYSTEM_ROLE


def escalate_thread(application_id: int, *, now: datetime | None = None) -> bool:
    """Tell the supervisors of the office that an answer is late. Return whether it did; a second call finds it told."""
    now = now or timezone.now()
    with transaction.atomic():
        rows = Application.objects.select_related("version", "enterprise").defer("version__source", "left_over")
        application = rows.select_for_update(of=("self",)).get(pk=application_id)
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
