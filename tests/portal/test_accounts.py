"""Accounts over HTTP: signing up, signing in, a forgotten password; and nothing told of who has an account."""

from __future__ import annotations

import re
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core.cache import cache
from django.test import Client

from permits.models import Application, Membership, User
from tests.cast import PASSWORD, Cast, person
from tests.portal.browser import at, fault_at, form, page, sign_in, told, words

LOGIN, SIGNUP, RESET = "/accounts/login/", "/accounts/signup/", "/accounts/password/reset/"
NEW = "new-owner@test.invalid"
TYPED = {"name": "卢晓青", "email": NEW, "password1": "zhusun-2020-fugong", "password2": "zhusun-2020-fugong"}


def sign_up(client: Client, **changes: str) -> Any:
    return client.post(SIGNUP, form(client.get(SIGNUP)) | TYPED | changes, follow=True)


def link_in(mail: Any) -> str:
    """The address in the mail, without the site's own."""
    (found,) = re.findall(r"https?://[^/\s]+(/\S+)", mail.body)
    return str(found)


def log_in(client: Client, email: str, password: str = PASSWORD, **options: Any) -> Any:
    return client.post(LOGIN, {"login": email, "password": password}, follow=True, **options)


def is_in(client: Client) -> bool:
    return client.get("/applications/").status_code == 200


def without_tokens(response: Any) -> str:
    return re.sub('csrfmiddlewaretoken" value="[^"]+"', "", response.content.decode())


# --- signing up --------------------------------------------------------------------------------------------------


def test_who_signs_up_confirms_the_address_before_filing(cast: Cast, mailoutbox) -> None:
    client = at()
    response = sign_up(client)
    assert "Look into your mailbox" in words(response) and [mail.to for mail in mailoutbox] == [[NEW]]
    user = User.objects.get(email=NEW)
    Membership.objects.create(user=user, enterprise=cast.enterprise, role="agent")
    for address in ("/services/resumption/start/", "/applications/", "/enterprises/new/"):
        assert client.post(address)["Location"].startswith(LOGIN)
    assert "Look into your mailbox" in words(log_in(client, NEW, TYPED["password1"])) and not is_in(client)
    assert not Application.objects.exists()
    link = link_in(mailoutbox[0])
    assert f"You have confirmed {NEW}" in told(client.get(link, follow=True)), "where it was asked for, to open it is enough"
    assert is_in(client) and EmailAddress.objects.get(email=NEW).verified
    assert client.post("/services/resumption/start/").status_code == 302 and Application.objects.get().applicant == user


def test_opening_the_link_alone_confirms_nothing(db: None, mailoutbox) -> None:
    """Mail scanners open every link."""
    sign_up(at())
    assert at().get(link_in(mailoutbox[0])).status_code == 200
    assert not EmailAddress.objects.get(email=NEW).verified


def test_a_made_up_link_says_what_to_do(db: None) -> None:
    response = at().get("/accounts/confirm-email/MQ:1abcde:xyz/")
    assert response.status_code == 200 and "sign in and we send you a new link" in words(response)


def test_the_account_has_the_name_and_the_language_of_the_page(db: None, mailoutbox) -> None:
    sign_up(at(language="en"))
    user = User.objects.get(email=NEW)
    assert (user.name, user.language, user.is_staff, user.is_superuser) == ("卢晓青", "en", False, False)
    assert mailoutbox[0].subject == "Permit portal: confirm your e-mail address"


def test_nobody_makes_themselves_an_official(db: None) -> None:
    sign_up(at(), is_staff="on", is_superuser="on")
    user = User.objects.get(email=NEW)
    assert not user.is_staff and not user.is_superuser


