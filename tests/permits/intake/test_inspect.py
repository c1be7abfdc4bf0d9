"""Files are what their content is: the real documents come in, and each bad one is refused in its own words."""

from __future__ import annotations

import struct
import zipfile
import zlib
from io import BytesIO

import pikepdf
import pytest
from django.utils import translation
from docx import Document
from hypothesis import given
from hypothesis import settings as tries
from hypothesis import strategies as st
from PIL import Image

from permits.definition import Definition, Requirement, Text
from permits.intake.inspect import MEDIA_TYPES, Inspection, Refused, inspect
from tests.data import bad
from tests.permits.intake.conftest import DATA

ANYTHING = Requirement(
    key="anything", title=Text(zh="材料", en="Material"), formats=("pdf", "jpg", "png", "docx", "xlsx")
)
PDF_ONLY = ANYTHING.model_copy(update={"formats": ("pdf",)})
PHOTOS = ANYTHING.model_copy(update={"formats": ("jpg", "png")})


def look_at(content: bytes, name: str = "plan.pdf", requirement: Requirement = ANYTHING) -> Inspection:
    return inspect(BytesIO(content), name=name, requirement=requirement)


def refusal(content: bytes, name: str = "plan.pdf", requirement: Requirement = ANYTHING) -> tuple[str, str]:
    with pytest.raises(Refused) as caught:
        look_at(content, name, requirement)
    (message,) = caught.value.messages
    return str(caught.value.code), message


# --- What is welcome -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "key", "kind", "facts"),
    [
        ("business_licence.jpg", "business_licence", "jpg", {"width": 1754, "height": 1240, "orientation": 1}),
        ("epidemic_plan.pdf", "epidemic_plan", "pdf", {"pages": 4}),
        ("epidemic_plan.docx", "epidemic_plan", "docx", {}),
        ("roster.xlsx", "roster", "xlsx", {}),
        ("pledge.jpg", "signed_pledge", "jpg", {"width": 3000, "height": 4000, "orientation": 6}),
        ("stock_1.jpg", "stock_photos", "jpg", {"width": 1600, "height": 1200}),
        ("stock_2.png", "stock_photos", "png", {"width": 1024, "height": 768, "orientation": 1}),
        ("canteen_plan.pdf", "canteen_plan", "pdf", {"pages": 1}),
    ],
)
def test_the_real_documents_come_in(definition: Definition, name, key, kind, facts):
    requirement = definition.requirement(key)
    assert requirement
    found = look_at((DATA / name).read_bytes(), name, requirement)
    assert (found.media_type, found.extension) == (MEDIA_TYPES[kind], f".{kind}")
    assert facts.items() <= found.facts.items()


def test_a_photo_named_png_that_is_a_jpg_is_taken_as_the_jpg_it_is():
    found = look_at((DATA / "stock_1.jpg").read_bytes(), "photo.png", PHOTOS)
    assert found.media_type == "image/jpeg"


def test_a_pdf_whose_table_a_scanner_wrote_badly_is_taken():
    content = (DATA / "canteen_plan.pdf").read_bytes()
    at = content.rindex(b"startxref")
    found = look_at(content[:at] + b"startxref\n17\n%%EOF\n")
    assert found.facts == {"pages": 1, "mended": True}


def test_a_pdf_of_a_forbidding_date_format_or_junk_before_it_is_still_a_pdf():
    assert look_at(b"\r\n" + (DATA / "canteen_plan.pdf").read_bytes()).facts["pages"] == 1


# --- What is not ---------------------------------------------------------------------------------------------


def test_an_empty_file_is_told_to_be_empty():
    code, message = refusal(bad.empty())
    assert code == "empty"
    assert "0 bytes" in message


def test_a_program_named_pdf_is_told_to_be_a_program():
    code, message = refusal(bad.exe_named_pdf(), "plan.pdf", PDF_ONLY)
    assert code == "format"
    assert message == (
        "The file's content is not a PDF, whatever its name says. It is a program. Only PDF is taken here."
    )


def test_a_page_with_a_script_named_jpg_is_refused():
    code, message = refusal(bad.html_named_jpg(), "photo.jpg", PHOTOS)
    assert code == "format"
    assert "not a JPG" in message
    assert "a web page" in message
    assert "JPG, HEIC or PNG" in message


@pytest.mark.parametrize("mb", [20.001, 60])
def test_a_file_over_the_limit_is_told_its_size_and_the_limit(mb):
    code, message = refusal(bad.too_big(mb))
    assert code == "too_large"
    assert "20 MB" in message
    assert f"{20.1 if mb < 60 else 60} MB" in message


def test_a_file_of_exactly_the_limit_is_taken():
    assert look_at(bad.too_big(20)).facts["pages"] == 1


def test_a_requirement_may_have_a_smaller_limit():
    assert refusal(bad.too_big(2), requirement=ANYTHING.model_copy(update={"max_mb": 1}))[0] == "too_large"


