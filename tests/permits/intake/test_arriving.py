"""Files in pieces, on every storage: however they are cut and broken off, what comes out is what was sent."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import settings as tries
from hypothesis import strategies as st

from permits.intake import arriving, storage
from permits.intake.arriving import WrongChecksum
from permits.intake.tus import Checksum
from permits.models import Application, Upload, User
from tests.permits.intake import storages

pytestmark = pytest.mark.django_db
MB = 1024 * 1024
LARGE = b"%PDF-1.7\n" + bytes(range(256)) * (11 * MB // 256)  # two parts of S3, and a tail


@pytest.fixture
def pieces(storage_folder: Path) -> Callable[[str], list[str]]:
    """What stands among the incoming files, of the kind of storage."""

    def found(kind: str) -> list[str]:
        if kind != "s3":
            return sorted(path.name for path in (storage_folder / "incoming").iterdir())
        client = storages.client()
        objects = client.list_objects_v2(Bucket="permits", Prefix="materials/incoming/").get("Contents", ())
        parts = client.list_multipart_uploads(Bucket="permits").get("Uploads", ())
        return [each["Key"] for each in (*objects, *parts)]

    return found


def begun(draft: Application, owner: User, length: int) -> Upload:
    (asked, *_more) = draft.definition.materials
    return arriving.begin(application=draft, requirement=asked, name="a.pdf", length=length, user=owner)


def source(content: bytes) -> Callable[[int], bytes]:
    return BytesIO(content).read


def add(upload: Upload, content: bytes, said: int | None = None, checksum: Checksum | None = None) -> int:
    """As a request does; ``said`` is what it announced. Return the offset now."""
    with arriving.turn_of(upload) as turn:
        arriving.receive(turn, source(content), len(content) if said is None else said, checksum)
        return turn.upload.offset


def kept_of(upload: Upload) -> bytes:
    """Adopt the file, and read what the storage has of it then."""
    with arriving.turn_of(upload) as turn:
        with arriving.whole_file(turn) as file:
            stored = storage.put(file)
        arriving.end(turn, material=None, answer={"status": 204})
    with storage.open_blob(stored.sha256) as blob:
        content: bytes = blob.read()
    assert stored.sha256 == hashlib.sha256(content).hexdigest() and stored.size == len(content)
    return content


def test_a_file_in_pieces_is_kept_whole_and_nothing_is_left_over(kept, pieces, draft, owner) -> None:
    upload, at = begun(draft, owner, len(LARGE)), 0
    for size in (1, 3 * MB, 2 * MB - 1, 4 * MB, len(LARGE)):
        at = add(upload, LARGE[at : at + size])
    assert kept_of(upload) == LARGE
    assert pieces(kept) == []


def test_a_small_file_in_pieces(kept, pieces, draft, owner) -> None:
    upload = begun(draft, owner, 9)
    assert [add(upload, b"%PDF"), add(upload, b"-1.7\n")] == [4, 9]
    assert kept_of(upload) == b"%PDF-1.7\n" and pieces(kept) == []


def test_whose_turn_was_taken_does_no_harm(kept, draft, owner, settings) -> None:
    """What an old connection writes after it was overtaken is nowhere in the file, part of S3 or not."""
    settings.UPLOAD_STALE_SECONDS = 0
    upload = begun(draft, owner, len(LARGE))
    add(upload, LARGE[:1000])
    overtaken = [b"old" * 1000] * 2 + [b"x" * 64 * 1024] * 100

    def late(_size: int) -> bytes:
        if len(overtaken) == 101:
            add(upload, LARGE[1000:])
        return overtaken.pop() if overtaken else b""

    with pytest.raises(arriving.Busy), arriving.turn_of(upload) as turn:
        arriving.receive(turn, late, len(LARGE) - 1000)
    try:
        assert kept_of(upload) == LARGE
    except arriving.Lost:  # on S3 a part was written over after it counted: found out, and sent again
        assert kept == "s3"
        assert add(upload, LARGE) == len(LARGE) and kept_of(upload) == LARGE


def test_what_was_cancelled_leaves_nothing(kept, pieces, draft, owner) -> None:
    upload = begun(draft, owner, len(LARGE))
    add(upload, LARGE[: 7 * MB])
    assert pieces(kept)
    arriving.cancel(upload)
    assert pieces(kept) == []


def test_pieces_that_no_row_knows_of_are_found(kept, pieces, draft, owner, settings) -> None:
    upload, other = begun(draft, owner, len(LARGE)), begun(draft, owner, 100)
    add(upload, LARGE[: 7 * MB])
    add(other, LARGE[:50])
    Upload.objects.filter(pk=upload.pk).delete()  # as when its draft is discarded
    settings.UPLOAD_KEPT_HOURS = -1 / 3600
    Upload.objects.filter(pk=other.pk).update(expires_at=timezone.now() + timedelta(hours=1))
    assert arriving.clear() == 1
    assert add(other, LARGE[50:100]) == 100 and kept_of(other) == LARGE[:100]
    assert pieces(kept) == []


STEP = st.tuples(st.integers(1, 400), st.sampled_from(["whole", "broken off", "right sum", "wrong sum", "killed"]))


@tries(max_examples=40, deadline=None)
@given(content=st.binary(min_size=1, max_size=1500), plan=st.lists(STEP, max_size=12))
def test_however_it_is_cut_and_broken_off(pieces, draft, owner, settings, content: bytes, plan: list[Any]) -> None:
    settings.UPLOAD_STALE_SECONDS = 0
    upload, at = begun(draft, owner, len(content)), 0
    for size, how in plan:
        piece = content[at : at + size]
        if not piece:
            break
        expected = at + len(piece)
        if how == "whole":
            add(upload, piece)
        elif how == "broken off":
            expected = at + len(piece) // 2
            add(upload, piece[: len(piece) // 2], said=len(piece))
        elif how == "right sum":
            add(upload, piece, checksum=Checksum("sha1", hashlib.sha1(piece).digest()))
        elif how == "wrong sum":
            expected = at
            with pytest.raises(WrongChecksum):
                add(upload, piece, checksum=Checksum("sha1", hashlib.sha1(piece + b"!").digest()))
        else:  # bytes on the disk, and killed before the row said so
            expected = at
            with arriving.turn_of(upload) as turn:
                writer = arriving._incoming().writer(turn.upload, wrested=turn.wrested)
                writer.write(piece + b"rubbish")
                writer.close()
            Upload.objects.filter(pk=upload.pk).update(busy=True)
        at = Upload.objects.get(pk=upload.pk).offset
        assert at == expected
    if at < len(content):
        add(upload, content[at:])
    assert kept_of(upload) == content
    assert pieces("folder") == []
