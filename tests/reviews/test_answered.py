"""What follows from answered corrections: promises, and the offices that have it from then on."""

from __future__ import annotations

from datetime import timedelta

import pytest

from permits.models import Check, Material, Status
from reviews import limits, workflow
from reviews.audit import log
from reviews.models import CorrectionNotice, Department, Event, Notice, Task
from tests.cast import task_of
from tests.reviews.situations import answer, fresh, to_correct
from tests.reviews.steps import TUESDAY, actions, edition, say, submitted
from tests.reviews.test_promises import draft_without

pytestmark = pytest.mark.django_db


def to_correct_with_the_plan_to_come(cast, *, key, kind="field"):
    """Sent with the canteen plan promised for later, and sent back for a correction before it is accepted."""
    edition(canteen_plan="deferrable = true", limits='owed = "4d"')
    draft = draft_without(cast, "canteen_plan")
    workflow.promise_material(draft.pk, applicant=cast.owner, requirement="canteen_plan", kind="later", now=TUESDAY)
    application = workflow.submit(draft.pk, applicant=cast.owner, now=TUESDAY)
    asked = [workflow.Correction(kind, key, "请核对")]
    say(application, "street", cast.street, "correct", corrections=asked)
    return fresh(application)


def accepted_owing_nothing(application, cast):
    """It is accepted; the applicant is told of nothing that is owed, and long afterwards it is not ended."""
    say(application, "street", cast.street, "accept")
    said = Notice.objects.filter(recipient=cast.owner, kind__startswith="accepted")
    assert {notice.kind for notice in said} == {"accepted"}
    assert limits.keep(TUESDAY + timedelta(days=20))["terminated"] == 0
    return fresh(application).status == Status.IN_REVIEW


def test_what_a_correction_leaves_unasked_is_not_owed_and_ends_no_application(cast):
    application = to_correct_with_the_plan_to_come(cast, key="canteen_used")
    application.answers = {**application.answers, "canteen_used": False}
    application.save()
    answer(application, cast.owner)
    assert not application.promises.exists() and actions(application)[-1] == "promise_dropped"
    back = Notice.objects.filter(kind="new_task", event__action="corrections_answered")
    assert back.exists(), "the office is told of the answer, not of the promise"
    assert accepted_owing_nothing(application, cast)


def test_what_is_handed_in_with_the_corrections_is_not_owed_after_the_acceptance(cast):
    application = to_correct_with_the_plan_to_come(cast, key="canteen_plan", kind="material")
    Material.objects.create(
        application=application, requirement="canteen_plan", original_name="c.pdf", media_type="application/pdf",
        size=10, sha256="c" * 64, uploaded_by=cast.owner, check_state=Check.FINE,
    )  # fmt: skip
    answer(application, cast.owner)
    assert application.promises.get().met_at == TUESDAY and actions(application)[-1] == "promise_met"
    assert accepted_owing_nothing(application, cast)


def test_what_is_still_to_come_stands_when_corrections_are_answered(cast):
    application = to_correct_with_the_plan_to_come(cast, key="masks")
    answer(application, cast.owner)
    say(application, "street", cast.street, "accept")
    assert application.promises.owed().count() == 1 and "promise_dropped" not in actions(application)


ELSEWHERE = "360983"  # another county, which has a street office (cast.other_street)


def asked_for(cast, key, answers):
    """A notice about one field, and what the applicant typed there, not sent yet."""
    application = submitted(cast)
    say(application, "street", cast.street, "correct", corrections=[workflow.Correction("field", key, "请核对")])
    application = fresh(application)
    application.answers = {**application.answers, **answers}
    application.save()
    return application


def offices_elsewhere(*kinds):
    for kind in kinds:
        Department.objects.create(kind=kind, region=ELSEWHERE, name_zh=kind, name_en=kind)


def test_a_corrected_region_takes_the_case_to_the_offices_there(cast):
    offices_elsewhere("health", "industry", "bureau")
    application = asked_for(cast, "region", {"region": ELSEWHERE})
    number, back = application.number, len(Notice.objects.filter(kind="new_task", recipient=cast.street))
    answer(application, cast.owner)
    application = fresh(application)
    assert (application.region, application.number, application.status) == (ELSEWHERE, number, Status.CORRECTED)
    task = application.tasks.open().get()
    assert (task.department.kind, task.department.region, task.claimed_by) == ("street", ELSEWHERE, None)
    assert Notice.objects.filter(kind="new_task", recipient=cast.other_street).exists()
    assert len(Notice.objects.filter(kind="new_task", recipient=cast.street)) == back, "who asked has it no more"
    answered = Event.objects.get(application=application, action="corrections_answered")
    assert log.data_of(answered)["region"] == ELSEWHERE and actions(application)[-1] == "stage_opened"
    workflow.decide(task.pk, official=cast.other_street, outcome="accept", now=TUESDAY)
    assert set(application.tasks.open().values_list("department__kind", "department__region")) == {
        ("health", ELSEWHERE), ("industry", ELSEWHERE)
    }  # fmt: skip


def test_where_a_later_stage_has_no_office_the_answer_is_not_sent_and_the_applicant_is_told(cast):
    application = asked_for(cast, "region", {"region": ELSEWHERE})
    with pytest.raises(workflow.Incomplete) as caught:
        answer(application, cast.owner)
    (problem,) = caught.value.problems
    assert (problem.place, problem.field) == ("office", "region") and problem.message
    application = fresh(application)
    assert (application.status, application.region) == (Status.NEEDS_CORRECTION, "360924")
    assert application.answers["region"] == ELSEWHERE, "what was typed is kept"
    assert not Task.objects.open().filter(application=application).exists()


def test_the_page_of_corrections_says_so(cast, client):
    application = asked_for(cast, "region", {"region": ELSEWHERE})
    client.force_login(cast.owner)
    item = CorrectionNotice.objects.get(application=application).items.get()
    typed = {"region": ELSEWHERE, f"answer-{item.public_id}": "已更正"}
    page = client.post(f"/applications/{application.public_id}/corrections/", typed)
    assert page.status_code == 422
    assert "尚未设置办理" in page.content.decode()


def test_a_corrected_industry_is_found_and_counted_by_it_and_goes_back_to_who_asked(cast):
    application = asked_for(cast, "industry", {"industry": "H61"})  # a hotel: commerce countersigns it
    answer(application, cast.owner)
    application = fresh(application)
    task = task_of(application, "street")
    assert (application.industry, task.claimed_by) == ("H61", cast.street)
    say(application, "street", cast.street, "accept")
    assert set(application.tasks.open().values_list("department__kind", flat=True)) == {"health", "commerce"}


def test_an_office_that_closed_meanwhile_is_no_reason_to_refuse_another_answer(cast):
    application = to_correct(cast)
    Department.objects.filter(kind="bureau").update(active=False)
    answer(application, cast.owner)
    assert fresh(application).status == Status.CORRECTED