def test_a_document_of_a_format_that_is_not_asked_for_is_told_what_is():
    code, message = refusal((DATA / "roster.xlsx").read_bytes(), "plan.xlsx", PHOTOS)
    assert code == "format"
    assert "XLSX" in message
    assert "JPG, HEIC or PNG" in message


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf" + b"\0" * 100, "IMG_0001.avif", "AVIF"),
        (b"RIFF\x24\0\0\0WEBPVP8 " + b"\0" * 100, "photo.jpg", "WebP"),
        (b"GIF89a" + b"\0" * 100, "photo.gif", "GIF"),
        (b"Rar!\x1a\x07\x01\0" + b"\0" * 100, "材料.rar", "archive"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "预案.doc", "DOCX"),
        (b"hello, this is text", "plan.pdf", "not a PDF"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "a.png", "not a PNG"),
    ],
)
def test_a_common_but_other_format_comes_with_advice(content, name, words):
    code, message = refusal(content, name)
    assert code == "format"
    assert words in message


def test_a_zip_of_documents_is_to_be_unpacked():
    code, message = refusal(zipped({"a.txt": b"x"}), "材料.zip")
    assert code == "format"
    assert "one by one" in message


# --- PDF -----------------------------------------------------------------------------------------------------


def changed_pdf(change) -> bytes:
    out = BytesIO()
    with pikepdf.open(DATA / "canteen_plan.pdf") as pdf:
        change(pdf)
        pdf.save(out)
    return out.getvalue()


def test_a_pdf_with_a_password_is_refused():
    code, message = refusal(bad.encrypted_pdf())
    assert code == "encrypted"
    assert "password" in message


def test_a_pdf_that_anyone_can_open_but_not_print_is_refused_too():
    out = BytesIO()
    with pikepdf.open(DATA / "canteen_plan.pdf") as pdf:
        pdf.save(out, encryption=pikepdf.Encryption(owner="secret", user="", R=6))
    assert refusal(out.getvalue())[0] == "encrypted"


def test_a_pdf_that_lost_its_end_is_refused():
    code, message = refusal(bad.truncated_pdf())
    assert code == "damaged"
    assert "not whole" in message


@pytest.mark.parametrize("content", [b"%PDF-1.7\n", b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\nstartxref\n0\n%%EOF"])
def test_a_pdf_without_pages_is_refused(content):
    assert refusal(content)[0] == "damaged"


def test_a_pdf_with_a_script_is_refused():
    action = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS=pikepdf.String("app.alert(1)"))
    code, message = refusal(changed_pdf(lambda pdf: pdf.Root.__setattr__("OpenAction", action)))
    assert code == "script"
    assert "JavaScript" in message


def test_a_pdf_that_starts_a_program_from_deep_within_a_page_is_refused():
    def change(pdf: pikepdf.Pdf) -> None:
        launch = pikepdf.Dictionary(S=pikepdf.Name.Launch, F=pikepdf.String("cmd.exe"))
        link = pikepdf.Dictionary(Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Link, Rect=[0, 0, 9, 9], A=launch)
        pdf.pages[0].obj["/Annots"] = pikepdf.Array([link])

    code, message = refusal(changed_pdf(change))
    assert code == "launch"
    assert "program" in message


def test_a_pdf_with_a_file_in_it_is_refused():
    def change(pdf: pikepdf.Pdf) -> None:
        pdf.attachments["tool.exe"] = pikepdf.AttachedFileSpec(pdf, bad.exe_named_pdf(), filename="tool.exe")

    code, message = refusal(changed_pdf(change))
    assert code == "attachment"
    assert "other files" in message


# --- Images --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["stock_1.jpg", "stock_2.png"])
@pytest.mark.parametrize("part", [0.02, 0.5, 0.95])
def test_a_photo_that_broke_off_is_refused(name, part):
    content = (DATA / name).read_bytes()
    assert refusal(content[: int(len(content) * part)], name)[0] == "damaged"


def test_an_image_of_fifty_thousand_by_fifty_thousand_is_refused_before_it_is_unpacked():
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    png = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )
    code, message = refusal(png, "photo.png")
    assert code == "too_many_pixels"
    assert "40 million" in message


def test_a_photo_of_a_phone_with_102_million_pixels_is_told_to_be_too_large():
    out = BytesIO()
    Image.new("L", (11_680, 8_760)).save(out, "JPEG")
    assert refusal(out.getvalue(), "photo.jpg")[0] == "too_many_pixels"


# --- Office documents ----------------------------------------------------------------------------------------


def zipped(parts: dict[str, bytes]) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def repacked(name: str, **more: bytes) -> bytes:
    """The real document with parts added or replaced; '__' in a keyword stands for '/', '_dot_' for '.'."""
    with zipfile.ZipFile(DATA / name) as archive:
        parts = {entry: archive.read(entry) for entry in archive.namelist()}
    added = {key.replace("__", "/").replace("_dot_", "."): content for key, content in more.items()}
    return zipped({**parts, **added})


def test_a_document_written_by_another_program_is_taken():
    out = BytesIO()
    document = Document()
    document.add_paragraph("防控预案")
    document.save(out)
    assert look_at(out.getvalue(), "预案.docx").extension == ".docx"


