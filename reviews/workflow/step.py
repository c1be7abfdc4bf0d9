"""What every step is made of: the lock it begins with, the moves it makes, and one writing of it all at the end."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from permits.definition_process import Stage
from permits.forms import values_of
from permits.models import Application, Material, Status, User
from permits.ready import Ready, insert, update
from permits.together import together
from reviews import calendars, clock, lifecycle, policy, routing, told
from reviews.audit import log
from reviews.models import CorrectionNotice, Decision, Department, Event, Pause, Task
from reviews.notices import outbox
from reviews.workflow.errors import AlreadyDecided

APPLICANT_ROLE = "applicant"
SYSTEM_ROLE = "system"
HALF, MOST = 50, 80  # per cent of its time after which a task's holder is reminded
WRITTEN = (
    "status", "stage", "round", "number", "region", "industry", "submitted_at", "accepted_at", "due_at",
    "statutory_due_at", "closed_at", "extended_at", "last_seq", "last_hash", "updated_at",
)  # fmt: skip
ENDED = ("state", "closed_at", "claimed_by", "claimed_at", "lease_until", "remind_at", "silent_at")


class Step:
    """One step under way. It holds its application locked; what it says is written by ``finish``, or not at all."""

    def __init__(self, application: Application, now: datetime) -> None:
        self.application = application
        self.now = now
        self.actor: User | None = None
        self.role = SYSTEM_ROLE
        self.on_record: Mapping[str, bool] = {}
        self._task: Task | None = None
        self._entries: list[log.Entry] = []
        self._messages: list[told.Message] = []
        self._also: tuple[str, ...] = ()

    def by(self, actor: User, role: str | policy.Post) -> None:
        """Who takes the step, and as what."""
        self.actor = actor
        self.role = role if isinstance(role, str) else role.words
        self.on_record = {} if isinstance(role, str) else role.on_record

    @property
    def task(self) -> Task:
        if self._task is None:
            raise LookupError("this step is about an application, not about one task")
        return self._task

    @cached_property
    def calendar(self) -> clock.WorkCalendar:
        """The one that the application is counted with; a draft is counted with none yet."""
        draft = self.application.status == Status.DRAFT
        return calendars.current() if draft else calendars.of(self.application.calendar)

    @property
    def stage(self) -> Stage:
        stage = self.application.definition.stage(self.application.stage)
        if stage is None:
            raise LookupError(
                f"{self.application} stands at '{self.application.stage}', which its edition doesn't have"
            )
        return stage

    @property
    def stage_kind(self) -> str:
        return self.stage.kind if self.application.stage else "none"

    def limit(self, text: str, start: datetime | None = None) -> datetime:
        return clock.due(start or self.now, clock.Limit.parse(text), self.calendar)

    @property
    def lease_end(self) -> datetime:
        """Until when a task that is taken in hand now is left alone."""
        return self.limit(self.application.definition.limits.claim)

    def stage_due(self, stage: Stage) -> datetime:
        """By when a task of the stage that is opened now is due: by the stage's own limit, and not after the promise.

        A promise that is past already gives nobody a time: there the stage has its own.
        """
        promised = self.application.due_at or self.now
        if not stage.limit:
            return promised
        own = self.limit(stage.limit)
        return min(own, promised) if promised > self.now else own

    def time_left(self) -> dict[str, int]:
        """What is left of both time limits now, in seconds of working time: kept while the clock stands still."""
        application = self.application
        return {
            "promised_left": _working_seconds(self.now, application.due_at, self.calendar),
            "statutory_left": _working_seconds(self.now, application.statutory_due_at, self.calendar),
        }

    def clock_goes_on(self, kept: CorrectionNotice | Pause) -> None:
        """Both time limits go on with what ``time_left`` gave when the clock stopped."""
        for limit, seconds in (("due_at", kept.promised_left), ("statutory_due_at", kept.statutory_left)):
            setattr(
                self.application, limit, clock.add_working_time(self.now, timedelta(seconds=seconds), self.calendar)
            )

    # --- the record -------------------------------------------------------------------------------------------------

    def record(
        self, action: str, *, before: str = "", after: str = "", reason: str = "", data: dict[str, Any] | None = None,
        by_system: bool = False, anonymous: bool = False,
    ) -> Event:  # fmt: skip
        application = self.application
        entry = log.compose(
            action=action, actor=None if by_system or anonymous else self.actor,
            role=SYSTEM_ROLE if by_system else self.role, at=self.now, stream=log.stream_of(application),
            seq=application.last_seq + 1, prev_hash=application.last_hash, application=application, before=before,
            after=after, reason=reason, data=data,
        )  # fmt: skip
        application.last_seq, application.last_hash = entry.event.seq, entry.event.hash
        self._entries.append(entry)
        return entry.event

    def move(
        self, row: lifecycle.Transition, action: str, *, reason: str = "", data: dict[str, Any] | None = None
    ) -> Event:
        """Move the application along a row of the table, and record it."""
        before, self.application.status = self.application.status, row.target
        return self.record(action, before=before, after=row.target, reason=reason, data=data)

    def write(self, *names: str) -> None:
        """Columns of the application that this step changes besides those that any step may change."""
        self._also += names

    def answers_sealed(self) -> dict[str, Any]:
        """For the event by which the answers are sent: their digest and the files', so that an edit behind the log's back
        shows."""
        application = self.application
        application.answers_salt = secrets.token_hex(16)
        self.write("answers", "answers_salt")
        return {
            "answers": log.answers_digest(application.answers_salt, application.answers),
            "files": self.files_sealed(application.materials.current()),
        }

    def files_sealed(self, files: Iterable[Material]) -> list[str]:
        """Their digests, salted as those of the answers are."""
        return sorted({log.digest(self.application.answers_salt, file.sha256) for file in files})

    def tell(self, messages: Iterable[told.Message]) -> None:
        self._messages.extend(messages)

    def finish(self) -> None:
        """Write the application, the events and the notices. Nothing was said: nothing is written."""
        if not self._entries:
            return
        self.application.updated_at = self.now
        update(self.application, (*WRITTEN, *self._also))
        log.write(self._entries)
        if self._messages:
            outbox.write(told.letters(self._messages))

    # --- tasks ------------------------------------------------------------------------------------------------------

    def end_task(self, task: Task, state: str) -> None:
        # Two machines' clocks may be apart: a task is never closed before it was opened.
        task.state, task.closed_at = state, max(self.now, task.opened_at)
        task.lease_until = task.remind_at = task.silent_at = None
        update(task, ENDED)

    def cancel_tasks(self, **which: Any) -> None:
        """End what is open and isn't needed any more."""
        for task in self.application.tasks.open().filter(**which):
            self.end_task(task, Task.State.CANCELLED)

    def close(self) -> None:
        self.application.closed_at = self.now

    def open_stage(self, stage: Stage, *, returned: bool = False) -> None:
        application = self.application
        values = values_of(application.definition, application.answers)
        offices = routing.departments_for(stage, region=application.region, values=values)
        before, application.stage = application.stage, stage.key
        if before:
            self.record(
                "stage_opened", before=before, after=stage.key, by_system=True,
                data={"departments": [office.kind for office in offices]},
            )  # fmt: skip
        due = self.stage_due(stage)
        tasks = [self.new_task(stage.key, stage.kind, office, due) for office in offices]
        for task in tasks:
            task.returned = returned
            if stage.silence == "agrees" and stage.limit:  # what silence means comes by the stage's limit, never sooner
                task.silent_at = self.limit(stage.limit)
        self.open_tasks(tasks)

    def next_stage(self) -> None:
        following = self.application.definition.stage_after(self.application.stage)
        if following is None:
            raise LookupError(f"{self.application}: nothing follows '{self.application.stage}'")
        self.open_stage(following)

    def new_task(self, stage: str, kind: str, department: Department, due: datetime) -> Task:
        """A task that ``open_tasks`` is going to write."""
        # However long the office gives itself for a pre-check: by law its silence accepts after the time for that.
        acceptance = self.application.definition.limits.acceptance if kind == "precheck" else ""
        return Task(
            application=self.application, stage=stage, kind=kind, department=department, opened_at=self.now, due_at=due,
            remind_at=at_share(self.now, due, HALF, self.calendar), round=self.application.round,
            silent_at=self.limit(acceptance) if acceptance else None,
        )  # fmt: skip

    def open_tasks(self, tasks: list[Task]) -> None:
        """Write new tasks, and tell their departments with the words of the last event."""
        insert(tasks)
        self.tell(told.departments(self._entries[-1].event, tasks))


