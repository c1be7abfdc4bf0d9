"""Words that the law wants erased: they go, with their salt; the event stays, valid and blind, and says that they went."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from permits.models import User
from reviews import roles
from reviews.audit import log
from reviews.models import Advice, CorrectionItem, Decision, Event, EventNote, Notice, Objection
from reviews.workflow.step import on_application


def erase_words(event: Event, *, by: User | None = None, reason: str) -> Event | None:
    """Erase the words of an event, and every copy of them: with the decision, in notices, told already or not, in what
    was asked or objected. ``None`` when there are none any more.

    The event may be archived (``archive.events_of``): words stay in the database. That they went is then the next event of
    its chain there. Why it was done is on record, so it must not repeat what is erased.
    """
    data = {"seq": event.seq}
    if event.application_id is None:
        with transaction.atomic():
            if not _erased(event):
                return None
            return log.record(
                action="words_erased", actor=by, role=roles.acting_as(by), at=timezone.now(), stream=event.stream,
                reason=reason, data=data,
            )  # fmt: skip
    with on_application(event.application_id, doing="erase_words") as step:
        if not _erased(event):
            return None
        step.actor, step.role = by, roles.acting_as(by)
        return step.record("words_erased", reason=reason, data=data)


def _erased(event: Event) -> bool:
    """Whether there was anything: a copy alone counts too, for erasures once left some."""
    count, _each = EventNote.objects.filter(event=event).delete()
    count += _from_notices(event)
    if event.application_id is not None:
        count += _from_tables(event, event.application_id)
    return count > 0


def _from_notices(event: Event) -> int:
    """What was told stays told; what is read, or sent, from now on says it without them."""
    count = 0
    for notice in Notice.objects.filter(event=event):
        blank = _without_words(notice.params)
        if blank != notice.params:
            notice.params = blank
            notice.save(update_fields=["params"])
            count += 1
    return count


def _without_words(params: dict[str, Any]) -> dict[str, Any]:
    blank = params | {"reason": ""} if params.get("reason") else dict(params)
    if items := params.get("items"):  # of a notice of corrections; elsewhere these are titles
        blank["items"] = [
            item | {"message": ""} if isinstance(item, dict) and "message" in item else item for item in items
        ]
    return blank


def _from_tables(event: Event, application_id: int) -> int:
    """Where a step wrote its words beside the log: found by who took it and when, for these rows name no event."""
    decided = Decision.objects.filter(task__application=application_id, official=event.actor_id, decided_at=event.at)
    count = decided.exclude(reason="").update(reason="")
    if event.action == "corrections_requested":
        items = CorrectionItem.objects.filter(notice__application=application_id, notice__issued_at=event.at)
        count += _blanked(items, "message")
    elif event.action == "objected":
        count += _blanked(Objection.objects.filter(application=application_id, filed_at=event.at), "text")
    elif event.action == "advice_asked":
        asked = Advice.objects.filter(task__application=application_id, asked_by=event.actor_id, asked_at=event.at)
        count += _blanked(asked, "question")
    return count


def _blanked(rows: QuerySet[Any], column: str) -> int:
    """Which are blank already can't be asked of the database: most are encrypted."""
    said = [row for row in rows if getattr(row, column)]
    for row in said:
        setattr(row, column, "")
        row.save(update_fields=[column])
    return len(said)
