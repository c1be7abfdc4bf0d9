"""kill -9 in the middle of a step: before it or after it, never between. Each statement of each step is a place to die.

A forked process takes the step and kills itself with SIGKILL before its n-th statement, for n = 1, 2, 3 … until a
process lives to the end. Nothing of the portal is replaced; the database is the real one.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from permits.models import Application, Permit, Promise
from reviews.audit import log
from reviews.lifecycle import TRANSITIONS, By
from reviews.models import Advice, CorrectionNotice, Decision, Event, EventNote, Notice, Objection, Pause, Task
from tests.cast import post
from tests.faults.killing import killed_before
from tests.reviews.situations import Situation, arrange, overdue, take, time_brings

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.fault]
STEPS = list(dict.fromkeys(row.action for row in TRANSITIONS))
TABLES = [Application, Task, Decision, Event, EventNote, Notice, CorrectionNotice, Pause, Objection, Advice, Permit,
          Promise]  # fmt: skip
UNTOLD = {"agree", "disagree", "confirm", "acknowledge"}  # others are told of these by what follows, or need not be


def everything() -> list[Any]:
    """All that a step could have written."""
    return [list(table.objects.order_by("pk").values()) for table in TABLES]


@pytest.mark.parametrize("action", STEPS)
def test_a_step_that_is_killed_leaves_what_was_before_or_what_comes_after(cast, action):
    row = next(row for row in TRANSITIONS if row.action == action)
    if row.by == By.SYSTEM:
        application = overdue(action, cast)
        step: partial[Any] = partial(time_brings, action, application)
    else:
        there = arrange(row, cast)
        application, who = there.application, cast.owner if row.by == By.APPLICANT else _one_of(there)
        step = partial(take, row, there, who)
    before = everything()
    places = 0
    while killed_before(places + 1, step):
        places += 1
        assert everything() == before, f"killed before statement {places + 1}: something of it stayed"
        assert places < 100
    assert places >= 5, "fewer statements than a step can have"
    application = Application.objects.get(pk=application.pk)
    assert application.status == row.target
    assert log.first_broken_link(log.stream_of(application)) is None
    last = application.events.order_by("seq").last()
    assert (application.last_seq, application.last_hash) == (last.seq, last.hash)
    told = Notice.objects.filter(application=application).count() > len(before[TABLES.index(Notice)])
    assert told or action in UNTOLD, "somebody is told of it, in the same transaction"


def _one_of(there: Situation) -> Any:
    assert there.task is not None
    return post("fresh", there.task.department.kind)