def at_share(start: datetime, due: datetime, per_cent: int, calendar: clock.WorkCalendar) -> datetime:
    """When so much of the working time from ``start`` to ``due`` is gone."""
    whole = clock.working_time_between(start, due, calendar)
    return clock.add_working_time(start, whole * per_cent / 100, calendar)


def latest(first: datetime, *others: datetime | None) -> datetime:
    """The latest of these times; what didn't happen is left out."""
    return max(first, *(at for at in others if at)) if any(others) else first


def next_share(reminded: int) -> int | None:
    """The per cent of its time at the next reminder, after the last was at ``reminded``."""
    return {0: HALF, HALF: MOST}.get(reminded)


def _working_seconds(start: datetime, end: datetime | None, calendar: clock.WorkCalendar) -> int:
    """The working time from ``start`` to ``end``; none when there is no end or it is past."""
    return calendars.seconds(clock.working_time_between(start, end, calendar)) if end else 0


@contextmanager
def on_application(application_id: int, *, doing: str, now: datetime | None = None) -> Iterator[Step]:
    """A step on an application: one transaction, its row locked first. A refusal by a rule is an event of its own."""
    with _step(lambda at: Step(_locked(application_id), at), doing, now) as step:
        yield step


@contextmanager
def on_task(task_id: int, *, doing: str, now: datetime | None = None) -> Iterator[Step]:
    """A step on a task, as it is once its application's row is locked."""
    with _step(lambda at: _on_locked(task_id, at), doing, now) as step:
        yield step