def test_a_document_with_macros_is_refused():
    code, message = refusal(repacked("epidemic_plan.docx", word__vbaProject_dot_bin=b"macros"), "预案.docx")
    assert code == "macros"
    assert "without macros" in message


def test_a_sheet_with_macros_renamed_is_refused():
    with zipfile.ZipFile(DATA / "roster.xlsx") as archive:
        types = archive.read("[Content_Types].xml")
    types = types.replace(
        b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
        b"application/vnd.ms-excel.sheet.macroEnabled.main+xml",
    )
    content = repacked("roster.xlsx", **{"[Content_Types]_dot_xml": types})
    assert refusal(content, "roster.xlsx")[0] == "macros"


def test_a_zip_bomb_is_refused_before_it_is_unpacked():
    content = repacked("epidemic_plan.docx", word__media__a_dot_bin=b"\0" * 60 * 1024 * 1024)
    code, message = refusal(content, "预案.docx")
    assert code == "unpacks_too_large"
    assert "empty rows" in message


def test_a_document_of_too_many_parts_is_refused():
    content = repacked("epidemic_plan.docx", **{f"word__media__{n}": b"" for n in range(5_001)})
    assert refusal(content, "预案.docx")[0] == "unpacks_too_large"


def test_a_zip_whose_header_understates_its_size_is_refused():
    content = bytearray(repacked("epidemic_plan.docx", word__media__a_dot_bin=b"\0" * 100_000))
    at = content.rindex(b"word/media/a.bin") - 46
    content[at + 24 : at + 28] = struct.pack("<I", 10)
    assert refusal(bytes(content), "预案.docx")[0] == "damaged"


def test_a_document_that_pulls_in_other_files_is_refused():
    evil = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>'
    assert refusal(repacked("epidemic_plan.docx", word__styles_dot_xml=evil), "预案.docx")[0] == "doctype"
    evil16 = evil.decode().encode("utf-16")
    assert refusal(repacked("epidemic_plan.docx", word__styles_dot_xml=evil16), "预案.docx")[0] == "doctype"


@pytest.mark.parametrize("part", [0.3, 0.9])
def test_a_document_that_broke_off_is_refused(part):
    content = (DATA / "epidemic_plan.docx").read_bytes()
    assert refusal(content[: int(len(content) * part)], "预案.docx")[0] == "damaged"


def test_a_document_with_one_flipped_byte_is_refused():
    content = bytearray((DATA / "epidemic_plan.docx").read_bytes())
    content[len(content) // 2] ^= 0xFF
    assert refusal(bytes(content), "预案.docx")[0] == "damaged"


def test_an_office_document_with_a_password_is_told_to_have_one():
    content = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 2000 + "EncryptedPackage".encode("utf-16-le") + b"\0" * 500
    assert refusal(content, "预案.docx")[0] == "encrypted"


# --- Anything else -------------------------------------------------------------------------------------------

BEGINNINGS = [
    b"",
    b"%PDF-1.7\n",
    b"\xff\xd8\xff\xe0",
    b"\x89PNG\r\n\x1a\n",
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"\xd0\xcf\x11\xe0",
]


@tries(max_examples=300, deadline=None)
@given(beginning=st.sampled_from(BEGINNINGS), rest=st.binary(min_size=1, max_size=3000), name=st.text(max_size=30))
def test_random_bytes_are_refused_and_never_a_crash(beginning, rest, name):
    refusal(beginning + rest, name)


@tries(max_examples=150, deadline=None)
@given(
    name=st.sampled_from(["canteen_plan.pdf", "epidemic_plan.docx", "roster.xlsx", "stock_2.png"]),
    at=st.floats(0, 1, exclude_max=True),
    noise=st.binary(min_size=1, max_size=200),
)
def test_a_real_document_with_noise_in_it_comes_in_or_is_refused_and_never_a_crash(name, at, noise):
    content = bytearray((DATA / name).read_bytes())
    start = int(len(content) * at)
    content[start : start + len(noise)] = noise
    try:
        look_at(bytes(content), name)
    except Refused as refused:
        assert refused.code and refused.messages[0]


def test_a_heic_photo_is_taken_where_jpg_is_and_nowhere_else():
    out = BytesIO()
    with Image.open(DATA / "stock_1.jpg") as photo:
        photo.resize((400, 300)).save(out, "HEIF", quality=50)
    found = look_at(out.getvalue(), "IMG_0001.HEIC", PHOTOS)
    assert (found.media_type, found.extension) == ("image/heic", ".heic")
    assert found.facts == {"width": 400, "height": 300, "orientation": 1}
    code, message = refusal(out.getvalue(), "IMG_0001.HEIC", PDF_ONLY)
    assert code == "format" and "HEIC" in message and "PDF" in message


def test_refusals_speak_the_reader_s_language():
    with pytest.raises(Refused) as caught:
        look_at(bad.empty())
    with translation.override("de"):  # not one of ours: the message is translated when it is read, not when it is made
        assert caught.value.messages[0]
