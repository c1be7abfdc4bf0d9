"""Words of a thread whose application's time is over: they go, with their salts; who wrote when stays, and so does the log."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from reviews import guidance, retention
from reviews.audit import log
from reviews.models import CallbackRequest, Thread
from reviews.workflow.step import SYSTEM_ROLE
from reviews.workflow.talking import locked


def erase_thread(application_id: int, *, now: datetime | None = None) -> int:
    """Erase the words of a thread if its time is over. Return of how many messages; a second call finds none."""
    now = now or timezone.now()
    with transaction.atomic():
        application = locked(application_id)
        thread = Thread.objects.filter(pk=application_id, erased_at=None).first()
        due = retention.thread_over(application, thread, now) if thread else None
        if thread is None or due is None:
            return 0
        count = thread.messages.update(text="", salt="")
        CallbackRequest.objects.filter(application=application_id).update(mobile="", note="")
        thread.erased_at = now
        thread.save(update_fields=["erased_at"])
        log.record(
            action="thread_erased", actor=None, role=SYSTEM_ROLE, at=now, stream=guidance.stream_of(application),
            data={"count": count, "days": due},
        )  # fmt: skip
        return count
