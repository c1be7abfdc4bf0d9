"""The code on a permit and the list of revoked ones: small enough for paper, and nobody makes or changes one but us."""

from __future__ import annotations

import copy
import io
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import cbor2
import cwt
import pytest
import segno
import zxingcpp
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.core.management import CommandError, call_command
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image
from segno.encoder import evaluate_mask

from permits import credentials
from permits.credentials import base45, cbor, code, cose, qr_png, qr_svg, status
from permits.credentials.cose import Refused
from permits.credentials.keys import KEY
from permits.credentials.qr import MASK
from permits.models import Permit
from tests.cast import Cast, filled
from tests.permits import codes
from tests.permits.test_credentials import CONTENT, ISSUED, NUMBER, OFFICE

NOW = datetime(2026, 11, 26, 9, 40, tzinfo=UTC)


@pytest.fixture(autouse=True)
def key_file(settings, tmp_path: Path) -> Path:
    settings.PERMIT_KEY_FILE = tmp_path / "keys" / "permit.pem"
    settings.EMBEDDED = True
    return settings.PERMIT_KEY_FILE


def content(**changes: Any) -> dict[str, Any]:
    holder = CONTENT["holder"] | {"name": changes.pop("name", CONTENT["holder"]["name"])}
    return CONTENT | {"holder": holder, "valid_until": "2027-02-09"} | changes


def refusal(text: str) -> str:
    with pytest.raises(Refused) as refused:
        code.read(text)
    return refused.value.code


# --- CBOR and base45 --------------------------------------------------------------------------------------------------
VALUES = st.recursive(
    st.integers(-cbor.LARGEST - 1, cbor.LARGEST) | st.binary(max_size=300) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=30) | st.dictionaries(st.integers(-(2**40), 2**40) | st.text(st.characters(exclude_categories=["Cs"]), max_size=5), inner, max_size=30),
    max_leaves=20,
)  # fmt: skip


@given(VALUES)
def test_a_value_has_one_spelling_which_other_libraries_read_too(value) -> None:
    try:
        made = cbor.dumps(value)
        assert cbor.loads(made) == value
    except ValueError as error:
        assert "deep" in str(error)
        return
    assert cbor2.loads(made) == value


@given(st.binary(max_size=60) | VALUES.map(lambda value: cbor2.dumps(value)))
@example(bytes.fromhex("1817"))
@example(bytes.fromhex("1900ff"))
@example(bytes.fromhex("1affff"))
@example(bytes.fromhex("a201010100"))
@example(bytes.fromhex("a202000100"))
@example(bytes.fromhex("9f01ff"))
@example(bytes.fromhex("f97e00"))
@example(bytes.fromhex("62c328"))
@example(bytes.fromhex("9bffffffffffffffff"))
@example(b"\x81" * 3000)
def test_whatever_is_read_is_written_just_so(data: bytes) -> None:
    try:
        value = cbor.loads(data)
    except ValueError:
        return
    assert cbor.dumps(value) == data


@given(st.binary(max_size=200))
def test_base45_is_read_back(data: bytes) -> None:
    assert base45.decode(base45.encode(data)) == data


@given(st.text(base45.ALPHABET, max_size=12) | st.text(max_size=6))
def test_base45_has_one_spelling(text: str) -> None:
    try:
        data = base45.decode(text)
    except ValueError:
        return
    assert base45.encode(data) == text


def test_base45_is_that_of_the_rfc() -> None:
    assert base45.encode(b"Hello!!") == "%69 VD92EX0" and base45.encode(b"base-45") == "UJCLQE7W581"
    for bad in ("GGW+", ":::", "a", "0", "::"):
        with pytest.raises(ValueError, match="base45|cut off"):
            base45.decode(bad)


