"""The mobile number of an account: sent a code by a real provider on loopback, kept once the code comes back."""

from __future__ import annotations

import re
import time

import pytest
from django.core.cache import cache

from permits.models import User
from reviews.models import Event
from tests.cast import Cast
from tests.fakes import provider as fakes
from tests.portal.browser import at, fault_at, told, words
from tests.reviews.test_provider import connect

ADDRESS = "/accounts/mobile/"
NUMBER = "13812345678"


@pytest.fixture(scope="module")
def running():
    with fakes.running() as (there, url):
        yield there, url


@pytest.fixture
def fake(running, settings):
    there, url = running
    there.then, there.sent = [], {}
    connect(settings, url)
    cache.clear()
    return there


def ask(client, number: str = NUMBER):
    return client.post(ADDRESS, {"step": "send", "mobile": number}, follow=True)


def answer(client, code: str):
    return client.post(ADDRESS, {"step": "confirm", "code": code}, follow=True)


def code_in(fake) -> str:
    message = list(fake.sent.values())[-1]
    (code,) = re.findall(r"\b\d{6}\b", message["params"]["text"])
    return code


def mobile_of(user: User) -> str:
    return User.objects.get(pk=user.pk).mobile


def test_a_number_is_kept_once_its_code_came_back(cast: Cast, fake) -> None:
    client = at(cast.owner)
    response = ask(client, "+86 138 1234 5678")
    assert "138****5678" in words(response) and NUMBER not in response.content.decode()
    assert next(iter(fake.sent.values()))["to"] == f"+86{NUMBER}"
    assert mobile_of(cast.owner) == ""  # not before
    assert "is confirmed" in told(answer(client, code_in(fake)))
    assert mobile_of(cast.owner) == NUMBER
    event = Event.objects.get(action="mobile_confirmed")
    assert event.actor == cast.owner and NUMBER not in event.payload and "138" not in event.payload
    client.post(ADDRESS, {"step": "remove"})
    assert mobile_of(cast.owner) == "" and Event.objects.filter(action="mobile_removed").count() == 1


def test_a_wrong_code_is_told_and_after_five_no_code_is_right(cast: Cast, fake) -> None:
    client = at(cast.owner)
    ask(client)
    right = code_in(fake)
    wrong = f"{(int(right) + 1) % 10**6:06d}"
    for _each in range(4):
        assert "not the code" in fault_at(answer(client, wrong), "code")
    assert "holds no more" in told(answer(client, wrong))
    assert "holds no more" in told(answer(client, right)) and mobile_of(cast.owner) == ""


def test_a_code_holds_for_ten_minutes_and_for_the_session_that_asked(cast: Cast, fake, monkeypatch) -> None:
    client = at(cast.owner)
    ask(client)
    assert "holds no more" in told(answer(at(cast.owner), code_in(fake)))
    later = time.time() + 601
    monkeypatch.setattr("portal.views.mobile.time.time", lambda: later)
    assert "holds no more" in told(answer(client, code_in(fake))) and mobile_of(cast.owner) == ""


def test_whose_number_it_is_is_not_told(cast: Cast, fake) -> None:
    cast.outsider.mobile = NUMBER
    cast.outsider.save()
    client = at(cast.owner)
    response = ask(client)
    assert "138****5678" in words(response) and not fake.sent  # the page is the same, and nothing was sent
    assert "not the code" in fault_at(answer(client, "123456"), "code") and mobile_of(cast.owner) == ""


@pytest.mark.parametrize("typed", ["", "12345", "02287654321", "138123456789", "١٣٨١٢٣٤٥٦٧٨"])
def test_what_is_no_mobile_number_is_told(cast: Cast, fake, typed: str) -> None:
    response = at(cast.owner).post(ADDRESS, {"step": "send", "mobile": typed})
    assert response.status_code == 422 and fault_at(response, "mobile") and not fake.sent


def test_nobody_is_sent_more_than_a_few_codes(cast: Cast, fake) -> None:
    client = at(cast.owner)
    for _each in range(5):
        ask(client)
    assert "Wait an hour" in fault_at(ask(client), "mobile") and len(fake.sent) == 5
    assert "Wait an hour" in fault_at(ask(at(cast.colleague)), "mobile")  # nor is one number


def test_a_provider_that_fails_is_told(cast: Cast, fake) -> None:
    fake.then = ["fail"]
    assert "could not be sent" in fault_at(ask(at(cast.owner)), "mobile")


def test_where_text_messages_are_not_set_up_there_is_no_such_page(cast: Cast) -> None:
    assert at(cast.owner).get(ADDRESS).status_code == 404
    assert "/accounts/mobile/" not in at(cast.owner).get("/accounts/notices/").content.decode()
