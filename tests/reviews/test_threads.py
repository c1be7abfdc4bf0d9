"""Applicants ask, offices answer: once each, by who may, within its time; words encrypted, digests in the log."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from permits.models import Application
from reviews import guidance, limits, policy, retention, workflow
from reviews.audit import log, talks
from reviews.models import CallbackRequest, Event, Interest, Message, Notice, Official, Thread
from tests.cast import Cast, filled, post
from tests.faults.killing import killed_before
from tests.reviews.steps import TUESDAY, accepted, approved, say, submitted
from tests.reviews.test_races import at_once

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def ask(application: Application, who: Any, text: str = "可以晚几天交吗？", **more: Any) -> Message:
    more.setdefault("now", TUESDAY)
    return workflow.ask(application.pk, applicant=who, text=text, **{"key": str(uuid4()), **more})


def answer(application: Application, who: Any, text: str = "可以。", **more: Any) -> Message:
    more.setdefault("now", TUESDAY + timedelta(minutes=5))
    return workflow.answer(application.pk, official=who, text=text, **{"key": str(uuid4()), **more})


def refused(call: Any, *args: Any, **more: Any) -> str:
    with pytest.raises(policy.Refused) as caught:
        call(*args, **more)
    return caught.value.rule


def events(application: Application) -> list[Event]:
    return list(Event.objects.filter(stream=guidance.stream_of(application)).order_by("seq"))


def told(kind: str) -> list[str]:
    return sorted(Notice.objects.filter(kind=kind, channel="inbox").values_list("recipient__name", flat=True))


def test_a_question_waits_at_the_office_and_its_answer_goes_back(cast: Cast) -> None:
    application = submitted(cast)
    asked = ask(application, cast.owner)
    thread = Thread.objects.get()
    assert thread.department.kind == "street" and thread.due_at == TUESDAY + timedelta(
        hours=5, minutes=30
    )  # the lunch hour
    assert told("message_waiting") == ["street"]
    answered = answer(application, cast.street, seen=asked.pk)
    thread.refresh_from_db()
    asked.refresh_from_db()
    assert thread.due_at is None and asked.read_at and answered.department == thread.department
    assert told("message_answered") == ["owner"]
    assert [event.action for event in events(application)] == ["message_sent"] * 2
    assert log.first_broken_link(guidance.stream_of(application)) is None


def test_the_words_are_encrypted_and_the_log_has_their_salted_digest(cast: Cast) -> None:
    message = ask(submitted(cast), cast.owner, "我的情况很特殊")
    with connection.cursor() as cursor:
        cursor.execute("SELECT text FROM reviews_message")
        assert "特殊" not in cursor.fetchone()[0]
    (event,) = events(message.thread.application)
    assert log.data_of(event)["words"] == log.digest(message.salt, "我的情况很特殊") and "特殊" not in event.payload


def test_a_message_changed_or_deleted_behind_the_logs_back_shows(cast: Cast) -> None:
    application = submitted(cast)
    first, second = ask(application, cast.owner, "一"), ask(application, cast.owner, "二")
    assert list(talks.faults()) == []
    Message.objects.filter(pk=first.pk).update(text="三")
    assert "other words" in "".join(talks.faults())
    Message.objects.filter(pk=first.pk).update(text="", salt="")  # erased
    assert list(talks.faults()) == []
    Message.objects.filter(pk=second.pk).delete()
    assert "messages that events tell of are gone: 1" in "".join(talks.faults())


def test_the_same_form_sent_twice_is_one_message_one_event_one_notice(cast: Cast) -> None:
    application = submitted(cast)
    for _time in range(2):
        ask(application, cast.owner, key="k1")
        answer(application, cast.street, key="k1")
    assert Message.objects.count() == 2 == len(events(application))
    assert Notice.objects.filter(kind="message_waiting", channel="inbox").count() == 1


def test_an_unread_thread_is_told_of_once_an_hour_and_a_read_one_at_once(cast: Cast) -> None:
    application = submitted(cast)
    for minutes in (0, 10, 50):
        last = ask(application, cast.owner, now=TUESDAY + timedelta(minutes=minutes))
    assert len(told("message_waiting")) == 1
    workflow.read_thread(last.thread, side="office", up_to=last.pk)
    ask(application, cast.owner, now=TUESDAY + timedelta(minutes=55))
    assert len(told("message_waiting")) == 2
    ask(application, cast.owner, now=TUESDAY + 2 * HOUR)
    assert len(told("message_waiting")) == 3


MAY_ANSWER = {"street": "", "other_street": "own_department", "health": "own_department", "decider": "own_department",
              "supervisor": "own_department", "owner": "own_department", "outsider": "own_department"}  # fmt: skip


@pytest.mark.parametrize("name", MAY_ANSWER)
def test_who_may_answer_is_who_holds_the_task(cast: Cast, name: str) -> None:
    application = submitted(cast)
    ask(application, cast.owner)
    if not MAY_ANSWER[name]:
        assert answer(application, getattr(cast, name))
        return
    assert refused(answer, application, getattr(cast, name)) == MAY_ANSWER[name]
    last = events(application)[-1]
    assert last.action == "refused" and log.data_of(last) == {"rule": MAY_ANSWER[name], "step": "answer"}
    assert Message.objects.count() == 1 and application.events.filter(action="refused").count() == 0


@pytest.mark.parametrize(
    ("name", "may"), [("owner", True), ("colleague", True), ("outsider", False), ("street", False)]
)
@pytest.mark.parametrize("step", ["ask", "call", "consent"])
def test_who_may_ask_is_the_applicants_side(cast: Cast, name: str, may: bool, step: str) -> None:
    draft, who = filled(cast), getattr(cast, name)
    slot = guidance.slots(TUESDAY, workflow.callbacks.calendars.current())[0].key
    act = {
        "ask": lambda: ask(draft, who),
        "call": lambda: workflow.ask_call(
            draft.pk, applicant=who, mobile="13800000618", slot=slot, key="k", now=TUESDAY
        ),
        "consent": lambda: workflow.give_consent(draft.pk, applicant=who, now=TUESDAY),
    }[step]
    if may:
        assert act()
    else:
        assert refused(act) == "own_application"
        assert [event.action for event in events(draft)] == ["refused"]


def test_nobody_answers_where_they_are_involved(cast: Cast) -> None:
    application = submitted(cast)
    ask(application, cast.owner)
    Interest.objects.create(user=cast.street, relation="linked", enterprise=cast.enterprise)
    assert refused(answer, application, cast.street) == "conflict_of_interest"


def test_a_question_to_another_stage_goes_to_its_office_and_the_earlier_one_may_still_answer(cast: Cast) -> None:
    application = submitted(cast)
    first = ask(application, cast.owner)
    say(application, "street", cast.street, "accept")
    answer(application, cast.street, seen=first.pk)  # it was asked there
    ask(application, cast.owner)
    assert Thread.objects.get().department.kind == "health"
    assert refused(answer, application, cast.street) == "own_department"
    answer(application, cast.industry)  # another office with an open task takes it over
    assert Thread.objects.get().department.kind == "industry"


def test_a_claimed_question_is_its_holders_until_the_claim_is_over(cast: Cast) -> None:
    application = submitted(cast)
    ask(application, cast.owner)
    second, chief = post("second", "street"), post("chief", "street", supervisor=True)
    for _time in range(2):
        workflow.claim_thread(application.pk, official=cast.street, now=TUESDAY)
    assert [event.action for event in events(application)] == ["message_sent", "thread_claimed"]
    assert refused(answer, application, second) == "claimed"
    assert refused(workflow.release_thread, application.pk, official=second, now=TUESDAY) == "claimed"
    workflow.claim_thread(application.pk, official=chief, now=TUESDAY)
    workflow.release_thread(application.pk, official=chief, now=TUESDAY)
    workflow.claim_thread(application.pk, official=cast.street, now=TUESDAY)
    assert answer(application, second, now=TUESDAY + 5 * HOUR)
    with pytest.raises(workflow.NotSensible):
        workflow.claim_thread(application.pk, official=cast.street, now=TUESDAY + 5 * HOUR)


@pytest.mark.parametrize("absent", ["holder", "supervisor"])
def test_whoever_stands_in_for_the_holder_of_a_question_or_for_the_supervisor_answers_it_though_posted_there_too(
    cast: Cast, absent: str
) -> None:
    application = submitted(cast)
    ask(application, cast.owner)
    second, chief = post("second", "street"), post("chief", "street", supervisor=True)
    workflow.claim_thread(application.pk, official=cast.street, now=TUESDAY)
    away = cast.street if absent == "holder" else chief
    posting = Official.objects.get(user=away)
    workflow.delegate(
        posting.pk, to=second, starts_at=TUESDAY, ends_at=TUESDAY + 200 * HOUR, by=away, reason="leave", now=TUESDAY
    )  # fmt: skip
    assert answer(application, second, now=TUESDAY)


def test_who_writes_second_is_shown_what_the_colleague_wrote(cast: Cast) -> None:
    application = submitted(cast)
    asked = ask(application, cast.owner)
    second = post("second", "street")
    first = answer(application, cast.street, seen=asked.pk)
    with pytest.raises(workflow.AnsweredMeanwhile, match="street"):
        answer(application, second, seen=asked.pk)
    assert answer(application, second, seen=first.pk)


def test_the_supervisors_hear_of_a_late_answer_once_a_question(cast: Cast, client: Client) -> None:
    chief, proxy = post("chief", "street", supervisor=True), post("proxy", "street")
    posting = Official.objects.get(user=chief)
    workflow.delegate(
        posting.pk, to=proxy, starts_at=TUESDAY, ends_at=TUESDAY + 200 * HOUR, by=chief, reason="leave", now=TUESDAY
    )
    application = submitted(cast)
    asked = ask(application, cast.owner)
    due = Thread.objects.get().due_at
    assert due and limits.keep(due - timedelta(seconds=1))["answers_late"] == 0
    assert limits.keep(due)["answers_late"] == 1 and limits.keep(due + HOUR)["answers_late"] == 0
    assert told("answer_late") == ["chief", "proxy"], "not the one who is to answer"
    notice = Notice.objects.filter(kind="answer_late", channel="inbox", recipient=chief).get()
    assert notice.params["path"].endswith(f"/thread/{application.pk}/thread/")
    client.force_login(chief)
    assert client.get(notice.params["path"]).status_code == 200
    assert [event.action for event in events(application)] == ["message_sent", "thread_escalated"]
    answer(application, cast.street, seen=asked.pk, now=due + 2 * HOUR)
    assert limits.keep(due + 90 * HOUR)["answers_late"] == 0, "answered"
    ask(application, cast.owner, now=due + 91 * HOUR)
    assert limits.keep(due + 190 * HOUR)["answers_late"] == 1
    assert told("answer_late") == ["chief", "chief", "proxy", "proxy"]


def test_a_late_answer_is_told_of_once_by_two_workers(cast: Cast) -> None:
    post("chief", "street", supervisor=True)
    application = submitted(cast)
    ask(application, cast.owner)
    late = TUESDAY + timedelta(days=1)
    assert workflow.escalate_thread(application.pk, now=late)
    assert not workflow.escalate_thread(application.pk, now=late)  # the other had found it too
    assert told("answer_late") == ["chief"]


def test_what_was_asked_after_the_page_was_opened_goes_on_waiting(cast: Cast) -> None:
    application = submitted(cast)
    first = ask(application, cast.owner)
    later = ask(application, cast.owner, now=TUESDAY + timedelta(minutes=3))
    answer(application, cast.street, seen=first.pk)
    later.refresh_from_db()
    assert Thread.objects.get().due_at == TUESDAY + timedelta(hours=5, minutes=33) and later.read_at is None


def test_what_was_said_by_phone_is_part_of_the_thread(cast: Cast) -> None:
    application = submitted(cast)
    said = answer(application, cast.street, "已电话说明预案格式", spoken_at=TUESDAY)
    assert said.kind == "phone" and said.spoken_at == TUESDAY and told("message_answered") == ["owner"]
    for at in (TUESDAY + HOUR, TUESDAY - timedelta(days=30)):
        with pytest.raises(workflow.NotSensible):
            answer(application, cast.street, "x", spoken_at=at)


@pytest.mark.parametrize("text", ["", " \n ", "长" * 2001])
def test_no_words_and_too_many_are_refused(cast: Cast, text: str) -> None:
    with pytest.raises((workflow.ReasonNeeded, workflow.NotSensible)):
        ask(submitted(cast), cast.owner, text)
    assert not Thread.objects.exists()


def test_thirty_days_after_the_end_one_can_still_ask_and_then_only_read(cast: Cast) -> None:
    application = approved(cast)
    asked = ask(application, cast.owner, now=TUESDAY + timedelta(days=30))
    assert asked.thread.department.kind == "bureau"
    late = TUESDAY + timedelta(days=31)
    answer(application, cast.decider, now=late)  # what was asked in time is answered
    for act in (lambda: ask(application, cast.owner, now=late), lambda: answer(application, cast.decider, now=late)):
        with pytest.raises(workflow.NotSensible, match="30"):
            act()


# --- drafts ---------------------------------------------------------------------------------------------------------


def test_a_draft_is_asked_about_where_it_would_be_sent(cast: Cast) -> None:
    draft = filled(cast)
    ask(draft, cast.owner)
    assert told("message_waiting") == ["street"]
    assert answer(draft, cast.street)
    assert refused(answer, draft, cast.other_street) == "own_department"
    assert not draft.events.exists()


def test_without_an_office_nobody_is_asked(cast: Cast) -> None:
    with pytest.raises(guidance.NobodyAnswers, match=r"(?s)."):
        ask(filled(cast, region="110101"), cast.owner)


def test_a_draft_is_looked_at_by_consent_only_and_nobody_sends_it_for_them(cast: Cast) -> None:
    draft = filled(cast)
    look = lambda who, at=TUESDAY: workflow.look_at_draft(draft.pk, official=who, now=at)  # noqa: E731
    ask(draft, cast.owner)
    assert refused(look, cast.street) == "no_consent"
    given = workflow.give_consent(draft.pk, applicant=cast.owner, now=TUESDAY)
    assert workflow.give_consent(draft.pk, applicant=cast.colleague, now=TUESDAY).pk == given.pk
    assert look(cast.street)[0].pk == draft.pk
    assert refused(look, cast.other_street) == "own_department"
    assert refused(look, cast.street, given.until) == "no_consent"
    workflow.revoke_consent(draft.pk, applicant=cast.owner, now=TUESDAY)
    assert refused(look, cast.street) == "no_consent"
    assert refused(workflow.submit, draft.pk, applicant=cast.street) == "own_application"
    again = workflow.give_consent(draft.pk, applicant=cast.owner, now=TUESDAY)
    workflow.submit(draft.pk, applicant=cast.owner, now=TUESDAY)
    assert again.pk != given.pk and refused(look, cast.street) == "no_consent"


# --- calls ----------------------------------------------------------------------------------------------------------


def call(application: Application, who: Any, *, nth: int = 0, key: str = "c1") -> CallbackRequest:
    slots = guidance.slots(TUESDAY, workflow.callbacks.calendars.current())
    return workflow.ask_call(
        application.pk, applicant=who, mobile="13800000618", slot=slots[nth].key, key=key, now=TUESDAY
    )


def test_half_days_of_working_time_are_offered(cast: Cast) -> None:
    slots = guidance.slots(TUESDAY, workflow.callbacks.calendars.current())
    assert [slot.key for slot in slots[:3]] == ["2026-11-24T09:00", "2026-11-24T13:30", "2026-11-25T09:00"]
    friday_evening = TUESDAY + timedelta(days=3, hours=9)
    later = guidance.slots(friday_evening, workflow.callbacks.calendars.current())
    assert later[0].key == "2026-11-30T09:00" and len(later) == guidance.SLOTS


def test_a_call_is_asked_for_once_made_and_put_down_in_the_thread(cast: Cast) -> None:
    application = submitted(cast)
    asked = call(application, cast.owner)
    assert call(application, cast.owner).pk == asked.pk and told("call_asked") == ["street"]
    with pytest.raises(workflow.NotSensible):
        call(application, cast.owner, nth=1, key="c2")
    done = lambda who: workflow.handle_call(asked.public_id, official=who, reached=True, note="已答复", now=TUESDAY)  # noqa: E731
    for _time in range(2):
        assert done(cast.street).state == "done"
    assert Message.objects.get().kind == "phone"
    with pytest.raises(workflow.NotSensible, match="street"):
        done(post("second", "street"))
    assert call(application, cast.owner, key="c3").state == "open"


def test_who_was_not_reached_is_told_and_asks_again(cast: Cast) -> None:
    application = submitted(cast)
    asked = call(application, cast.owner)
    assert refused(workflow.handle_call, asked.public_id, official=cast.health, reached=False) == "own_department"
    workflow.handle_call(asked.public_id, official=cast.street, reached=False, now=TUESDAY)
    assert told("call_missed") == ["owner"] and Message.objects.get().kind == "missed"
    again = call(application, cast.owner, key="c2")
    for _time in range(2):
        workflow.cancel_call(application.pk, applicant=cast.owner, now=TUESDAY)
    again.refresh_from_db()
    assert again.state == "cancelled"
    assert [event.action for event in events(application)].count("call_cancelled") == 1


def test_a_time_that_is_over_is_not_taken(cast: Cast) -> None:
    application = submitted(cast)
    with pytest.raises(workflow.NotSensible):
        workflow.ask_call(application.pk, applicant=cast.owner, mobile="13800000618", slot="2026-11-23T09:00", key="k",
                          now=TUESDAY)  # fmt: skip


# --- the end --------------------------------------------------------------------------------------------------------


def test_words_go_with_the_files_of_the_application_and_the_log_stays(cast: Cast, settings: Any) -> None:
    settings.KEEP_FILES = {"closed": 365}
    application = approved(cast)
    ask(application, cast.owner)
    call(application, cast.owner)
    now = TUESDAY + timedelta(days=366)
    assert workflow.erase_thread(application.pk, now=now - timedelta(days=2)) == 0
    assert [each.pk for each, _days in retention.threads_over(now)] == [application.pk]
    assert workflow.erase_thread(application.pk, now=now) == 1 and workflow.erase_thread(application.pk, now=now) == 0
    message = Message.objects.get()
    assert (message.text, message.salt, CallbackRequest.objects.get().mobile) == ("", "", "")
    assert events(application)[-1].action == "thread_erased"
    assert log.first_broken_link(guidance.stream_of(application)) is None


def test_the_command_erases_them_by_their_rule(cast: Cast, settings: Any) -> None:
    settings.KEEP_FILES = {"closed": 365}
    application = approved(cast)
    ask(application, cast.owner)
    long_ago = timezone.now() - timedelta(days=400)
    Application.objects.update(closed_at=long_ago)
    Thread.objects.update(last_at=long_ago)
    said = {}
    for options in ([], ["--apply"]):
        out = io.StringIO()
        call_command("erase_materials", *options, stdout=out)
        said[bool(options)] = (out.getvalue(), Message.objects.get().text)
    assert f"{application.number}  messages: 365 days are over" in said[False][0] and said[False][1]
    assert "The words of 1 threads erased" in said[True][0] and not said[True][1]


def test_a_draft_that_is_thrown_away_takes_its_thread_along_and_leaves_the_log(cast: Cast) -> None:
    draft = filled(cast)
    ask(draft, cast.owner)
    workflow.give_consent(draft.pk, applicant=cast.owner, now=TUESDAY)
    call(draft, cast.owner)
    stream = guidance.stream_of(draft)
    draft.materials.all().delete()
    draft.delete()
    assert not Thread.objects.exists() and Event.objects.filter(stream=stream).count() == 3


def test_who_left_the_enterprise_is_told_no_more(cast: Cast) -> None:
    application = submitted(cast)
    ask(application, cast.colleague)
    cast.colleague.memberships.update(active=False)
    answer(application, cast.street)
    assert told("message_answered") == ["owner"]


# --- at once --------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_of_two_officials_answering_at_once_one_is_told_and_double_clicks_are_one(cast: Cast) -> None:
    application = submitted(cast)
    asked = ask(application, cast.owner)
    second = post("second", "street")
    results = at_once(
        *[lambda: answer(application, cast.street, key="a", seen=asked.pk)] * 3,
        *[lambda: answer(application, second, key="b", seen=asked.pk)] * 3,
    )
    won = {result.pk for result in results if isinstance(result, Message)}
    lost = [result for result in results if isinstance(result, workflow.AnsweredMeanwhile)]
    assert len(won) == 1 and len(lost) == 3, results
    assert Message.objects.filter(side="office").count() == 1 == len(told("message_answered"))
    assert log.first_broken_link(guidance.stream_of(application)) is None


@pytest.mark.django_db(transaction=True)
@pytest.mark.fault
def test_an_answer_that_is_killed_is_there_whole_or_not_at_all(cast: Cast) -> None:
    application = submitted(cast)
    asked = ask(application, cast.owner)
    tables = (Thread, Message, Event, Notice)
    before = [list(table.objects.order_by("pk").values()) for table in tables]
    places = 0
    while killed_before(places + 1, lambda: answer(application, cast.street, key="a", seen=asked.pk)):
        places += 1
        assert [list(table.objects.order_by("pk").values()) for table in tables] == before, places
    assert places >= 6 and Message.objects.count() == 2 and told("message_answered") == ["owner"]


def test_a_message_asks_as_many_questions_in_a_long_thread(cast: Cast, django_assert_num_queries: Any) -> None:
    from django.test.utils import CaptureQueriesContext

    application = accepted(cast)
    ask(application, cast.owner)
    with CaptureQueriesContext(connection) as few:
        ask(application, cast.owner)
    for _time in range(5):
        ask(application, cast.owner)
    with django_assert_num_queries(len(few)):
        ask(application, cast.owner)
    assert len(few) < 25
