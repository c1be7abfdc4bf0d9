"""Words that are erased are gone from every page, from what was told, and from what is still to be sent."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import timezone

from permits.models import Application
from reviews import workflow
from reviews.audit import sealing, verify
from reviews.models import Advice, CorrectionItem, Decision, Department, Event, Notice, Objection
from reviews.notices import delivery, texts
from reviews.workflow import erasing
from tests.cast import task_of
from tests.portal.browser import at, words
from tests.reviews.steps import TUESDAY, accepted, countersigned, rejected, say, submitted

pytestmark = pytest.mark.django_db
SECRET = "张三身份证 11010519491231002X 有误"
GONE = "The words are not kept any more."


def erase(application: Application, action: str) -> Event | None:
    return erasing.erase_words(application.events.get(action=action), reason="依申请删除")


def assert_the_log_holds() -> None:
    sealing.seal()
    assert not verify.verify().faults


def told(application: Application) -> list[Notice]:
    found = list(Notice.objects.filter(application=application).select_related("recipient"))
    assert found
    return found


def test_what_was_told_says_it_no_more_and_reads_well(cast):
    application = countersigned(cast)
    say(application, "bureau", cast.decider, "reject", reason=SECRET)
    assert any("11010519491231002X" in texts.render(each).body for each in told(application))
    erase(application, "rejected")
    for each in told(application):
        for language in ("zh-hans", "en"):
            said = texts.render(each, language).body
            assert "11010519491231002X" not in said
            assert "理由" not in said and "Reason" not in said and "\n\n\n" not in said
    assert_the_log_holds()


def test_a_mail_that_waits_is_sent_without_them(cast, mailoutbox):
    application = countersigned(cast)
    say(application, "bureau", cast.decider, "reject", reason=SECRET)
    waits = Notice.objects.filter(kind="rejected", channel="email", recipient=cast.owner)
    waits.update(state="pending", next_attempt_at=timezone.now())
    erase(application, "rejected")
    mailoutbox.clear()
    delivery.deliver(list(waits.values_list("pk", flat=True)))
    [letter] = mailoutbox
    assert application.number in letter.body and "11010519491231002X" not in letter.body


def test_a_notice_of_corrections_says_what_it_is_about_and_no_more(cast):
    application = submitted(cast)
    asked = [workflow.Correction("field", "headcount", SECRET)]
    say(application, "street", cast.street, "correct", corrections=asked)  # without a reason: the words are the items'
    erase(application, "corrections_requested")
    assert [item.message for item in CorrectionItem.objects.all()] == [""]
    for each in told(application):
        assert "11010519491231002X" not in texts.render(each).body
    [mail] = [each for each in told(application) if (each.kind, each.channel) == ("corrections_requested", "email")]
    assert "：\n" not in texts.render(mail, "zh-hans").body.partition("全部内容：")[2].partition("请于")[0]
    page = words(at(cast.owner).get(reverse("corrections", args=[application.public_id])))
    assert GONE in page and "11010519491231002X" not in page
    assert erase(application, "corrections_requested") is None  # a second time there is nothing left
    assert_the_log_holds()


def test_an_objection_and_a_question_go_too(cast):
    application = rejected(cast)
    workflow.object_to(application.pk, applicant=cast.owner, text=SECRET, now=TUESDAY)
    erase(application, "objected")
    assert Objection.objects.get().text == ""
    page = words(at(cast.owner).get(application.get_absolute_url()))
    assert GONE in page and "11010519491231002X" not in page
    other = accepted(cast)
    task = task_of(other, "health")
    workflow.ask_advice(
        task.pk, official=cast.health, department=Department.objects.get(kind="industry"), question=SECRET, now=TUESDAY
    )
    erase(other, "advice_asked")
    assert Advice.objects.get().question == ""
    assert_the_log_holds()


def test_copies_that_an_earlier_erasure_left_go_with_the_next(cast):
    application = countersigned(cast)
    say(application, "bureau", cast.decider, "reject", reason=SECRET)
    event = application.events.get(action="rejected")
    event.note.delete()
    Decision.objects.filter(reason=SECRET).update(reason="")
    assert erase(application, "rejected")
    assert not [each for each in told(application) if each.params.get("reason")]
    assert erase(application, "rejected") is None
