"""“Next task”: the most urgent one that the official may decide, and never the same to two of them."""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection
from django.utils import timezone

from permits.models import Membership, Permit
from reviews import lifecycle, policy, workflow
from reviews.audit import log
from reviews.models import Decision, Event, Official, Task
from tests.cast import filled, task_of
from tests.reviews.many import officials, tasks_at_decision

db = pytest.mark.django_db
threads = pytest.mark.django_db(transaction=True)


@db
def test_the_most_urgent_task_is_claimed_with_its_event(cast):
    now = timezone.now()
    late, later, latest = tasks_at_decision(cast, 3, due=lambda i: now + timedelta(hours=(i + 1) % 3))
    assert [workflow.claim_next(official=cast.decider).pk for _ in range(3)] == [latest.pk, late.pk, later.pk]
    assert workflow.claim_next(official=cast.decider) is None
    assert Event.objects.filter(action="claimed", actor=cast.decider).count() == 3
    assert not Task.objects.exclude(claimed_by=cast.decider).exists()


@db
def test_nobody_is_given_another_departments_task(cast):
    tasks_at_decision(cast, 2)
    assert workflow.claim_next(official=cast.health) is None
    assert workflow.claim_next(official=cast.other_street) is None


@db
def test_an_ended_posting_gives_no_tasks(cast):
    tasks_at_decision(cast, 1)
    Official.objects.filter(user=cast.decider).update(active=False)
    assert workflow.claim_next(official=cast.decider) is None


@db
def test_what_a_rule_would_refuse_is_passed_over(cast):
    own, foreign = tasks_at_decision(cast, 2)
    Membership.objects.create(user=cast.decider, enterprise=cast.other_enterprise, role="agent")
    own.application.enterprise = cast.other_enterprise
    own.application.save()
    assert workflow.claim_next(official=cast.decider).pk == foreign.pk
    assert workflow.claim_next(official=cast.decider) is None


@db
def test_who_prechecked_is_not_given_the_decision(cast):
    Official.objects.create(user=cast.street, department=Official.objects.get(user=cast.decider).department)
    application = workflow.submit(filled(cast).pk, applicant=cast.owner)
    workflow.decide(task_of(application, "street").pk, official=cast.street, outcome="accept")
    workflow.decide(task_of(application, "health").pk, official=cast.health, outcome="agree")
    workflow.decide(task_of(application, "industry").pk, official=cast.industry, outcome="agree")
    assert workflow.claim_next(official=cast.street) is None
    assert workflow.claim_next(official=cast.decider).application == application


@db
def test_what_only_the_policy_refuses_is_passed_over_without_an_event_or_an_endless_search(
    cast, django_assert_max_num_queries
):
    tasks_at_decision(cast, 3)
    cast.decider.is_active = False  # no condition of the search knows of this rule; the policy does
    with django_assert_max_num_queries(60):
        assert workflow.claim_next(official=cast.decider) is None
    assert not Event.objects.filter(actor=cast.decider).exists()


@db
def test_a_second_click_gives_the_task_of_the_first(cast):
    tasks_at_decision(cast, 3)
    shown = timezone.now()
    first = workflow.claim_next(official=cast.decider, since=shown)
    assert workflow.claim_next(official=cast.decider, since=shown) == first
    workflow.decide(first.pk, official=cast.decider, outcome="approve")
    second = workflow.claim_next(official=cast.decider, since=shown)
    assert second != first
    assert workflow.claim_next(official=cast.decider, since=timezone.now()) not in (first, second)


@threads
def test_two_clicks_at_once_by_one_official_take_one_task(cast):
    tasks_at_decision(cast, 8)
    shown, start = timezone.now(), Barrier(4)

    def click() -> int:
        try:
            start.wait(10)
            return workflow.claim_next(official=cast.decider, since=shown).pk
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        given = [future.result(60) for future in [pool.submit(click) for _ in range(4)]]
    assert len(set(given)) == 1
    assert Task.objects.filter(claimed_by=cast.decider).count() == 1


@threads
def test_officials_who_press_next_task_and_approve_decide_each_task_once(cast, engine):
    """Fifty of them and 500 tasks on PostgreSQL; SQLite has one writer at a time, so fewer show the same there."""
    people, n = (50, 500) if engine == "postgresql" else (12, 96)
    tasks, start = tasks_at_decision(cast, n), Barrier(people)

    def work(official) -> list[int]:
        done = []
        try:
            start.wait(30)
            while task := workflow.claim_next(official=official):
                assert workflow.decide(task.pk, official=official, outcome="approve").official_id == official.pk
                done.append(task.pk)
            return done
        finally:
            connection.close()

    with ThreadPoolExecutor(people) as pool:
        # A deadlock, a lost update or a second decision would be raised here.
        shares = [future.result(300) for future in [pool.submit(work, official) for official in officials(people)]]
    given = [pk for share in shares for pk in share]
    assert sorted(given) == sorted(task.pk for task in tasks)
    assert Decision.objects.count() == Permit.objects.count() == n
    assert Event.objects.filter(action="claimed").count() == Event.objects.filter(action="approved").count() == n
    assert sum(map(bool, shares)) > people / 2
    broken = [log.first_broken_link(log.stream_of(task.application)) for task in tasks[:: n // 20]]
    assert not any(broken)


@threads
def test_taking_the_next_task_while_others_decide_claim_and_withdraw_locks_nobody_out(cast):
    """Every other step waits for the application first; this one never waits for one."""
    tasks = tasks_at_decision(cast, 12)
    start = Barrier(4)

    def run(act):
        try:
            start.wait(10)
            return act()
        finally:
            connection.close()

    def each(step):
        for task in tasks:
            with contextlib.suppress(workflow.AlreadyDecided, policy.Refused, lifecycle.NotPossible):
                step(task)

    def nexts(official):
        while task := workflow.claim_next(official=official):
            workflow.decide(task.pk, official=official, outcome="approve")

    acts = (
        lambda: nexts(cast.decider),
        lambda: nexts(cast.supervisor),
        lambda: each(lambda task: workflow.withdraw(task.application_id, applicant=cast.owner)),
        lambda: each(lambda task: workflow.claim(task.pk, official=cast.supervisor)),
    )
    with ThreadPoolExecutor(4) as pool:
        ends = [pool.submit(run, act) for act in acts]
        errors = [error for error in (future.exception(60) for future in ends) if error]
    assert all(isinstance(error, workflow.AlreadyDecided) for error in errors), errors
    open_now = Task.objects.open()
    assert all(task.claimed_by_id == cast.supervisor.pk for task in open_now)
