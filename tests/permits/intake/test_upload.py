"""Receiving: what is too large is let go in a friendly way, and every name becomes harmless."""

from __future__ import annotations

import unicodedata
from io import BytesIO
from pathlib import Path

import pytest
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.core.handlers.wsgi import WSGIRequest
from django.test import RequestFactory
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from hypothesis import given
from hypothesis import settings as tries
from hypothesis import strategies as st

from permits.intake import upload as receiving
from permits.intake.upload import TooLargeUpload, safe_name, uploads
from tests.data import bad
from tests.permits.intake.conftest import upload

MB = 1024 * 1024


@pytest.fixture
def incoming(settings, tmp_path: Path) -> Path:
    """The folder for files on their way in."""
    folder = tmp_path / "incoming"
    folder.mkdir()
    settings.FILE_UPLOAD_TEMP_DIR = str(folder)
    return folder


def sent(*files: tuple[str, bytes], **fields: str) -> WSGIRequest:
    data = {**fields, "file": [upload(content, name) for name, content in files]}
    return RequestFactory().post("/upload", data=data)


def test_a_file_within_the_ceiling_arrives_whole(incoming):
    request = sent(("plan.pdf", b"a" * 3 * MB), application="1")
    (file,) = uploads(request)
    assert (file.name, file.size, file.read()) == ("plan.pdf", 3 * MB, b"a" * 3 * MB)
    assert request.POST["application"] == "1"


def test_a_file_of_exactly_the_ceiling_is_taken_and_one_byte_more_is_not(settings, incoming):
    settings.UPLOAD_MAX_BYTES = 3 * MB
    fits, too_large = uploads(sent(("fits.pdf", b"a" * 3 * MB), ("over.pdf", b"a" * (3 * MB + 1))))
    assert isinstance(fits, TemporaryUploadedFile)
    assert isinstance(too_large, TooLargeUpload)
    assert too_large.size == 3 * MB + 1


def test_a_file_of_60_mb_is_read_to_its_end_but_not_kept(incoming):
    request = sent(("plan.pdf", bad.too_big(60)), ("small.pdf", b"a" * 100), application="1", after="2")
    too_large, small = uploads(request)
    assert isinstance(too_large, TooLargeUpload)
    assert (too_large.name, too_large.size, too_large.read()) == ("plan.pdf", 60 * MB, b"")
    assert small.read() == b"a" * 100
    assert request.POST["after"] == "2"
    assert request.environ["wsgi.input"].read() == b""
    assert len(list(incoming.iterdir())) == 1  # the small one


def test_a_request_past_the_drain_limit_is_cut_off_and_still_told(monkeypatch, settings, incoming):
    settings.UPLOAD_MAX_BYTES = MB
    monkeypatch.setattr(receiving, "DRAIN_AT_LEAST", MB)
    request = sent(("huge.pdf", b"a" * 5 * MB), application="1")
    (refused,) = uploads(request)
    assert isinstance(refused, TooLargeUpload)
    assert (refused.size or 0) > 5 * MB
    assert request.POST["application"] == "1"  # what stood before the file, such as the CSRF token
    assert list(incoming.iterdir()) == []


def test_a_request_that_says_it_is_short_is_cut_off_all_the_same(monkeypatch, settings, incoming):
    settings.UPLOAD_MAX_BYTES = MB
    monkeypatch.setattr(receiving, "DRAIN_AT_LEAST", MB)
    body = encode_multipart(BOUNDARY, {"file": upload(b"a" * 5 * MB, "huge.pdf")})
    request = RequestFactory().generic("POST", "/upload", body, MULTIPART_CONTENT, CONTENT_LENGTH=str(len(body)))
    request._stream = BytesIO(body)
    request.META["CONTENT_LENGTH"] = "1000"
    (refused,) = uploads(request)
    assert isinstance(refused, TooLargeUpload)


def test_a_request_without_a_file_has_none():
    assert uploads(RequestFactory().post("/upload", data={"application": "1"})) == []


# --- Names ---------------------------------------------------------------------------------------------------


def is_harmless(name: str) -> bool:
    return (
        0 < len(name) <= 120
        and not {"/", "\\", "\0", "\n", "\r", "\t", "\u202e", "\u202f", "\u200f"} & set(name)
        and name not in {".", ".."}
        and not name.startswith((".", " "))
        and unicodedata.is_normalized("NFC", name)
    )


@pytest.mark.parametrize("name", bad.names())
def test_a_naughty_name_becomes_harmless(name):
    assert is_harmless(safe_name(name))
    assert is_harmless(safe_name(name, extension=".pdf"))
    assert safe_name(name, extension=".pdf").lower().endswith(".pdf")


@pytest.mark.parametrize(
    ("name", "becomes"),
    [
        ("../../etc/passwd.pdf", "passwd.pdf"),
        ("C:\\fakepath\\营业执照.jpg", "营业执照.jpg"),
        ("😷🏭复工预案✅.pdf", "😷🏭复工预案✅.pdf"),
        ("👩‍🏭 家庭.pdf", "👩‍🏭 家庭.pdf"),
        ("预" * 296 + ".pdf", "预" * 116 + ".pdf"),
        ("预案 \u3000 终稿\t.pdf", "预案 终稿.pdf"),
        ("plan.pdf\x00.exe", "plan.pdf.exe"),
        ("e\u0301pide\u0301mie.pdf", "épidémie.pdf"),
        ("没有后缀", "没有后缀"),
        ("   .pdf", "file.pdf"),
        ("", "file"),
        ("..", "file"),
    ],
)
def test_a_name_keeps_what_can_be_kept(name, becomes):
    assert safe_name(name) == becomes


@pytest.mark.parametrize(
    ("name", "becomes"),
    [
        ("照片.jpeg", "照片.jpeg"),
        ("照片.JPG", "照片.JPG"),
        ("照片.png", "照片.jpg"),
        ("照片.exe", "照片.exe.jpg"),
        ("照片", "照片.jpg"),
    ],
)
def test_the_extension_says_what_the_file_is(name, becomes):
    assert safe_name(name, extension=".jpg") == becomes


@tries(max_examples=500, deadline=None)
@given(name=st.text(max_size=400), extension=st.sampled_from(["", ".pdf", ".jpg", ".xlsx"]))
def test_any_name_at_all_becomes_harmless_and_stays_so(name, extension):
    safe = safe_name(name, extension=extension)
    assert is_harmless(safe)
    assert safe.encode()  # no lone surrogates
    assert not any(unicodedata.category(character) == "Cc" for character in safe)
    assert safe_name(safe, extension=extension) == safe
