"""Permits: nobody can change one, anybody can check one, and it prints whoever it is for."""

from __future__ import annotations

import base64
import copy
import io
import json
import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pikepdf
import pytest
import zxingcpp
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from permits import credentials, numbers
from permits.credentials.keys import KEY
from permits.definition_file import DefinitionError, parse
from permits.intake import storage
from permits.keyfile import key_id
from permits.models import Permit
from tests.cast import Cast, filled

OFFICE = {"zh": "宜丰县行政审批局", "en": "Yifeng County Administrative Approval Bureau"}
ISSUED = datetime(2020, 2, 10, 3, 20, tzinfo=UTC)
NUMBER = numbers.permit_number("360924", "FG", ISSUED, 1)
CONTENT: dict[str, Any] = {
    "format": "permit/1",
    "number": NUMBER,
    "service": "resumption",
    "title": {"zh": "企业复工复产备案回执", "en": "Receipt of resumption-of-work filing"},
    "statement": {"zh": "材料齐全，予以备案。", "en": "Complete, and hereby recorded."},
    "decision": {"zh": "予以备案", "en": "Filing recorded"},
    "holder": {
        "kind": "enterprise", "name": "宜丰县喆堃翀㛃䶮竹木制品有限公司", "uscc": "91360924MA35ABC16Y",
        "address": "新昌镇工业大道88号",
    },
    "region": {"code": "360924", "name": "江西省宜春市宜丰县"},
    "case_number": "360924-20200210-000001-C",
    "shown": [
        {"key": "first_batch", "label": {"zh": "首批返岗人数", "en": "Batch"}, "value": {"zh": "120 人", "en": ""}}
    ],
    "office": OFFICE,
    "issued_at": "2020-02-10T03:20:00Z",
    "valid_until": None,
    "verify_url": f"http://127.0.0.1:8000/verify/{NUMBER}/",
}  # fmt: skip


@pytest.fixture(autouse=True)
def key_file(settings, tmp_path: Path) -> Path:
    settings.PERMIT_KEY_FILE = tmp_path / "keys" / "permit.pem"
    settings.EMBEDDED = True
    return settings.PERMIT_KEY_FILE


@pytest.fixture
def permit(cast: Cast) -> Permit:
    application = filled(cast)
    application.region = "360924"  # as submission sets it
    content = credentials.content_of(application, number=NUMBER, issued_at=ISSUED, valid_until=None, office=OFFICE)
    signature, key_id = credentials.sign(content)
    return Permit.objects.create(
        application=application, number=NUMBER, content=content, signature=signature, key_id=key_id, issued_at=ISSUED
    )


def text_of(pdf: bytes, tmp_path: Path) -> str:
    path = tmp_path / "permit.pdf"
    path.write_bytes(pdf)
    return subprocess.run(["pdftotext", path, "-"], capture_output=True, check=True).stdout.decode()


def pages_of(pdf: bytes, tmp_path: Path) -> list[Image.Image]:
    (tmp_path / "permit.pdf").write_bytes(pdf)
    subprocess.run(["pdftoppm", "-r", "120", "-png", tmp_path / "permit.pdf", tmp_path / "page"], check=True)
    return [Image.open(path) for path in sorted(tmp_path.glob("page*.png"))]


# --- Signature ------------------------------------------------------------------------------------------------------
def test_what_was_signed_verifies_whatever_the_order_of_its_keys() -> None:
    signature, key_id = credentials.sign(CONTENT)
    again = json.loads(json.dumps(dict(reversed(CONTENT.items()))))
    assert credentials.verify(again, signature, key_id)
    assert len(signature) == 86 and len(key_id) == 16


@given(st.data())
def test_any_changed_character_of_the_content_is_refused(data) -> None:
    signature, key_id = credentials.sign(CONTENT)
    changed = copy.deepcopy(CONTENT)
    part, key = data.draw(st.sampled_from(list(_texts(changed))))
    place = data.draw(st.integers(0, len(part[key]) - 1))
    other = data.draw(st.characters(exclude_characters=part[key][place], exclude_categories=["Cs"]))
    part[key] = part[key][:place] + other + part[key][place + 1 :]
    assert not credentials.verify(changed, signature, key_id)


@given(place=st.integers(0, 63), bit=st.integers(0, 7))
def test_any_flipped_bit_of_the_signature_is_refused(place: int, bit: int) -> None:
    signature, key_id = credentials.sign(CONTENT)
    raw = bytearray(base64.urlsafe_b64decode(signature + "=="))
    raw[place] ^= 1 << bit
    assert not credentials.verify(CONTENT, base64.urlsafe_b64encode(raw).rstrip(b"=").decode(), key_id)


