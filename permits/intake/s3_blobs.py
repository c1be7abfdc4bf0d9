"""Blobs in a private bucket, or a part of one."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import IO, Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError  # type: ignore[import-untyped]
from django.conf import settings
from django.core.files.base import File
from storages.backends.s3 import S3Storage

from permits.intake.blobs import CHUNK, IN_MEMORY, ROOT, Found, Leftover, Stored, is_digest, key_of


class S3Blobs(S3Storage):
    """Sent under its final name only when its digest is known."""

    def __init__(self, *, direct: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.direct = direct  # browsers send large files here themselves
        self.where = f"s3://{self.bucket_name}/{self.location}".rstrip("/")
        if self.endpoint_url:
            self.where += f" ({self.endpoint_url})"

    def put(self, chunks: Iterable[bytes], *, over: bool = False) -> Stored:
        digest, size = hashlib.sha256(), 0
        with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY, dir=settings.FILE_UPLOAD_TEMP_DIR) as waiting:
            for chunk in chunks:
                digest.update(chunk)
                size += len(chunk)
                waiting.write(chunk)
            stored = Stored(digest.hexdigest(), size)
            waiting.seek(0)
            key = key_of(stored.sha256)
            if over or not (self.exists(key) and self.size(key) == size):
                self.save(key, File(waiting, name=key))
        return stored

    def fetch(self, sha256: str) -> IO[bytes]:
        """Brought here whole: its digest is to be known before the first byte goes on."""
        return brought(self._body(sha256))

    def part(self, sha256: str, start: int, length: int) -> Iterator[bytes]:
        return self._body(sha256, Range=f"bytes={start}-{start + length - 1}")

    def _body(self, sha256: str, **more: Any) -> Iterator[bytes]:
        with _absent_is_told(sha256):
            answer = self.client.get_object(Bucket=self.bucket_name, Key=self._key(sha256), **more)
        return iter(answer["Body"].iter_chunks(CHUNK))

    def stat(self, sha256: str) -> Found:
        with _absent_is_told(sha256):
            head = self.client.head_object(Bucket=self.bucket_name, Key=self._key(sha256))
        mark = f"{head['ETag']}-{head['LastModified'].timestamp()}-{head['ContentLength']}"
        return Found(sha256, head["ContentLength"], head["LastModified"], mark)

    def forget(self, sha256: str) -> None:
        self.delete(key_of(sha256))

    def presigned(self, sha256: str, *, seconds: int, media_type: str, disposition: str) -> str:
        """An address at the service itself that opens this blob, and nothing else, for so long."""
        said = {"ResponseContentType": media_type, "ResponseContentDisposition": disposition,
                "ResponseCacheControl": "private, no-store"}  # fmt: skip
        return str(self.url(key_of(sha256), parameters=said, expire=seconds))

    def listed(self, after: str, until: str) -> Iterator[Found]:
        start = f"{ROOT}/{after[:2]}/{after[2:4]}/{after}" if after else ROOT
        for entry in self._entries(StartAfter=self._normalize_name(start)):
            name = entry["Key"].rpartition("/")[2]
            if until and name >= until:
                return
            if is_digest(name) and name > after and entry["Key"] == self._key(name):
                mark = f"{entry['ETag']}-{entry['LastModified'].timestamp()}-{entry['Size']}"
                yield Found(name, entry["Size"], entry["LastModified"], mark)

    def leftovers(self) -> Iterator[Leftover]:
        """Uploads in parts that were never ended, which cost space and stand in no listing; and what is no blob."""
        parts = self.client.get_paginator("list_multipart_uploads")
        for answer in parts.paginate(Bucket=self.bucket_name, Prefix=self._root):
            for upload in answer.get("Uploads", ()):
                yield Leftover(f"{upload['Key']}?uploadId={upload['UploadId']}", 0, upload["Initiated"], ours=True)
        for entry in self._entries():
            name = entry["Key"].rpartition("/")[2]
            if not (is_digest(name) and entry["Key"] == self._key(name)):
                yield Leftover(entry["Key"], entry["Size"], entry["LastModified"], ours=False)

    def drop(self, leftover: Leftover) -> None:
        key, _mark, upload = leftover.name.rpartition("?uploadId=")
        self.client.abort_multipart_upload(Bucket=self.bucket_name, Key=key, UploadId=upload)

    def adopt(self, name: str, stored: Stored) -> bool:
        """Keep an object of this bucket, without bringing it here; it stays under its own name too. Whether it was there."""
        try:
            self.client.copy_object(
                Bucket=self.bucket_name, Key=self._key(stored.sha256),
                CopySource={"Bucket": self.bucket_name, "Key": name}, **self.object_parameters,
            )  # fmt: skip
        except ClientError as error:
            if error.response["Error"]["Code"] in {"NoSuchKey", "404"}:
                return False
            raise
        return True

    @cached_property
    def origin(self) -> str:
        """Scheme, host and port that browsers send to."""
        some = self.client.generate_presigned_url("head_bucket", Params={"Bucket": self.bucket_name}, ExpiresIn=1)
        found = urlsplit(some)
        return f"{found.scheme}://{found.netloc}"

    def key(self, name: str) -> str:
        return str(self._normalize_name(name))

    @property
    def client(self) -> Any:
        return self.connection.meta.client

    @property
    def _root(self) -> str:
        return self.key(ROOT) + "/"

    def _key(self, sha256: str) -> str:
        return self.key(key_of(sha256))

    def _entries(self, **more: str) -> Iterator[dict[str, Any]]:
        pages = self.client.get_paginator("list_objects_v2")
        for answer in pages.paginate(Bucket=self.bucket_name, Prefix=self._root, **more):
            yield from answer.get("Contents", ())


def brought(chunks: Iterable[bytes]) -> IO[bytes]:
    """All of it, here, from its beginning."""
    here = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY, dir=settings.FILE_UPLOAD_TEMP_DIR)  # noqa: SIM115
    try:
        for chunk in chunks:
            here.write(chunk)
    except BaseException:
        here.close()
        raise
    here.seek(0)
    return here


@contextmanager
def _absent_is_told(sha256: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
            raise FileNotFoundError(f"there is no blob {sha256}") from error
        raise