# --- The code ---------------------------------------------------------------------------------------------------------
def test_it_says_who_holds_what_until_when() -> None:
    found = code.read(code.make(content(), now=NOW))
    holder = CONTENT["holder"]
    assert (found.number, found.holder, found.uscc, found.service) == (
        NUMBER, holder["name"], holder["uscc"], "resumption",
    )  # fmt: skip
    assert (found.issued_at, found.signed_at, found.valid_until) == (ISSUED, NOW, date(2027, 2, 9))
    assert found.expires == datetime(2027, 2, 9, 16, tzinfo=UTC) and not found.cut  # midnight in Shanghai
    person = content(valid_until=None, holder={"kind": "person", "name": "欧阳喆堃", "uscc": "", "address": ""})
    found = code.read(code.make(person, now=NOW))
    assert (found.holder, found.uscc, found.valid_until) == ("欧阳喆堃", "", None)


def test_another_library_takes_it_for_a_cwt_in_a_cose_sign1() -> None:
    raw = base45.decode(code.make(content(), now=NOW).removeprefix("PP1:"))
    public = KEY.signing_key().public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    own = bytes.fromhex(code.read("PP1:" + base45.encode(raw)).key_id)
    claims = cwt.decode(raw, cwt.COSEKey.from_pem(pem, kid=own))
    assert claims[2] == NUMBER and claims[4] == 1802188800 and claims[-65537][1] == CONTENT["holder"]["name"]


@pytest.mark.parametrize(
    ("name", "whole", "version"),
    [
        ("宜丰县喆堃翀㛃䶮竹木制品有限公司", True, 13),
        ("Yifeng Bamboo and Timber Products Import and Export Company Limited", True, 14),
        ("".join(chr(0x4E00 + n * 97) for n in range(100)), True, 19),
        ("".join(chr(0x4E00 + n * 97) for n in range(200)), False, 20),
        ("𠮷" * 200, False, 20),
    ],
)
def test_it_fits_the_paper_however_long_the_name(name: str, whole: bool, version: int) -> None:
    address = "https://permits.yifeng.example.gov.cn/verify/" + NUMBER + "/"
    made = code.make(content(name=name, verify_url=address), now=NOW)
    found = code.read(made)
    assert found.cut != whole and name.startswith(found.holder) and len(found.holder) > 80 * (not whole)
    text = code.address(address, made)
    head, tail = text.split("#")
    drawn = segno.make_qr([head + "#", tail], error="m", boost_error=False)
    assert drawn.version <= version and drawn.error == "M"
    assert drawn.version == segno.make_qr([head + "#", tail], error="m", version=drawn.version).version
    picture = Image.open(io.BytesIO(qr_png(text, scale=4)))
    assert zxingcpp.read_barcodes(picture)[0].text == text
    assert code.read(text) == found
    assert len(qr_svg(text)) < 40_000


def test_how_much_room_it_takes_is_counted_as_the_code_is_drawn() -> None:
    address = "https://permits.yifeng.example.gov.cn/verify/" + NUMBER + "/"
    for length in range(100, 132, 4):
        made = code.make(
            content(name="".join(chr(0x4E00 + n * 97) for n in range(length)), verify_url=address), now=NOW
        )
        head, tail = code.address(address, made).split("#")
        fits = segno.make_qr([head + "#", tail], error="m", boost_error=False).version <= 20
        assert fits and code.bits(address, made) <= code.ROOM


def test_the_pattern_that_is_always_taken_is_hardly_worse_than_the_best_of_the_eight() -> None:
    """By the penalties of ISO/IEC 18004, 7.8.3; the best is 1."""
    address = "https://permits.yifeng.example.gov.cn/verify/" + NUMBER + "/"
    worse = []
    for letters in (4, 12, 30, 60, 100):
        name = "".join(chr(0x4E00 + n * 89) for n in range(letters))
        head, tail = code.address(address, code.make(content(name=name, verify_url=address), now=NOW)).split("#")
        drawn = [segno.make_qr([head + "#", tail], error="m", mask=mask).matrix for mask in range(8)]
        penalties = [evaluate_mask(matrix, len(matrix), len(matrix)) for matrix in drawn]
        worse.append(penalties[MASK] / min(penalties))
    assert max(worse) < 1.25 and sum(worse) / len(worse) < 1.15, worse