@pytest.mark.parametrize(
    ("field", "typed", "message"),
    [
        ("password1", {"password1": "kurz", "password2": "kurz"}, "too short"),
        ("password1", {"password1": "1234567890123", "password2": "1234567890123"}, "entirely numeric"),
        ("password2", {"password2": "zhusun-2020-fugonk"}, "same password"),
        ("email", {"email": "not an address"}, "valid email address"),
        ("name", {"name": ""}, "required"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_is_kept(db: None, field: str, typed: dict, message: str) -> None:
    response = sign_up(at(), **typed)
    assert message in fault_at(response, field) and not User.objects.exists()
    shown = form(response)
    expected = TYPED | typed
    assert (shown["name"], shown["email"]) == (expected["name"], expected["email"])
    assert not shown["password1"] and not shown["password2"]  # a password is never sent back


def test_a_refused_password_is_told_in_chinese_and_in_nothing_else(db: None) -> None:
    """Django's own catalogue has lost one of these messages."""
    typed = {"password1": "12345", "password2": "12345"}
    fault = fault_at(sign_up(at(language="zh-hans"), **typed), "password1")
    assert "密码太短，至少需要 10 个字符" in fault and "This password" not in fault


def test_signing_up_does_not_tell_whether_an_address_has_an_account(cast: Cast, mailoutbox) -> None:
    for _once_and_again in range(2):
        new, taken = (
            (answer.redirect_chain[-1], without_tokens(answer).replace(email, "A"))
            for email in (NEW, cast.owner.email)
            for answer in [sign_up(at(), email=email)]
        )
        assert new == taken and new[0] == ("/accounts/confirm-email/", 302)
    assert [mail.to[0] for mail in mailoutbox[:2]] == [NEW, cast.owner.email]
    assert "already" in mailoutbox[1].body  # the owner of the address is told, and nobody else
    sign_up(at(), email=cast.owner.email.upper())
    assert User.objects.filter(email__iexact=cast.owner.email).count() == 1
    cast.owner.refresh_from_db()
    assert cast.owner.check_password(PASSWORD)


# --- signing in --------------------------------------------------------------------------------------------------


def test_who_signs_in_lands_where_they_wanted_to_go(cast: Cast) -> None:
    client = at()
    landed = sign_in(client, cast.owner, after=client.get("/inbox/"))
    assert landed.redirect_chain[-1][0] == "/inbox/" and is_in(client)


def test_the_address_is_taken_in_any_case(cast: Cast) -> None:
    client = at()
    log_in(client, cast.owner.email.upper())
    assert is_in(client)


def test_signing_in_leads_to_no_other_site(cast: Cast) -> None:
    for wanted in ("https://evil.example/", "//evil.example/", "javascript:alert(1)"):
        client = at()
        response = client.post(LOGIN, {"login": cast.owner.email, "password": PASSWORD, "next": wanted})
        assert response["Location"] == "/"


def test_an_official_lands_at_the_queue_a_supervisor_at_the_overview_and_an_applicant_at_home(cast: Cast) -> None:
    queue = "/admin/reviews/task/"
    for user, home in ((cast.street, queue), (cast.decider, queue), (cast.supervisor, "/admin/"), (cast.owner, "/")):
        response = at().post(LOGIN, {"login": user.email, "password": PASSWORD})
        assert response["Location"] == home


def test_a_wrong_password_says_the_same_as_an_unknown_address(cast: Cast) -> None:
    known, unknown = (log_in(at(), email, "wrong") for email in (cast.owner.email, "nobody@test.invalid"))
    assert known.status_code == unknown.status_code == 200
    assert without_tokens(known).replace(cast.owner.email, "A") == without_tokens(unknown).replace(
        "nobody@test.invalid", "A"
    )
    assert "not correct" in words(known) and form(known)["login"] == cast.owner.email


def test_after_five_wrong_passwords_the_page_says_to_wait_and_the_right_one_waits_too(cast: Cast) -> None:
    client = at()
    for _ in range(5):
        assert "not correct" in words(log_in(client, cast.owner.email, "wrong"))
    response = log_in(client, cast.owner.email)
    assert "Too many failed login attempts. Try again later." in words(response) and not is_in(client)
    assert page(response).xpath("//form[@action='/accounts/login/']")  # a page of ours, with a way on
    # Another account, from another place, is not locked out by it.
    other = at()
    log_in(other, cast.outsider.email, REMOTE_ADDR="203.0.113.9")
    assert is_in(other)
    cache.clear()  # the five minutes are over
    log_in(client, cast.owner.email)
    assert is_in(client)


def test_too_many_sign_ins_from_one_place_get_a_clear_page(cast: Cast) -> None:
    for number in range(30):
        log_in(at(), f"nobody{number}@test.invalid", "wrong")
    response = log_in(at(), cast.owner.email)
    assert response.status_code == 429
    assert "Too many attempts" in words(response) and "Wait a few minutes" in words(response)
    assert page(response).xpath(f"//a[@href='{RESET}']")


def test_signing_out_ends_it(cast: Cast) -> None:
    client = at()
    log_in(client, cast.owner.email)
    assert client.get("/accounts/logout/").status_code == 200 and is_in(client)  # a link alone does nothing
    client.post("/accounts/logout/")
    assert not is_in(client)


def test_a_closed_account_is_not_let_in(cast: Cast) -> None:
    cast.owner.is_active = False
    cast.owner.save()
    client = at()
    log_in(client, cast.owner.email)
    assert not is_in(client)


def test_the_sessions_cookie_is_out_of_reach_of_scripts(cast: Cast) -> None:
    client = at()
    log_in(client, cast.owner.email)
    cookie = client.cookies["portal_session"]
    assert cookie["httponly"] is True and cookie["samesite"] == "Lax"


def test_the_session_is_another_one_after_the_log_in(cast: Cast) -> None:
    client = at()
    client.post("/applications/00000000-0000-0000-0000-000000000000/corrections/", {"x": "1"})  # has an anonymous one
    before = client.session.session_key
    assert before
    log_in(client, cast.owner.email)
    assert client.session.session_key != before


# --- a forgotten password ----------------------------------------------------------------------------------------


def ask_for_reset(email: str) -> Any:
    client = at()
    return client.post(RESET, form(client.get(RESET)) | {"email": email}, follow=True)


def test_asking_for_a_new_password_does_not_tell_whether_an_address_has_an_account(cast: Cast, mailoutbox) -> None:
    known, unknown = ask_for_reset(cast.owner.email), ask_for_reset("nobody@test.invalid")
    assert known.redirect_chain == unknown.redirect_chain and without_tokens(known) == without_tokens(unknown)
    assert "If there is an account with this address" in words(known)
    assert [mail.to[0] for mail in mailoutbox] == [cast.owner.email, "nobody@test.invalid"]
    assert "/password/reset/key/" in mailoutbox[0].body and "/password/reset/key/" not in mailoutbox[1].body


def test_a_new_password_is_chosen_by_the_link_once(cast: Cast, mailoutbox) -> None:
    ask_for_reset(cast.owner.email)
    link = link_in(mailoutbox[0])
    client = at()
    opened = client.get(link, follow=True)
    address = opened.redirect_chain[-1][0]
    new = {"password1": "zhusun-2020-fuchan", "password2": "zhusun-2020-fuchan"}
    done = client.post(address, new, follow=True)
    assert "Your password has been changed" in words(done)
    cast.owner.refresh_from_db()
    assert cast.owner.check_password("zhusun-2020-fuchan")
    again = at().get(link, follow=True)
    assert "This link no longer works" in words(again)


def test_a_weak_new_password_is_refused_in_words(cast: Cast, mailoutbox) -> None:
    ask_for_reset(cast.owner.email)
    client = at()
    address = client.get(link_in(mailoutbox[0]), follow=True).redirect_chain[-1][0]
    response = client.post(address, {"password1": "kurz", "password2": "kurz"})
    assert "too short" in fault_at(response, "password1")
    cast.owner.refresh_from_db()
    assert cast.owner.check_password(PASSWORD)


@pytest.mark.parametrize("key", ["x-y", "1-set-password", "zzz-c8z0x0-0123456789abcdef0123456789abcdef"])
def test_a_made_up_reset_link_says_what_to_do(db: None, key: str) -> None:
    response = at().get(f"/accounts/password/reset/key/{key}/", follow=True)
    assert response.status_code == 200 and "This link no longer works" in words(response)


def test_the_pages_of_an_account_ask_for_one(cast: Cast) -> None:
    for address in ("/accounts/email/", "/accounts/password/change/"):
        assert at().get(address)["Location"].startswith(LOGIN)
        assert at(cast.owner).get(address, follow=True).status_code == 200


def test_another_mail_address_counts_only_when_it_is_confirmed(cast: Cast, mailoutbox) -> None:
    client = at()
    log_in(client, cast.owner.email)
    client.post("/accounts/email/", {"email": "other@test.invalid", "action_add": ""}, follow=True)
    cast.owner.refresh_from_db()
    assert cast.owner.email == "owner@test.invalid"
    assert not EmailAddress.objects.filter(email="other@test.invalid", verified=True).exists()
    stranger = at()
    log_in(stranger, "other@test.invalid")
    assert not is_in(stranger)


def test_an_address_of_somebody_else_cannot_be_taken(cast: Cast) -> None:
    client = at()
    log_in(client, cast.outsider.email)
    client.post("/accounts/email/", {"email": cast.owner.email, "action_add": ""}, follow=True)
    assert EmailAddress.objects.get(email=cast.owner.email, verified=True).user == cast.owner


def test_a_new_account_without_anything_finds_its_way(db: None) -> None:
    client = at(person("newcomer"))
    for address in ("/", "/applications/", "/inbox/", "/enterprises/", "/services/"):
        response = client.get(address)
        assert response.status_code == 200 and words(response) and not told(response)


def test_the_review_desk_has_no_log_in_of_its_own(cast: Cast):
    """It would have neither the limits nor the second factor of the portal's."""
    client = at()
    answer = client.post("/admin/login/?next=/admin/", {"username": cast.street.email, "password": PASSWORD})
    assert answer.status_code == 302 and answer["Location"].startswith(LOGIN)
    assert client.get("/admin/").status_code == 302
    assert sign_in(client, cast.street, after=client.get("/admin/login/?next=/admin/reviews/task/")).status_code == 200
