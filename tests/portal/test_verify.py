"""Anybody checks a permit: the page says at once what it is worth, and nothing of persons."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.test import RequestFactory
from django.urls import reverse
from django.utils import timezone

from permits import credentials, numbers
from permits.models import Permit
from portal import throttle
from tests.cast import Cast, filled

ISSUED = datetime(2020, 2, 10, 3, 20, tzinfo=UTC)
NUMBER = numbers.permit_number("360924", "FG", ISSUED, 1)
OFFICE = {"zh": "宜丰县行政审批局", "en": "Yifeng County Administrative Approval Bureau"}


@pytest.fixture(autouse=True)
def own_key_and_counts(settings, tmp_path: Path) -> None:
    settings.PERMIT_KEY_FILE = tmp_path / "permit.pem"
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": str(tmp_path)}
    }
    cache.clear()


@pytest.fixture
def permit(cast: Cast) -> Permit:
    application = filled(cast)
    content = credentials.content_of(application, number=NUMBER, issued_at=ISSUED, valid_until=None, office=OFFICE)
    signature, key_id = credentials.sign(content)
    return Permit.objects.create(
        application=application, number=NUMBER, content=content, signature=signature, key_id=key_id, issued_at=ISSUED
    )


def page(client, number: str = NUMBER, *, language: str = "en", status: int = 200) -> str:
    response = client.get(reverse("verify_permit", args=[number]), HTTP_ACCEPT_LANGUAGE=language)
    assert response.status_code == status
    return response.content.decode()


def test_the_form_is_there_without_an_account(client, db) -> None:
    response = client.get(reverse("verify"), HTTP_ACCEPT_LANGUAGE="en")
    assert response.status_code == 200 and 'name="number"' in response.content.decode()


def test_a_typed_number_leads_to_the_permits_own_address(client, permit: Permit) -> None:
    response = client.get(reverse("verify"), {"number": f" {NUMBER.lower()} "})
    assert response.status_code == 302 and response["Location"] == f"/verify/{NUMBER}/"


@pytest.mark.parametrize(
    "typed", ["360924-FG-2020-000001-X", "hello", "a/b", "<script>alert(1)</script>", "9" * 500, "a\x00b"]
)
def test_a_mistyped_number_is_told_and_kept_in_the_field(client, db, typed: str) -> None:
    response = client.get(reverse("verify"), {"number": typed}, HTTP_ACCEPT_LANGUAGE="en")
    body = response.content.decode()
    assert response.status_code == 200 and "typing error" in body and "<script>alert" not in body
    assert 'aria-invalid="true"' in body


def test_an_empty_number_is_asked_for(client, db) -> None:
    assert (
        "Enter the number" in client.get(reverse("verify"), {"number": " "}, HTTP_ACCEPT_LANGUAGE="en").content.decode()
    )


def test_a_good_permit_names_its_holder_in_both_languages(client, permit: Permit) -> None:
    body = page(client)
    assert "genuine and in force" in body and "tag-ok" in body
    for words in (permit.content["holder"]["name"], permit.content["holder"]["uscc"], OFFICE["en"], "Until revoked"):
        assert words in body
    chinese = page(client, language="zh-hans")
    assert OFFICE["zh"] in chinese and "2020年2月10日" in chinese and permit.content["title"]["zh"] in chinese


def test_nothing_personal_is_shown(client, permit: Permit) -> None:
    body = page(client)
    answers: dict[str, Any] = permit.application.answers
    for key in ("legal_name", "legal_id_number", "legal_mobile", "epidemic_lead_name", "epidemic_lead_mobile"):
        assert answers[key] and answers[key] not in body
    assert permit.application.applicant.email not in body


def test_a_person_who_holds_a_permit_is_masked(client, permit: Permit) -> None:
    content = permit.content | {"holder": {"kind": "person", "name": "欧阳喆堃", "uscc": "", "address": ""}}
    signature, key_id = credentials.sign(content)
    Permit.objects.update(content=content, signature=signature, key_id=key_id)
    body = page(client)
    assert "欧***" in body and "阳喆堃" not in body


def test_a_revoked_permit_says_so(client, permit: Permit) -> None:
    Permit.objects.update(state=Permit.State.REVOKED, revoked_at=timezone.now())
    body = page(client)
    assert "has been revoked" in body and "Revoked on" in body and "tag-ok" not in body


def test_a_permit_whose_time_is_over_says_so(client, permit: Permit) -> None:
    content = permit.content | {"valid_until": "2020-03-01"}
    signature, key_id = credentials.sign(content)
    Permit.objects.update(content=content, signature=signature, key_id=key_id)
    body = page(client)
    assert "its validity has ended" in body and "tag-ok" not in body


def test_a_tampered_row_is_exposed_and_what_it_claims_is_not_repeated(client, permit: Permit) -> None:
    holder = permit.content["holder"] | {"name": "某某骗子有限公司"}
    Permit.objects.update(content=permit.content | {"holder": holder})
    body = page(client)
    assert "does not fit" in body and "某某骗子有限公司" not in body and "tag-ok" not in body


@pytest.mark.parametrize("content", [[], {}, None, "x"])
def test_a_destroyed_row_is_exposed_without_an_error(client, permit: Permit, content) -> None:
    Permit.objects.update(content=content or {})
    assert "does not fit" in page(client)


@pytest.mark.parametrize("number", ["360924-FG-2020-000009-M", "hello", "9" * 500, "<b>"])
def test_an_unknown_number_is_not_found(client, db, number: str) -> None:
    assert "has been issued here" in page(client, number, status=404)


def test_it_is_neither_cached_nor_indexed(client, permit: Permit) -> None:
    response = client.get(reverse("verify_permit", args=[NUMBER]))
    assert "no-store" in response["Cache-Control"] and response["X-Robots-Tag"] == "noindex"
    assert client.post(reverse("verify_permit", args=[NUMBER])).status_code == 405


def test_a_look_up_takes_one_query(client, permit: Permit, django_assert_num_queries) -> None:
    with django_assert_num_queries(1):
        page(client)


def test_the_sixty_first_look_up_in_a_minute_is_told_to_wait(client, permit: Permit, monkeypatch) -> None:
    monkeypatch.setattr(throttle.time, "time", lambda: 1_600_000_000)
    for _ in range(60):
        assert client.get(reverse("verify_permit", args=[NUMBER])).status_code == 200
    response = client.get(reverse("verify_permit", args=[NUMBER]), HTTP_ACCEPT_LANGUAGE="en")
    assert (
        response.status_code == 429
        and response["Retry-After"] == "60"
        and "Too many checks" in response.content.decode()
    )
    assert client.get(reverse("verify")).status_code == 200  # the empty form costs nothing
    other = client.get(reverse("verify_permit", args=[NUMBER]), REMOTE_ADDR="203.0.113.9")
    assert other.status_code == 200


def test_with_the_cache_down_everybody_may_look(client, permit: Permit, settings) -> None:
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:1/0"}
    }
    assert "genuine" in page(client)


@pytest.mark.parametrize(
    ("proxies", "remote", "forwarded", "who"),
    [
        (0, "203.0.113.9", "198.51.100.1", "203.0.113.9"),  # no proxy of ours: what the header says is made up
        (1, "10.0.0.1", "1.1.1.1, 203.0.113.9", "203.0.113.9"),
        (2, "10.0.0.1", "6.6.6.6, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
        (0, "2001:db8:1:2:3:4:5:6", "", "2001:db8:1:2::"),
        (0, "fe80::1%eth0", "", "fe80::"),
        (0, "::ffff:203.0.113.9", "", "203.0.113.9"),
        (0, "", "", "unknown"),
    ],
)
def test_who_asks(settings, proxies: int, remote: str, forwarded: str, who: str) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    request = RequestFactory().get("/", REMOTE_ADDR=remote, HTTP_X_FORWARDED_FOR=forwarded)
    assert throttle.client(request) == who