@given(place=st.integers(0, 85), other=st.characters())
def test_a_signature_has_one_spelling(place: int, other: str) -> None:
    signature, key_id = credentials.sign(CONTENT)
    changed = signature[:place] + other + signature[place + 1 :]
    assert credentials.verify(CONTENT, changed, key_id) == (changed == signature)


@given(signature=st.text(max_size=120), key_id=st.text(max_size=20))
def test_nonsense_is_refused_without_an_error(signature: str, key_id: str) -> None:
    _, real = credentials.sign(CONTENT)
    assert not credentials.verify(CONTENT, signature, key_id)
    assert not credentials.verify(CONTENT, signature, real)


@pytest.mark.parametrize("content", [{}, {"number": float("nan")}, {"n": 2**60}, {"n": object()}, {"s": "\ud800"}])
def test_content_that_has_no_canonical_form_is_refused_without_an_error(content) -> None:
    signature, key_id = credentials.sign(CONTENT)
    assert not credentials.verify(content, signature, key_id)


def test_a_signature_over_the_bare_content_is_no_permit_signature() -> None:
    import rfc8785

    key = KEY.signing_key()
    bare = base64.urlsafe_b64encode(key.sign(rfc8785.dumps(CONTENT))).rstrip(b"=").decode()
    assert not credentials.verify(CONTENT, bare, key_id(key.public_key()))


def _texts(value):
    """Every text in it, as the container that holds it and its place there."""
    for key, part in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(part, str) and part:
            yield value, key
        elif isinstance(part, dict | list):
            yield from _texts(part)


# --- Keys -----------------------------------------------------------------------------------------------------------
def test_the_key_is_for_its_owner_only(key_file: Path) -> None:
    credentials.sign(CONTENT)
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600


def test_eight_threads_make_one_key() -> None:
    with ThreadPoolExecutor(8) as pool:
        ids = {future.result()[1] for future in [pool.submit(credentials.sign, CONTENT) for _ in range(8)]}
    assert len(ids) == 1


@pytest.mark.once
def test_four_processes_make_one_key(key_file: Path) -> None:
    script = (
        "import django; django.setup();"
        "from permits.credentials.keys import KEY; from permits.keyfile import key_id;"
        "print(key_id(KEY.signing_key().public_key()))"
    )
    env = os.environ | {"PERMIT_KEY_FILE": str(key_file), "DJANGO_SETTINGS_MODULE": "portal.settings", "SECRET_KEY": ""}
    root = Path(credentials.__file__).parents[2]
    started = [
        subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, env=env, cwd=root) for _ in range(4)
    ]
    ids = {process.communicate(timeout=60)[0] for process in started}
    assert all(process.returncode == 0 for process in started)
    assert ids == {f"{key_id(KEY.signing_key().public_key())}\n".encode()}


def test_production_makes_no_key_by_itself(settings, key_file: Path) -> None:
    settings.EMBEDDED = False
    with pytest.raises(ImproperlyConfigured, match=r"manage\.py make_permit_key"):
        credentials.sign(CONTENT)
    assert not key_file.exists()


def test_verifying_makes_no_key(key_file: Path) -> None:
    assert not credentials.verify(CONTENT, "a" * 86, "0" * 16)
    assert not key_file.exists()


def test_permits_outlive_the_key_that_signed_them(key_file: Path) -> None:
    signed = []
    for _ in range(3):
        signed.append(credentials.sign(CONTENT))
        call_command("make_permit_key", rotate=True, stdout=io.StringIO())
    signed.append(credentials.sign(CONTENT))
    assert len({key_id for _, key_id in signed}) == 4
    assert all(credentials.verify(CONTENT, *pair) for pair in signed)
    assert b"PRIVATE" not in b"".join(path.read_bytes() for path in (key_file.parent / "old").iterdir())


def test_making_a_key_twice_keeps_the_first(key_file: Path) -> None:
    call_command("make_permit_key", stdout=io.StringIO())
    first = key_file.read_bytes()
    said = io.StringIO()
    call_command("make_permit_key", stdout=said)
    assert key_file.read_bytes() == first and "nothing changed" in said.getvalue()


