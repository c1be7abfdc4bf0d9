"""Change after the decision: objections, and the life of a permit."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone, translation
from django.utils.formats import date_format

from permits import credentials
from permits.credentials import status
from permits.models import Permit, Status
from reviews import clock, lifecycle, policy, times, workflow
from reviews.admin.slips import earlier_words
from reviews.audit import log, naming, story
from reviews.models import Event, Notice, Objection
from reviews.notices import texts
from tests.cast import filled, post, task_of
from tests.reviews.situations import fresh
from tests.reviews.steps import TUESDAY, actions, approved, edition, rejected, say, submitted

pytestmark = pytest.mark.django_db


def objected(cast):
    application = rejected(cast)
    workflow.object_to(application.pk, applicant=cast.owner, text="通风已整改，附照片", now=TUESDAY)
    application.refresh_from_db()
    return application


class TestObjection:
    def test_who_is_refused_is_told_until_when_to_object_and_who_objects_until_when_it_is_answered(self, cast):
        application = rejected(cast)
        refused = Notice.objects.filter(kind="rejected", recipient=cast.owner).first()
        until = clock.due(TUESDAY, clock.Limit(15, "d"), clock.WorkCalendar())
        assert refused.params["objection_at"] == until.isoformat()
        assert f"{date_format(timezone.localtime(until), 'DATETIME_FORMAT')} 前在办件页面提出异议" in texts.render(refused).body
        workflow.object_to(application.pk, applicant=cast.owner, text="通风已整改", now=TUESDAY)
        heard = Notice.objects.filter(kind="objected", recipient=cast.owner).first()
        assert heard.params["until_at"] == task_of(application, "bureau").due_at.isoformat()
        say(application, "bureau", cast.supervisor, "overturn", reason="照片可以证明")
        say(application, "bureau", post("third", "bureau"), "reject", reason="仍不合格")
        again = Notice.objects.filter(kind="rejected", recipient=cast.owner).latest("pk")
        assert not again.params["objection_at"] and "提出异议" not in texts.render(again).body, "one objects once"

    def test_somebody_who_had_no_part_in_it_looks_at_it_again(self, cast):
        application = objected(cast)
        assert application.status == Status.OBJECTED and application.closed_at is None
        task = task_of(application, "bureau")
        with pytest.raises(policy.Refused) as caught:
            workflow.decide(task.pk, official=cast.decider, outcome="uphold", reason="维持", now=TUESDAY)
        assert caught.value.rule == "fresh_eyes"
        workflow.decide(task.pk, official=cast.supervisor, outcome="uphold", reason="整改不到位", now=TUESDAY)
        application.refresh_from_db()
        assert application.status == Status.REJECTED and application.closed_at
        assert Notice.objects.filter(kind="upheld", recipient=cast.owner).exists()

    def test_set_aside_the_decision_is_taken_anew_by_somebody_else(self, cast):
        application = objected(cast)
        say(application, "bureau", cast.supervisor, "overturn", reason="照片可以证明")
        application.refresh_from_db()
        assert (application.status, application.stage, application.round) == (Status.IN_REVIEW, "decision", 2)
        told = Notice.objects.filter(kind="overturned", recipient=cast.owner).first()
        assert told.params["due_at"] == application.due_at.isoformat(), "the time that it has now, not what it had"
        with pytest.raises(policy.Refused) as caught:
            say(application, "bureau", cast.decider, "approve")
        assert caught.value.rule == "fresh_eyes"
        third = post("third", "bureau")
        say(application, "bureau", third, "approve")
        application.refresh_from_db()
        assert application.status == Status.APPROVED and Permit.objects.filter(application=application).exists()

    def test_a_declined_application_goes_back_to_the_pre_check(self, cast):
        application = submitted(cast)
        say(application, "street", cast.street, "decline", reason="不属于本地")
        workflow.object_to(application.pk, applicant=cast.owner, text="厂房在本镇", now=TUESDAY)
        other = post("other", "street")
        say(application, "street", other, "overturn", reason="确在本镇")
        application.refresh_from_db()
        assert (application.status, application.stage) == (Status.SUBMITTED, "precheck")
        say(application, "street", post("third", "street"), "accept")

    def test_once_and_twice_at_once_is_once(self, cast):
        application = objected(cast)
        first = Objection.objects.get()
        assert workflow.object_to(application.pk, applicant=cast.owner, text="再说一次", now=TUESDAY).pk == first.pk
        say(application, "bureau", cast.supervisor, "uphold", reason="整改不到位")
        with pytest.raises(workflow.NotSensible, match="复议|reconsideration"):
            workflow.object_to(application.pk, applicant=cast.owner, text="再说一次", now=TUESDAY)

    def test_too_late_says_what_is_left(self, cast):
        application = rejected(cast)
        end = clock.due(TUESDAY, clock.Limit(15, "d"), clock.WorkCalendar())
        with pytest.raises(workflow.NotSensible):
            workflow.object_to(application.pk, applicant=cast.owner, text="不服", now=end + timedelta(seconds=1))
        workflow.object_to(application.pk, applicant=cast.owner, text="不服", now=end)

    def test_an_approval_is_not_objected_to_by_its_owner(self, cast):
        with pytest.raises(lifecycle.NotPossible):
            workflow.object_to(approved(cast).pk, applicant=cast.owner, text="不服", now=TUESDAY)

    def test_only_the_applicants_side_objects_and_says_what_to(self, cast):
        application = rejected(cast)
        with pytest.raises(policy.Refused):
            workflow.object_to(application.pk, applicant=cast.outsider, text="不服", now=TUESDAY)
        with pytest.raises(workflow.ReasonNeeded):
            workflow.object_to(application.pk, applicant=cast.owner, text="  ", now=TUESDAY)

    def test_the_words_of_the_objection_are_not_in_the_log(self, cast):
        application = objected(cast)
        event = application.events.get(action="objected")
        assert "通风" not in event.payload and event.note.text == "通风已整改，附照片"


class TestCorrectedPermit:
    def test_the_number_stays_the_signature_is_new_and_what_it_said_is_kept(self, cast):
        permit = Permit.objects.get(application=approved(cast))
        before = dict(permit.content)
        done = workflow.correct_permit(
            permit.pk, official=cast.supervisor, changes={"first_batch": "110"}, reason="人数录入有误",
        )  # fmt: skip
        assert done.number == before["number"] and done.corrected_at
        assert "110" in next(shown["value"]["en"] for shown in done.content["shown"] if shown["key"] == "first_batch")
        assert credentials.verify(done.content, done.signature, done.key_id)
        earlier = done.corrections.get()
        new, old = credentials.read(done.code), credentials.read(earlier.code)
        assert (new.number, new.signed_at) == (old.number, done.corrected_at.replace(microsecond=0))
        assert status.judge(old, status.read(status.make()), timezone.now()) == "corrected"
        assert status.judge(new, status.read(status.make()), timezone.now()) == "valid"
        assert earlier.content == before and credentials.verify(earlier.content, earlier.signature, earlier.key_id)
        assert done.pdf_sha256 == "", "it is printed anew"
        assert earlier_words(done) == f"{times.short(earlier.corrected_at)} · {cast.supervisor}"
        assert Notice.objects.filter(kind="permit_corrected", recipient=cast.owner).exists()
        event = Event.objects.get(action="permit_corrected")
        with translation.override("en"):
            named = naming.value(event, log.data_of(event), "fields", naming.Names())
        assert named == "Returning in the first batch" and story.sentence(event, naming.Names())

    @pytest.mark.parametrize("changes", [{"masks": "1"}, {"first_batch": "many"}, {"first_batch": "120"}, {}])
    def test_what_is_not_printed_is_wrong_or_is_no_change_is_refused(self, cast, changes):
        permit = Permit.objects.get(application=approved(cast))
        with pytest.raises(workflow.NotSensible):
            workflow.correct_permit(permit.pk, official=cast.supervisor, changes=changes, reason="勘误")
        assert not permit.corrections.exists()

    def test_an_enterprise_that_changed_its_name(self, cast):
        permit = Permit.objects.get(application=approved(cast))
        cast.enterprise.name = "宜丰县新竹制品有限公司"
        cast.enterprise.save()
        done = workflow.correct_permit(permit.pk, official=cast.supervisor, changes={}, reason="企业更名")
        assert done.content["holder"]["name"] == "宜丰县新竹制品有限公司"

    @pytest.mark.parametrize("who", ["decider", "owner", "street"])
    def test_only_a_supervisor_of_the_deciders_corrects(self, cast, who):
        permit = Permit.objects.get(application=approved(cast))
        with pytest.raises(policy.Refused):
            workflow.correct_permit(permit.pk, official=getattr(cast, who), changes={}, reason="勘误")


class TestRenewal:
    def renewable(self, cast):
        edition(outcome="valid_days = 90\nrenewable_days = 30")
        return Permit.objects.get(application=approved(cast))

    def test_not_before_its_time(self, cast):
        permit = self.renewable(cast)
        early = TUESDAY + timedelta(days=59)
        with pytest.raises(workflow.NotSensible, match=date_format(permit.valid_until - timedelta(days=30))):
            workflow.start_renewal(permit.pk, applicant=cast.owner, now=early)

    def test_a_renewed_permit_goes_on_where_the_earlier_one_ends_and_supersedes_it(self, cast):
        permit = self.renewable(cast)
        now = TUESDAY + timedelta(days=70)
        draft = workflow.start_renewal(permit.pk, applicant=cast.owner, now=now)
        assert workflow.start_renewal(permit.pk, applicant=cast.owner, now=now).pk == draft.pk
        assert draft.answers["headcount"] == 150 and draft.renews == permit
        for material in permit.application.materials.all():
            material.pk, material.public_id, material.application = None, uuid.uuid4(), draft
            material.save()
        draft.answers = {**draft.answers, **filled(cast).answers}
        draft.save()
        application = workflow.submit(draft.pk, applicant=cast.owner)
        for office, who, outcome in (
            ("street", cast.street, "accept"), ("health", cast.health, "agree"),
            ("industry", cast.industry, "agree"), ("bureau", cast.decider, "approve"),
        ):  # fmt: skip
            workflow.decide(task_of(application, office).pk, official=who, outcome=outcome)
        permit.refresh_from_db()
        renewed = Permit.objects.get(application=application)
        assert permit.state == Permit.State.SUPERSEDED and permit.superseded_by == renewed
        assert renewed.valid_until == permit.valid_until + timedelta(days=90)
        assert "permit_superseded" in actions(application)
        with pytest.raises(workflow.NotSensible):
            workflow.correct_permit(permit.pk, official=cast.supervisor, changes={"first_batch": "1"}, reason="勘误")

    def test_a_permit_without_an_end_is_not_renewed(self, cast):
        permit = Permit.objects.get(application=approved(cast))
        with pytest.raises(workflow.NotSensible):
            workflow.start_renewal(permit.pk, applicant=cast.owner)

    def test_only_the_holders_side_renews(self, cast):
        permit = self.renewable(cast)
        with pytest.raises(policy.Refused):
            workflow.start_renewal(permit.pk, applicant=cast.outsider, now=TUESDAY + timedelta(days=70))


def begun(cast, permit):
    """A draft that is to renew it, and is complete."""
    draft, whole = workflow.start_renewal(permit.pk, applicant=cast.owner, now=TUESDAY), filled(cast)
    whole.materials.update(application=draft)
    draft.answers = whole.answers
    draft.save()
    return draft


def up_to_the_bureau(cast, application, now=TUESDAY):
    workflow.submit(application.pk, applicant=cast.owner, now=now)
    say(application, "street", cast.street, "accept", now=now)
    say(application, "health", cast.health, "agree", now=now)
    say(application, "industry", cast.industry, "agree", now=now)
    return fresh(application)


class TestRenewalMeanwhile:
    @pytest.fixture
    def permit(self, cast):
        edition(outcome="valid_days = 30\nrenewable_days = 60")  # at once
        return Permit.objects.get(application=approved(cast))

    @pytest.fixture
    def declined(self, cast, permit):
        application = workflow.submit(begun(cast, permit).pk, applicant=cast.owner, now=TUESDAY)
        say(application, "street", cast.street, "decline", reason="不属于本地")
        return application

    def test_one_objects_to_a_refused_renewal_once_no_other_is_under_way(self, cast, permit, declined):
        other = begun(cast, permit)
        with pytest.raises(workflow.NotSensible, match="暂存|draft"):
            workflow.object_to(declined.pk, applicant=cast.owner, text="不服", now=TUESDAY)
        number = workflow.submit(other.pk, applicant=cast.owner, now=TUESDAY).number
        with pytest.raises(workflow.NotSensible, match=number):
            workflow.object_to(declined.pk, applicant=cast.owner, text="不服", now=TUESDAY)
        workflow.withdraw(other.pk, applicant=cast.owner, now=TUESDAY)
        workflow.object_to(declined.pk, applicant=cast.owner, text="不服", now=TUESDAY)
        assert workflow.start_renewal(permit.pk, applicant=cast.owner, now=TUESDAY).pk == declined.pk

    def test_nobody_objects_to_a_refused_renewal_once_another_one_was_approved(self, cast, permit, declined):
        other = up_to_the_bureau(cast, begun(cast, permit))
        say(other, "bureau", cast.decider, "approve")
        with pytest.raises(workflow.NotSensible, match=other.number):
            workflow.object_to(declined.pk, applicant=cast.owner, text="不服", now=TUESDAY)

    def test_a_permit_that_was_revoked_is_not_renewed_by_a_draft_begun_before(self, cast, permit):
        draft = begun(cast, permit)
        workflow.revoke_permit(permit.pk, official=cast.supervisor, reason="承诺不实", now=TUESDAY)
        with pytest.raises(workflow.NotSensible, match=permit.number):
            workflow.submit(draft.pk, applicant=cast.owner, now=TUESDAY)
        assert fresh(draft).is_draft

    def test_nor_by_an_application_that_was_sent_before(self, cast, permit):
        application = up_to_the_bureau(cast, begun(cast, permit))
        workflow.revoke_permit(permit.pk, official=cast.supervisor, reason="承诺不实", now=TUESDAY)
        with pytest.raises(workflow.NotSensible, match=permit.number):
            say(application, "bureau", cast.decider, "approve")
        assert fresh(application).status == Status.IN_REVIEW and Permit.objects.count() == 1
        say(application, "bureau", cast.decider, "reject", reason="原证已撤销")

    def test_one_that_only_ran_out_is_renewed_by_what_was_begun_in_time(self, cast, permit):
        now = TUESDAY + timedelta(days=35)
        application = up_to_the_bureau(cast, begun(cast, permit), now)
        say(application, "bureau", cast.decider, "approve", now=now)
        permit.refresh_from_db()
        assert permit.state == Permit.State.SUPERSEDED
