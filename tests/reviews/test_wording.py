"""The wording of notices: published by a service owner, taken back, and passed over when it fails."""

from __future__ import annotations

import json

import pytest
from django.core.cache import cache

from reviews import roles, wording, workflow
from reviews.audit import log
from reviews.models import ChannelState, Event, Notice, NoticeText
from reviews.notices import delivery, safe, texts, wordings
from tests.cast import filled, holder
from tests.portal.browser import at, page, told, words

pytestmark = pytest.mark.django_db
GOOD = {
    "zh": "收到 {{ number }}\n{{ name }}：已收到。\n{{ url }}\n",
    "en": "Got {{ number }}\nDear {{ name }}, we have it.\n{{ url }}\n",
}
ADDRESS = "/admin/reviews/noticetext/text/submitted-email/"
NONE = {"zh": 0, "en": 0}


@pytest.fixture
def owner(db):
    return holder("service_owner")


@pytest.fixture
def publish(owner, django_capture_on_commit_callbacks):
    def published(sources, seen=NONE, kind="submitted", channel="email"):
        with django_capture_on_commit_callbacks(execute=True):
            return wording.publish(kind, channel, sources, seen=seen, by=owner)

    return published


def mailed(cast, mailoutbox):
    application = workflow.submit(filled(cast).pk, applicant=cast.owner)
    notice = Notice.objects.get(kind="submitted", channel="email", application=application)
    assert delivery.deliver([notice.pk]) == 1
    return application, mailoutbox[-1]


def test_what_was_published_is_said_and_is_on_record(cast, publish, owner, mailoutbox):
    assert publish(GOOD) == ["zh", "en"]
    application, message = mailed(cast, mailoutbox)
    assert message.subject == f"收到 {application.number}" and "owner：已收到" in message.body
    event = Event.objects.get(action="notice_text_published")
    assert (event.stream, event.actor, event.role) == ("notice_text:submitted.email", owner, "service_owner")
    assert (event.before, event.after) == ("zh 0, en 0", "zh 1, en 1")
    assert len(json.loads(event.payload)["data"]["zh"]["digest"]) == 64
    assert log.first_broken_link(event.stream) is None


def test_only_what_changed_makes_an_edition(publish):
    publish(GOOD)
    changed = GOOD | {"en": GOOD["en"].replace("Got", "Received")}
    assert publish(changed, {"zh": 1, "en": 1}) == ["en"]
    assert publish(changed, {"zh": 1, "en": 2}) == []
    assert (
        NoticeText.objects.filter(language="en").count() == 2 and NoticeText.objects.filter(current=True).count() == 2
    )


def test_an_earlier_wording_and_the_portals_own_can_be_put_back(cast, publish, owner, mailoutbox):
    publish(GOOD)
    publish({"zh": GOOD["zh"].replace("收到", "拿到")}, {"zh": 1})
    first = NoticeText.objects.get(language="zh", edition=1)
    assert wording.go_back(first, by=owner) == ["zh"]
    wordings.forget()
    assert mailed(cast, mailoutbox)[1].subject.startswith("收到")
    own = {each: wordings.of_file(("submitted", "email", each)) for each in GOOD}
    publish(own, {"zh": 3, "en": 1})
    assert mailed(cast, mailoutbox)[1].subject.startswith("已收到您的申请")
    assert NoticeText.objects.get(language="zh", current=True).source == "", "it follows the file from now on"


def test_who_began_from_an_earlier_edition_overwrites_nothing(publish):
    publish(GOOD)
    with pytest.raises(wording.Stale):
        publish({"zh": GOOD["zh"] + "x"}, {"zh": 0})
    assert NoticeText.objects.count() == 2 and Event.objects.filter(action="notice_text_published").count() == 1


@pytest.mark.parametrize("role", ["system_admin", "audit_admin"])
def test_nobody_but_a_service_owner_publishes(role):
    with pytest.raises(roles.Refused):
        wording.publish("submitted", "email", GOOD, seen=NONE, by=holder(role))


@pytest.mark.parametrize(
    "source",
    ["", "只有主题 {{ number }} {{ url }}", "{{ number }}\n没有网址", "主题\n没有编号 {{ url }}",
     "{{ reason }}\n{{ number }} {{ url }}", "{% load i18n %}\n{{ number }} {{ url }}"],
)  # fmt: skip
def test_a_text_that_is_not_in_order_is_not_published(publish, source):
    with pytest.raises(wording.Faulty) as caught:
        publish(GOOD | {"zh": source})
    assert caught.value.faults["zh"] and not caught.value.faults["en"]
    assert not NoticeText.objects.exists()