@contextmanager
def _step(begin: Callable[[datetime], Step], doing: str, now: datetime | None) -> Iterator[Step]:
    step: Step | None = None
    try:
        with transaction.atomic(), together():
            step = begin(now or timezone.now())
            yield step
            step.finish()
    except policy.Refused as refusal:
        if step is not None:
            _record_refusal(step.application.pk, refusal, doing, now or timezone.now())
        raise


def _locked(application_id: int) -> Application:
    """The application, with its row locked until the transaction ends: every step begins here."""
    # Whoever waited while a draft was carried to another edition finds none: PostgreSQL looks at the earlier edition's row.
    found: list[Application] = _application(application=application_id) or _application(application=application_id)
    if not found:
        raise Application.DoesNotExist(f"there is no application {application_id}")
    return found[0]


def _on_locked(task_id: int, now: datetime) -> Step:
    """The same for a task. Both rows are locked, so both are as they are once nobody else has them."""
    found: list[Task] = _task(task=task_id)
    if not found:
        raise Task.DoesNotExist(f"there is no task {task_id}")
    step = Step(found[0].application, now)
    step._task = found[0]
    return step


@Ready
def _application(*, application: int) -> QuerySet[Application]:
    rows = Application.objects.select_related("version", "enterprise", "applicant")
    rows = rows.defer("version__source", "version__document", "left_over")
    return rows.filter(pk=application).select_for_update(of=("self",))


@Ready
def _task(*, task: int) -> QuerySet[Task]:
    """PostgreSQL locks in the order of ``of``: the application goes first, in every step."""
    rows = Task.objects.select_related(
        "application__version", "application__enterprise", "application__applicant", "department"
    ).defer(
        "application__version__source", "application__version__document", "application__left_over",
        # Encrypted, and nothing that is done with a task looks at them.
        "application__applicant__mobile", "application__enterprise__legal_id_number",
        "application__enterprise__legal_mobile",
    )  # fmt: skip
    return rows.filter(pk=task).select_for_update(of=("application", "self"))


def _record_refusal(application_id: int, refusal: policy.Refused, doing: str, now: datetime) -> None:
    """Who tried what, and which rule stood against it; said once, however often it is tried in a row."""
    if refusal.user is None or refusal.user.pk is None:  # nobody is signed in: there is nobody to name
        return
    with transaction.atomic():
        step = Step(_locked(application_id), now)
        step.by(refusal.user, "official" if refusal.user.is_staff else APPLICANT_ROLE)
        data = {"rule": refusal.rule, "step": doing}
        if log.was_refused_just_now(log.stream_of(step.application), refusal.user, data):
            return
        step.record("refused", data=data)
        step.finish()


def check_open(task: Task) -> None:
    if task.state != Task.State.OPEN:
        raise AlreadyDecided(task, Decision.objects.filter(task=task).select_related("official").first())
