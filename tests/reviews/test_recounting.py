"""The working calendar changed: what is due is counted again, on record, and told to whom it was promised."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from permits.models import Application, Status
from portal.management.commands import doctor
from reviews import calendars, clock, workflow
from reviews.audit import log
from reviews.models import CalendarDay, CorrectionNotice, Notice
from tests.cast import filled, person, task_of
from tests.reviews.situations import fresh, rejected, to_correct
from tests.reviews.steps import TUESDAY, actions, say
from tests.reviews.test_pauses import HOUR, paused
from tests.reviews.test_promises import owing, to_the_bureau

pytestmark = pytest.mark.django_db
WEDNESDAY, SATURDAY = date(2026, 11, 25), date(2026, 11, 28)
AFTERNOON = TUESDAY + 7 * HOUR  # 16:30


def load(*days: date, working: bool = False) -> clock.WorkCalendar:
    """Operators load these days as off, or as worked; the calendar that is in force then."""
    calendars.load([{"date": day, "working": working, "note": "临时调整"} for day in days])
    return calendars.current()


def due(limit: str, calendar: clock.WorkCalendar, start: datetime = AFTERNOON) -> datetime:
    return clock.due(start, clock.Limit.parse(limit), calendar)


def sent(cast, at: datetime = AFTERNOON) -> Application:
    return workflow.submit(filled(cast).pk, applicant=cast.owner, now=at)


def test_it_stays_on_the_calendar_it_was_sent_under_until_it_is_carried_over(cast):
    application = sent(cast)
    load(WEDNESDAY)
    say(application, "street", cast.street, "accept", now=AFTERNOON)
    assert fresh(application).due_at == due("3h", clock.WorkCalendar())
    assert task_of(application, "health").due_at == due("1h", clock.WorkCalendar())
    assert sent(cast).due_at == due("3h", calendars.current()), "what is sent now is counted with it"


def test_a_new_day_off_moves_what_is_due_after_it(cast):
    application = sent(cast)
    calendar = load(WEDNESDAY)
    moved = workflow.recompute_due_times(application.pk, now=AFTERNOON)
    application = fresh(application)
    assert application.due_at == due("3h", calendar) == datetime(2026, 11, 26, 11, tzinfo=clock.SHANGHAI)
    assert application.statutory_due_at == due("5d", calendar)
    assert set(moved) == {"due_at", "statutory_due_at", "silence:precheck@street"}, "the task was due before"
    task = task_of(application, "street")
    assert (task.due_at, task.silent_at) == (due("1h", calendar), due("5d", calendar))


def test_it_is_one_event_told_to_the_applicant_and_a_second_time_nothing(cast):
    application = sent(cast)
    load(WEDNESDAY)
    for _twice in range(2):
        workflow.recompute_due_times(application.pk, now=AFTERNOON)
    application = fresh(application)
    assert actions(application).count("due_times_recomputed") == 1
    assert log.first_broken_link(log.stream_of(application)) is None
    (mail,) = Notice.objects.filter(kind="due_times_recomputed", recipient=cast.owner, channel="email")
    assert mail.params["until_at"] == application.due_at.isoformat()


@given(
    start=st.datetimes(datetime(2026, 11, 24), datetime(2026, 12, 20)).map(
        lambda at: at.replace(tzinfo=clock.SHANGHAI)
    ),
    changed=st.dictionaries(st.dates(date(2026, 11, 23), date(2027, 1, 31)), st.booleans(), max_size=8),
    limit=st.sampled_from(["1h", "3h", "9h", "1d", "5d", "20d"]),
)
def test_carried_over_is_as_if_it_had_been_counted_so_from_the_beginning(start, changed, limit):
    earlier, calendar = clock.WorkCalendar(), clock.WorkCalendar(changed)
    since = clock.end_of_day(start) if limit.endswith("d") else start
    carried = clock.carried_over(due(limit, earlier, start), since, earlier, calendar)
    assert carried == due(limit, calendar, start)


def test_a_task_and_its_reminders_and_its_silence_go_with_it(cast):
    application = sent(cast, AFTERNOON + HOUR * 0.75)  # 17:15: its hour ends tomorrow
    task = task_of(application, "street")
    type(task).objects.filter(pk=task.pk).update(escalated_at=AFTERNOON)
    calendar = load(WEDNESDAY)
    workflow.recompute_due_times(application.pk, now=AFTERNOON + HOUR)
    task.refresh_from_db()
    assert task.due_at == datetime(2026, 11, 26, 9, 45, tzinfo=clock.SHANGHAI)
    assert task.silent_at == due("5d", calendar, task.opened_at)
    assert task.remind_at == clock.add_working_time(task.opened_at, HOUR / 2, calendar)
    assert task.escalated_at is None, "it is not overdue any more"


def test_what_was_left_when_the_clock_stopped_is_counted_on_by_the_new_calendar(cast):
    application = paused(cast)
    resumed = TUESDAY + 7.5 * HOUR  # 17:00
    workflow.resume(application.pk, official=cast.decider, now=resumed)
    before = fresh(application)
    left = clock.working_time_between(resumed, before.due_at, clock.WorkCalendar())
    calendar = load(WEDNESDAY)
    workflow.recompute_due_times(application.pk, now=resumed)
    assert clock.working_time_between(resumed, fresh(application).due_at, calendar) == left
    assert fresh(application).due_at.astimezone(clock.SHANGHAI).day == 26


def test_while_the_clock_stands_still_only_the_applicants_own_time_moves(cast):
    application = to_correct(cast)
    notice = CorrectionNotice.objects.get(application=application)
    was = notice.deadline
    load(WEDNESDAY)
    assert set(workflow.recompute_due_times(application.pk, now=TUESDAY)) == {"corrections"}
    notice.refresh_from_db()
    assert notice.deadline > was and fresh(application).due_at == application.due_at
    assert Notice.objects.filter(kind="due_times_recomputed", recipient=cast.owner, channel="email").count() == 1


def test_nothing_moves_of_what_was_asked_or_owed_when_it_is_over(cast):
    application = to_correct(cast)
    workflow.withdraw(application.pk, applicant=cast.owner, now=TUESDAY)
    owed = owing(cast)
    workflow.withdraw(owed.pk, applicant=cast.owner, now=TUESDAY)
    before = CorrectionNotice.objects.get(application=application).deadline, owed.promises.get().due_at
    load(WEDNESDAY)
    for over in (application, owed):
        assert workflow.recompute_due_times(over.pk, now=TUESDAY) == {}
    assert (CorrectionNotice.objects.get(application=application).deadline, owed.promises.get().due_at) == before
    assert not Notice.objects.filter(kind="due_times_recomputed").exists()


def test_what_is_owed_moves_while_an_objection_is_looked_at(cast):
    application = owing(cast)
    to_the_bureau(application, cast)
    say(application, "bureau", cast.decider, "reject", reason="通风不达标")
    workflow.object_to(application.pk, applicant=cast.owner, text="已整改", now=TUESDAY)
    load(WEDNESDAY)
    assert "owed:canteen_plan" in workflow.recompute_due_times(application.pk, now=TUESDAY)


def test_an_applicant_never_gets_less_time_than_was_said(cast):
    application = to_correct(cast)
    was = CorrectionNotice.objects.get(application=application).deadline
    load(SATURDAY, working=True)
    assert workflow.recompute_due_times(application.pk, now=TUESDAY) == {}
    assert CorrectionNotice.objects.get(application=application).deadline == was


def test_a_closed_one_is_carried_over_without_an_event(cast):
    application = rejected(cast)
    load(WEDNESDAY)
    before = actions(application)
    assert workflow.recompute_due_times(application.pk, now=TUESDAY) == {}
    assert actions(application) == before
    assert fresh(application).calendar == calendars.name_of(calendars.current())
    assert application.status == Status.REJECTED


def test_what_a_newer_package_knows_moves_nothing_by_itself():
    """2027 was not known when it was counted: Monday to Friday were taken, and are until it is carried over."""
    earlier = clock.WorkCalendar(package_until=2019)
    spring_festival = date(2020, 1, 27)  # a Monday
    assert earlier.is_working_day(spring_festival) and not clock.WorkCalendar().is_working_day(spring_festival)
    assert calendars.of(calendars.name_of(earlier)) == earlier


@pytest.mark.once  # on PostgreSQL the statement is prepared, and its text isn't seen here
def test_the_command_asks_for_the_calendar_once_for_all_applications(cast, capsys):
    sent(cast), sent(cast)
    load(WEDNESDAY)
    with CaptureQueriesContext(connection) as queries:
        call_command("recompute_due_times")
    assert "2 applications moved" in capsys.readouterr().out
    assert sum('FROM "reviews_calendarday"' in query["sql"] for query in queries) == 1


def test_the_command_says_what_moves_and_moves_it_once(cast, capsys, tmp_path):
    application = sent(cast)
    days = tmp_path / "days.csv"
    days.write_text(f"{WEDNESDAY},off,停工日\n", encoding="utf-8")
    call_command("load_calendar", days)
    assert "1 open applications are counted with the calendar as it was: manage.py recompute_due_times" in (
        capsys.readouterr().out
    )
    with pytest.raises(doctor.Unwell, match="earlier calendar") as unwell:
        doctor.due_times()
    assert unwell.value.mend == "manage.py recompute_due_times"
    ops = Client()
    ops.force_login(person("root", is_staff=True, is_superuser=True))
    ops.post("/admin/reviews/calendarday/add/", {"date": "2026-12-24", "note": "停工日"})
    assert "1 件在办" in ops.get("/admin/").content.decode()
    CalendarDay.objects.filter(date="2026-12-24").delete()
    call_command("recompute_due_times", "--dry-run")
    assert f"{application.number} due_at: 2026-11-25 11:00 → 2026-11-26 11:00" in capsys.readouterr().out
    assert fresh(application).due_at == due("3h", clock.WorkCalendar())
    call_command("recompute_due_times")
    assert "1 applications moved" in capsys.readouterr().out
    assert fresh(application).due_at == due("3h", calendars.current())
    call_command("recompute_due_times")
    assert "0 applications moved" in capsys.readouterr().out
    assert "in force" in doctor.due_times()
    assert fresh(application).due_at - timedelta(days=1) == due("3h", clock.WorkCalendar())