def test_a_text_that_fails_when_it_is_needed_is_passed_over_and_somebody_hears_of_it(cast, owner, mailoutbox, settings):
    settings.ADMINS = [("ops", "ops@example.com")]
    cache.clear()
    bad = {"submitted": "{% if %}", "new_task": "{{ nothing }}\n\n"}  # as if somebody wrote to the table
    for kind, source in bad.items():
        NoticeText.objects.create(
            kind=kind, channel="email", language="zh", edition=1, source=source, published_by=owner
        )
    application = workflow.submit(filled(cast).pk, applicant=cast.owner)
    ids = Notice.objects.filter(channel="email").values_list("pk", flat=True)
    assert delivery.deliver(ids) == 2, "it stops neither its own notice nor another"
    subjects = [message.subject for message in mailoutbox]
    assert any(subject.startswith("已收到您的申请") for subject in subjects)
    assert any(subject.startswith(f"新任务 {application.number}") for subject in subjects)
    assert sum("The text of a notice fails" in subject for subject in subjects) == 2
    assert set(Notice.objects.filter(channel="email").values_list("state", flat=True)) == {"sent"}


def test_a_notice_without_words_is_given_up_and_its_channel_is_not_blamed(cast):
    workflow.submit(filled(cast).pk, applicant=cast.owner)
    Notice.objects.filter(kind="submitted").update(kind="a_kind_of_yesterday")
    ids = Notice.objects.filter(channel="email").order_by("pk").values_list("pk", flat=True)
    assert delivery.deliver(ids) == 1
    dead = Notice.objects.get(state="dead")
    assert "there is no text for a_kind_of_yesterday.email.zh" in dead.tries.get().detail
    assert not ChannelState.objects.filter(failures__gt=0).exists()
    assert "Notice" in words(at(cast.owner).get("/inbox/")), "the inbox can be opened all the same"


def test_a_text_message_of_an_official_is_sent(cast, publish):
    publish({"zh": "{{ number }}收到了\n{{ link }}"}, {"zh": 0}, channel="sms")
    application = workflow.submit(filled(cast).pk, applicant=cast.owner)
    notice = Notice.objects.get(kind="submitted", channel="inbox")
    assert texts.short(notice) == f"{application.number}收到了 http://127.0.0.1:8000/n/{notice.pk}/"


# --- The pages -----------------------------------------------------------------------------------------------------


def test_a_text_is_looked_at_sent_to_oneself_and_published(owner, mailoutbox):
    client = at(owner)
    response = client.get(ADDRESS)
    assert "已收到您的申请 360924-20200210-000001-C" in words(response) and "Received: Resumption" in words(response)
    typed = GOOD | {"seen_zh": "0", "seen_en": "0"}
    response = client.post(ADDRESS, typed | {"do": "preview"})
    assert "收到 360924" in words(response) and "Dear Wang Xiaoming, we have it." in words(response)
    assert not NoticeText.objects.exists() and not mailoutbox
    client.post(ADDRESS, typed | {"do": "test"})
    assert [message.to for message in mailoutbox] == [[owner.email]] * 2
    assert mailoutbox[1].subject == "[Test] Got 360924-20200210-000001-C"
    assert client.post(ADDRESS, typed | {"do": "publish"}).status_code == 302
    assert NoticeText.objects.filter(current=True).count() == 2
    stale = client.post(ADDRESS, typed | {"zh": GOOD["zh"] + "y", "do": "publish"})
    assert stale.status_code == 409 and "{{ url }}\ny" in page(stale).xpath("//textarea[@name='zh']")[0].text
    assert "submitted" in [row.kind for row in NoticeText.objects.all()]
    assert "edition 1" in words(client.get("/admin/reviews/noticetext/"))


def test_faults_are_told_with_their_line_and_nothing_typed_is_lost(owner):
    response = at(owner).post(ADDRESS, GOOD | {"zh": "甲 {{ number }}\n{{ url }}\n{{ secret }}", "seen_zh": "0", "seen_en": "0",
                                              "do": "publish"})  # fmt: skip
    assert response.status_code == 422 and "Line 3: There is no “secret” here." in words(response)
    assert "{{ secret }}" in page(response).xpath("//textarea[@name='zh']")[0].text
    assert safe.LONGEST < 20_000


def test_an_earlier_edition_is_put_back_from_the_page(owner, publish):
    publish(GOOD)
    publish({"zh": GOOD["zh"].replace("收到", "拿到")}, {"zh": 1})
    first = NoticeText.objects.get(language="zh", edition=1)
    response = at(owner).post(f"/admin/reviews/noticetext/{first.pk}/again/", follow=True)
    assert "in force again" in response.content.decode() or "in force again" in told(response)
    assert NoticeText.objects.get(language="zh", current=True).edition == 3


def test_a_text_message_is_counted_on_the_page(owner):
    response = at(owner).get("/admin/reviews/noticetext/text/approved-sms/")
    assert "2 text messages" in words(response)
    assert at(owner).get("/admin/reviews/noticetext/text/digest-sms/").status_code == 404
    assert "no text message of its own" in words(at(owner).get("/admin/reviews/noticetext/text/advised-sms/"))


def test_a_system_administrator_looks_and_changes_nothing():
    client = at(holder("system_admin"))
    response = client.get(ADDRESS)
    assert response.status_code == 200 and not page(response).xpath("//textarea | //main//button")
    assert client.post(ADDRESS, GOOD | {"do": "publish"}).status_code == 403
