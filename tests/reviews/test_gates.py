"""Gates: who is let in, what is kept of it and for how long, and who may check there."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils import timezone

from permits import credentials, numbers
from permits.credentials import code, passes
from permits.models import Permit, User
from reviews import gates, roles
from reviews.audit import log, naming, story
from reviews.audit.chains import first_broken_link
from reviews.models import Event, Gate, GateChecker, GateDay, GateScan, Verdict
from tests.cast import Cast, filled, holder, person
from tests.permits import codes
from tests.permits.test_credentials import CONTENT
from tests.reviews.test_races import at_once

NOW = datetime(2026, 11, 26, 9, 40, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def key_file(settings, tmp_path: Path) -> None:
    settings.PERMIT_KEY_FILE = tmp_path / "keys" / "permit.pem"
    settings.EMBEDDED = True


@pytest.fixture
def gate(db: None) -> Gate:
    return Gate.objects.create(name_zh="工业园东门", name_en="Industrial park, east gate", region="360924")


@pytest.fixture
def checker(gate: Gate) -> User:
    user = person("checker")
    gates.appoint(user, gate, by=None)
    return user


def issued(cast: Cast, serial: int = 1, **changes: object) -> Permit:
    """A permit as it is issued, without the review before it."""
    number = numbers.permit_number("360924", "FG", NOW, serial)
    holder = {**CONTENT["holder"], **changes.pop("holder", {})}  # type: ignore[dict-item]
    content = {**CONTENT, "number": number, "holder": holder, "verify_url": f"http://127.0.0.1:8000/verify/{number}/"}
    content |= {"valid_until": "2027-02-09", **changes}
    signature, key_id = credentials.sign(content)
    return Permit.objects.create(
        application=filled(cast), number=number, content=content, signature=signature, key_id=key_id, issued_at=NOW
    )


def made(permit: Permit, now: datetime = NOW) -> str:
    return code.make(permit.content, now=now)


def scan(gate: Gate, text: str, checker: User, **more: object) -> gates.Seen:
    return gates.scan(gate, text, by=checker, key=uuid.uuid4(), **{"now": NOW, **more})


# --- Let in or not ----------------------------------------------------------------------------------------------------
def test_a_code_an_address_and_a_number_are_let_in_and_logged(cast: Cast, gate: Gate, checker: User) -> None:
    permit = issued(cast)
    text = made(permit)
    for shown in (text, code.address(permit.content["verify_url"], text), permit.number, f" {permit.number.lower()} "):
        seen = scan(gate, shown, checker)
        assert (seen.verdict, seen.number, seen.permit) == (Verdict.GOOD, permit.number, permit) and seen.good
    rows = GateScan.objects.all()
    assert {(row.gate, row.checker, row.permit, row.result, row.at, row.late) for row in rows} == {
        (gate, checker, permit, "good", NOW, False)
    }
    assert len(gates.passages(permit)) == 4


def test_what_is_not_in_force_is_not_let_in(cast: Cast, gate: Gate, checker: User) -> None:
    permit, newer = issued(cast), issued(cast, 2)
    text = made(permit)

    def both() -> tuple[str, str]:
        return scan(gate, text, checker).verdict, scan(gate, permit.number, checker).verdict

    Permit.objects.filter(pk=permit.pk).update(corrected_at=NOW + timedelta(minutes=1))
    assert both() == ("corrected", "good")  # the print is void, the permit isn't
    Permit.objects.filter(pk=permit.pk).update(state="superseded", superseded_by=newer)
    assert both() == ("superseded", "superseded")
    Permit.objects.filter(pk=permit.pk).update(state="revoked", superseded_by=None, revoked_at=NOW)
    assert both() == ("revoked", "revoked")
    assert [scan(gate, shown, checker, now=NOW + 100 * DAY).verdict for shown in (made(newer), newer.number)] == [
        "expired", "expired",
    ]  # fmt: skip
    assert scan(gate, made(newer), checker, now=NOW - 3000 * DAY).verdict == "not_yet"
    gate.services = ["another-service"]
    assert scan(gate, newer.number, checker).verdict == scan(gate, made(newer), checker).verdict == "not_here"
    gate.services = ["another-service", "resumption"]
    assert scan(gate, newer.number, checker).good


def test_a_code_or_an_entry_that_the_register_does_not_stand_behind(cast: Cast, gate: Gate, checker: User) -> None:
    nowhere = numbers.permit_number("360924", "FG", NOW, 77)
    signed = code.make(CONTENT | {"number": nowhere}, now=NOW)
    assert scan(gate, signed, checker).verdict == scan(gate, nowhere, checker).verdict == "unknown"
    permit = issued(cast)
    text = made(permit)
    Permit.objects.filter(pk=permit.pk).update(content=permit.content | {"valid_until": "2099-01-01"})
    assert scan(gate, text, checker).verdict == scan(gate, permit.number, checker).verdict == "unknown"
    assert not GateScan.objects.exclude(permit=None).exists()


def test_tampered_foreign_and_malformed_codes_are_not_let_in(cast: Cast, gate: Gate, checker: User) -> None:
    issued(cast)
    codes.genuine()  # makes the key
    cases = codes.hostile()
    shown = [case["text"] for case in cases[:: len(cases) // 300]]
    assert len(shown) >= 300
    for text in shown:
        assert not scan(gate, text, checker).good, text
    assert GateScan.objects.filter(result="good").count() == 0
    assert GateScan.objects.filter(permit=None).count() == len(shown)
    assert set(GateScan.objects.values_list("result", flat=True)) == {"forged", "malformed"}


# --- Whom a passage names ---------------------------------------------------------------------------------------------
def test_a_passage_names_an_enterprise_and_no_person_who_did_not_agree(cast: Cast, gate: Gate, checker: User) -> None:
    of_a_person = issued(cast, holder={"kind": "person", "name": "欧阳喆堃", "uscc": ""})
    seen = scan(gate, made(of_a_person), checker)
    row = GateScan.objects.get()
    assert seen.good and seen.permit == of_a_person  # the one at the gate sees whom they let in
    assert (row.result, row.permit) == ("good", None) and gates.passages(of_a_person) == []
    kept = " ".join(str(value) for value in GateScan.objects.values().get().values())
    assert "欧阳" not in kept and of_a_person.number not in kept


def test_a_pass_whose_person_was_changed_lets_nobody_in(cast: Cast, gate: Gate, checker: User) -> None:
    who = {"salt": "0" * 32, "name": "欧阳喆堃", "id_last4": "001X", "material": "", "photo": "", "consents": True}
    one = issued(cast, holder=passes.holder(who))
    for changed in (None, who | {"name": "张三"}, who | {"consents": False}, who):
        one.person = changed
        one.save()
        verdicts = {scan(gate, shown, checker).verdict for shown in (made(one), one.number)}
        assert verdicts == ({"good"} if changed == who else {"unknown"})
    assert [row.permit for row in GateScan.objects.exclude(permit=None)] == [one, one]  # they agreed to it


# --- Once -------------------------------------------------------------------------------------------------------------
def test_a_scan_that_is_sent_twice_is_kept_once(cast: Cast, gate: Gate, checker: User) -> None:
    permit, key = issued(cast), uuid.uuid4()
    for _again in range(3):
        assert gates.scan(gate, permit.number, by=checker, key=key, now=NOW).good
    assert GateScan.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_same_key_at_the_same_moment_is_one_passage(cast: Cast, gate: Gate, checker: User) -> None:
    permit, key = issued(cast), uuid.uuid4()
    found = at_once(*[lambda: gates.scan(gate, permit.number, by=checker, key=key).good] * 4)
    assert found == [True] * 4 and GateScan.objects.count() == 1


# --- Without a network ------------------------------------------------------------------------------------------------
def test_what_was_scanned_without_a_network_comes_later_and_once(cast: Cast, gate: Gate, checker: User) -> None:
    permit = issued(cast)
    times = {"then": NOW - 3 * DAY, "old": NOW - 20 * DAY, "ahead": NOW + DAY, "gone": NOW - 40 * DAY}
    shown = {name: gates.Shown(made(permit), at, uuid.uuid4()) for name, at in times.items()}
    shown["forged"] = gates.Shown(made(permit)[:-6] + "000000", NOW, uuid.uuid4())
    for _again in range(2):
        found = gates.take_late(gate, shown.values(), by=checker, now=NOW)
    assert [found[shown[name].key].good for name in shown] == [True, True, True, True, False]
    rows = {row.key: row for row in GateScan.objects.all()}
    assert {name: rows[each.key].at for name, each in shown.items() if each.key in rows} == {
        "then": NOW - 3 * DAY, "old": NOW, "ahead": NOW, "forged": NOW,
    }  # fmt: skip
    assert all(row.late and row.received_at == NOW for row in rows.values())


def test_a_list_that_is_sent_again_after_the_pruning_counts_nothing_twice(
    cast: Cast, gate: Gate, checker: User
) -> None:
    gate.keep_days = 1
    gate.save()
    shown = [gates.Shown(issued(cast).number, NOW - DAY, uuid.uuid4())]
    gates.take_late(gate, shown, by=checker, now=NOW)
    assert gates.prune(now=NOW + 3 * DAY) == 1
    gates.take_late(gate, shown, by=checker, now=NOW + 3 * DAY)
    assert GateScan.objects.count() == 0 and GateDay.objects.get().scans == 1


# --- For a short while ------------------------------------------------------------------------------------------------
def many(gate: Gate, checker: User, at: datetime, count: int, result: str = "good") -> None:
    GateScan.objects.bulk_create(
        GateScan(key=uuid.uuid4(), gate=gate, checker=checker, result=result, at=at, received_at=at)
        for _each in range(count)
    )


def counted(gate: Gate) -> dict[tuple[str, str], int]:
    return {(str(row.day), row.result): row.scans for row in GateDay.objects.filter(gate=gate)}


def test_passages_go_and_their_counts_stay(
    gate: Gate, checker: User, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(gates, "BATCH", 4)
    long_ago = NOW - 31 * DAY
    many(gate, checker, long_ago, 5)
    many(gate, checker, long_ago, 2, "revoked")
    many(gate, checker, NOW - 32 * DAY + timedelta(hours=8), 3)  # after midnight in Shanghai: the 26th
    many(gate, checker, NOW - 30 * DAY, 2)
    assert gates.prune(now=NOW) == 10 and GateScan.objects.count() == 2
    assert counted(gate) == {("2026-10-26", "good"): 8, ("2026-10-26", "revoked"): 2}
    assert gates.prune(now=NOW) == 0
    assert gates.prune(now=NOW + DAY) == 2 and counted(gate)[("2026-10-27", "good")] == 2
    many(gate, checker, timezone.now() - 40 * DAY, 1)
    call_command("prune_scans")
    assert capsys.readouterr().out == "1 passages\n" and not GateScan.objects.exists()
    events = Event.objects.filter(action="scans_pruned").order_by("seq")
    assert sum(log.data_of(event)["count"] for event in events) == 13
    assert first_broken_link(list(Event.objects.filter(stream=f"gate:{gate.public_id}").order_by("seq"))) is None


def test_a_pruning_that_is_killed_loses_nothing(gate: Gate, checker: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gates, "BATCH", 2)
    many(gate, checker, NOW - 40 * DAY, 7)
    record = log.record
    calls = iter([True, True, False])

    def killed(**what: object) -> Event:
        if not next(calls):
            raise SystemExit("killed")
        return record(**what)  # type: ignore[arg-type]

    monkeypatch.setattr(gates.log, "record", killed)
    with pytest.raises(SystemExit):
        gates.prune(now=NOW)
    assert GateScan.objects.count() == 3 and sum(counted(gate).values()) == 4
    monkeypatch.setattr(gates.log, "record", record)
    assert gates.prune(now=NOW) == 3 and sum(counted(gate).values()) == 7


@pytest.mark.django_db(transaction=True)
def test_two_prunings_at_once_count_once(gate: Gate, checker: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gates, "BATCH", 3)
    many(gate, checker, NOW - 40 * DAY, 12)
    found = at_once(*[lambda: gates.prune(now=NOW)] * 3)
    assert sum(found) == 12 and GateScan.objects.count() == 0 and sum(counted(gate).values()) == 12


# --- Who checks where -------------------------------------------------------------------------------------------------
def test_the_security_administrator_says_who_checks_where(gate: Gate) -> None:
    security, ops, user = holder("security_admin"), holder("system_admin"), person("somebody")
    for by in (ops, user):
        with pytest.raises(roles.Refused):
            gates.appoint(user, gate, by=by)
    with pytest.raises(roles.Refused):
        gates.appoint(security, gate, by=security)
    found = [gates.appoint(user, gate, by=security) for _twice in range(2)]
    assert found[0] == found[1] and list(gates.gates_of(user)) == [gate] and not user.is_staff
    for _twice in range(2):
        gates.dismiss(found[0], by=security)
    assert not gates.gates_of(user).exists()
    gates.appoint(user, gate, by=security)
    assert GateChecker.objects.get().active
    events = list(Event.objects.filter(stream=roles.stream_of(user)).order_by("seq"))
    assert [event.action for event in events] == ["gate_given", "gate_taken", "gate_given"]
    assert "工业园东门" in story.sentence(events[0], naming.Names.of(events))


def test_a_gate_out_of_use_and_a_closed_account_check_nowhere(gate: Gate, checker: User) -> None:
    assert list(gates.gates_of(checker)) == [gate]
    gate.active = False
    gates.save(gate, by=None)
    assert not gates.gates_of(checker).exists()
    gate.active = True
    gates.save(gate, by=None)
    checker.is_active = False
    checker.save()
    assert not gates.gates_of(checker).exists()
    with pytest.raises(roles.Refused):
        gates.appoint(checker, gate, by=None)
    assert [event.action for event in Event.objects.filter(stream=f"gate:{gate.public_id}")] == ["gate_changed"] * 2
    assert timezone.now() - GateChecker.objects.get().created_at < DAY
