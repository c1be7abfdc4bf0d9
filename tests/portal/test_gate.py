"""The page of a gate, without a script: typed or pasted, sent once or twice, by who checks there and by nobody else."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone

from permits.models import Permit, User
from portal.views import gate as view
from reviews import gates
from reviews.models import Gate, GateScan
from tests.cast import Cast, person
from tests.portal import steps
from tests.portal.browser import at, form, links, page, sign_in, words
from tests.reviews.test_gates import issued, made

pytestmark = pytest.mark.once


@pytest.fixture(autouse=True)
def key_file(settings, tmp_path: Path) -> None:
    settings.PERMIT_KEY_FILE = tmp_path / "keys" / "permit.pem"
    settings.EMBEDDED = True


@pytest.fixture
def gate(db: None) -> Gate:
    return Gate.objects.create(name_zh="工业园东门", name_en="East gate", region="360924")


@pytest.fixture
def checker(gate: Gate) -> User:
    user = person("checker")
    gates.appoint(user, gate, by=None)
    return user


@pytest.fixture
def permit(cast: Cast) -> Permit:
    return issued(cast, issued_at="2020-02-10T03:20:00Z")


def address(gate: Gate) -> str:
    return f"/gate/{gate.public_id}/"


def test_a_number_or_a_code_is_typed_and_the_answer_is_big(gate: Gate, checker: User, permit: Permit) -> None:
    client = at(checker)
    for typed in (permit.number.lower(), made(permit)):
        answer = client.post(address(gate), form(client.get(address(gate))) | {"text": typed})
        said = words(answer)
        assert (
            "Let in" in said and permit.content["holder"]["name"] in said and permit.content["holder"]["uscc"] in said
        )
        assert page(answer).xpath("//*[@data-verdict='good']") and "Today: " in said
    bad = client.post(address(gate), form(answer) | {"text": made(permit)[:-4] + "0000"})
    assert "Do not let in" in words(bad) and not page(bad).xpath("//*[@data-verdict='good']")
    assert "不放行" in words(
        at(checker, language="zh-hans").post(address(gate), {"text": "abc", "key": str(uuid.uuid4())})
    )
    assert "Today: 2 let in, 2 not." in words(client.get(address(gate)))


def test_a_form_that_is_sent_twice_is_one_check(gate: Gate, checker: User, permit: Permit) -> None:
    client = at(checker)
    sent = form(client.get(address(gate))) | {"text": permit.number}
    first, second = (client.post(address(gate), sent) for _twice in range(2))
    assert "Let in" in words(first) and "Let in" in words(second) and GateScan.objects.count() == 1
    assert form(first)["key"] != sent["key"]  # the next one is another check


def test_nothing_typed_and_too_much(gate: Gate, checker: User, permit: Permit, monkeypatch: pytest.MonkeyPatch) -> None:
    client = at(checker)
    assert client.post(address(gate), {"text": "  ", "key": "x"}).status_code == 422
    assert client.post(address(gate), {"text": "字" * 9000, "key": "x"}).status_code == 200
    monkeypatch.setattr(view, "PER_MINUTE", 0)
    refused = client.post(address(gate), {"text": permit.number, "key": "x"})
    assert refused.status_code == 429 and 0 < int(refused["Retry-After"]) <= 60 and "too many" in words(refused)
    assert GateScan.objects.count() == 1


def test_a_person_is_shown_masked(gate: Gate, checker: User, cast: Cast) -> None:
    of_a_person = issued(
        cast, holder={"kind": "person", "name": "欧阳喆堃", "uscc": ""}, issued_at="2020-02-10T03:20:00Z"
    )
    said = words(at(checker).post(address(gate), {"text": of_a_person.number, "key": str(uuid.uuid4())}))
    assert "欧***" in said and "欧阳" not in said


def test_my_gates(gate: Gate, checker: User) -> None:
    assert at(checker).get("/gate/")["Location"] == address(gate)
    assert "You check at no gate" in words(at(person("nobody")).get("/gate/"))
    other = Gate.objects.create(name_zh="西门", name_en="West gate", region="360924")
    assert at(checker).get(address(other)).status_code == 404
    gates.appoint(checker, other, by=None)
    both = words(at(checker).get("/gate/"))
    assert "East gate" in both and "West gate" in both
    gates.dismiss(checker.gates.get(gate=gate), by=None)
    assert at(checker).post(address(gate), {"text": "x", "key": str(uuid.uuid4())}).status_code == 404
    assert not GateScan.objects.exists()


# --- What was scanned without a network -------------------------------------------------------------------------------
def send(client: Client, gate: Gate, body: object) -> tuple[int, dict]:
    sent = body if isinstance(body, str) else json.dumps(body)
    answer = client.post(address(gate) + "late/", sent, content_type="application/json")
    return answer.status_code, answer.json()


def test_it_comes_later_and_is_kept_once(gate: Gate, checker: User, permit: Permit) -> None:
    at_ten = timezone.now() - timedelta(hours=2)
    scans = [
        {"text": text, "at": at_ten.isoformat(), "key": str(uuid.uuid4())}
        for text in (made(permit, permit.issued_at), "nonsense")
    ]
    client = at(checker)
    for _twice in range(2):
        assert send(client, gate, {"scans": scans}) == (
            200, {"results": {scans[0]["key"]: "good", scans[1]["key"]: "malformed"}},
        )  # fmt: skip
    assert {(row.at, row.late) for row in GateScan.objects.all()} == {(at_ten, True)}
    assert GateScan.objects.count() == 2 and client.get(address(gate) + "late/").status_code == 302


def test_no_list_of_scans(gate: Gate, checker: User, monkeypatch: pytest.MonkeyPatch) -> None:
    one = {"text": "x", "at": "2026-11-26T09:00:00+08:00", "key": str(uuid.uuid4())}
    bad = ["", "[]", "{", "null", {"scans": 3}, {"scans": [one] * 201}, {"scans": [one | {"at": "2026-11-26T09:00:00"}]},
           {"scans": [one | {"at": 5}]}, {"scans": [one | {"key": 5}]}, {"scans": [one | {"key": "x"}]}, {"scans": ["x"]}]  # fmt: skip
    client = at(checker)
    bad.append("[" * 100_000)
    for body in bad:
        assert send(client, gate, body) == (400, {"error": "malformed"}), body
    strange = [
        one | {"text": text, "at": at_time}
        for text in ("\ud800", "PP1:\ud800", "\x00")
        for at_time in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00")
    ]
    for each in strange:
        assert send(client, gate, {"scans": [each]}) == (200, {"results": {one["key"]: "malformed"}})
    GateScan.objects.all().delete()
    monkeypatch.setattr(view, "LATE_PER_MINUTE", 0)
    assert send(client, gate, {"scans": [one]})[0] == 429
    assert not GateScan.objects.exists()


# --- For its holder ---------------------------------------------------------------------------------------------------
def test_the_holder_sees_where_a_permit_was_shown(gate: Gate, checker: User, cast: Cast) -> None:
    application = steps.approved(cast)
    shown = Permit.objects.get(application=application)
    address_of_it = application.get_absolute_url()
    assert "Where it was shown" not in words(at(cast.owner).get(address_of_it))
    gates.scan(gate, shown.number, by=checker, key=uuid.uuid4())
    said = words(at(cast.owner).get(address_of_it))
    assert "Where it was shown: 1 check" in said and "East gate · Let in" in said and "checker" not in said


def test_who_checks_is_led_to_the_gate_and_nobody_else_is(cast: Cast, checker: User, gate: Gate) -> None:
    assert sign_in(at(None), checker).redirect_chain[-1][0] == address(gate)
    assert address(gate) not in [url for url, _status in sign_in(at(None), cast.owner).redirect_chain]
    assert "/gate/" in links(at(checker).get("/verify/")) and "/gate/" not in links(at(cast.owner).get("/verify/"))
    assert "/gate/" not in links(at(None).get("/verify/"))
