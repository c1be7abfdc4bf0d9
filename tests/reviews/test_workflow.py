"""The process of the model case, step by step."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import translation

from permits import numbers
from permits.models import Permit, Status
from reviews import lifecycle, limits, policy, workflow
from reviews.audit import log
from reviews.models import CorrectionItem, Decision, Department, Event, Notice, Task
from reviews.routing import NobodyHandles
from tests.cast import Cast, filled, post, task_of
from tests.reviews.audit.honest import check_told
from tests.reviews.steps import actions, say

pytestmark = pytest.mark.django_db
TUESDAY = datetime(2026, 11, 24, 1, 30, tzinfo=UTC)  # 09:30 in Shanghai


def submitted(cast: Cast, **changes):
    return workflow.submit(filled(cast, **changes).pk, applicant=cast.owner, now=TUESDAY)


def accepted(cast: Cast, **changes):
    application = submitted(cast, **changes)
    workflow.decide(task_of(application, "street").pk, official=cast.street, outcome="accept", now=TUESDAY)
    return application


def countersigned(cast: Cast, industry_says: str = "agree"):
    application = accepted(cast)
    workflow.decide(task_of(application, "health").pk, official=cast.health, outcome="agree", now=TUESDAY)
    reason = "车间通风不足" if industry_says == "disagree" else ""
    task = task_of(application, "industry")
    workflow.decide(task.pk, official=cast.industry, outcome=industry_says, reason=reason, now=TUESDAY)
    return application


def test_a_submitted_application_has_a_number_and_is_due_in_three_working_hours(cast):
    application = submitted(cast)
    assert re.fullmatch(r"360924-20261124-000001-[0-9A-Z]", application.number)
    assert numbers.is_valid(application.number)
    assert application.due_at == datetime(2026, 11, 24, 6, 0, tzinfo=UTC)  # 14:00: lunch is not working time
    assert task_of(application, "street").state == Task.State.OPEN


def test_submitting_twice_gives_one_application_with_one_number(cast):
    application = submitted(cast)
    again = workflow.submit(application.pk, applicant=cast.owner)
    assert again.number == application.number
    assert Event.objects.filter(application=application, action="submitted").count() == 1


def test_an_incomplete_draft_is_not_sent_and_says_everything_that_is_missing(cast):
    draft = filled(cast, headcount=None, origin_local=1)
    draft.materials.filter(requirement="roster").delete()
    with pytest.raises(workflow.Incomplete) as caught:
        workflow.submit(draft.pk, applicant=cast.owner)
    assert {problem.key for problem in caught.value.problems} == {"staff", "roster"}
    assert {problem.field for problem in caught.value.problems} == {"headcount", "origin_local", "roster"}
    draft.refresh_from_db()
    assert draft.status == Status.DRAFT and draft.number is None


def test_an_outsider_can_neither_submit_nor_withdraw(cast):
    draft = filled(cast)
    with pytest.raises(policy.Refused):
        workflow.submit(draft.pk, applicant=cast.outsider)
    application = workflow.submit(draft.pk, applicant=cast.owner)
    with pytest.raises(policy.Refused):
        workflow.withdraw(application.pk, applicant=cast.outsider)


def test_a_region_without_an_office_keeps_the_draft_and_says_so(cast):
    draft = filled(cast, region="360121")
    with pytest.raises(NobodyHandles):
        workflow.submit(draft.pk, applicant=cast.owner)
    draft.refresh_from_db()
    assert draft.status == Status.DRAFT


@pytest.mark.parametrize("missing", ["bureau", "industry"])
def test_an_office_that_only_a_later_stage_needs_is_missed_before_it_is_sent(cast, missing):
    Department.objects.filter(kind=missing).update(active=False)
    draft = filled(cast)
    with pytest.raises(NobodyHandles):
        workflow.submit(draft.pk, applicant=cast.owner)
    draft.refresh_from_db()
    assert draft.status == Status.DRAFT and not draft.number


def test_health_and_the_department_of_the_industry_countersign_in_parallel(cast):
    application = accepted(cast)
    kinds = {task.department.kind for task in application.tasks.open()}
    assert kinds == {"health", "industry"}


def test_a_hotel_is_countersigned_by_commerce_instead(cast):
    application = accepted(cast, industry="H61")
    assert {task.department.kind for task in application.tasks.open()} == {"health", "commerce"}


def test_the_decision_opens_when_the_last_department_has_spoken(cast):
    application = accepted(cast)
    workflow.decide(task_of(application, "health").pk, official=cast.health, outcome="agree")
    assert not application.tasks.open().filter(kind="decision").exists()
    workflow.decide(task_of(application, "industry").pk, official=cast.industry, outcome="agree")
    assert task_of(application, "bureau").kind == "decision"


def test_an_approval_issues_a_signed_permit_with_a_number(cast):
    application = countersigned(cast)
    workflow.decide(task_of(application, "bureau").pk, official=cast.decider, outcome="approve")
    application.refresh_from_db()
    permit = Permit.objects.get(application=application)
    assert application.status == Status.APPROVED and application.closed_at
    assert numbers.is_valid(permit.number) and permit.signature
    assert permit.content["holder"]["name"] == cast.enterprise.name if "holder" in permit.content else True


def test_an_approval_against_a_department_needs_words(cast):
    application = countersigned(cast, "disagree")
    task = task_of(application, "bureau")
    with pytest.raises(workflow.ReasonNeeded):
        workflow.decide(task.pk, official=cast.decider, outcome="approve")
    workflow.decide(task.pk, official=cast.decider, outcome="approve", reason="已现场核查通风，整改到位")
    assert Permit.objects.filter(application=application).exists()


def test_a_rejection_without_a_reason_is_refused_and_nothing_changes(cast):
    application = countersigned(cast)
    task = task_of(application, "bureau")
    with pytest.raises(workflow.ReasonNeeded):
        workflow.decide(task.pk, official=cast.decider, outcome="reject", reason="  ")
    task.refresh_from_db()
    assert task.state == Task.State.OPEN and not Decision.objects.filter(task=task).exists()


def test_an_official_of_another_department_cannot_decide(cast):
    application = submitted(cast)
    for stranger in (cast.health, cast.other_street, cast.supervisor):
        with pytest.raises(policy.Refused) as caught:
            workflow.decide(task_of(application, "street").pk, official=stranger, outcome="accept")
        assert caught.value.rule == "own_department"


def test_nobody_decides_what_they_filed(cast):
    from permits.models import Membership

    application = submitted(cast)
    Membership.objects.create(user=cast.street, enterprise=cast.enterprise, role="agent")
    with pytest.raises(policy.Refused) as caught:
        workflow.decide(task_of(application, "street").pk, official=cast.street, outcome="accept")
    assert caught.value.rule == "own_filing"


def test_the_one_who_prechecked_cannot_give_the_final_decision(cast):
    from reviews.models import Official

    application = countersigned(cast)
    task = task_of(application, "bureau")
    Official.objects.create(user=cast.street, department=task.department)
    with pytest.raises(policy.Refused) as caught:
        workflow.decide(task.pk, official=cast.street, outcome="approve")
    assert caught.value.rule == "separate_decider"


def test_a_second_official_cannot_decide_a_claimed_task(cast):

    application = countersigned(cast)
    task = task_of(application, "bureau")
    workflow.claim(task.pk, official=cast.decider)
    second = post("second", "bureau")
    with pytest.raises(policy.Refused) as caught:
        workflow.decide(task.pk, official=second, outcome="approve")
    assert caught.value.rule == "claimed" and "decider" in str(caught.value)
    workflow.release(task.pk, official=cast.decider)
    workflow.decide(task.pk, official=second, outcome="approve")


def test_a_double_click_on_approve_is_one_decision(cast):
    application = countersigned(cast)
    task = task_of(application, "bureau")
    first = workflow.decide(task.pk, official=cast.decider, outcome="approve")
    again = workflow.decide(task.pk, official=cast.decider, outcome="approve")
    assert first.pk == again.pk and Permit.objects.filter(application=application).count() == 1


def test_the_later_of_two_officials_is_told_who_decided_and_when(cast):
    application = countersigned(cast)
    task = task_of(application, "bureau")
    workflow.decide(task.pk, official=cast.decider, outcome="approve")
    with pytest.raises(workflow.AlreadyDecided) as caught:
        workflow.decide(task.pk, official=cast.supervisor, outcome="reject", reason="材料存疑")
    assert "decider" in str(caught.value)


def test_a_skipped_stage_is_not_possible(cast):
    application = submitted(cast)
    with pytest.raises(lifecycle.NotPossible):
        workflow.decide(task_of(application, "street").pk, official=cast.street, outcome="approve")


def corrected(cast: Cast):
    application = submitted(cast)
    items = [
        workflow.Correction("field", "masks", "口罩数量与照片不符，请核对"),
        workflow.Correction("material", "signed_pledge", "承诺书未盖章，请重新上传"),
    ]
    task = task_of(application, "street")
    workflow.decide(
        task.pk, official=cast.street, outcome="correct", corrections=items, now=TUESDAY + timedelta(hours=1)
    )
    application.refresh_from_db()
    return application


def test_corrections_are_told_all_at_once_and_stop_the_clock(cast):
    application = corrected(cast)
    notice = application.correction_notices.get()
    assert application.status == Status.NEEDS_CORRECTION
    assert notice.items.count() == 2 and notice.promised_left == 2 * 3600
    assert not application.tasks.open().exists()
    assert Notice.objects.filter(kind="corrections_requested", recipient=cast.owner).count() == 2


def test_answered_corrections_go_back_to_the_official_who_asked(cast):
    application = corrected(cast)
    post("another", "street")
    asked = {item.key: item for item in CorrectionItem.objects.all()}
    application.answers["masks"] = 2400
    application.save()
    with pytest.raises(workflow.Incomplete) as caught:
        workflow.answer_corrections(application.pk, applicant=cast.owner, answers={})
    assert [problem.field for problem in caught.value.problems] == ["signed_pledge"]
    words = {str(asked["signed_pledge"].public_id): "公章在右下角，照片已放大"}
    friday = datetime(2026, 11, 27, 1, 0, tzinfo=UTC)
    application = workflow.answer_corrections(application.pk, applicant=cast.owner, answers=words, now=friday)
    assert application.status == Status.CORRECTED
    assert application.due_at == datetime(2026, 11, 27, 3, 0, tzinfo=UTC)  # the two hours that were left
    task = task_of(application, "street")
    assert task.claimed_by == cast.street
    back = Notice.objects.filter(kind="new_task", event__action="corrections_answered")
    assert {notice.recipient for notice in back} == {cast.street}, "nobody else can do anything about it"
    workflow.decide(task.pk, official=cast.street, outcome="accept")


def test_a_second_round_of_corrections_needs_a_supervisors_word(cast):
    application = corrected(cast)
    words = {str(item.public_id): "已核对，无误" for item in CorrectionItem.objects.all()}
    workflow.answer_corrections(application.pk, applicant=cast.owner, answers=words)
    with pytest.raises(policy.Refused) as caught:
        workflow.decide(
            task_of(application, "street").pk, official=cast.street, outcome="correct",
            corrections=[workflow.Correction("other", "", "还差一份")],
        )  # fmt: skip
    assert caught.value.rule == "second_round"


def test_corrections_never_answered_end_the_application_a_day_after_a_warning(cast):
    application = corrected(cast)
    notice = application.correction_notices.get()
    assert notice.deadline == datetime(2026, 12, 15, 9, 30, tzinfo=UTC), "fifteen working days, to the end of the last"
    a_day_before = datetime(2026, 12, 14, 9, 30, tzinfo=UTC)
    assert limits.keep(a_day_before - timedelta(minutes=1))["warned_of_lapse"] == 0
    assert limits.keep(a_day_before + timedelta(minutes=1))["warned_of_lapse"] == 1
    warning = Notice.objects.filter(kind="corrections_due_soon")
    assert {told.recipient for told in warning} >= {cast.owner}
    assert {told.params["deadline_at"] for told in warning} == {notice.deadline.isoformat()}
    done = limits.keep(notice.deadline - timedelta(minutes=1))
    assert done["warned_of_lapse"] == done["lapsed"] == 0, "warned once"
    assert limits.keep(notice.deadline + timedelta(minutes=1))["lapsed"] == 1
    application.refresh_from_db()
    assert application.status == Status.LAPSED and application.closed_at
    assert actions(application)[-2:] == ["reminded", "lapsed"]


def test_a_warning_that_comes_late_leaves_its_day_all_the_same(cast):
    """The portal was down for a week: nobody is warned and ended in the same minute."""
    application = corrected(cast)
    back = datetime(2026, 12, 22, 2, 0, tzinfo=UTC)  # 10:00 in Shanghai
    done = limits.keep(back)
    assert (done["warned_of_lapse"], done["lapsed"]) == (1, 0)
    tomorrow = datetime(2026, 12, 23, 2, 0, tzinfo=UTC)
    assert application.correction_notices.get().deadline == tomorrow
    told = Notice.objects.filter(kind="corrections_due_soon").first()
    assert told and told.params["deadline_at"] == tomorrow.isoformat()
    assert limits.keep(tomorrow - timedelta(minutes=1))["lapsed"] == 0
    assert limits.keep(tomorrow)["lapsed"] == 1
    check_told(application)


def test_silence_for_five_working_days_means_accepted(cast):
    application = submitted(cast)
    late = datetime(2026, 12, 1, 10, 0, tzinfo=UTC)
    assert limits.keep(late)["deemed_accepted"] == 1
    application.refresh_from_db()
    assert application.status == Status.IN_REVIEW and application.accepted_at == TUESDAY
    assert {task.department.kind for task in application.tasks.open()} == {"health", "industry"}


def test_an_overdue_task_is_escalated_once(cast):
    application = countersigned(cast)
    task = task_of(application, "bureau")
    late = task.due_at + timedelta(hours=1)
    assert limits.escalate_overdue(late) == 1
    assert limits.escalate_overdue(late) == 0
    told = Notice.objects.filter(kind="overdue", recipient=cast.supervisor)
    assert told.count() == 2
    said = told[0].params
    assert said["stage"]["en"] and said["due_at"] == task_of(application, "bureau").due_at.isoformat()


def test_a_withdrawn_application_leaves_no_open_task(cast):
    application = accepted(cast)
    workflow.withdraw(application.pk, applicant=cast.colleague)
    application.refresh_from_db()
    assert application.status == Status.WITHDRAWN and not application.tasks.open().exists()
    assert workflow.withdraw(application.pk, applicant=cast.owner).status == Status.WITHDRAWN


def test_a_decided_application_cannot_be_withdrawn(cast):
    application = countersigned(cast)
    workflow.decide(task_of(application, "bureau").pk, official=cast.decider, outcome="approve")
    with pytest.raises(lifecycle.NotPossible):
        workflow.withdraw(application.pk, applicant=cast.owner)


def test_a_bad_rating_opens_a_follow_up_and_hides_who_rated(cast):
    application = countersigned(cast)
    workflow.decide(
        task_of(application, "bureau").pk, official=cast.decider, outcome="reject", reason="隔离场所不符合要求"
    )
    rating = workflow.rate(application.pk, applicant=cast.owner, score=1, comment="等得太久", now=TUESDAY)
    assert rating.follow_up_due_at == datetime(2026, 12, 15, 9, 30, tzinfo=UTC)
    event = Event.objects.get(action="rated")
    assert event.actor is None and "score" not in event.payload
    assert workflow.rate(application.pk, applicant=cast.owner, score=5).pk == rating.pk
    workflow.follow_up_rating(rating.pk, official=cast.supervisor, text="已电话回访并致歉")


def test_only_a_supervisor_revokes_a_permit_and_says_why(cast):
    application = countersigned(cast)
    workflow.decide(task_of(application, "bureau").pk, official=cast.decider, outcome="approve")
    permit = Permit.objects.get()
    with pytest.raises(policy.Refused):
        workflow.revoke_permit(permit.pk, official=cast.decider, reason="承诺不实")
    with pytest.raises(workflow.ReasonNeeded):
        workflow.revoke_permit(permit.pk, official=cast.supervisor, reason=" ")
    assert workflow.revoke_permit(permit.pk, official=cast.supervisor, reason="承诺不实").state == "revoked"


def test_every_step_is_on_record_and_the_chain_holds(cast):
    application = countersigned(cast)
    workflow.decide(task_of(application, "bureau").pk, official=cast.decider, outcome="reject", reason="不符合要求")
    actions = list(application.events.order_by("seq").values_list("action", flat=True))
    assert actions == ["submitted", "accepted", "stage_opened", "agreed", "agreed", "stage_opened", "rejected"]
    assert log.first_broken_link(log.stream_of(application)) is None
    last = application.events.latest("seq")
    assert (last.actor, last.before, last.after) == (cast.decider, Status.IN_REVIEW, Status.REJECTED)
    assert last.note.text == "不符合要求" and "不符合要求" not in last.payload


def test_no_personal_number_enters_the_log(cast):
    application = countersigned(cast)
    written = "".join(application.events.values_list("payload", flat=True))
    assert cast.enterprise.legal_id_number not in written and cast.enterprise.legal_mobile not in written


@pytest.mark.parametrize("statement", ["UPDATE reviews_event SET action = 'x'", "DELETE FROM reviews_event"])
def test_the_database_refuses_to_change_the_log(cast, statement):
    submitted(cast)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_the_answers_are_encrypted_in_the_database(cast):
    application = filled(cast)
    with connection.cursor() as cursor:
        cursor.execute("SELECT answers FROM permits_application WHERE id = %s", [application.pk])
        raw = cursor.fetchone()[0]
    assert cast.enterprise.legal_id_number not in raw and cast.enterprise.name not in raw


def test_a_step_that_fails_half_way_leaves_nothing_behind(cast, monkeypatch):
    application = submitted(cast)
    events, notices = Event.objects.count(), Notice.objects.count()
    from reviews.notices import outbox

    monkeypatch.setattr(outbox, "insert_values", lambda *rows: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        workflow.decide(task_of(application, "street").pk, official=cast.street, outcome="accept")
    application.refresh_from_db()
    assert application.status == Status.SUBMITTED
    assert (Event.objects.count(), Notice.objects.count()) == (events, notices)
    assert task_of(application, "street").state == Task.State.OPEN


def test_the_drawing_in_the_docs_is_the_table(settings):
    from reviews.management.commands.workflow_graph import states

    drawn = (settings.BASE_DIR / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert states() in drawn, "run manage.py workflow_graph and put its output into docs/architecture.md"


def test_a_correction_without_words_is_named(cast):
    application = workflow.submit(filled(cast).pk, applicant=cast.owner, now=TUESDAY)
    asked = [
        workflow.Correction("field", "headcount", "人数与名册不符"), workflow.Correction("material", "epidemic_plan", " ")
    ]  # fmt: skip
    with translation.override("zh-hans"), pytest.raises(workflow.ReasonNeeded) as refused:
        say(application, "street", cast.street, "correct", corrections=asked)
    title = str(application.definition.requirement("epidemic_plan").title.zh)
    assert title in str(refused.value) and "人数" not in str(refused.value)
