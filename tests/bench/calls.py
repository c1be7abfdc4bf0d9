"""What a client process can be told to call: one step, or one whole flow, for each argument."""

from __future__ import annotations

from functools import cache
from typing import Any

from permits.models import User
from reviews import workflow
from reviews.audit import log
from reviews.models import Event, Task


@cache
def _user(pk: int) -> User:
    return User.objects.get(pk=pk)


def decide(argument: list) -> None:
    task, official, outcome = argument
    workflow.decide(task, official=_user(official), outcome=outcome)


def whole(argument: list) -> None:
    """A draft is sent, accepted by the street office, approved by the bureau."""
    draft, applicant, street, decider = argument
    workflow.submit(draft, applicant=_user(applicant))
    for stage, official, outcome in (("precheck", street, "accept"), ("decision", decider, "approve")):
        task = Task.objects.values_list("pk", flat=True).get(application=draft, stage=stage)
        workflow.decide(task, official=_user(official), outcome=outcome)


def decide_without_log(argument: list) -> None:
    """The same step with the audit log off: no canonical JSON, no hash, no row. The notices hang on events that were there
    before, two for each decision."""
    task, official, outcome, *events = argument
    spare = iter(events)

    def nothing(*, prev_hash: str, reason: str = "", data: Any = None, **columns: Any) -> log.Entry:
        return log.Entry(Event(pk=next(spare), **columns), None)

    compose, write = log.compose, log.write
    log.compose, log.write = nothing, lambda _entries: None  # type: ignore[assignment]
    try:
        workflow.decide(task, official=_user(official), outcome=outcome)
    finally:
        log.compose, log.write = compose, write
