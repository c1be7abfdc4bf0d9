"""容缺受理 and 告知承诺: what is handed in later, and what is pledged and checked afterwards."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import translation

from permits.models import Check, Material, Permit, Promise, Status
from reviews import clock, limits, policy, workflow
from reviews.models import Event, Notice, Task
from tests.cast import filled, post, task_of
from tests.reviews.situations import stages_only
from tests.reviews.steps import PLEDGE, TUESDAY, actions, edition, say

pytestmark = pytest.mark.django_db


def draft_without(cast, requirement, **changes):
    draft = filled(cast, **changes)
    draft.materials.filter(requirement=requirement).delete()
    return draft


def owing(cast):
    """Accepted, with the canteen plan to come."""
    edition(canteen_plan="deferrable = true", limits='owed = "4d"')
    draft = draft_without(cast, "canteen_plan")
    workflow.promise_material(draft.pk, applicant=cast.owner, requirement="canteen_plan", kind="later", now=TUESDAY)
    application = workflow.submit(draft.pk, applicant=cast.owner, now=TUESDAY)
    say(application, "street", cast.street, "accept")
    application.refresh_from_db()
    return application


def hand_in(application, cast):
    Material.objects.create(
        application=application, requirement="canteen_plan", original_name="c.pdf", media_type="application/pdf",
        size=10, sha256="c" * 64, uploaded_by=cast.owner, check_state=Check.FINE,
    )  # fmt: skip
    return workflow.material_arrived(application.pk, applicant=cast.owner, now=TUESDAY + timedelta(hours=1))


def to_the_bureau(application, cast):
    say(application, "health", cast.health, "agree")
    say(application, "industry", cast.industry, "agree")


def test_without_a_promise_the_material_is_asked_for(cast):
    edition(canteen_plan="deferrable = true")
    with pytest.raises(workflow.Incomplete):
        workflow.submit(draft_without(cast, "canteen_plan").pk, applicant=cast.owner)


@pytest.mark.parametrize(
    ("requirement", "kind"), [("epidemic_plan", "later"), ("canteen_plan", "pledge"), ("x", "later")]
)
def test_only_what_the_definition_allows_can_be_promised(cast, requirement, kind):
    edition(canteen_plan="deferrable = true")
    with pytest.raises(workflow.NotSensible):
        workflow.promise_material(filled(cast).pk, applicant=cast.owner, requirement=requirement, kind=kind)


def test_bad_credit_excludes_both(cast):
    edition(canteen_plan="deferrable = true\n" + PLEDGE)
    cast.enterprise.bad_credit = True
    cast.enterprise.save()
    for kind in Promise.Kind.values:
        with pytest.raises(workflow.NotSensible, match="信用|credit"):
            workflow.promise_material(filled(cast).pk, applicant=cast.owner, requirement="canteen_plan", kind=kind)


def test_an_outsider_promises_nothing_for_somebody_else(cast):
    edition(canteen_plan="deferrable = true")
    with pytest.raises(policy.Refused):
        workflow.promise_material(filled(cast).pk, applicant=cast.outsider, requirement="canteen_plan", kind="later")


def test_accepted_with_a_material_missing_it_is_owed_by_a_date_and_the_applicant_is_told(cast):
    application = owing(cast)
    promise = application.promises.get()
    assert promise.due_at == clock.due(TUESDAY, clock.Limit(4, "d"), clock.WorkCalendar())
    notice = Notice.objects.get(kind="accepted_owing", recipient=cast.owner, channel="email")
    assert "食堂" in notice.params["items"][0]["zh"]


def test_the_review_goes_on_and_the_result_is_issued_only_after_completion(cast):
    application = owing(cast)
    to_the_bureau(application, cast)
    with pytest.raises(policy.Refused) as caught:
        say(application, "bureau", cast.decider, "approve")
    assert caught.value.rule == "owed_material"
    assert hand_in(application, cast) == 1 and hand_in_again(application, cast) == 0
    say(application, "bureau", cast.decider, "approve")
    assert Permit.objects.filter(application=application).exists()
    assert Notice.objects.filter(kind="promise_met", recipient=cast.decider).exists()


def hand_in_again(application, cast):
    return workflow.material_arrived(application.pk, applicant=cast.owner, now=TUESDAY + timedelta(hours=2))


def test_the_owed_list_is_chased_escalated_and_ends_the_application(cast):
    chief = post("chief", "street", supervisor=True)
    application = owing(cast)
    promise = application.promises.get()
    calendar = clock.WorkCalendar()
    whole = clock.working_time_between(TUESDAY, promise.due_at, calendar)
    seen = []
    for share in (0.49, 0.51, 0.79, 0.81, 0.99, 1.0, 1.1):
        done = limits.keep(clock.add_working_time(TUESDAY, whole * share, calendar))
        seen.append((share, done["owing_reminded"], done["terminated"]))
    assert [each for each in seen if each[1] or each[2]] == [(0.51, 1, 0), (0.81, 1, 0), (1.0, 0, 1)]
    application.refresh_from_db()
    assert application.status == Status.TERMINATED and application.closed_at
    assert not application.tasks.open().exists()
    assert Notice.objects.filter(kind="owed_at_risk", recipient=chief).exists()
    assert Notice.objects.filter(kind="terminated", recipient=cast.owner).exists()
    assert actions(application)[-1] == "terminated"


def test_a_pledge_stands_in_the_place_of_a_material_and_is_checked_after_the_approval(cast):
    edition(epidemic_plan=PLEDGE)
    draft = draft_without(cast, "epidemic_plan")
    with translation.override("zh-hans"):
        made = workflow.promise_material(draft.pk, applicant=cast.owner, requirement="epidemic_plan", kind="pledge")
    assert made.text == "我承诺预案真实有效"
    application = workflow.submit(draft.pk, applicant=cast.owner, now=TUESDAY)
    say(application, "street", cast.street, "accept")
    to_the_bureau(application, cast)
    say(application, "bureau", cast.decider, "approve")
    check = task_of(application, "health")
    assert check.kind == "aftercheck" and check.due_at == clock.due(TUESDAY, clock.Limit(3, "d"), clock.WorkCalendar())
    workflow.decide(check.pk, official=cast.health, outcome="confirm", now=TUESDAY)
    application.refresh_from_db()
    assert application.status == Status.APPROVED and actions(application)[-1] == "pledge_confirmed"


def test_a_false_pledge_is_told_to_those_who_may_revoke(cast):
    edition(epidemic_plan=PLEDGE)
    draft = draft_without(cast, "epidemic_plan")
    workflow.promise_material(draft.pk, applicant=cast.owner, requirement="epidemic_plan", kind="pledge")
    application = workflow.submit(draft.pk, applicant=cast.owner, now=TUESDAY)
    say(application, "street", cast.street, "accept")
    to_the_bureau(application, cast)
    say(application, "bureau", cast.decider, "approve")
    check = task_of(application, "health")
    with pytest.raises(workflow.ReasonNeeded):
        workflow.decide(check.pk, official=cast.health, outcome="found_false", now=TUESDAY)
    workflow.decide(check.pk, official=cast.health, outcome="found_false", reason="现场无预案", now=TUESDAY)
    assert Notice.objects.filter(kind="pledge_false", recipient=cast.supervisor).exists()
    workflow.revoke_permit(application.permit.pk, official=cast.supervisor, reason="承诺不实")


def test_a_promise_can_be_taken_back_in_a_draft_and_not_later(cast):
    edition(canteen_plan="deferrable = true")
    draft = draft_without(cast, "canteen_plan")
    workflow.promise_material(draft.pk, applicant=cast.owner, requirement="canteen_plan", kind="later")
    workflow.drop_promise(draft.pk, applicant=cast.owner, requirement="canteen_plan")
    with pytest.raises(workflow.Incomplete):
        workflow.submit(draft.pk, applicant=cast.owner)
    workflow.promise_material(draft.pk, applicant=cast.owner, requirement="canteen_plan", kind="later")
    workflow.submit(draft.pk, applicant=cast.owner)
    with pytest.raises(workflow.NotSensible):
        workflow.drop_promise(draft.pk, applicant=cast.owner, requirement="canteen_plan")


def test_what_was_promised_is_in_the_log_and_not_the_words_of_it(cast):
    application = owing(cast)
    event = Event.objects.get(application=application, action="submitted")
    assert '"later":["canteen_plan"]' in event.payload


def test_silence_in_the_pre_check_accepts_with_what_was_promised(cast):
    edition(canteen_plan="deferrable = true")
    draft = draft_without(cast, "canteen_plan")
    workflow.promise_material(draft.pk, applicant=cast.owner, requirement="canteen_plan", kind="later", now=TUESDAY)
    application = workflow.submit(draft.pk, applicant=cast.owner, now=TUESDAY)
    assert limits.keep(TUESDAY + timedelta(days=9))["deemed_accepted"] == 1
    owed = application.promises.get()
    assert owed.due_at
    told = Notice.objects.filter(recipient=cast.owner, kind__startswith="accepted")
    assert {(notice.kind, notice.params.get("deadline_at")) for notice in told} == {
        ("accepted_owing", owed.due_at.isoformat())
    }
    assert Task.objects.open().filter(application=application, stage="countersign").count() == 2


@pytest.mark.parametrize("first", ["countersign", "decision"])
def test_without_a_pre_check_what_comes_later_is_owed_from_the_sending_on(cast, first):
    stages_only(*dict.fromkeys([first, "decision"]))
    draft = draft_without(cast, "canteen_plan")
    workflow.promise_material(draft.pk, applicant=cast.owner, requirement="canteen_plan", kind="later", now=TUESDAY)
    application = workflow.submit(draft.pk, applicant=cast.owner, now=TUESDAY)
    owed = application.promises.get()
    assert owed.due_at == clock.due(
        TUESDAY, clock.Limit.parse(application.definition.limits.owed), clock.WorkCalendar()
    )
    told = Notice.objects.filter(recipient=cast.owner)
    assert {(notice.kind, notice.params.get("deadline_at")) for notice in told} == {
        ("accepted_owing", owed.due_at.isoformat())
    }
    if first == "countersign":
        say(application, "health", cast.health, "agree")
    with pytest.raises(policy.Refused) as caught:
        say(application, "bureau", cast.decider, "approve")
    assert caught.value.rule == "owed_material"
    assert limits.keep(owed.due_at)["terminated"] == 1


def test_while_an_objection_is_looked_at_nothing_is_owed_and_an_overturned_decision_gives_the_time_anew(cast):
    application = owing(cast)
    to_the_bureau(application, cast)
    say(application, "bureau", cast.decider, "reject", reason="通风不达标")
    workflow.object_to(application.pk, applicant=cast.owner, text="已整改", now=TUESDAY)
    long_after = TUESDAY + timedelta(days=10)
    done = limits.keep(long_after)
    assert done["terminated"] == done["owing_reminded"] == 0
    say(application, "bureau", cast.supervisor, "overturn", reason="属实", now=long_after)
    assert application.promises.get().due_at == clock.due(long_after, clock.Limit(4, "d"), clock.WorkCalendar())
    assert limits.keep(long_after)["terminated"] == 0
