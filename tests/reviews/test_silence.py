"""逾期不告知即为受理: by law, what nobody pre-checks in time counts as accepted, whatever time the office gives itself."""

from __future__ import annotations

from datetime import timedelta

import pytest

from permits.models import Application, Status
from reviews import clock, limits, workflow
from reviews.models import Task
from tests.cast import filled, task_of
from tests.reviews.situations import answer, fresh, to_correct
from tests.reviews.steps import TUESDAY, edition, submitted

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)
LATER = TUESDAY + timedelta(days=3)  # Friday


def silent_from(start=TUESDAY):
    return clock.due(start, clock.Limit(5, "d"), clock.WorkCalendar())


def with_much_time(cast) -> Application:
    edition(precheck='limit = "20d"', limits='promised = "30d"\nstatutory = "30d"')
    return submitted(cast)


def test_a_pre_check_with_more_time_than_the_law_gives_it_is_accepted_by_silence_in_time(cast):
    application = with_much_time(cast)
    assert limits.keep(silent_from() - SECOND)["deemed_accepted"] == 0
    assert limits.keep(silent_from())["deemed_accepted"] == 1
    application = fresh(application)
    assert application.status == Status.IN_REVIEW and application.accepted_at == TUESDAY


def test_pre_checks_that_are_only_overdue_keep_no_other_from_being_accepted(cast, monkeypatch):
    monkeypatch.setattr(limits, "BATCH", 1)
    waits = with_much_time(cast)
    edition(precheck='limit = "1h"')
    overdue = workflow.submit(filled(cast).pk, applicant=cast.owner, now=LATER)
    assert task_of(overdue, "street").due_at < silent_from() < task_of(waits, "street").due_at
    assert limits.keep(silent_from())["deemed_accepted"] == 1
    assert (fresh(waits).status, fresh(overdue).status) == (Status.IN_REVIEW, Status.SUBMITTED)


def test_answered_corrections_give_the_office_that_time_anew(cast):
    application = to_correct(cast)
    answer(application, cast.owner)
    assert task_of(application, "street").silent_at == silent_from()
    assert limits.keep(silent_from())["deemed_accepted"] == 1


def test_one_that_was_opened_before_it_had_that_time_is_accepted_all_the_same(cast):
    application = with_much_time(cast)
    Task.objects.filter(application=application).update(silent_at=None)
    assert limits.keep(LATER)["deemed_accepted"] == 0
    assert task_of(application, "street").silent_at == silent_from()
    assert limits.keep(silent_from())["deemed_accepted"] == 1


def test_no_other_stage_has_it(cast):
    application = with_much_time(cast)
    limits.keep(silent_from())
    assert set(application.tasks.open().values_list("kind", "silent_at")) == {("countersign", None)}
