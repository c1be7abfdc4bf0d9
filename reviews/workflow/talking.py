"""What every step of a thread is made of: the application's lock, the events in the thread's own stream, the notices."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from permits.models import Application, User
from reviews import calendars, clock, guidance, policy, told
from reviews.audit import log
from reviews.models import CallbackRequest, Department, Event, Message, Side, Thread
from reviews.notices import choosing, outbox
from reviews.workflow.errors import NotSensible, ReasonNeeded
from reviews.workflow.refusing import refusals_on_record
from reviews.workflow.step import APPLICANT_ROLE

UNREAD = {Side.APPLICANT: "applicant_told_at", Side.OFFICE: "office_told_at"}


class Turn:
    """One step of a thread under way, the application's row locked."""

    def __init__(self, application: Application, thread: Thread | None, now: datetime, by: User) -> None:
        self.application, self.now, self.by = application, now, by
        self._thread = thread
        self.role = APPLICANT_ROLE

    @property
    def thread(self) -> Thread | None:
        return self._thread

    def opened(self, office: Department) -> Thread:
        """The thread, with this office: made when there is none. Another office than before begins without a claim."""
        thread = self._thread
        if thread is None:
            thread = self._thread = Thread.objects.create(
                application=self.application, department=office, last_at=self.now
            )
        elif thread.department_id != office.pk:
            thread.department, thread.claimed_by, thread.claimed_until = office, None, None
            thread.save(update_fields=["department", "claimed_by", "claimed_until"])
            self.application.callbacks.filter(state=CallbackRequest.State.OPEN).update(department=office)
        return thread

    def limit(self, limit: clock.Limit, start: datetime | None = None) -> datetime:
        return clock.due(start or self.now, limit, calendars.current())

    def said(self, key: str) -> Message | None:
        """What the same person sent with the same key before."""
        return self._thread.messages.filter(author=self.by, key=key).first() if self._thread else None

    def say(self, thread: Thread, side: Side, text: str, key: str, **more: Any) -> tuple[Message, Event]:
        """Write a message, and its event: its words stand in the log as a salted digest."""
        salt = secrets.token_hex(16) if text else ""
        message = Message.objects.create(
            thread=thread, side=side, author=self.by, text=text, salt=salt, key=key, at=self.now, **more
        )
        thread.last_at, thread.erased_at = self.now, None
        data = {"message": str(message.public_id), "way": message.kind}
        event = self.record("message_sent", data=data | ({"words": log.digest(salt, text)} if text else {}))
        return message, event

    def record(self, action: str, *, data: dict[str, Any] | None = None) -> Event:
        stream = guidance.stream_of(self.application)
        return log.record(action=action, actor=self.by, role=self.role, at=self.now, stream=stream, data=data)

    # --- who is told ------------------------------------------------------------------------------------------------

    def tell_office(self, event: Event, kind: str, thread: Thread, *, digest: bool = False, **more: Any) -> None:
        """Who has the thread or the task in hand; everybody of the office while nobody has."""
        if digest and not self._is_time(thread, Side.OFFICE):
            return
        thread.office_told_at = self.now
        task = self.application.tasks.open().filter(department=thread.department_id, claimed_by__isnull=False).first()
        claimed = thread.claimed_by_id if thread.is_claimed(self.now) else task.claimed_by_id if task else None
        path = reverse("admin:reviews_thread_thread", args=[thread.pk])
        params = guidance.params(self.application, path, department=thread.department.names, **more)
        people, group = ((claimed,), None) if claimed else ((), thread.department_id)
        outbox.write(told.letters([told.Message(event, kind, params, people, group)]))

    def tell_applicant(self, event: Event, kind: str, thread: Thread, *, digest: bool = False, **more: Any) -> None:
        """The one who filed, the enterprise's owners, and who wrote here last."""
        if digest and not self._is_time(thread, Side.APPLICANT):
            return
        thread.applicant_told_at = self.now
        last = thread.messages.filter(side=Side.APPLICANT).select_related("author").order_by("-pk").first()
        people = [self.application.applicant, *([last.author] if last else [])]
        readers = [choosing.reader(each) for each in people if each.is_active and _still(each, self.application)]
        if self.application.enterprise_id:
            readers += told.owners_of(self.application.enterprise_id)
        path = f"{self.application.get_absolute_url()}messages/"
        params = guidance.params(self.application, path, office=thread.department.names, **more)
        outbox.write(outbox.compose(event, readers, kind, params))

    def _is_time(self, thread: Thread, side: Side) -> bool:
        """At most one notice an hour while the side hasn't read what it was told of."""
        told_at: datetime | None = getattr(thread, UNREAD[side])
        if told_at is None or self.now - told_at >= guidance.TOLD_AGAIN:
            return True
        return not thread.messages.exclude(side=side).filter(read_at=None, at__lt=self.now).exists()


def _still(user: User, application: Application) -> bool:
    """Whether they may read it: who left the enterprise is told no more."""
    return application.enterprise_id is None or policy.is_member(user, application)


@contextmanager
def on_thread(application_id: int, *, by: User, doing: str, now: datetime | None = None) -> Iterator[Turn]:
    """A step of a thread: one transaction, the application's row locked first. A refusal by a rule is an event of its own."""
    at = now or timezone.now()

    def stream() -> str:
        return guidance.stream_of(locked(application_id))

    role = "official" if by.is_staff else APPLICANT_ROLE
    with refusals_on_record(stream, by, doing=doing, now=at, role=role), transaction.atomic():
        application = locked(application_id)
        thread = Thread.objects.select_related("department", "claimed_by").filter(pk=application.pk).first()
        if thread:
            thread.application = application
        yield Turn(application, thread, at, by)


def locked(application_id: int) -> Application:
    """The application, its row locked: before anything of its thread is read."""
    rows = Application.objects.select_related("version", "enterprise", "applicant").defer(
        "version__source", "left_over"
    )
    return rows.select_for_update(of=("self",)).get(pk=application_id)


def checked(text: str) -> str:
    """The words as they are kept. Raise ``ReasonNeeded``, ``NotSensible``."""
    text = text.replace("\r\n", "\n").strip()
    if not text:
        raise ReasonNeeded(_("Write something first."))
    if len(text) > guidance.LONGEST:
        raise NotSensible(_("At most %(n)d characters: please write in two messages.") % {"n": guidance.LONGEST})
    return text
