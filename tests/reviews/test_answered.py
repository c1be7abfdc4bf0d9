"""What follows from answered corrections: promises, and the offices that have it from then on."""

from __future__ import annotations

from datetime import timedelta

import pytest

from permits.models import Check, Material, Status
from reviews import limits, workflow
from reviews.models import Notice
from tests.reviews.situations import answer, fresh
from tests.reviews.steps import TUESDAY, actions, edition, say
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
