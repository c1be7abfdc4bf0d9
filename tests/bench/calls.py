"""What a client process can be told to call: one step, or one whole flow, for each argument."""

from __future__ import annotations

from functools import cache

from permits.models import User
from reviews import workflow


@cache
def _user(pk: int) -> User:
    return User.objects.get(pk=pk)


def decide(argument: list) -> None:
    task, official, outcome = argument
    workflow.decide(task, official=_user(official), outcome=outcome)
