"""My account: name and language, signing out elsewhere, one's data as a file, closing it."""

from __future__ import annotations

import json

import pytest
from allauth.account.models import EmailAddress
from django.test import Client

from permits.models import Application, Membership, User
from reviews import own_account, workflow
from reviews.enterprises import Refused
from reviews.models import Event
from tests.cast import PASSWORD, Cast, filled, person
from tests.portal import steps
from tests.portal.browser import at, links, page, sign_in, told, words


def actions(user: User) -> list[str]:
    stream = f"account:{user.public_id}"
    return list(Event.objects.filter(stream=stream).order_by("seq").values_list("action", flat=True))


def test_name_and_language_are_changed_and_spoken_at_once_here_and_elsewhere(cast: Cast) -> None:
    client = at(cast.owner, language="en")
    response = client.post("/accounts/", {"name": "江立川", "language": "zh-hans"}, follow=True)
    assert "已保存" in told(response) or "保存" in told(response)
    assert page(response).get("lang") == "zh-hans" and response["Content-Language"] == "zh-hans"
    client.post("/accounts/", {"name": "江立川", "language": "en"})
    cast.owner.refresh_from_db()
    assert (cast.owner.name, cast.owner.language) == ("江立川", "en") and actions(cast.owner) == ["name_changed"]
    elsewhere = Client(headers={"Accept-Language": "zh-CN"})
    landed = sign_in(elsewhere, cast.owner)
    assert page(landed).get("lang") == "en" and landed["Content-Language"] == "en"
    wrong = client.post("/accounts/", {"name": "", "language": "fr"})
    assert wrong.status_code == 422 and "This field is required" in words(wrong)


@pytest.mark.parametrize("address", ["/", "/help/", "/services/", "/accounts/login/"])
def test_a_page_says_its_language_and_on_what_it_depends(db: None, address: str) -> None:
    for language in ("zh-hans", "en"):
        response = Client(headers={"Accept-Language": language}).get(address)
        assert response["Content-Language"] == page(response).get("lang") == language
        assert {"Accept-Language", "Cookie"} <= {each.strip() for each in response["Vary"].split(",")}


def test_the_account_page_leads_to_everything_that_is_ones_own(cast: Cast) -> None:
    found = links(at(cast.owner).get("/accounts/"))
    for address in ("email/", "password/change/", "2fa/", "notices/", "close/"):
        assert f"/accounts/{address}" in found


def test_other_devices_are_signed_out_and_this_one_is_not(cast: Cast) -> None:
    here, elsewhere = at(), at()
    for client in (here, elsewhere):
        sign_in(client, cast.owner)
        assert client.get("/accounts/").status_code == 200
    here.get("/accounts/sessions/")
    assert elsewhere.get("/accounts/").status_code == 200, "a link alone signs nobody out"
    assert "All other devices are signed out" in told(here.post("/accounts/sessions/", follow=True))
    assert elsewhere.get("/accounts/").status_code == 302 and here.get("/accounts/").status_code == 200
    assert sign_in(at(), cast.owner).status_code == 200 and actions(cast.owner) == ["sessions_ended"]


def test_ones_data_is_a_file_with_nobody_elses_in_it(cast: Cast) -> None:
    mine, theirs = steps.submitted(cast), steps.shipped("community_report")
    assert theirs is not None
    response = at(cast.owner).post("/accounts/data/")
    assert "attachment" in response["Content-Disposition"] and "no-store" in response["Cache-Control"]
    said = json.loads(response.content)
    assert [each["number"] for each in said["applications"]] == [mine.number]
    assert said["applications"][0]["answers"]["legal_name"] and said["account"]["email"] == cast.owner.email
    assert cast.outsider.email not in response.content.decode() and said["notices"] and said["enterprises"]
    assert "own_data_taken" in actions(cast.owner)
    others = json.loads(at(cast.colleague).post("/accounts/data/").content)
    assert not others["applications"], "a colleague filed it"
    assert at(cast.owner).get("/accounts/data/").status_code == 302


def closing(user: User) -> Client:
    """A browser that has just shown the password once more, as closing asks for it."""
    client = at()
    sign_in(client, user)
    asked = client.get("/accounts/close/")
    if asked.status_code == 302:
        assert "reauthenticate" in asked["Location"]
        client.post(asked["Location"], {"password": PASSWORD})
    return client


def test_an_account_is_closed_and_what_it_filed_stays(cast: Cast) -> None:
    application = filled(cast)
    Application.objects.filter(pk=application.pk).update(applicant=cast.colleague)
    workflow.submit(application.pk, applicant=cast.colleague)
    email, client = cast.colleague.email, closing(cast.colleague)
    assert "can't be opened again" in words(client.get("/accounts/close/"))
    assert "Your account is closed" in told(client.post("/accounts/close/", follow=True))
    cast.colleague.refresh_from_db()
    gone = cast.colleague
    assert not gone.is_active and gone.mobile == "" and email not in gone.email and not gone.has_usable_password()
    assert not EmailAddress.objects.filter(user=gone).exists()
    assert not Membership.objects.filter(user=gone, active=True).exists()
    assert client.get("/accounts/").status_code == 302 and actions(gone) == ["account_closed"]
    application.refresh_from_db()
    assert application.applicant == gone and application.status == "submitted"
    assert person("colleague").email == email, "the address can be used again"
    own_account.close(gone)
    assert actions(gone) == ["account_closed"]


def test_what_stands_against_closing_it_is_said(cast: Cast) -> None:
    client = closing(cast.owner)
    for response in (client.get("/accounts/close/"), client.post("/accounts/close/")):
        assert "only owner of" in words(response)
    cast.owner.refresh_from_db()
    assert cast.owner.is_active
    with pytest.raises(Refused):
        own_account.close(cast.street)
    assert User.objects.get(pk=cast.street.pk).is_active and actions(cast.street) == []


def test_closing_asks_for_the_password_again_when_the_log_in_is_long_ago(cast: Cast) -> None:
    form_of = at(cast.colleague).post("/accounts/close/")
    assert form_of.status_code == 302 and "reauthenticate" in form_of["Location"]
    cast.colleague.refresh_from_db()
    assert cast.colleague.is_active
