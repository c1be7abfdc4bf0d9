"""The morning's summary: one a working day, to those who have something to see to."""

from __future__ import annotations

from datetime import datetime, timedelta
from threading import Thread

import pytest
from django.db import connection

from permits.models import Application
from reviews import clock, digest
from reviews.models import CalendarDay, Event, Notice, Task
from reviews.notices import texts
from tests.cast import post
from tests.reviews.many import tasks_at_decision

pytestmark = pytest.mark.django_db
MORNING = datetime(2026, 11, 24, 8, 40, tzinfo=clock.SHANGHAI)  # a Tuesday


def people() -> set[str]:
    return set(Notice.objects.filter(kind="digest").values_list("recipient__name", flat=True))


def params_of(name: str) -> dict:
    return Notice.objects.get(kind="digest", recipient__name=name, channel="inbox").params


@pytest.fixture
def busy(cast):
    """At the bureau: one overdue and claimed by the decider, one due today and nobody's, one of another day and nobody's,
    one due today and a colleague's, one overdue that a special procedure stops."""
    post("partner", "bureau")
    hours = (-20, 4, 30, 5, -20)
    tasks = tasks_at_decision(cast, 5, due=lambda i: MORNING + timedelta(hours=hours[i]))
    opened = MORNING - timedelta(days=3)
    Task.objects.update(opened_at=opened)
    colleague = post("chen", "bureau")
    Task.objects.filter(pk=tasks[0].pk).update(claimed_by=cast.decider)
    Task.objects.filter(pk=tasks[3].pk).update(claimed_by=colleague)
    Application.objects.filter(pk=tasks[4].application_id).update(status="suspended")
    return tasks


def test_everybody_is_told_what_is_theirs(cast, busy):
    assert digest.send_due(MORNING) == 4
    assert people() == {"decider", "supervisor", "partner", "chen"}, "nobody of an office with nothing open"
    mine = params_of("decider")
    assert (mine["today"], mine["overdue"], mine["unclaimed"]) == (1, 1, 2)
    assert [item["number"] for item in mine["items"]] == [busy[0].application.number, busy[1].application.number]
    head = params_of("supervisor")
    assert (head["today"], head["overdue"], head["unclaimed"]) == (2, 1, 2)
    other = params_of("partner")
    assert (other["today"], other["overdue"], other["unclaimed"]) == (1, 0, 2)
    message = texts.render(Notice.objects.get(kind="digest", recipient=cast.decider, channel="email"))
    assert message.subject == "今日待办 2026-11-24：今日到期1件，超期1件，待领取2件"
    assert "1. 360924-" in message.body and "2026-11-23 12:40 到期" in message.body


def test_it_comes_once_a_day_and_again_the_next(cast, busy):
    assert digest.send_due(MORNING) and not digest.send_due(MORNING) and not digest.send_due(MORNING.replace(hour=9))
    assert Notice.objects.filter(kind="digest", recipient=cast.decider).count() == 2  # inbox and e-mail
    assert digest.send_due(MORNING + timedelta(days=1))
    assert list(Event.objects.filter(action="digest_sent").values_list("stream", "seq")) == [
        ("digest:2026-11-24", 1), ("digest:2026-11-25", 1),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "at", [MORNING.replace(hour=8, minute=20), MORNING.replace(hour=12), MORNING - timedelta(days=2)]
)
def test_neither_at_night_nor_in_the_afternoon_nor_on_a_sunday(cast, busy, at):
    assert digest.send_due(at) == 0 and not Event.objects.filter(action="digest_sent").exists()


def test_the_offices_calendar_decides_what_a_working_day_is(cast, busy):
    CalendarDay.objects.create(date=MORNING.date(), working=False)
    assert digest.send_due(MORNING) == 0
    CalendarDay.objects.create(date=MORNING.date() - timedelta(days=2), working=True)
    assert digest.send_due(MORNING - timedelta(days=2))


def test_it_can_be_turned_off_or_be_left_to_the_inbox(cast, busy):
    cast.decider.notice_choices = {"digest": {"inbox": False, "email": False}}
    cast.supervisor.notice_choices = {"digest": {"email": False}}
    for user in (cast.decider, cast.supervisor):
        user.save()
    assert digest.send_due(MORNING) == 3 and "decider" not in people()
    assert [each.channel for each in Notice.objects.filter(recipient=cast.supervisor)] == ["inbox"]


def test_nothing_is_sent_when_there_is_nothing(cast):
    assert digest.send_due(MORNING) == 0
    assert not Notice.objects.exists()


def test_it_asks_as_many_questions_for_many_officials_as_for_few(cast, busy, django_assert_max_num_queries):
    for n in range(12):
        post(f"more{n}", "bureau")
    tasks_at_decision(cast, 20, due=lambda i: MORNING + timedelta(hours=1), first=100)
    with django_assert_max_num_queries(16):
        assert digest.send_due(MORNING) == 16


@pytest.mark.production
@pytest.mark.django_db(transaction=True)
def test_two_at_the_same_moment_send_one(cast, busy):
    told = []

    def run():
        try:
            told.append(digest.send_due(MORNING))
        finally:
            connection.close()

    threads = [Thread(target=run) for _each in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == [0, 0, 0, 4]
    assert Notice.objects.filter(kind="digest", recipient=cast.decider).count() == 2
    assert Event.objects.filter(action="digest_sent").count() == 1
