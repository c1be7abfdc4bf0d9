"""Who has a task in hand: leases, reassignment, and somebody who stands in during leave."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from reviews import accounts, clock, limits, policy, roles, workflow
from reviews.audit import log
from reviews.models import Delegation, Department, Event, Notice, Official, Task
from tests.cast import post, task_of
from tests.reviews.steps import TUESDAY, accepted, actions, countersigned, edition, say, submitted

pytestmark = pytest.mark.django_db


def supervisor_of(kind: str, name: str = "chief"):
    return post(name, kind, supervisor=True)


def lend(cast, *, to, official=None, by=None, days=5, now=TUESDAY):
    official = official or cast.decider
    posting = Official.objects.get(user=official)
    return workflow.delegate(
        posting.pk,
        to=to,
        starts_at=now,
        ends_at=now + timedelta(days=days),
        by=by or official,
        reason="休年假",
        now=now,
    )


def test_a_claim_left_alone_goes_back_to_the_queue_with_an_event(cast):
    edition(limits='claim = "2h"')
    application = submitted(cast)
    task = workflow.claim(task_of(application, "street").pk, official=cast.street, now=TUESDAY)
    until = clock.due(TUESDAY, clock.Limit(2, "h"), clock.WorkCalendar())
    assert task.lease_until == until
    assert limits.keep(until - timedelta(seconds=1))["claims_expired"] == 0
    assert limits.keep(until)["claims_expired"] == 1
    assert limits.keep(until)["claims_expired"] == 0
    task.refresh_from_db()
    assert (task.state, task.claimed_by, task.lease_until) == (Task.State.OPEN, None, None)
    assert Event.objects.filter(application=application, action="lease_expired").count() == 1
    assert Notice.objects.filter(kind="lease_expired", recipient=cast.street).exists()


def test_the_holder_at_work_keeps_the_claim(cast):
    application = submitted(cast)
    task = workflow.claim(task_of(application, "street").pk, official=cast.street, now=TUESDAY)
    before, events = task.lease_until, Event.objects.count()
    assert workflow.keep_claim(task.pk, official=cast.street, now=TUESDAY + timedelta(days=1))
    task.refresh_from_db()
    assert task.lease_until > before and Event.objects.count() == events
    assert not workflow.keep_claim(task.pk, official=cast.health, now=TUESDAY)


def test_a_supervisor_reassigns_with_a_reason(cast):
    application = countersigned(cast)
    task = task_of(application, "bureau")
    other = post("other", "bureau")
    workflow.claim(task.pk, official=cast.decider, now=TUESDAY)
    with pytest.raises(workflow.ReasonNeeded):
        workflow.reassign(task.pk, official=cast.supervisor, to=other, reason=" ", now=TUESDAY)
    workflow.reassign(task.pk, official=cast.supervisor, to=other, reason="出差", now=TUESDAY)
    task.refresh_from_db()
    assert task.claimed_by == other and task.lease_until
    assert actions(application)[-1] == "reassigned"
    assert set(Notice.objects.filter(kind="reassigned").values_list("recipient__name", flat=True)) == {
        "other",
        "decider",
    }


@pytest.mark.parametrize("who", ["decider", "health", "owner"])
def test_nobody_but_a_supervisor_of_the_department_reassigns(cast, who):
    task = task_of(countersigned(cast), "bureau")
    with pytest.raises(policy.Refused) as caught:
        workflow.reassign(task.pk, official=getattr(cast, who), to=cast.decider, reason="出差", now=TUESDAY)
    assert caught.value.rule == "supervisor"


def test_a_task_is_not_given_to_somebody_whom_a_rule_keeps_from_it(cast):
    application = countersigned(cast)
    task = task_of(application, "bureau")
    Official.objects.create(user=cast.street, department=task.department)
    with pytest.raises(policy.Refused) as caught:
        workflow.reassign(task.pk, official=cast.supervisor, to=cast.street, reason="出差", now=TUESDAY)
    assert caught.value.rule == "separate_decider"
    task.refresh_from_db()
    assert task.claimed_by is None
    refused = Event.objects.get(application=application, action="refused")
    assert refused.actor == cast.supervisor, "the one who tried it is on record"


def test_a_stand_in_decides_and_the_decision_says_in_whose_place(cast):
    application = countersigned(cast)
    stand_in = post("stand_in", "finance")
    lend(cast, to=stand_in)
    task = task_of(application, "bureau")
    assert task in Task.objects.filter(pk__in=Task.objects.filter(department__in=departments(stand_in, TUESDAY)))
    decision = workflow.decide(task.pk, official=stand_in, outcome="approve", now=TUESDAY + timedelta(hours=1))
    assert decision.on_behalf_of == cast.decider
    event = Event.objects.get(application=application, action="approved")
    assert str(cast.decider.public_id) in event.payload and event.actor == stand_in


def departments(user, at):
    return Department.objects.ids_of(user, at)


def test_nobody_stands_in_before_after_or_once_it_was_ended(cast):
    stand_in = post("stand_in", "finance")
    made = lend(cast, to=stand_in, days=2)
    bureau = made.official.department_id
    assert bureau not in departments(stand_in, TUESDAY - timedelta(seconds=1))
    assert bureau in departments(stand_in, TUESDAY)
    assert bureau not in departments(stand_in, TUESDAY + timedelta(days=2))
    workflow.end_delegation(made.pk, by=cast.decider, now=TUESDAY + timedelta(hours=1))
    workflow.end_delegation(made.pk, by=cast.decider, now=TUESDAY + timedelta(hours=2))
    assert bureau not in departments(stand_in, TUESDAY + timedelta(hours=1))
    assert Event.objects.filter(action="delegation_ended").count() == 1


def test_a_stand_in_does_not_get_round_the_rules_of_the_one_on_leave(cast):
    """Neither decides what the other pre-checked."""
    application = countersigned(cast)
    bureau = task_of(application, "bureau")
    on_leave = Official.objects.create(user=cast.street, department=bureau.department)
    stand_in = post("stand_in", "finance")
    workflow.delegate(
        on_leave.pk, to=stand_in, starts_at=TUESDAY, ends_at=TUESDAY + timedelta(days=2), by=cast.street,
        reason="休假", now=TUESDAY,
    )  # fmt: skip
    with pytest.raises(policy.Refused) as caught:
        workflow.decide(bureau.pk, official=stand_in, outcome="approve", now=TUESDAY)
    assert caught.value.rule == "separate_decider"


def test_the_tasks_that_the_one_on_leave_claimed_are_the_stand_ins_too(cast):
    application = countersigned(cast)
    task = workflow.claim(task_of(application, "bureau").pk, official=cast.decider, now=TUESDAY)
    stand_in = post("stand_in", "finance")
    lend(cast, to=stand_in)
    assert workflow.decide(task.pk, official=stand_in, outcome="approve", now=TUESDAY).on_behalf_of == cast.decider


def test_a_colleague_of_the_same_department_stands_in_too(cast):
    """The usual case: they have a posting of their own there, and the task is in the hands of the one on leave."""
    application = countersigned(cast)
    task = workflow.claim(task_of(application, "bureau").pk, official=cast.decider, now=TUESDAY)
    colleague = post("deskmate", "bureau")
    for step in (workflow.claim, workflow.release):
        with pytest.raises(policy.Refused):
            step(task.pk, official=colleague, now=TUESDAY)
    lend(cast, to=colleague)
    workflow.release(task.pk, official=colleague, now=TUESDAY)
    workflow.claim(task.pk, official=cast.decider, now=TUESDAY)
    decision = workflow.decide(task.pk, official=colleague, outcome="approve", now=TUESDAY)
    assert (decision.official, decision.on_behalf_of) == (colleague, cast.decider)
    for event in application.events.filter(action__in=["released", "approved"]):
        assert log.data_of(event)["on_behalf_of"] == str(cast.decider.public_id), event.action


def test_rules_that_keep_the_one_on_leave_keep_a_colleague_who_stands_in_for_them(cast):
    application = countersigned(cast)
    task = workflow.claim(task_of(application, "bureau").pk, official=cast.decider, now=TUESDAY)
    colleague = post("deskmate", "bureau")
    lend(cast, to=colleague)
    workflow.declare_interest(cast.decider.pk, by=cast.decider, enterprise=cast.enterprise, now=TUESDAY)
    with pytest.raises(policy.Refused) as caught:
        workflow.decide(task.pk, official=colleague, outcome="approve", now=TUESDAY)
    assert caught.value.rule == "conflict_of_interest"


def test_a_supervisor_who_stands_in_for_a_reviewer_keeps_their_rank(cast):
    edition(decision='refused_by = "supervisor"')
    application = countersigned(cast)
    task = workflow.claim(task_of(application, "bureau").pk, official=cast.decider, now=TUESDAY)
    lend(cast, to=cast.supervisor)
    decision = workflow.decide(task.pk, official=cast.supervisor, outcome="reject", reason="不达标", now=TUESDAY)
    assert (decision.official, decision.on_behalf_of) == (cast.supervisor, cast.decider)
    event = application.events.get(action="rejected")
    assert event.role == "supervisor@bureau:360924"
    assert log.data_of(event)["on_behalf_of"] == str(cast.decider.public_id)


def test_a_stand_in_for_a_supervisor_has_a_supervisors_rank(cast):
    edition(decision='refused_by = "supervisor"')
    application = countersigned(cast)
    with pytest.raises(policy.Refused) as caught:
        say(application, "bureau", cast.decider, "reject", reason="不达标")
    assert caught.value.rule == "rank"
    lend(cast, to=cast.decider, official=cast.supervisor)
    assert say(application, "bureau", cast.decider, "reject", reason="不达标").on_behalf_of == cast.supervisor


def test_standing_in_is_not_passed_on(cast):
    first, second = post("first", "finance"), post("second", "finance")
    lend(cast, to=first)
    lend(cast, to=second, official=first)
    bureau = Department.objects.get(kind="bureau")
    assert bureau.pk in departments(first, TUESDAY) and bureau.pk not in departments(second, TUESDAY)


def test_a_stand_in_for_a_supervisor_neither_prolongs_that_nor_lets_others_stand_in(cast):
    stand_in = post("stand_in", "finance")
    lend(cast, to=stand_in, official=cast.supervisor)
    later = {"starts_at": TUESDAY + timedelta(days=9), "ends_at": TUESDAY + timedelta(days=99), "now": TUESDAY}
    for official in (cast.supervisor, cast.decider):
        with pytest.raises(policy.Refused) as caught:
            workflow.delegate(Official.objects.get(user=official).pk, to=stand_in, by=stand_in, reason="延长", **later)
        assert caught.value.rule == "not_passed_on"


def test_a_stand_in_for_a_supervisor_sees_and_is_told_what_the_supervisor_would_be(cast):
    stand_in = post("stand_in", "finance")
    now = timezone.now()
    application = countersigned(cast)
    workflow.delegate(
        Official.objects.get(user=cast.supervisor).pk, to=stand_in, starts_at=now - timedelta(hours=1),
        ends_at=now + timedelta(days=2), by=cast.supervisor, reason="休假",
    )  # fmt: skip
    workflow.escalate(task_of(application, "bureau").pk, now=now)
    assert Notice.objects.filter(kind="overdue", channel="inbox", recipient=stand_in).exists()
    desk = Client()
    desk.force_login(stand_in)
    assert application.number in desk.get("/admin/reviews/task/?which=all").content.decode()
    assert desk.get("/admin/reviews/task/board/").status_code == 200
    say(application, "bureau", cast.decider, "approve")
    revoke = f"/admin/permits/permit/{application.permit.pk}/revoke/"
    assert desk.post(revoke, {"text": "责任承诺不实"}).status_code == 302
    assert Event.objects.get(action="permit_revoked").actor == stand_in


def test_a_reminder_of_a_task_held_by_somebody_on_leave_reaches_the_stand_in(cast):
    application = countersigned(cast)
    task = workflow.claim(task_of(application, "bureau").pk, official=cast.decider, now=TUESDAY)
    stand_in = post("stand_in", "finance")
    lend(cast, to=stand_in)
    assert workflow.remind(task.pk, now=task.remind_at)
    told_to = set(Notice.objects.filter(kind="reminder").values_list("recipient", flat=True))
    assert told_to == {cast.decider.pk, stand_in.pk}


def test_who_may_let_somebody_stand_in(cast):
    stand_in = post("stand_in", "finance")
    for _again in range(2):
        with pytest.raises(policy.Refused):
            lend(cast, to=stand_in, by=cast.health)
    refused = Event.objects.get(action="refused")
    assert refused.actor == cast.health and refused.stream.startswith(f"posting:{cast.decider.public_id}")
    assert lend(cast, to=stand_in, by=cast.supervisor).made_by == cast.supervisor
    assert lend(cast, to=stand_in, by=cast.supervisor).pk == Delegation.objects.get().pk, "twice is once"
    with pytest.raises(workflow.NotSensible, match="stand_in"):
        lend(cast, to=cast.health)


@pytest.mark.parametrize(
    "wrong",
    [
        {"ends_at": TUESDAY - timedelta(days=1)},
        {"ends_at": TUESDAY + timedelta(days=400)},
        {"to": "decider"},
        {"to": "owner"},
    ],
)
def test_a_leave_that_makes_no_sense_is_refused_in_words(cast, wrong):
    posting = Official.objects.get(user=cast.decider)
    call = {
        "to": cast.supervisor, "starts_at": TUESDAY, "ends_at": TUESDAY + timedelta(days=1), "by": cast.decider,
        "reason": "休假", "now": TUESDAY,
    } | wrong  # fmt: skip
    call["to"] = getattr(cast, call["to"]) if isinstance(call["to"], str) else call["to"]
    with pytest.raises(workflow.NotSensible):
        workflow.delegate(posting.pk, **call)


def test_a_new_task_is_told_to_stand_ins_too(cast):
    stand_in = post("stand_in", "finance")
    lend(cast, to=stand_in, official=cast.health)
    accepted(cast)
    assert Notice.objects.filter(kind="new_task", recipient=stand_in).exists()


# --- Who may not act any more ----------------------------------------------------------------------------------------


@contextmanager
def refused(rule: str):
    with pytest.raises(policy.Refused) as refusal:
        yield
    assert refusal.value.rule == rule


def test_who_lost_their_posting_stands_in_for_nobody_and_is_not_let_in(cast, client):
    """Least of all as an administrator: none of the three decides anything (三员分立)."""
    other = post("stand-in", "bureau")
    lent = lend(cast, to=other, days=60, now=timezone.now())
    roles.end_posting(Official.objects.get(user=other), by=None)
    roles.grant(other, "audit_admin", by=None)
    lent.refresh_from_db()
    assert lent.ended_at and Event.objects.get(action="delegation_ended").actor is None
    task = task_of(countersigned(cast), "bureau")
    with refused("own_department"):
        workflow.decide(task.pk, official=other, outcome="approve")
    client.force_login(other)
    address = f"/admin/reviews/task/{task.pk}/review/"
    assert client.get(address).status_code == client.post(address, {"outcome": "approve"}).status_code == 404


def test_nobody_stands_in_for_an_account_that_is_shut(cast):
    other = post("stand-in", "health")
    lend(cast, to=other, official=cast.supervisor)
    accounts.deactivate(cast.supervisor, by=None, reason="停职")
    with refused("own_department"):
        say(countersigned(cast), "bureau", other, "approve")


@pytest.mark.parametrize("how", ["posting ended", "account shut"])
def test_a_claim_of_somebody_who_may_not_decide_there_any_more_goes_back_at_once(cast, how):
    other = post("another", "bureau")
    task = task_of(countersigned(cast), "bureau")
    task = workflow.claim(task.pk, official=other, now=TUESDAY)
    assert limits.keep(TUESDAY)["claims_expired"] == 0
    if how == "account shut":
        accounts.deactivate(other, by=None, reason="停职")
    else:
        roles.end_posting(Official.objects.get(user=other), by=None)
    assert limits.keep(TUESDAY)["claims_expired"] == 1 and limits.keep(TUESDAY)["claims_expired"] == 0
    told = Event.objects.get(action="lease_expired")
    assert log.data_of(told)["cause"] == "no_posting"
    assert Notice.objects.filter(event=told, recipient=cast.decider).exists()
    assert not Notice.objects.filter(event=told, recipient=other).exists()
    assert workflow.claim_next(official=cast.decider, now=TUESDAY).pk == task.pk


def test_when_a_leave_ends_early_what_the_stand_in_claimed_goes_back(cast):
    stand_in = post("stand-in", "health")
    lent = lend(cast, to=stand_in)
    task = workflow.claim(task_of(countersigned(cast), "bureau").pk, official=stand_in, now=TUESDAY)
    assert limits.keep(TUESDAY)["claims_expired"] == 0
    workflow.end_delegation(lent.pk, by=cast.decider, now=TUESDAY)
    assert limits.keep(TUESDAY)["claims_expired"] == 1
    assert workflow.claim(task.pk, official=cast.decider, now=TUESDAY).claimed_by == cast.decider


def test_answers_come_back_to_the_department_when_who_asked_is_gone(cast):
    application = submitted(cast)
    asked = [workflow.Correction("field", "headcount", "人数与名册不符")]
    say(application, "street", cast.street, "correct", corrections=asked)
    colleague = post("another", "street")
    accounts.deactivate(cast.street, by=None, reason="离职")
    item = application.correction_notices.get().items.get()
    answers = {str(item.public_id): "与名册一致，已核对"}
    workflow.answer_corrections(application.pk, applicant=cast.owner, answers=answers, now=TUESDAY)
    task = task_of(application, "street")
    assert task.claimed_by is None
    assert Notice.objects.filter(kind="new_task", recipient=colleague).exists()


def test_a_supervisor_linked_to_the_enterprise_chooses_nobody_and_frees_no_claim(cast):
    task = workflow.claim(task_of(countersigned(cast), "bureau").pk, official=cast.decider, now=TUESDAY)
    workflow.declare_interest(cast.supervisor.pk, enterprise=cast.enterprise, by=cast.supervisor, note="股东")
    other = post("another", "bureau")
    with refused("conflict_of_interest"):
        workflow.reassign(task.pk, official=cast.supervisor, to=other, reason="换人", now=TUESDAY)
    with refused("conflict_of_interest"):
        workflow.release(task.pk, official=cast.supervisor, now=TUESDAY)


def test_a_reviewer_in_a_supervisors_place_frees_a_colleagues_claim(cast):
    task = workflow.claim(task_of(countersigned(cast), "bureau").pk, official=cast.decider, now=TUESDAY)
    other = post("another", "bureau")
    with refused("own_claim"):
        workflow.release(task.pk, official=other, now=TUESDAY)
    lend(cast, to=other, official=cast.supervisor)
    assert workflow.release(task.pk, official=other, now=TUESDAY).claimed_by is None
