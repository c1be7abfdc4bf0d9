"""会签: all, any, a quorum; a late department; opinions of others; back to an earlier stage."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml.html import document_fromstring

from permits.definition_process import Stage
from permits.models import Status, User
from reviews import clock, limits, policy, workflow
from reviews.models import Decision, Department, Event, Notice, Task
from reviews.workflow.countersigning import result
from tests.cast import post, task_of
from tests.reviews.situations import a_second_countersign, fresh
from tests.reviews.steps import TUESDAY, accepted, actions, countersigned, edition, say, submitted
from tests.reviews.test_admin import desk_of, review, text_of

few = st.integers(0, 6)


def stage(agreement: str, quorum: int | None = None, departments: int = 6) -> Stage:
    return Stage.model_validate(
        {
            "key": "c", "kind": "countersign", "title": {"zh": "会签", "en": "Countersign"}, "agreement": agreement,
            "quorum": quorum, "departments": [{"department": f"d{n}"} for n in range(departments)],
        }
    )  # fmt: skip


@given(agree=few, disagree=few, waiting=few, rule=st.sampled_from(["opinion", "all", "any"]))
def test_a_settled_stage_stays_settled_whatever_is_said_later(agree, disagree, waiting, rule):
    now = result(stage(rule), agree, disagree, waiting)
    if now == "open" or not waiting:
        return
    later = {
        result(stage(rule), agree + 1, disagree, waiting - 1),
        result(stage(rule), agree, disagree + 1, waiting - 1),
    }
    assert later == {now}


@given(agree=few, disagree=few, waiting=few, quorum=st.integers(1, 6))
def test_a_quorum_is_settled_as_soon_as_it_cannot_come_out_otherwise(agree, disagree, waiting, quorum):
    rule = stage("quorum", quorum)
    needed = min(quorum, agree + disagree + waiting)
    expected = "agreed" if agree >= needed else "failed" if agree + waiting < needed else "open"
    assert result(rule, agree, disagree, waiting) == expected


@given(agree=few, disagree=few, rule=st.sampled_from(["opinion", "all", "any"]))
def test_nothing_stays_open_once_everybody_has_spoken(agree, disagree, rule):
    assert result(stage(rule), agree, disagree, 0) != "open"


def set_aside(cast, application):
    """Rejected, objected to, and to be decided anew."""
    say(application, "bureau", cast.decider, "reject", reason="会签未通过")
    workflow.object_to(application.pk, applicant=cast.owner, text="已整改", now=TUESDAY)
    say(application, "bureau", cast.supervisor, "overturn", reason="属实")
    return fresh(application)


@pytest.mark.django_db
class TestAgreement:
    def test_where_all_must_agree_one_against_bars_the_approval(self, cast):
        edition(countersign='agreement = "all"')
        application = countersigned(cast, industry_says="disagree")
        with pytest.raises(policy.Refused) as caught:
            say(application, "bureau", cast.decider, "approve", reason="仍予批准")
        assert caught.value.rule == "not_agreed"
        assert actions(application)[-1] == "refused"
        say(application, "bureau", cast.decider, "reject", reason="会签未通过")

    def test_where_opinions_bind_nobody_it_can_be_approved_with_a_reason(self, cast):
        application = countersigned(cast, industry_says="disagree")
        with pytest.raises(workflow.ReasonNeeded):
            say(application, "bureau", cast.decider, "approve")
        say(application, "bureau", cast.decider, "approve", reason="现场已整改")

    def test_where_one_is_enough_the_others_need_not_answer(self, cast):
        edition(countersign='agreement = "any"')
        application = accepted(cast)
        say(application, "health", cast.health, "agree")
        assert not application.tasks.open().filter(stage="countersign").exists()
        assert task_of(application, "bureau").kind == "decision"
        say(application, "bureau", cast.decider, "approve")

    def test_an_answer_after_the_stage_was_settled_is_told_that_it_came_too_late(self, cast):
        edition(countersign='agreement = "any"')
        application = accepted(cast)
        late = task_of(application, "industry")
        say(application, "health", cast.health, "agree")
        with pytest.raises(workflow.AlreadyDecided):
            workflow.decide(late.pk, official=cast.industry, outcome="agree", now=TUESDAY)

    def test_a_quorum_of_two(self, cast):
        edition(countersign='agreement = "quorum"\nquorum = 2')
        application = accepted(cast)
        say(application, "health", cast.health, "disagree", reason="预案不全")
        assert task_of(application, "bureau").kind == "decision", "two of two can't be reached any more"
        with pytest.raises(policy.Refused):
            say(application, "bureau", cast.decider, "approve", reason="仍予批准")

    def test_after_a_return_to_the_countersign_only_the_new_opinions_count(self, cast):
        edition(countersign='agreement = "all"')
        application = countersigned(cast, industry_says="disagree")
        say(application, "bureau", cast.decider, "return", reason="请再议", to_stage="countersign")
        say(application, "health", cast.health, "agree")
        say(application, "industry", cast.industry, "agree")
        say(application, "bureau", cast.decider, "approve")

    def test_an_objection_that_is_upheld_does_not_make_those_against_it_agree(self, cast):
        edition(countersign='agreement = "all"')
        application = set_aside(cast, countersigned(cast, industry_says="disagree"))
        with pytest.raises(policy.Refused) as caught:
            say(application, "bureau", post("third", "bureau"), "approve", reason="仍予批准")
        assert caught.value.rule == "not_agreed"

    def test_after_an_objection_an_approval_against_a_department_still_needs_its_reason(self, cast):
        application = set_aside(cast, countersigned(cast, industry_says="disagree"))
        third = post("third", "bureau")
        with pytest.raises(workflow.ReasonNeeded):
            say(application, "bureau", third, "approve")
        say(application, "bureau", third, "approve", reason="现场已整改")

    def test_a_return_to_a_later_countersign_leaves_the_earlier_one_as_it_stands(self, cast):
        a_second_countersign('agreement = "all"')
        application = countersigned(cast, industry_says="disagree")
        again = User.objects.get(name="commerce")
        say(application, "commerce", again, "agree")
        say(application, "bureau", cast.decider, "return", reason="请再议", to_stage="second")
        say(application, "commerce", again, "agree")
        with pytest.raises(policy.Refused) as caught:
            say(application, "bureau", cast.decider, "approve", reason="仍予批准")
        assert caught.value.rule == "not_agreed"
        say(application, "bureau", cast.decider, "return", reason="请再议", to_stage="countersign")
        say(application, "health", cast.health, "agree")
        say(application, "industry", cast.industry, "agree")
        say(application, "commerce", again, "agree")
        say(application, "bureau", cast.decider, "approve")

    def test_a_late_department_is_deemed_to_agree_where_the_definition_says_so(self, cast):
        edition(countersign='silence = "agrees"')
        application = accepted(cast)
        say(application, "health", cast.health, "agree")
        late = task_of(application, "industry")
        assert limits.keep(late.due_at - timedelta(seconds=1))["deemed_agreed"] == 0
        assert limits.keep(late.due_at)["deemed_agreed"] == 1
        decision = Decision.objects.get(task=late)
        assert (decision.official, decision.outcome) == (None, Decision.Outcome.SILENT)
        event = Event.objects.get(application=application, action="deemed_agreed")
        assert event.role == "system" and "industry" in event.payload
        say(application, "bureau", cast.decider, "approve", now=late.due_at)

    def test_elsewhere_a_late_department_is_escalated_and_waited_for(self, cast):
        application = accepted(cast)
        chief = post("chief", "industry", supervisor=True)
        late = task_of(application, "industry")
        done = limits.keep(late.due_at)
        assert done["deemed_agreed"] == 0 and done["escalated"] == 2
        late.refresh_from_db()
        assert late.state == Task.State.OPEN
        assert Notice.objects.filter(kind="overdue", recipient=chief).exists()


@pytest.mark.django_db
class TestReminders:
    def test_the_holder_is_reminded_at_half_and_at_four_fifths_and_the_supervisor_at_the_whole(self, cast):
        application = submitted(cast)
        chief = post("chief", "street", supervisor=True)
        task = workflow.claim(
            task_of(application, "street").pk, official=cast.street, now=TUESDAY
        )  # an hour from 09:30
        seen = []
        for minutes in (29, 30, 31, 47, 48, 59, 60, 61):
            done = limits.keep(TUESDAY + timedelta(minutes=minutes))
            seen.append((minutes, done["reminded"], done["escalated"]))
        assert [each for each in seen if each[1] or each[2]] == [(30, 1, 0), (48, 1, 0), (60, 0, 1)]
        told = Notice.objects.filter(kind="reminder").values_list("recipient__name", "channel")
        assert list(told) == [("street", "inbox")] * 2
        assert Notice.objects.filter(kind="overdue", recipient=chief).exists()
        task.refresh_from_db()
        assert task.remind_at is None

    def test_who_wakes_up_late_reminds_once_of_what_is_true_then(self, cast):
        submitted(cast)
        done = limits.keep(TUESDAY + timedelta(minutes=55))
        assert done["reminded"] == 1
        assert limits.keep(TUESDAY + timedelta(minutes=56))["reminded"] == 0

    def test_limits_count_working_time_across_lunch(self, cast):
        before_lunch = TUESDAY + timedelta(hours=2)  # 11:30
        from tests.cast import filled

        application = workflow.submit(filled(cast).pk, applicant=cast.owner, now=before_lunch)
        task = task_of(application, "street")
        half = clock.add_working_time(before_lunch, timedelta(minutes=30), clock.WorkCalendar())
        assert task.remind_at == half == before_lunch + timedelta(minutes=30)
        assert task.due_at == before_lunch + timedelta(hours=2, minutes=30)  # 14:00


@pytest.mark.django_db
class TestAdvice:
    def ask(self, cast, application, **more):
        finance = post("money", "finance")
        task = task_of(application, "street")
        asked = workflow.ask_advice(
            task.pk, official=cast.street, department=Department.objects.get(kind="finance"), question="是否享受过补贴？",
            now=TUESDAY, **more,
        )  # fmt: skip
        return finance, asked

    def test_an_opinion_is_asked_for_and_given_and_decides_nothing(self, cast):
        application = submitted(cast)
        finance, asked = self.ask(cast, application)
        with pytest.raises(workflow.ReasonNeeded):
            workflow.decide(asked.pk, official=finance, outcome="advise", now=TUESDAY)
        workflow.decide(asked.pk, official=finance, outcome="advise", reason="没有", now=TUESDAY)
        application.refresh_from_db()
        assert (application.status, application.stage) == (Status.SUBMITTED, "precheck")
        assert Notice.objects.filter(kind="advised", recipient=cast.street).exists()
        say(application, "street", cast.street, "accept")
        assert actions(application)[1:5] == ["advice_asked", "advised", "accepted", "stage_opened"]

    def test_the_official_need_not_wait_for_it(self, cast):
        application = submitted(cast)
        _finance, asked = self.ask(cast, application)
        say(application, "street", cast.street, "accept")
        asked.refresh_from_db()
        assert asked.state == Task.State.CANCELLED

    def test_a_question_to_one_person_is_answered_by_nobody_else(self, cast):
        application = submitted(cast)
        expert = post("expert", "finance")
        _finance, asked = self.ask(cast, application, expert=expert)
        other = post("colleague_of_expert", "finance")
        with pytest.raises(policy.Refused):
            workflow.decide(asked.pk, official=other, outcome="advise", reason="没有", now=TUESDAY)
        workflow.decide(asked.pk, official=expert, outcome="advise", reason="没有", now=TUESDAY)

    def test_the_same_question_twice_is_asked_once(self, cast):
        application = submitted(cast)
        _finance, asked = self.ask(cast, application)
        again = workflow.ask_advice(
            task_of(application, "street").pk, official=cast.street, department=asked.department,
            question="是否享受过补贴？", now=TUESDAY,
        )  # fmt: skip
        assert again.pk == asked.pk

    def test_an_opinion_cannot_approve(self, cast):
        application = countersigned(cast)
        finance = post("money", "finance")
        asked = workflow.ask_advice(
            task_of(application, "bureau").pk, official=cast.decider, question="？",
            department=Department.objects.get(kind="finance"), now=TUESDAY,
        )  # fmt: skip
        from reviews import lifecycle

        for outcome in ("approve", "agree", "accept", "reject"):
            with pytest.raises(lifecycle.NotPossible):
                workflow.decide(asked.pk, official=finance, outcome=outcome, reason="好", now=TUESDAY)


@pytest.mark.django_db
class TestReturn:
    def test_it_goes_back_with_a_reason_and_comes_up_again(self, cast):
        application = countersigned(cast)
        with pytest.raises(workflow.ReasonNeeded):
            say(application, "bureau", cast.decider, "return", to_stage="precheck")
        with pytest.raises(workflow.NotSensible):
            say(application, "bureau", cast.decider, "return", reason="请核实", to_stage="decision")
        say(application, "bureau", cast.decider, "return", reason="营业执照看不清", to_stage="precheck")
        application.refresh_from_db()
        assert (application.status, application.stage, application.round) == (Status.SUBMITTED, "precheck", 2)
        task = task_of(application, "street")
        assert task.returned and application.tasks.open().count() == 1
        first = application.accepted_at
        say(application, "street", cast.street, "accept")
        application.refresh_from_db()
        assert application.accepted_at == first, "it was accepted the first time, and the law counts from then"

    def test_one_department_returning_ends_the_tasks_of_the_others(self, cast):
        application = accepted(cast)
        say(application, "health", cast.health, "return", reason="预案缺页", to_stage="precheck")
        assert [task.stage for task in application.tasks.open()] == ["precheck"]


@pytest.mark.django_db
def test_the_page_says_how_many_of_those_that_were_asked_must_agree(cast):
    """Three stand in the definition; by their conditions two are asked."""
    edition(countersign='agreement = "quorum"\nquorum = 3')
    application = accepted(cast)
    page = text_of(desk_of(cast.health).get(review(task_of(application, "health"))))
    assert "须 2 个部门中的 2 个同意" in page


@pytest.mark.django_db
def test_the_history_names_the_office_that_was_late_and_not_one_of_its_kind_elsewhere(cast):
    post("elsewhere", "health", "360101")
    Department.objects.filter(kind="health", region="360101").update(name_zh="南昌市东湖区卫生健康委员会")
    application = accepted(cast)
    task = task_of(application, "health")
    assert workflow.escalate(task.pk, now=task.due_at)
    page = document_fromstring(desk_of(cast.health).get(review(task)).content.decode())
    last = page.xpath("//ol[contains(@class, 'rv-history')]/li")[-1].text_content()
    assert str(task.department) in last and "东湖" not in last
