"""What a client process can be told to call: one step, or one whole flow, for each argument."""

from __future__ import annotations

from functools import cache

from permits.models import User
from reviews import workflow
from reviews.models import Task


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
