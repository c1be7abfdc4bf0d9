"""特别程序 and 延长: the clock stands still, and goes on with what was left."""

from __future__ import annotations

from datetime import timedelta

import pytest

from permits.models import Status
from reviews import clock, lifecycle, limits, policy, workflow
from reviews.admin import acts
from reviews.models import Department, Notice, Task
from tests.cast import post, task_of
from tests.reviews.steps import TUESDAY, accepted, actions, countersigned, say

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def paused(cast):
    application = countersigned(cast)
    workflow.suspend(
        task_of(application, "bureau").pk,
        official=cast.decider,
        kind="experts",
        reason="请专家评审",
        now=TUESDAY + HOUR / 2,
    )
    application.refresh_from_db()
    return application


def test_the_clock_stands_still_and_goes_on_with_what_was_left(cast):
    application = countersigned(cast)
    task = task_of(application, "bureau")
    calendar = clock.WorkCalendar()
    at = TUESDAY + HOUR / 2
    left = [
        clock.working_time_between(at, due, calendar)
        for due in (application.due_at, application.statutory_due_at, task.due_at)
    ]
    workflow.suspend(task.pk, official=cast.decider, kind="experts", reason="请专家评审", now=at)
    later = TUESDAY + timedelta(days=10, hours=1)
    workflow.resume(application.pk, official=cast.decider, now=later)
    application.refresh_from_db()
    task.refresh_from_db()
    assert application.status == Status.IN_REVIEW
    now_left = [
        clock.working_time_between(later, due, calendar)
        for due in (application.due_at, application.statutory_due_at, task.due_at)
    ]
    assert now_left == left
    assert actions(application)[-2:] == ["suspended", "resumed"]


def test_nothing_is_reminded_escalated_or_taken_away_meanwhile(cast):
    application = paused(cast)
    done = limits.keep(TUESDAY + timedelta(days=20))
    assert not any(done.values()), done
    say_resumed = workflow.resume(application.pk, official=cast.decider, now=TUESDAY + timedelta(days=20))
    assert say_resumed.status == Status.IN_REVIEW


def test_nothing_is_decided_meanwhile_and_the_owner_may_withdraw(cast):
    application = paused(cast)
    with pytest.raises(lifecycle.NotPossible):
        say(application, "bureau", cast.decider, "approve")
    workflow.withdraw(application.pk, applicant=cast.owner, now=TUESDAY + HOUR)
    assert application.pauses.get().ended_at


def test_the_applicant_is_told_which_procedure_and_why(cast):
    paused(cast)
    params = Notice.objects.filter(kind="suspended", recipient=cast.owner).first().params
    assert params["procedure"] == {"zh": "专家评审", "en": "Expert review"} and params["reason"] == "请专家评审"


def test_twice_is_once(cast):
    application = paused(cast)
    task = task_of(application, "bureau")
    workflow.suspend(task.pk, official=cast.decider, kind="experts", reason="请专家评审", now=TUESDAY + HOUR)
    workflow.resume(application.pk, official=cast.decider, now=TUESDAY + HOUR)
    workflow.resume(application.pk, official=cast.decider, now=TUESDAY + HOUR)
    assert actions(application).count("suspended") == actions(application).count("resumed") == 1


def test_only_those_who_have_it_in_hand_begin_and_end_it(cast):
    application = countersigned(cast)
    task = task_of(application, "bureau")
    for stranger in (cast.health, cast.owner, cast.street):
        with pytest.raises(policy.Refused):
            workflow.suspend(task.pk, official=stranger, kind="experts", reason="？", now=TUESDAY)
    with pytest.raises(workflow.ReasonNeeded):
        workflow.suspend(task.pk, official=cast.decider, kind="experts", reason="", now=TUESDAY)
    with pytest.raises(workflow.NotSensible):
        workflow.suspend(task.pk, official=cast.decider, kind="coffee", reason="？", now=TUESDAY)
    workflow.suspend(task.pk, official=cast.decider, kind="hearing", reason="听证", now=TUESDAY)
    with pytest.raises(policy.Refused):
        workflow.resume(application.pk, official=cast.health, now=TUESDAY)


def test_the_head_extends_the_statutory_limit_once_and_says_why(cast):
    application = accepted(cast)
    task = task_of(application, "health")
    from tests.cast import post

    chief = post("chief", "health", supervisor=True)
    before = application.statutory_due_at
    with pytest.raises(policy.Refused):
        workflow.extend(task.pk, official=cast.health, reason="案情复杂", now=TUESDAY)
    with pytest.raises(workflow.ReasonNeeded):
        workflow.extend(task.pk, official=chief, reason="", now=TUESDAY)
    workflow.extend(task.pk, official=chief, reason="案情复杂", now=TUESDAY)
    again = workflow.extend(task.pk, official=chief, reason="案情复杂", now=TUESDAY + HOUR)
    assert again.statutory_due_at == clock.due(before, clock.Limit(10, "d"), clock.WorkCalendar())
    assert actions(application).count("extended") == 1
    assert Notice.objects.filter(kind="extended", recipient=cast.owner, channel="email").count() == 1


# --- A department that was asked for its opinion only ---------------------------------------------------------------


def asked_finance(cast, **to):
    application = countersigned(cast)
    question = workflow.ask_advice(
        task_of(application, "bureau").pk, official=cast.decider, question="补贴够不够？", now=TUESDAY,
        department=Department.objects.get(kind="finance", region="360924"), **to,
    )  # fmt: skip
    workflow.suspend(
        task_of(application, "bureau").pk, official=cast.decider, kind="hearing", reason="听证", now=TUESDAY
    )
    return application, question


def test_who_was_asked_for_an_opinion_neither_ends_the_procedure_nor_extends_the_limit(cast):
    asked, head = post("money", "finance"), post("money-head", "finance", supervisor=True)
    application, question = asked_finance(cast)
    for person in (asked, head):
        with pytest.raises(policy.Refused):
            workflow.resume(application.pk, official=person, now=TUESDAY)
    workflow.resume(application.pk, official=cast.decider, now=TUESDAY)
    with pytest.raises(lifecycle.NotPossible):
        workflow.extend(question.pk, official=head, reason="材料复杂", now=TUESDAY)
    question.refresh_from_db()
    assert not {"resume", "extend"} & {act.name for act in acts.possible(question, head)}


def test_a_question_to_one_person_stays_with_them_and_is_given_to_nobody_else(cast):
    expert, other = post("expert", "finance"), post("money", "finance")
    application, question = asked_finance(cast, expert=expert)
    workflow.resume(application.pk, official=cast.decider, now=TUESDAY)
    question.refresh_from_db()
    assert (question.claimed_by, question.lease_until) == (expert, None)
    with pytest.raises(policy.Refused) as refusal:
        workflow.release(question.pk, official=expert, now=TUESDAY)
    assert refusal.value.rule == "asked_person"
    Task.objects.filter(pk=question.pk).update(claimed_by=None)  # as earlier versions of the portal left some
    assert workflow.claim_next(official=other, now=TUESDAY) is None
    with pytest.raises(policy.Refused) as refusal:
        workflow.claim(question.pk, official=other, now=TUESDAY)
    assert refusal.value.rule == "asked_person"
    assert workflow.claim_next(official=expert, now=TUESDAY) == question
    assert workflow.decide(question.pk, official=expert, outcome="advise", reason="够", now=TUESDAY)
