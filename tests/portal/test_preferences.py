"""What one is told, and how: chosen on a page, or turned off from a mail; and what a mail looks like."""

from __future__ import annotations

import pytest
from django.test import Client
from lxml import html

from reviews.models import Notice
from reviews.notices import delivery, mail, samples, unsubscribing
from reviews.notices.texts import Message
from tests.cast import Cast
from tests.portal import steps
from tests.portal.browser import at, form, page, told, words

ADDRESS = "/accounts/notices/"
ALL = dict.fromkeys(("inbox", "email", "sms"), "reviews.notices.channels.inbox.send")


def boxes(response) -> dict[str, bool]:
    found = page(response).xpath("//main//input[@type='checkbox']")
    return {box.get("name"): box.get("checked") is not None for box in found}


def test_an_applicant_is_asked_about_what_concerns_them(cast: Cast) -> None:
    response = at(cast.owner).get(ADDRESS)
    assert boxes(response) == {"reminders.email": True, "access.email": True, "messages.email": True}
    assert "Administrative Licensing Law" in words(response) and "E-mail Always on" in words(response)


def test_an_official_is_asked_about_their_work_too(cast: Cast, settings) -> None:
    settings.NOTICE_CHANNELS = ALL
    cast.street.mobile = "13900000002"
    cast.street.save()
    assert boxes(at(cast.street).get(ADDRESS)) == {
        "reminders.email": True, "reminders.sms": True, "access.email": True, "work.email": True, "work.sms": False,
        "clock.email": False, "digest.inbox": True, "digest.email": True,
    }  # fmt: skip
    assert "only to accounts with a mobile" in words(at(cast.owner).get(ADDRESS))


def test_what_is_chosen_holds_from_the_next_notice_on(cast: Cast) -> None:
    client = at(cast.street)
    typed = form(client.get(ADDRESS))
    del typed["work.email"]
    response = client.post(ADDRESS, typed | {"statutory.email": "", "digest.sms": "on"}, follow=True)
    assert "Saved" in told(response) and boxes(response)["work.email"] is False
    cast.street.refresh_from_db()
    assert cast.street.notice_choices == {"work": {"email": False}}
    steps.submitted(cast)
    assert set(Notice.objects.filter(recipient=cast.street).values_list("channel", flat=True)) == {"inbox"}


def test_unticking_everything_leaves_the_statutory_notices_on(cast: Cast) -> None:
    at(cast.owner).post(ADDRESS, {})
    cast.owner.refresh_from_db()
    off = {"email": False}
    assert cast.owner.notice_choices == {"reminders": off, "access": off, "messages": off}
    steps.submitted(cast)
    assert set(Notice.objects.filter(recipient=cast.owner).values_list("channel", flat=True)) == {"inbox", "email"}


# --- Unsubscribing -------------------------------------------------------------------------------------------------


def mailed(cast: Cast, kind: str, mailoutbox):
    """A mail of that kind to the owner, as it went out."""
    steps.submitted(cast)
    notice = Notice.objects.get(recipient=cast.owner, channel="email")
    notice.kind, notice.params = kind, samples.params(kind)
    notice.save()
    assert delivery.deliver([notice.pk]) == 1
    return mailoutbox[-1]


def path_of(message) -> str:
    return message.extra_headers["List-Unsubscribe"].strip("<>").removeprefix("http://127.0.0.1:8000")


def test_a_mail_that_the_law_asks_for_offers_no_way_out(cast: Cast, mailoutbox) -> None:
    message = mailed(cast, "approved", mailoutbox)
    assert not {"List-Unsubscribe", "List-Unsubscribe-Post"} & set(message.extra_headers)
    assert "unsubscribe" not in message.body + message.alternatives[0].content


def test_a_mail_program_turns_a_group_off_with_one_post_and_no_log_in(cast: Cast, mailoutbox) -> None:
    message = mailed(cast, "corrections_due_soon", mailoutbox)
    assert message.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    client = Client(enforce_csrf_checks=True)
    for _twice in range(2):
        response = client.post(path_of(message), {"List-Unsubscribe": "One-Click"})
        assert response.status_code == 200 and not response.cookies.get("portal_session")
    cast.owner.refresh_from_db()
    assert cast.owner.notice_choices == {"reminders": {"email": False}}


def test_looking_at_the_address_changes_nothing_and_a_button_does(cast: Cast, mailoutbox) -> None:
    address = path_of(mailed(cast, "owed_reminder", mailoutbox))
    client = at()
    assert "Get no more of these mails?" in words(client.get(address))
    cast.owner.refresh_from_db()
    assert cast.owner.notice_choices == {}
    assert "no more of these mails" in words(client.post(address))
    assert "on again" in words(client.post(address, {"again": "1"}))
    cast.owner.refresh_from_db()
    assert cast.owner.notice_choices == {}


@pytest.mark.parametrize("spoil", [lambda token: token[:-2], lambda token: "x" + token, lambda token: "a:b"])
def test_an_address_that_we_did_not_sign_does_nothing(cast: Cast, spoil) -> None:
    address = unsubscribing.address(cast.owner, "owed_reminder").removeprefix("http://127.0.0.1:8000")
    token = address.split("/")[2]
    assert at().post(f"/unsubscribe/{spoil(token)}/").status_code == 404
    assert unsubscribing.address(cast.owner, "approved") == ""


# --- The mail itself -----------------------------------------------------------------------------------------------


def test_a_mail_has_the_same_text_twice_escaped_and_with_links(settings) -> None:
    settings.SITE_URL = "https://zwfw.example.gov.cn"
    body = (
        "<script>alert(1)</script> & “x”\n看 https://zwfw.example.gov.cn/n/1/。\n\nhttps://evil.example/ "
        "https://zwfw.example.gov.cn.evil.example/ https://zwfw.example.gov.cn@evil.example/"
    )
    message = mail.build(Message("主题 <1>", body), to="a@example.com", language="zh-hans")
    assert message.body.startswith(body) and message.alternatives[0].mimetype == "text/html"
    source = message.alternatives[0].content
    root = html.document_fromstring(source)
    assert not root.xpath("//script | //img | //link | //style") and root.findtext(".//title") == "主题 <1>"
    assert {*root.xpath("//a/@href")} == {"https://zwfw.example.gov.cn/n/1/", "https://zwfw.example.gov.cn"}
    assert "".join(body.split()) in "".join(root.text_content().split())
    assert message.message().is_multipart()
