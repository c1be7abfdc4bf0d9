"""No stage has more time than what is left of the promise: it doesn't pass unseen while each stage is on time."""

from __future__ import annotations

from datetime import timedelta

import pytest

from permits.models import Status
from reviews import clock, limits, workflow
from reviews.models import Notice
from tests.cast import task_of
from tests.reviews.situations import fresh
from tests.reviews.steps import TUESDAY, accepted, countersigned, edition, say, submitted
from tests.reviews.test_recounting import WEDNESDAY, load

pytestmark = pytest.mark.django_db
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def returned_once(cast):
    """Every stage decides within its hour; with the return, the three hours of the promise are nearly over."""
    application = submitted(cast)
    for office, who, what, at, more in (
        ("street", cast.street, "accept", 55, {}),
        ("health", cast.health, "agree", 100, {}), ("industry", cast.industry, "agree", 100, {}),
        ("bureau", cast.decider, "return", 145, {"reason": "请再议", "to_stage": "countersign"}),
        ("health", cast.health, "agree", 265, {}), ("industry", cast.industry, "agree", 265, {}),  # 13:55
    ):  # fmt: skip
        say(application, office, who, what, now=TUESDAY + at * MINUTE, **more)
    return fresh(application)


def test_a_promise_that_ends_is_escalated_though_each_stage_was_on_time(cast):
    application = returned_once(cast)
    assert task_of(application, "bureau").due_at == application.due_at
    assert limits.keep(application.due_at - MINUTE)["escalated"] == 0
    assert limits.keep(application.due_at)["escalated"] == 1
    assert Notice.objects.filter(kind="overdue", recipient=cast.supervisor).exists()


def test_after_the_promise_a_stage_has_its_own_time(cast):
    application = countersigned(cast)
    late = application.due_at + HOUR
    say(application, "bureau", cast.decider, "return", reason="请再议", to_stage="countersign", now=late)
    own = clock.due(late, clock.Limit(1, "h"), clock.WorkCalendar())
    assert task_of(application, "health").due_at == own


def test_a_department_is_not_deemed_to_agree_before_its_own_time_is_over(cast):
    edition(countersign='limit = "2d"\nsilence = "agrees"')
    application = accepted(cast)
    task = task_of(application, "health")
    own = clock.due(TUESDAY, clock.Limit(2, "d"), clock.WorkCalendar())
    assert (task.due_at, task.silent_at) == (application.due_at, own)
    done = limits.keep(task.due_at)
    assert (done["escalated"], done["deemed_agreed"]) == (2, 0)
    assert limits.keep(own)["deemed_agreed"] == 2
    assert fresh(application).stage == "decision"


@pytest.mark.parametrize("day_off", [False, True])
def test_a_special_procedure_leaves_the_task_as_much_as_the_promise(cast, day_off):
    """Also where a day off is loaded meanwhile, and the times are counted again."""
    edition(countersign='limit = "9d"\nsilence = "agrees"', limits='promised = "2d"')
    application = accepted(cast)
    task = task_of(application, "health")
    workflow.suspend(task.pk, official=cast.health, kind="experts", reason="评审", now=TUESDAY + HOUR)
    if day_off:
        load(WEDNESDAY)
        workflow.recompute_due_times(application.pk, now=TUESDAY + HOUR)
    workflow.resume(application.pk, official=cast.health, now=TUESDAY + timedelta(days=6))
    application = fresh(application)
    task.refresh_from_db()
    assert task.due_at == application.due_at and application.status == Status.IN_REVIEW
    assert task.silent_at > task.due_at


def test_a_task_that_is_due_with_the_promise_moves_with_it(cast):
    edition(countersign='limit = "2d"', limits='promised = "9h"')
    application = accepted(cast)
    calendar = load(WEDNESDAY)
    workflow.recompute_due_times(application.pk, now=TUESDAY)
    due = clock.due(TUESDAY, clock.Limit(9, "h"), calendar)
    assert task_of(application, "health").due_at == fresh(application).due_at == due
