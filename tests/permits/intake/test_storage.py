"""Blobs: kept whole, once, and for nobody else to read; in a folder and on S3."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from hypothesis import HealthCheck, given
from hypothesis import settings as tries
from hypothesis import strategies as st

from permits.intake import storage
from tests.permits.intake.conftest import blobs_in
from tests.permits.intake.storages import S3_URL, client

CONTENT = "防控预案".encode() * 100_000
DIGEST = hashlib.sha256(CONTENT).hexdigest()


def test_a_blob_comes_back_as_it_was_given(kept):
    stored = storage.put(BytesIO(CONTENT))
    assert (stored.sha256, stored.size) == (DIGEST, len(CONTENT))
    assert storage.exists(DIGEST)
    with storage.open_blob(DIGEST) as file:
        assert file.read() == CONTENT


def test_the_same_bytes_are_kept_once_and_can_be_put_again(kept):
    first = storage.put(iter([CONTENT[:10], CONTENT[10:]]))
    assert storage.put(ContentFile(CONTENT)) == first
    assert storage.exists(DIGEST)


def test_a_deleted_blob_is_gone_and_deleting_it_again_is_no_error(kept):
    storage.put([CONTENT])
    storage.delete_blob(DIGEST)
    storage.delete_blob(DIGEST)
    assert not storage.exists(DIGEST)
    with pytest.raises(FileNotFoundError):
        storage.open_blob(DIGEST)


def test_a_probe_leaves_nothing_behind(kept, storage_folder):
    assert storage.probe().startswith(("file://", "s3://permits/materials"))
    assert not [path for path in storage_folder.rglob("*") if path.is_file()]


def test_django_uses_the_same_storage(kept):
    assert storages.create_storage({"BACKEND": "permits.intake.storage.private_storage"}) is storage.private_storage()


def test_only_the_portal_itself_can_read_the_files(storage_folder):
    storage.put([CONTENT])
    for path in [storage_folder, *storage_folder.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path
    assert (storage_folder / "sha256" / DIGEST[:2] / DIGEST[2:4] / DIGEST).is_file()


def test_files_have_no_public_address():
    with pytest.raises(ValueError, match="no public address"):
        storage.private_storage().url(storage.key_of(DIGEST))


def test_an_upload_that_breaks_off_leaves_nothing(storage_folder):
    def broken() -> Iterator[bytes]:
        yield CONTENT
        raise ConnectionResetError("gone")

    with pytest.raises(storage.StorageUnavailable):
        storage.put(broken())
    assert blobs_in(storage_folder) == []
    assert not [path for path in storage_folder.rglob("*") if path.is_file()]


def test_a_damaged_blob_is_mended_by_the_same_upload(storage_folder):
    storage.put([CONTENT])
    (storage_folder / storage.key_of(DIGEST)).write_bytes(b"half")
    storage.put([CONTENT])
    with storage.open_blob(DIGEST) as file:
        assert file.read() == CONTENT


@tries(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chunks=st.lists(st.binary(max_size=2000), min_size=1, max_size=20))
def test_whatever_the_chunks_the_digest_is_that_of_the_whole(storage_folder, chunks):
    stored = storage.put(chunks)
    assert stored.sha256 == hashlib.sha256(b"".join(chunks)).hexdigest()
    with storage.open_blob(stored.sha256) as file:
        assert file.read() == b"".join(chunks)


def test_a_service_that_is_not_there_is_told_without_its_secret(settings):
    settings.STORAGE_URL = "s3://key:topsecret@127.0.0.1:9/permits?region=us-east-1&secure=0"
    with pytest.raises(storage.StorageUnavailable, match="can't be reached") as caught:
        storage.put([b"x"])
    assert "127.0.0.1:9" in str(caught.value)
    assert "topsecret" not in str(caught.value)


def test_a_bucket_that_is_not_there_is_told(settings, s3_service):
    settings.STORAGE_URL = S3_URL.replace("/permits/", "/elsewhere/")
    with pytest.raises(storage.StorageUnavailable, match="elsewhere"):
        storage.probe()


def test_a_folder_that_cannot_be_written_is_told(settings, tmp_path: Path):
    (tmp_path / "a_file").write_text("")
    settings.STORAGE_URL = f"file://{tmp_path}/a_file/materials"
    with pytest.raises(storage.StorageUnavailable, match="can't be used"):
        storage.put([b"x"])


@pytest.mark.parametrize(
    "url",
    [
        "materials",
        "file://materials",
        "ftp://host/x",
        "s3://",
        "s3://key:s@host:9000/",
        "s3://key:s@host/bucket?sse=rot13",
        "s3://key:s@host/bucket?sse=AES256&kms_key=x",
        "s3://key@host/bucket",
        "s3://key:a/b@host/bucket?colour=red",
        "s3://key:s@host/bucket?colour=red",
    ],
)
def test_a_storage_url_that_makes_no_sense_is_refused(url):
    with pytest.raises(ImproperlyConfigured, match="STORAGE_URL"):
        storage.connect(url)


def test_a_bucket_of_aws_needs_no_endpoint_and_no_key():
    blobs = storage.connect("s3://permits/materials/of/2020?region=cn-north-1")
    assert isinstance(blobs, storage.S3Blobs)
    assert (blobs.bucket_name, blobs.location, blobs.region_name) == (
        "permits",
        "materials/of/2020",
        "cn-north-1",
    )
    assert blobs.endpoint_url is None
    assert blobs.default_acl is None


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("sse=AES256", {"ServerSideEncryption": "AES256"}),
        ("sse=aws:kms&kms_key=materials-2026", {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "materials-2026"}),
    ],
)
def test_the_service_is_asked_to_encrypt_what_it_keeps(settings, s3_service, said: str, written: dict[str, str]):
    settings.STORAGE_URL = f"{S3_URL}&{said}"
    storage.put([CONTENT])
    storage.keep(settings.STORAGE_URL, "audit/file", b"x")
    for key in (storage.key_of(DIGEST), "audit/file"):
        head = client().head_object(Bucket="permits", Key=f"materials/{key}")
        assert {name: head[name] for name in written} == written
    with storage.open_blob(DIGEST) as file:
        assert file.read() == CONTENT


def test_any_part_of_a_blob_is_read_without_the_rest(kept):
    storage.put([CONTENT])
    for start, length in ((0, 1), (0, len(CONTENT)), (65_535, 2), (65_536, 65_536), (len(CONTENT) - 3, 3)):
        assert b"".join(storage.part(DIGEST, start, length)) == CONTENT[start : start + length]
    with pytest.raises(FileNotFoundError):
        storage.part("0" * 64, 0, 1)


def test_blobs_are_listed_in_the_order_of_their_digests_between_any_two(kept):
    digests = sorted(storage.put([b"%d" % n]).sha256 for n in range(40))
    found = list(storage.listed())
    assert [blob.sha256 for blob in found] == digests
    assert all(blob.size in (1, 2) for blob in found)
    after, until = digests[7], digests[20]
    assert [blob.sha256 for blob in storage.listed(after, until)] == digests[8:20]
    assert [blob.sha256 for blob in storage.listed(after[:4], until[:4])] == digests[7:20]
    assert storage.stat(digests[0]).mark == found[0].mark


@pytest.mark.parametrize("digest", ["", "../../etc/passwd", "A" * 64, "a" * 63, "a" * 64 + "\n"])
def test_only_a_digest_names_a_blob(digest):
    with pytest.raises(ValueError, match="not a SHA-256"):
        storage.open_blob(digest)
