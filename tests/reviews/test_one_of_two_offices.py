"""A pre-check or a decision that two departments may take: the first of them takes it for both."""

from __future__ import annotations

from datetime import timedelta

import pytest

from permits.models import Permit, User
from reviews import limits, policy, workflow
from reviews.models import Department, Task
from reviews.publishing import publish
from tests.cast import post, task_of
from tests.reviews.situations import ONE_CORRECTION, answer
from tests.reviews.steps import SOURCE, TUESDAY, countersigned, say, submitted
from tests.reviews.test_admin import desk_of, review, text_of

pytestmark = pytest.mark.django_db


def open_to_both(cast, office):
    """An application at the stage of the office, which the commerce department has a task for as well; taken in hand."""
    one, both = f'[{{ department = "{office}" }}]', f'[{{ department = "{office}" }}, {{ department = "commerce" }}]'
    text = SOURCE.read_text(encoding="utf-8")
    assert text.count(f"departments = {one}") == 1
    publish(text.replace(one, both))
    application = submitted(cast) if office == "street" else countersigned(cast)
    commerce = User.objects.get(name="commerce")
    return application, workflow.claim(task_of(application, "commerce").pk, official=commerce, now=TUESDAY), commerce


@pytest.mark.parametrize(
    ("office", "outcome", "said"),
    [
        ("street", "accept", "受理"), ("street", "correct", "补正"), ("street", "decline", "不予受理"),
        ("bureau", "approve", "予以备案"), ("bureau", "reject", "不予备案"),
    ],
)  # fmt: skip
def test_what_one_decides_ends_the_task_of_the_other(cast, office, outcome, said):
    application, other, commerce = open_to_both(cast, office)
    who = cast.street if office == "street" else cast.decider
    corrections = ONE_CORRECTION if outcome == "correct" else ()
    decision = say(application, office, who, outcome, reason="理由", corrections=corrections)
    other.refresh_from_db()
    assert (other.state, other.lease_until, other.remind_at) == (Task.State.CANCELLED, None, None)
    assert not application.tasks.open().filter(stage=other.stage).exists()
    with pytest.raises(workflow.AlreadyDecided):
        workflow.decide(other.pk, official=commerce, outcome=outcome, reason="理由", corrections=corrections, now=TUESDAY)
    assert workflow.claim_next(official=commerce, now=TUESDAY) is None
    page = text_of(desk_of(commerce).get(review(other)))
    assert said in page and str(decision.task.department) in page, "its record says who decided, and what"


def test_a_question_that_the_other_asked_is_ended_with_its_task(cast):
    application, other, commerce = open_to_both(cast, "bureau")
    asked = workflow.ask_advice(
        other.pk, official=commerce, department=Department.objects.get(kind="health"), question="？", now=TUESDAY
    )
    say(application, "bureau", cast.decider, "approve")
    asked.refresh_from_db()
    assert asked.state == Task.State.CANCELLED and not application.tasks.open().exists()


def test_corrections_come_back_to_the_one_who_asked_for_them_alone(cast):
    application, _other, _commerce = open_to_both(cast, "street")
    say(application, "street", cast.street, "correct", corrections=ONE_CORRECTION)
    assert not limits.keep(TUESDAY + timedelta(days=2))["escalated"], "nobody is waited for but the applicant"
    answer(application, cast.owner)
    assert [task.department.kind for task in application.tasks.open()] == ["street"]


def test_the_head_of_the_office_that_did_not_decide_revokes_and_corrects_nothing(cast, client):
    application, _other, _commerce = open_to_both(cast, "bureau")
    say(application, "bureau", cast.decider, "approve")
    head, permit = post("commerce-head", "commerce", supervisor=True), Permit.objects.get(application=application)
    with pytest.raises(policy.Refused):
        workflow.revoke_permit(permit.pk, official=head, reason="查实造假")
    client.force_login(head)
    assert client.get(f"/admin/permits/permit/{permit.pk}/revoke/").status_code == 404
    assert workflow.revoke_permit(permit.pk, official=cast.supervisor, reason="查实造假")