@pytest.mark.parametrize("content", [b"", b"no key", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_a_damaged_key_file_is_named_and_left_alone(key_file: Path, content: bytes) -> None:
    key_file.parent.mkdir()
    key_file.write_bytes(content)
    with pytest.raises(ImproperlyConfigured, match=str(key_file)):
        credentials.sign(CONTENT)
    with pytest.raises(CommandError, match=str(key_file)):
        call_command("make_permit_key", rotate=True)
    assert key_file.read_bytes() == content


# --- Paper ----------------------------------------------------------------------------------------------------------
def test_the_pdf_can_be_searched_for_what_it_says_rare_characters_too(tmp_path: Path) -> None:
    text = text_of(credentials.render_pdf(CONTENT), tmp_path)
    for wanted in (
        "宜丰县喆堃翀㛃䶮竹木制品有限公司",
        "91360924MA35ABC16Y",
        NUMBER,
        "新昌镇工业大道88号",
        "2020年2月10日",
        "120 人",
    ):
        assert wanted in text
    assert "演示" in text and "REVOKED" not in text


def test_the_code_on_the_paper_leads_to_the_verify_page_and_is_checked_without_it(tmp_path: Path) -> None:
    page = pages_of(credentials.render_pdf(CONTENT), tmp_path)[0]
    assert [code.text for code in zxingcpp.read_barcodes(page)] == [CONTENT["verify_url"]]
    made = credentials.make_code(CONTENT, now=ISSUED)
    page = pages_of(credentials.render_pdf(CONTENT, code=made), tmp_path)[0]
    (read,) = zxingcpp.read_barcodes(page)
    assert read.text.startswith(CONTENT["verify_url"] + "#PP1:")
    assert credentials.read(read.text) == credentials.read(made)
    picture = Image.open(io.BytesIO(credentials.qr_png(NUMBER)))
    assert zxingcpp.read_barcodes(picture)[0].text == NUMBER
    assert credentials.qr_svg(NUMBER).startswith("<svg ")


def test_the_pdf_says_what_it_is_and_needs_nothing_else(settings) -> None:
    pdf = pikepdf.open(io.BytesIO(credentials.render_pdf(CONTENT)))
    assert len(pdf.pages) == 1
    assert str(pdf.Root.Lang).lower().startswith("zh") and bool(pdf.Root.MarkInfo.Marked)
    with pdf.open_metadata() as metadata:
        assert metadata["dc:title"] == f"企业复工复产备案回执 {NUMBER}"
        assert metadata["dc:creator"] == ["宜丰县行政审批局"]
        assert (metadata["pdfaid:part"], metadata["pdfaid:conformance"]) == ("2", "A")
        assert metadata["pdfuaid:part"] == "1"
    fonts = [font for page in pdf.pages for font in page.Resources.Font.values()]
    assert fonts and all("/FontFile3" in font.DescendantFonts[0].FontDescriptor for font in fonts)


def test_the_same_content_prints_the_same_bytes() -> None:
    assert credentials.render_pdf(CONTENT) == credentials.render_pdf(copy.deepcopy(CONTENT))


@pytest.mark.parametrize("state", ["revoked", "superseded"])
def test_one_that_is_good_no_more_says_so_across_the_page_and_a_real_one_is_no_demonstration(
    settings, tmp_path: Path, state: str
) -> None:
    settings.DEMO = False
    stamped = credentials.render_pdf(CONTENT, state=state)
    assert "演示" not in text_of(stamped, tmp_path)
    assert _red_in_the_middle(stamped, tmp_path) > 10_000
    assert _red_in_the_middle(credentials.render_pdf(CONTENT), tmp_path) == 0


def _red_in_the_middle(pdf: bytes, tmp_path: Path) -> int:
    page = pages_of(pdf, tmp_path)[0].convert("RGB")
    middle = page.crop((0, page.height * 4 // 10, page.width, page.height * 6 // 10))
    data = middle.tobytes()
    return sum(data[n] > 150 and data[n + 1] < 150 and data[n + 2] < 150 for n in range(0, len(data), 3))


def test_nothing_an_applicant_types_is_markup(tmp_path: Path) -> None:
    content = copy.deepcopy(CONTENT)
    nasty = '#panic("x") $a$ *b* #sys.inputs \\u{41} </svg> @ref ""'
    content["holder"]["name"] = nasty
    text = text_of(credentials.render_pdf(content), tmp_path)
    assert nasty in " ".join(text.split())


def test_a_character_that_no_font_has_is_told_not_left_blank(tmp_path: Path) -> None:
    content = copy.deepcopy(CONTENT)
    content["holder"]["name"] = "宜丰🐼\u200b有限公司"
    text = text_of(credentials.render_pdf(content), tmp_path)
    assert "宜丰〓有限公司" in text and "U+1F43C" in text and "200B" not in text


def test_very_long_answers_go_on_to_a_second_page_that_names_the_permit(tmp_path: Path) -> None:
    content = copy.deepcopy(CONTENT)
    content["statement"]["zh"] = "材料齐全，予以备案。" * 60
    content["holder"]["address"] = "新昌镇工业大道" * 40
    content["office"] = {"zh": "婺源县鄱阳湖生态经济示范区行政审批服务管理局", "en": "Bureau"}
    pdf = credentials.render_pdf(content)
    assert len(pikepdf.open(io.BytesIO(pdf)).pages) == 2
    assert text_of(pdf, tmp_path).count(NUMBER) >= 3


@pytest.mark.parametrize("name", ["", "一", "王" * 200])
def test_names_and_offices_of_any_length_are_printed(name: str) -> None:
    content = copy.deepcopy(CONTENT)
    content["holder"]["name"] = content["office"]["zh"] = content["title"]["zh"] = name
    if not name:  # a PDF for everybody needs a title; the definition sees to it that there is one
        content["title"]["zh"] = "回执"
    assert credentials.render_pdf(content).startswith(b"%PDF-")


# --- Register -------------------------------------------------------------------------------------------------------
def test_the_permit_holds_the_enterprise_and_the_shown_answers_and_nothing_personal(permit: Permit) -> None:
    content, enterprise = permit.content, permit.application.enterprise
    assert enterprise is not None
    assert (content["holder"]["name"], content["holder"]["uscc"]) == (enterprise.name, enterprise.uscc)
    assert content["region"]["name"] == "江西省宜春市宜丰县"
    assert [row["key"] for row in content["shown"]] == ["resumption_date", "first_batch"]
    assert content["shown"][1]["value"] == {"zh": "120 人", "en": "120 people"}
    assert content["verify_url"].endswith(f"/verify/{NUMBER}/")
    said = json.dumps(content, ensure_ascii=False)
    for personal in (enterprise.legal_name, enterprise.legal_mobile, enterprise.legal_id_number):
        assert personal not in said


def test_a_definition_cannot_show_personal_or_unknown_answers() -> None:
    source = (Path(credentials.__file__).parents[1] / "services" / "resumption.toml").read_text(encoding="utf-8")
    shown = 'shown_fields = ["resumption_date", "first_batch"]'
    with pytest.raises(DefinitionError, match="names 'no_such', which is not a field"):
        parse(source.replace(shown, 'shown_fields = ["no_such"]'))
    with pytest.raises(DefinitionError, match=r"legal_mobile.*personal"):
        parse(source.replace(shown, 'shown_fields = ["legal_mobile"]'))


def test_a_good_permit_is_found_as_it_is_typed_on_a_phone(permit: Permit) -> None:
    result = credentials.check(f" {NUMBER.lower().replace('-', '－')} ")
    assert result.found and result.valid and result.signature_ok and result.content == permit.content


def test_an_unknown_number_is_not_found(db: None) -> None:
    assert credentials.check("360924-FG-2020-999999-X") == credentials.VerifyResult("360924-FG-2020-999999-X")
    for number in ("", "9" * 5000, "\x00", "\ud800", "ß", "１２", NUMBER + "\x00"):
        assert not credentials.check(number).found


def test_a_permit_is_good_to_the_end_of_its_last_day(permit: Permit) -> None:
    content = permit.content | {"valid_until": "2020-12-31"}
    signature, key_id = credentials.sign(content)
    Permit.objects.update(content=content, signature=signature, key_id=key_id)
    assert credentials.check(NUMBER, today=date(2020, 12, 31)).valid
    late = credentials.check(NUMBER, today=date(2021, 1, 1))
    assert late.expired and late.signature_ok and not late.valid


def test_another_permits_content_does_not_pass_in_this_row(permit: Permit) -> None:
    content = permit.content | {"number": "360924-FG-2020-000002-6"}
    signature, key_id = credentials.sign(content)
    Permit.objects.update(content=content, signature=signature, key_id=key_id)
    result = credentials.check(NUMBER)
    assert result.found and not result.signature_ok and not result.valid


def test_the_command_tells_good_from_bad_by_its_exit_status(permit: Permit) -> None:
    said = io.StringIO()
    call_command("verify_permit", NUMBER, stdout=said)
    assert "VALID" in said.getvalue() and permit.content["holder"]["name"] in said.getvalue()
    Permit.objects.update(state=Permit.State.REVOKED, revoked_at=ISSUED)
    for number, word in ((NUMBER, "REVOKED"), ("no-such", "NOT FOUND")):
        said = io.StringIO()
        with pytest.raises(SystemExit) as stopped:
            call_command("verify_permit", number, stdout=said)
        assert stopped.value.code == 1 and word in said.getvalue()


def test_printing_twice_keeps_one_file(permit: Permit) -> None:
    stale = Permit.objects.get(pk=permit.pk)
    credentials.store_pdf(permit)
    first = permit.pdf_sha256
    credentials.store_pdf(permit)
    credentials.store_pdf(stale)
    assert stale.pdf_sha256 == permit.pdf_sha256 == first and permit.pdf_size > 10_000
    with storage.open_blob(first) as file:
        assert len(file.read()) == permit.pdf_size