@given(st.data())
def test_every_flipped_bit_is_refused(data) -> None:
    raw = bytearray(base45.decode(code.make(content(), now=NOW).removeprefix("PP1:")))
    at = data.draw(st.integers(0, len(raw) * 8 - 1))
    raw[at // 8] ^= 1 << at % 8
    assert refusal("PP1:" + base45.encode(bytes(raw))) in ("malformed", "unknown_key", "forged")


def test_every_single_bit_of_one_code_is_refused() -> None:
    made = code.make(content(), now=NOW)
    raw = base45.decode(made.removeprefix("PP1:"))
    for at in range(len(raw) * 8):
        flipped = bytearray(raw)
        flipped[at // 8] ^= 1 << at % 8
        refusal("PP1:" + base45.encode(bytes(flipped)))


@given(st.data())
def test_every_changed_character_is_refused(data) -> None:
    made = code.make(content(), now=NOW)
    text = data.draw(st.sampled_from([made, code.address(CONTENT["verify_url"], made)]))
    first = text.index("PP1:")
    at = data.draw(st.integers(first, len(text) - 1))
    other = data.draw(st.characters(exclude_characters=text[at]))
    assert refusal(text[:at] + other + text[at + 1 :])


@given(st.text(max_size=300))
def test_nonsense_is_refused_without_an_error(text: str) -> None:
    code.make(content(), now=NOW)
    for each in (text, "PP1:" + text, f"https://x/verify/{NUMBER}/#PP1:" + text):
        assert refusal(each)


def test_a_thousand_tampered_foreign_and_malformed_codes_are_refused() -> None:
    cases = codes.hostile()
    assert len(cases) >= 1000 and len({case["text"] for case in cases}) == len(cases)
    for case in cases:
        assert refusal(case["text"]) == case["code"], case


def test_an_address_with_another_permits_number_is_told() -> None:
    made = code.make(content(), now=NOW)
    other = CONTENT["verify_url"].replace(NUMBER, "360924-FG-2020-000002-6")
    assert refusal(code.address(other, made)) == "another_number"


def test_permits_outlive_the_key_that_signed_their_code() -> None:
    made = []
    for _each in range(3):
        made.append(code.make(content(), now=NOW))
        call_command("make_permit_key", rotate=True, stdout=io.StringIO())
    made.append(code.make(content(), now=NOW))
    found = [code.read(each) for each in made]
    assert len({each.key_id for each in found}) == 4 and len({each.number for each in found}) == 1


def test_reading_makes_no_key(key_file: Path) -> None:
    made = code.make(content(), now=NOW)
    key_file.unlink()
    assert refusal(made) == "unknown_key" and not key_file.exists()


# --- The list ---------------------------------------------------------------------------------------------------------
def test_what_a_permit_is_worth() -> None:
    found = code.read(codes.lasting())
    for told, now, word in codes.judged():
        known = told and status.StatusList(
            NOW,
            datetime.fromtimestamp(told["expires"], UTC),
            told["revoked"],
            told["superseded"],
            told["corrected"],
        )
        assert status.judge(found, known, datetime.fromtimestamp(now, UTC)) == word, (told, now)


def test_the_list_is_signed_and_no_code_passes_for_it(db: None) -> None:
    made = status.make(now=NOW)
    assert status.read(made) == status.StatusList(NOW.replace(minute=0), NOW.replace(minute=0) + timedelta(days=7))
    assert refusal("PP1:" + base45.encode(made)) == "malformed"
    for foreign in (base45.decode(code.make(content(), now=NOW)[4:]), b"", made[:-1], made + b"\0"):
        with pytest.raises(Refused):
            status.read(foreign)
    for at in range(len(made) * 8):
        flipped = bytearray(made)
        flipped[at // 8] ^= 1 << at % 8
        with pytest.raises(Refused):
            status.read(bytes(flipped))


def test_the_list_follows_the_rows_and_is_signed_anew_each_hour(cast: Cast, django_assert_num_queries) -> None:
    permits = []
    for serial, until in enumerate((None, date(2026, 11, 26), date(2026, 11, 25), None, None)):
        application = filled(cast)
        number = f"N{serial}"
        permits.append(
            Permit.objects.create(
                application=application, number=number, content={}, issued_at=ISSUED, valid_until=until
            )
        )
    first = status.make(now=NOW)
    assert status.read(first).revoked == {}
    Permit.objects.filter(number__in=["N0", "N1", "N2"]).update(state="revoked", revoked_at=NOW - timedelta(days=1))
    known = status.read(status.make(now=NOW))
    assert set(known.revoked) == {"N0", "N1"}  # N2 has ended anyway
    at = NOW - timedelta(seconds=5)
    Permit.objects.filter(number="N3").update(state="superseded", superseded_by=permits[4])
    Permit.objects.filter(number="N4").update(corrected_at=at)
    known = status.read(status.make(now=NOW))
    assert known.superseded == {"N3": "N4"} and known.corrected == {"N4": int(at.timestamp())}
    assert known.as_of == at
    with django_assert_num_queries(1):
        assert status.make(now=NOW)  # of the same rows nothing is read or signed again
    assert status.read(status.make(now=NOW + timedelta(hours=1))).as_of == NOW.replace(minute=0) + timedelta(hours=1)


def test_it_is_small(db: None) -> None:
    numbers = [f"360924-FG-2020-{n:06d}-C" for n in range(1000)]
    claims = {6: 1, 4: 2, status.OURS: {1: dict.fromkeys(numbers, 1764150000), 2: {}, 3: {}}}
    assert len(cose.seal(claims, type_of=status.TYPE)) < 31_000


def test_what_is_signed_is_not_changed_by_making_a_code() -> None:
    before = copy.deepcopy(CONTENT)
    code.make(CONTENT, now=NOW)
    assert before == CONTENT


# --- The command ------------------------------------------------------------------------------------------------------
def told(*given: str) -> tuple[int, str]:
    said = io.StringIO()
    try:
        call_command("verify_permit", *given, stdout=said)
    except SystemExit as stopped:
        return int(stopped.code or 0), said.getvalue()
    return 0, said.getvalue()


def test_the_command_takes_a_code_its_address_or_a_file_of_it(cast: Cast, tmp_path: Path) -> None:
    application = filled(cast)
    said = credentials.content_of(application, number=NUMBER, issued_at=ISSUED, valid_until=None, office=OFFICE)
    signature, own = credentials.sign(said)
    made = code.make(said, now=ISSUED)
    permit = Permit.objects.create(
        application=application,
        number=NUMBER,
        content=said,
        signature=signature,
        key_id=own,
        issued_at=ISSUED,
        code=made,
    )
    file, known = tmp_path / "code.txt", tmp_path / "list.bin"
    file.write_text(made + "\n", encoding="utf-8")
    known.write_bytes(status.make())
    for each in (made, code.address(said["verify_url"], made), str(file)):
        for options in ([], ["--status", str(known)]):
            exit_status, words = told(each, *options)
            assert exit_status == 0 and words.startswith(f"{NUMBER}: VALID") and said["holder"]["name"] in words
    changes: list[tuple[dict[str, Any], str]] = [
        ({"corrected_at": ISSUED + timedelta(days=1)}, "from before a correction"),
        ({"state": "revoked", "revoked_at": ISSUED}, "revoked"),
        ({"signature": "x"}, "its entry was changed"),
    ]
    for changed, word in changes:
        Permit.objects.filter(pk=permit.pk).update(**changed)
        assert told(made)[0] == 1 and word in told(made)[1]
    known.write_bytes(status.make())
    exit_status, words = told(made, "--status", str(known))
    assert exit_status == 1 and "revoked" in words and "not asked" in words
    known.write_bytes(known.read_bytes()[:-1])
    assert "no list of ours" in told(made, "--status", str(known))[1]
    assert told("PP1:000")[0] == 1
    with pytest.raises(CommandError, match="goes with the text"):
        told(NUMBER, "--status", str(known))
    with pytest.raises(CommandError, match="nowhere"):
        told(made, "--status", str(tmp_path / "nowhere"))
