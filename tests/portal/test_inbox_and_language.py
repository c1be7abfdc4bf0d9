"""The inbox, and the language: of a browser, of an account, of its notices."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.test import Client

from permits.models import User
from reviews import workflow
from reviews.models import CorrectionItem, Notice
from reviews.notices import delivery
from tests.cast import Cast, filled
from tests.portal import steps
from tests.portal.browser import at, links, page, words


def notice_of(user: User, kind: str = "submitted") -> Notice:
    return Notice.objects.inbox_of(user).get(kind=kind)


def unread(client: Client) -> str:
    """The number on the bell of every page, or nothing."""
    found = page(client.get("/")).xpath("//a[@href='/inbox/']//span[@class='count']")
    return found[0].text_content().split()[-1] if found else ""


# --- the inbox ---------------------------------------------------------------------------------------------------


def test_one_sees_ones_own_notices_only(cast: Cast) -> None:
    application = steps.submitted(cast)
    assert application.number in words(at(cast.owner).get("/inbox/"))
    for other in (cast.outsider, cast.health, cast.colleague):
        response = at(other).get("/inbox/")
        assert "Nothing here yet" in words(response) and application.number not in words(response)
    theirs = notice_of(cast.street, "new_task")
    assert at(cast.owner).get(f"/inbox/{theirs.pk}/").status_code == 404
    assert at(cast.street).get(f"/inbox/{theirs.pk}/").status_code == 200
    theirs.refresh_from_db()
    assert theirs.read_at is not None


def test_what_goes_by_mail_is_not_in_the_inbox_twice(cast: Cast) -> None:
    steps.submitted(cast)
    assert Notice.objects.filter(recipient=cast.owner).count() == 2
    rows = page(at(cast.owner).get("/inbox/")).xpath("//ul[@class='inbox']/li")
    assert len(rows) == 1
    mail = Notice.objects.get(recipient=cast.owner, channel=Notice.Channel.EMAIL)
    assert at(cast.owner).get(f"/inbox/{mail.pk}/").status_code == 404


def test_opening_a_notice_marks_it_read_once(cast: Cast) -> None:
    steps.submitted(cast)
    client, notice = at(cast.owner), notice_of(cast.owner)
    assert unread(client) == "1" and page(client.get("/inbox/")).xpath("//li[@class='is-unread']")
    response = client.get(f"/inbox/{notice.pk}/")
    notice.refresh_from_db()
    read_at = notice.read_at
    assert read_at is not None and notice.application.get_absolute_url() in links(response)
    assert unread(client) == "" and not page(client.get("/inbox/")).xpath("//li[@class='is-unread']")
    client.get(f"/inbox/{notice.pk}/")
    notice.refresh_from_db()
    assert notice.read_at == read_at


def test_a_notice_leads_where_something_is_to_be_done(cast: Cast) -> None:
    application = steps.asked_to_correct(cast, ("field", "masks", "口罩数量与照片不符"))
    response = at(cast.owner).get(f"/inbox/{notice_of(cast.owner, 'corrections_requested').pk}/")
    assert f"{application.get_absolute_url()}corrections/" in links(response)
    assert "口罩数量与照片不符" in words(response)


def test_the_newest_notice_stands_first(cast: Cast) -> None:
    steps.in_review(cast)
    ((words_of_day, rows),) = at(cast.owner).get("/inbox/").context["days"]
    assert words_of_day == "Today" and [notice.kind for notice, _subject in rows] == ["accepted", "submitted"]


def test_notices_stand_by_days_and_the_unread_alone_are_shown_when_asked_for(cast: Cast) -> None:
    steps.in_review(cast)
    long_ago = datetime(2026, 1, 31, 17, tzinfo=UTC)  # the next day in Shanghai
    Notice.objects.filter(kind="submitted").update(created_at=long_ago, read_at=long_ago)
    client = at(cast.owner)
    assert [day.text_content() for day in page(client.get("/inbox/")).xpath("//main//h2")] == [
        "Today",
        "1 February 2026",
    ]
    rows = page(client.get("/inbox/?show=unread")).xpath("//ul[@class='inbox']/li")
    assert len(rows) == 1 and "Unread" in rows[0].text_content()
    client.post("/inbox/read/")
    assert "Nothing is unread" in words(client.get("/inbox/?show=unread"))


def test_a_notice_leads_on_when_what_it_asked_for_is_done(cast: Cast) -> None:
    application = steps.asked_to_correct(cast, ("field", "masks", "口罩数量与照片不符"))
    address = f"/inbox/{notice_of(cast.owner, 'corrections_requested').pk}/"
    asked = at(cast.owner).get(address)
    assert "Answer the corrections" in words(asked) and "/corrections/" not in words(asked), (
        "the button alone is the address"
    )
    item = CorrectionItem.objects.get()
    workflow.answer_corrections(application.pk, applicant=cast.owner, answers={str(item.public_id): "已核对"})
    answered = at(cast.owner).get(address)
    assert links(answered) == ["/inbox/", application.get_absolute_url()]
    assert "Open the application" in words(answered) and "Where it stands now: Corrected" in words(answered)


@pytest.mark.parametrize("number", [0, 10**6, 10**30])
def test_a_made_up_number_is_not_found(cast: Cast, number: int) -> None:
    assert at(cast.owner).get(f"/inbox/{number}/").status_code == 404


def test_the_number_on_the_bell_is_asked_by_a_page_that_stays_open(cast: Cast, django_assert_num_queries) -> None:
    client = at(cast.owner)
    none = client.get("/inbox/unread/")
    assert none.content == b"" and none["Cache-Control"] == "private, no-cache"
    steps.submitted(cast)
    with django_assert_num_queries(3):  # the session, the account, and one count
        one = client.get("/inbox/unread/", headers={"If-None-Match": none["ETag"]})
    assert one.status_code == 200 and b"</span>1</span>" in one.content and len(one.content) < 200
    assert client.get("/inbox/unread/", headers={"If-None-Match": one["ETag"]}).status_code == 304
    other = at(cast.owner, language="zh-hans").get("/inbox/unread/", headers={"If-None-Match": one["ETag"]})
    assert other.status_code == 200 and "未读" in other.content.decode()


def test_a_script_that_is_signed_out_is_not_led_to_the_log_in(db: None) -> None:
    response = Client().get("/inbox/unread/", headers={"HX-Request": "true"})
    assert response.status_code == 401 and not response.content


def test_all_can_be_marked_as_read_and_nobody_elses_are(cast: Cast) -> None:
    steps.in_review(cast)
    client = at(cast.owner)
    assert unread(client) == "2" and len(page(client.get("/inbox/")).xpath("//li[@class='is-unread']")) == 2
    client.get("/inbox/read/")
    assert unread(client) == "2", "a link alone marks nothing"
    response = client.post("/inbox/read/", follow=True)
    assert unread(client) == "" and "Mark all" not in words(response)
    assert not page(response).xpath("//li[@class='is-unread']") and not page(response).xpath(
        "//ul[@class='inbox']//span"
    )
    assert Notice.objects.unread_of(cast.street).exists()


def test_the_short_address_of_a_text_message_leads_where_the_notice_says(cast: Cast) -> None:
    application = steps.asked_to_correct(cast, ("field", "masks", "不符"))
    notice = notice_of(cast.owner, "corrections_requested")
    assert at(cast.owner).get(f"/n/{notice.pk}/")["Location"] == f"{application.get_absolute_url()}corrections/"
    assert at(cast.outsider).get(f"/n/{notice.pk}/").status_code == 404


# --- the language ------------------------------------------------------------------------------------------------


def switch(client: Client, language: str, back: str = "/inbox/"):
    return client.post("/language/", {"language": language, "next": back})


def test_a_visitor_switches_the_language_and_stays_where_they_are(db: None) -> None:
    client = at(language="zh-hans")
    assert "查询" in words(client.get("/track/")) and "Look up" not in words(client.get("/track/"))
    assert switch(client, "en", "/track/")["Location"] == "/track/"
    assert "Look up an application" in words(client.get("/track/"))
    assert client.get("/track/").content.startswith(b'<!doctype html>\n<html lang="en">')


def test_the_switch_leads_to_no_other_site(db: None) -> None:
    assert switch(at(), "en", "https://evil.example/")["Location"] == "/"


def test_the_account_remembers_the_language_on_every_device(cast: Cast) -> None:
    switch(at(cast.owner, language="zh-hans"), "en")
    cast.owner.refresh_from_db()
    assert cast.owner.language == "en"
    elsewhere = Client(headers={"Accept-Language": "zh-CN"})
    elsewhere.force_login(cast.owner)
    assert "My applications" in words(elsewhere.get("/applications/"))


def test_what_a_browser_has_chosen_goes_before_the_account(cast: Cast) -> None:
    assert cast.owner.language == "zh-hans"
    assert "My applications" in words(at(cast.owner, language="en").get("/applications/"))


@pytest.mark.parametrize("language", ["fr", "xx", "", "en'--", "zh-hant", "a" * 300, "\x00"])
def test_a_language_that_we_do_not_speak_is_not_stored(cast: Cast, language: str) -> None:
    client = at(cast.owner, language="en")
    assert switch(client, language).status_code == 302
    cast.owner.refresh_from_db()
    assert cast.owner.language == "zh-hans"
    assert client.get("/inbox/").status_code == 200


def test_a_link_alone_switches_nothing(cast: Cast) -> None:
    at(cast.owner).get("/language/", {"language": "en"})
    cast.owner.refresh_from_db()
    assert cast.owner.language == "zh-hans"


def test_notices_follow_the_accounts_language(cast: Cast, mailoutbox) -> None:
    switch(at(cast.owner, language="zh-hans"), "en")
    application = workflow.submit(filled(cast).pk, applicant=cast.owner)
    for notice in Notice.objects.filter(channel=Notice.Channel.EMAIL):
        assert delivery.deliver([notice.pk])
    mails = {mail.to[0]: mail for mail in mailoutbox}
    to_owner, to_street = mails[cast.owner.email], mails[cast.street.email]
    assert "Resumption-of-work filing" in to_owner.subject and application.number in to_owner.subject
    assert to_owner.body.startswith("Dear owner")
    assert to_street.subject.startswith(f"新任务 {application.number}") and "Dear" not in to_street.body


def test_the_same_notice_is_read_in_the_language_that_is_spoken_now(cast: Cast) -> None:
    steps.submitted(cast)
    address = f"/inbox/{notice_of(cast.owner).pk}/"
    client = at(cast.owner, language="zh-hans")
    assert "企业复工复产备案" in words(client.get(address)) and "企业复工复产备案" in words(client.get("/inbox/"))
    switch(client, "en")
    assert "Resumption-of-work filing" in words(client.get(address))
    assert "Resumption-of-work filing" in words(client.get("/inbox/"))


@pytest.mark.parametrize("address", ["/", "/services/", "/services/resumption/", "/applications/", "/enterprises/new/"])
def test_no_page_mixes_the_languages(cast: Cast, address: str) -> None:
    """What is not translated shows as English among Chinese; names and codes are left alone."""
    text = words(at(cast.owner, language="zh-hans").get(address))
    for english in ("Enterprise", "Application", "Register", "Service ", "Required", "Continue", "Please"):
        assert english not in text
