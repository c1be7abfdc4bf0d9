"""Two people at once: threads against the real database, on both engines."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection, transaction
from django.utils import timezone

from permits.models import Application, Permit, next_serial
from reviews import workflow
from reviews.audit import archive, log, sealing, verify
from reviews.models import Archive, Decision, Event, Notice, Task
from reviews.notices import delivery
from reviews.policy import Refused
from reviews.publishing import publish
from tests.cast import filled, task_of
from tests.reviews.steps import SOURCE, approved, edition
from tests.reviews.test_after_the_decision import begun, up_to_the_bureau

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*calls):
    """Run the calls at the same moment, each on its own connection; give what each returned or raised."""
    start = Barrier(len(calls))

    def one(call):
        try:
            start.wait(timeout=10)
            return call()
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result(timeout=60) for future in [pool.submit(one, call) for call in calls]]


def test_eight_clicks_on_submit_give_one_number(cast):
    draft = filled(cast)
    results = at_once(*[lambda: workflow.submit(draft.pk, applicant=cast.owner).number] * 8)
    assert len(set(results)) == 1 and isinstance(results[0], str), results
    assert Event.objects.filter(action="submitted").count() == 1


def test_eight_clicks_on_carry_carry_the_draft_once_and_end_in_no_error(cast):
    draft = filled(cast)
    newer = edition(top="")
    publish(SOURCE.read_text(encoding="utf-8").replace("3h", "4h", 1))
    found = at_once(*[lambda: workflow.carry_draft(draft.pk, applicant=cast.owner).version_id] * 8)
    draft.refresh_from_db()
    assert set(found) == {draft.version_id} and draft.version_id > newer.pk, found


def test_eight_applications_at_once_get_eight_numbers_without_a_gap(cast):
    drafts = [filled(cast) for _ in range(8)]
    at_once(*[lambda pk=draft.pk: workflow.submit(pk, applicant=cast.owner) for draft in drafts])
    serials = sorted(int(number.split("-")[2]) for number in Application.objects.values_list("number", flat=True))
    assert serials == list(range(1, 9))


def test_serials_never_repeat_under_eight_issuers(db):
    from django.db import transaction

    def issue():
        with transaction.atomic():
            return next_serial("test")

    assert sorted(at_once(*[issue] * 8)) == list(range(1, 9))


def test_of_two_officials_deciding_at_once_one_wins_and_the_other_is_told(cast):
    application = workflow.submit(filled(cast).pk, applicant=cast.owner)
    workflow.decide(task_of(application, "street").pk, official=cast.street, outcome="accept")
    workflow.decide(task_of(application, "health").pk, official=cast.health, outcome="agree")
    workflow.decide(task_of(application, "industry").pk, official=cast.industry, outcome="agree")
    task = task_of(application, "bureau")
    results = at_once(
        lambda: workflow.decide(task.pk, official=cast.decider, outcome="approve"),
        lambda: workflow.decide(task.pk, official=cast.supervisor, outcome="reject", reason="存疑"),
    )
    won = [result for result in results if isinstance(result, Decision)]
    lost = [result for result in results if isinstance(result, workflow.AlreadyDecided)]
    assert len(won) == len(lost) == 1, results
    assert won[0].official.name in str(lost[0])
    assert Permit.objects.count() == (won[0].outcome == "approve")


def test_the_last_two_countersigners_at_once_open_one_decision(cast):
    application = workflow.submit(filled(cast).pk, applicant=cast.owner)
    workflow.decide(task_of(application, "street").pk, official=cast.street, outcome="accept")
    health, industry = task_of(application, "health"), task_of(application, "industry")
    at_once(
        lambda: workflow.decide(health.pk, official=cast.health, outcome="agree"),
        lambda: workflow.decide(industry.pk, official=cast.industry, outcome="agree"),
    )
    assert application.tasks.open().count() == 1
    assert log.first_broken_link(log.stream_of(application)) is None


@pytest.mark.production
def test_a_step_on_a_task_waits_for_the_application_first_and_then_sees_the_task_as_it_is(cast):
    """One query locks both. Were the task locked before the application, two steps could wait for each other."""
    application = workflow.submit(filled(cast).pk, applicant=cast.owner)
    task = task_of(application, "street")
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            Application.objects.select_for_update().get(pk=application.pk)
            waits = pool.submit(lambda: at_once(lambda: workflow.claim(task.pk, official=cast.street)))
            wait_until_somebody_waits_for_a_lock()
            assert Task.objects.filter(pk=task.pk).update(claimed_by=cast.decider, claimed_at=timezone.now())
        (found,) = waits.result(timeout=30)
    assert isinstance(found, Refused) and found.rule == "claimed", found
    assert cast.decider.name in str(found)


@pytest.mark.production
@pytest.mark.parametrize("act", ["corrected", "renewed"])
def test_what_is_done_to_a_permit_waits_for_who_revokes_it_and_then_sees_that_it_is(cast, act):
    """Who corrects or revokes it has its application locked, who renews it another one: its own row is between them."""
    edition(outcome="valid_days = 30\nrenewable_days = 60")
    permit = Permit.objects.get(application=approved(cast))
    application = up_to_the_bureau(cast, begun(cast, permit))
    acts = {
        "corrected": lambda: workflow.correct_permit(
            permit.pk, official=cast.supervisor, changes={"first_batch": "110"}, reason="人数有误"
        ),
        "renewed": lambda: workflow.decide(task_of(application, "bureau").pk, official=cast.decider, outcome="approve"),
    }
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            Permit.objects.select_for_update().get(pk=permit.pk)
            waits = pool.submit(lambda: at_once(acts[act]))
            wait_until_somebody_waits_for_a_lock()
            Permit.objects.filter(pk=permit.pk).update(state=Permit.State.REVOKED)
        (found,) = waits.result(timeout=30)
    assert isinstance(found, workflow.NotSensible), found
    permit.refresh_from_db()
    assert permit.state == Permit.State.REVOKED and Permit.objects.count() == 1


def wait_until_somebody_waits_for_a_lock():
    end = time.monotonic() + 20
    while time.monotonic() < end:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
            if cursor.fetchone()[0]:
                return
        time.sleep(0.05)
    raise AssertionError("nobody waits")


def test_withdrawing_while_it_is_decided_ends_in_one_of_the_two(cast):
    application = workflow.submit(filled(cast).pk, applicant=cast.owner)
    task = task_of(application, "street")
    at_once(
        lambda: workflow.decide(task.pk, official=cast.street, outcome="decline", reason="不属于本地"),
        lambda: workflow.withdraw(application.pk, applicant=cast.owner),
    )
    application.refresh_from_db()
    assert application.status in ("declined", "withdrawn")
    assert Event.objects.filter(application=application, action__in=["declined", "withdrawn"]).count() == 1


def test_eight_workers_send_a_notice_once(cast, mailoutbox):
    workflow.submit(filled(cast).pk, applicant=cast.owner)
    notice = Notice.objects.get(channel="email", kind="submitted")
    sent = at_once(*[lambda: delivery.deliver([notice.pk])] * 8)
    assert sum(sent) == 1 and len(mailoutbox) == 1


def test_two_runs_that_archive_the_log_at_once_write_each_event_once(cast, settings, tmp_path):
    settings.AUDIT_ARCHIVE_URL = f"file://{tmp_path}/archive"
    applications = [approved(cast) for _ in range(3)]
    sealing.seal()
    count = Event.objects.filter(application__in=applications).count()
    year = timezone.localtime(max(each.closed_at for each in applications)).year
    later = timezone.now() + timedelta(days=800)
    runs = at_once(*[lambda: sum(made.events for made in archive.archive_year(year, now=later))] * 3)
    assert sum(runs) == count, runs
    assert sum(Archive.objects.values_list("events", flat=True)) == count and not Archive.objects.filter(events=0).exists()
    assert not Event.objects.filter(application__in=applications).exists() and not verify.verify().faults


def test_two_who_publish_at_once_publish_on_each_others_edition(db):
    source = SOURCE.read_text(encoding="utf-8")
    publish(source)
    made = at_once(*[lambda n=n: publish(f"{source}\n# {n}\n").version.edition for n in range(4)])
    told = Event.objects.filter(action="service_published", stream="service:resumption").order_by("-seq")[:4]
    assert len(set(made)) == 4, made
    assert [(event.before, event.after) for event in told] == [(str(n - 1), str(n)) for n in sorted(made, reverse=True)]
