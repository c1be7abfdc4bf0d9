"""One flow from start to end, each step in a transaction of its own: what viewflow's views do, without the pages."""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace

from permits.models import User
from tests.bench.approval.flows import TwoStages
from tests.bench.approval.models import Filing


@cache
def _user(pk: int) -> User:
    return User.objects.get(pk=pk)


def whole(argument: list) -> None:
    answers, street, decider = argument
    process = TwoStages.start.run(answers=answers)
    _decide(process, TwoStages.precheck, _user(street), "accepted")
    _decide(process, TwoStages.decision, _user(decider), "approved")


def _decide(process: Filing, stage, official: User, outcome: str) -> None:
    task = TwoStages.task_class.objects.get(process=process, flow_task=stage)
    with task.activation() as activation:
        activation.assign(official)
        activation.start(SimpleNamespace(user=official))
        setattr(activation.process, outcome, True)
        activation.process.reason = ""
        activation.process.save()  # as UpdateProcessView saves its form
        activation.execute()
