"""Words that the law wants erased: they go, with their salt; the event stays, valid and blind, and says that they went."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from permits.models import User
from reviews import roles
from reviews.audit import log
from reviews.models import Decision, Event, EventNote
from reviews.workflow.step import on_application


def erase_words(event_id: int, *, by: User | None = None, reason: str) -> Event | None:
    """Erase the words of an event, and where they stand with its decision. ``None`` when there are none any more.

    Why it was done is on record, so it must not repeat what is erased.
    """
    event = Event.objects.get(pk=event_id)
    if not EventNote.objects.filter(event=event).exists():
        return None
    data = {"seq": event.seq}
    if event.application_id is None:
        with transaction.atomic():
            EventNote.objects.filter(event=event).delete()
            return log.record(
                action="words_erased", actor=by, role=roles.acting_as(by), at=timezone.now(), stream=event.stream,
                reason=reason, data=data,
            )  # fmt: skip
    with on_application(event.application_id, doing="erase_words") as step:
        EventNote.objects.filter(event=event).delete()
        decided = Decision.objects.filter(task__application=step.application, official=event.actor_id)
        decided.filter(decided_at=event.at).update(reason="")
        step.actor, step.role = by, roles.acting_as(by)
        return step.record("words_erased", reason=reason, data=data)
