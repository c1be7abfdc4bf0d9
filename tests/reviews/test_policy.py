"""Who may not: each rule by its name, and each refusal on record."""

from __future__ import annotations

import json

import pytest

from reviews import calendars, policy, workflow
from reviews.audit import log
from reviews.models import Event, Interest, Official
from tests.cast import post, task_of
from tests.reviews.steps import TUESDAY, accepted, actions, countersigned, edition, say, submitted

pytestmark = pytest.mark.django_db


def refused(call, *args, **kwargs) -> str:
    with pytest.raises(policy.Refused) as caught:
        call(*args, **kwargs)
    return caught.value.rule


def test_an_official_linked_to_the_enterprise_decides_nothing_there(cast):
    application = submitted(cast)
    link = Interest.objects.create(user=cast.street, relation="linked", enterprise=cast.enterprise)
    assert refused(say, application, "street", cast.street, "accept") == "conflict_of_interest"
    assert refused(workflow.claim, task_of(application, "street").pk, official=cast.street) == "conflict_of_interest"
    link.ended_at = TUESDAY
    link.save()
    say(application, "street", cast.street, "accept")


def test_a_relative_of_the_agent_decides_nothing_of_theirs(cast):
    application = submitted(cast)
    Interest.objects.create(user=cast.street, relation="relative", person=cast.owner)
    assert refused(say, application, "street", cast.street, "accept") == "conflict_of_interest"


def test_a_link_to_another_enterprise_is_no_hindrance(cast):
    application = submitted(cast)
    Interest.objects.create(user=cast.street, relation="linked", enterprise=cast.other_enterprise)
    Interest.objects.create(user=cast.street, relation="relative", person=cast.outsider)
    say(application, "street", cast.street, "accept")


def test_nobody_decides_in_two_stages_unless_the_definition_lets_them(cast):
    application = accepted(cast)
    Official.objects.create(user=cast.street, department=task_of(application, "health").department)
    assert refused(say, application, "health", cast.street, "agree") == "two_persons"


def test_a_small_office_may_be_let(cast):
    edition(top="two_persons = false")
    application = accepted(cast)
    Official.objects.create(user=cast.street, department=task_of(application, "health").department)
    say(application, "health", cast.street, "agree")


def test_a_refusal_of_an_application_may_need_a_rank(cast):
    edition(precheck='refused_by = "supervisor"')
    application = submitted(cast)
    assert refused(say, application, "street", cast.street, "decline", reason="不属于本地") == "rank"
    say(application, "street", post("chief", "street", supervisor=True), "decline", reason="不属于本地")


def test_a_second_notice_of_corrections_needs_a_supervisors_word(cast):
    application = submitted(cast)
    one = [workflow.Correction("other", "", "请补充说明")]
    say(application, "street", cast.street, "correct", corrections=one)
    words = {str(item.public_id): "已补充" for item in application.correction_notices.get().items.all()}
    workflow.answer_corrections(application.pk, applicant=cast.owner, answers=words, now=TUESDAY)
    assert refused(say, application, "street", cast.street, "correct", corrections=one) == "second_round"
    task = task_of(application, "street")
    workflow.ask_second_round(task.pk, official=cast.street, reason="新发现预案缺页", now=TUESDAY)
    assert refused(workflow.allow_second_round, task.pk, official=cast.street, reason="同意") == "supervisor"
    chief = post("chief", "street", supervisor=True)
    workflow.allow_second_round(task.pk, official=chief, reason="确属新问题", now=TUESDAY)
    say(application, "street", cast.street, "correct", corrections=one)
    assert actions(application)[-5:] == [
        "refused", "second_round_asked", "refused", "second_round_allowed", "corrections_requested",
    ]  # fmt: skip


def test_every_refusal_is_an_event_that_says_which_rule_and_changes_nothing(cast):
    application = countersigned(cast)
    before = (application.status, application.stage)
    assert refused(say, application, "bureau", cast.health, "approve") == "own_department"
    event = Event.objects.get(application=application, action="refused")
    assert event.actor == cast.health
    assert json.loads(event.payload)["data"] == {"rule": "own_department", "step": "approve"}
    application.refresh_from_db()
    assert (application.status, application.stage) == before
    assert log.first_broken_link(log.stream_of(application)) is None


def test_the_same_refusal_again_and_again_is_written_once(cast):
    application = countersigned(cast)
    for _ in range(5):
        refused(say, application, "bureau", cast.health, "approve")
    refused(say, application, "bureau", cast.health, "reject", reason="？")
    refused(say, application, "bureau", cast.health, "approve")
    assert actions(application).count("refused") == 3


def test_an_applicants_refusal_is_on_record_too(cast):
    application = submitted(cast)
    assert refused(workflow.withdraw, application.pk, applicant=cast.outsider) == "own_application"
    assert Event.objects.get(application=application, action="refused").role == "applicant"


def test_an_inactive_account_or_posting_decides_nothing(cast):
    application = submitted(cast)
    posting = Official.objects.get(user=cast.street)
    posting.active = False
    posting.save()
    assert refused(say, application, "street", cast.street, "accept") == "own_department"
    posting.active = True
    posting.save()
    cast.street.is_active = False
    cast.street.save()
    assert refused(say, application, "street", cast.street, "accept") == "own_department"


@pytest.mark.parametrize("outcome", ["accept", "agree", "approve"])
def test_a_decision_asks_the_database_a_fixed_number_of_questions(cast, outcome, engine, django_assert_num_queries):
    """So many, however many officials and enterprises there are: six or seven rows written, and what has to be known
    for it; two are the test's own savepoint. On PostgreSQL some travel together.
    """
    make, office, who, counts = {
        "accept": (submitted, "street", cast.street, {"sqlite": 12, "postgresql": 10}),
        "agree": (accepted, "health", cast.health, {"sqlite": 9, "postgresql": 7}),
        "approve": (countersigned, "bureau", cast.decider, {"sqlite": 13, "postgresql": 11}),
    }[outcome]
    application = make(cast)
    task = task_of(application, office)
    calendars.of(application.calendar)  # which a process reads once
    with django_assert_num_queries(counts[engine]):
        workflow.decide(task.pk, official=who, outcome=outcome, now=TUESDAY)
