"""Files on their way into a bucket: a multipart upload, and beside it an object with what is too little for a part yet.

Part ``n`` holds the bytes from ``(n - 1) * PART`` on, so how many there are follows from the offset. Nothing of what counts is ever
written over: a tail's name says how far it goes, and the ETags of the parts that count stand in the row, so that a part which somebody
wrote anew too late is found out when the upload is completed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import IO, Any
from uuid import UUID

from botocore.exceptions import ClientError  # type: ignore[import-untyped]
from django.utils import timezone

from permits.intake.blobs import CHUNK, Stored
from permits.intake.s3_blobs import S3Blobs, brought
from permits.models import Upload

FOLDER = "incoming"
PART = 5 * 1024 * 1024  # the least that S3 takes; only the last may be smaller
MISSING = {"NoSuchKey", "NoSuchUpload", "404"}


class Incoming:
    def __init__(self, blobs: S3Blobs) -> None:
        self.blobs = blobs

    def there(self, upload: Upload) -> int:
        return upload.offset  # a service that answered has it

    def writer(self, upload: Upload, *, wrested: bool) -> Writer:
        return Writer(self.blobs, upload)

    def open(self, upload: Upload) -> IO[bytes]:
        """The whole, brought here. Raise ``FileNotFoundError``."""
        if upload.multipart:
            self._complete(upload)
        key = key_of(self.blobs, upload) if upload.multipart else tail_of(self.blobs, upload)
        return brought(read(self.blobs, key))

    def adopt(self, upload: Upload, stored: Stored, file: IO[bytes]) -> None:
        if upload.multipart and self.blobs.adopt(key_of(self.blobs, upload), stored):
            return
        file.seek(0)
        self.blobs.put(iter(lambda: file.read(CHUNK), b""))

    def drop(self, upload: Upload) -> None:
        """All of that name: who was killed may have begun parts that no row knows of."""
        client, bucket = self.blobs.client, self.blobs.bucket_name
        prefix = key_of(self.blobs, upload)
        for entry in client.list_multipart_uploads(Bucket=bucket, Prefix=prefix).get("Uploads", ()):
            with suppress(client.exceptions.NoSuchUpload):
                client.abort_multipart_upload(Bucket=bucket, Key=entry["Key"], UploadId=entry["UploadId"])
        objects = client.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", ())
        if objects:
            client.delete_objects(
                Bucket=bucket, Delete={"Objects": [{"Key": entry["Key"]} for entry in objects], "Quiet": True}
            )

    def strays(self, older_than: float) -> Iterator[UUID]:
        since, found = timezone.now() - timedelta(seconds=older_than), set()
        begin = self.blobs.key(FOLDER) + "/"
        client, bucket = self.blobs.client, self.blobs.bucket_name
        for answer in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=begin):
            found |= {entry["Key"] for entry in answer.get("Contents", ()) if entry["LastModified"] < since}
        for answer in client.get_paginator("list_multipart_uploads").paginate(Bucket=bucket, Prefix=begin):
            for entry in answer.get("Uploads", ()):
                if entry["Initiated"] < since:
                    found.add(entry["Key"])
        for key in sorted({key.removeprefix(begin)[:32] for key in found}):
            yield UUID(key)

    def _complete(self, upload: Upload) -> None:
        """Safe to call again: what was completed before has its object. Raise ``FileNotFoundError`` for a part that isn't what counted."""
        client, bucket, key = self.blobs.client, self.blobs.bucket_name, key_of(self.blobs, upload)
        parts = [{"PartNumber": number, "ETag": tag} for number, tag in enumerate(upload.parts, 1)]
        try:
            if upload.offset % PART and not upload.direct:  # there the last part is a part like the others
                tail = b"".join(read(self.blobs, tail_of(self.blobs, upload)))
                tag = client.upload_part(
                    Bucket=bucket, Key=key, UploadId=upload.multipart, PartNumber=len(parts) + 1, Body=tail
                )["ETag"]
                parts.append({"PartNumber": len(parts) + 1, "ETag": tag})
            client.complete_multipart_upload(
                Bucket=bucket, Key=key, UploadId=upload.multipart, MultipartUpload={"Parts": parts}
            )
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code == "InvalidPart":
                raise FileNotFoundError(key) from error
            if code not in MISSING:
                raise


class Writer:
    """Collects what comes into parts; ``make_durable`` writes what is left over beside them."""

    def __init__(self, blobs: S3Blobs, upload: Upload) -> None:
        self.blobs, self.upload = blobs, upload
        self.parts: list[str] = list(upload.parts)[: upload.offset // PART]
        self.multipart: str = upload.multipart
        self.offset = upload.offset
        self.kept_tail = tail_of(blobs, upload) if upload.offset % PART else ""
        self.old_tail = ""
        self.buffer = bytearray(b"".join(read(blobs, self.kept_tail)) if self.kept_tail else b"")

    def write(self, chunk: bytes) -> None:
        self.buffer += chunk
        self.offset += len(chunk)
        while len(self.buffer) >= PART:
            self._send_part(bytes(self.buffer[:PART]))
            del self.buffer[:PART]

    def make_durable(self) -> None:
        tail = tail_named(self.blobs, self.upload.public_id, self.offset) if self.buffer else ""
        if tail == self.kept_tail:
            return
        if tail:
            self.blobs.client.put_object(
                Bucket=self.blobs.bucket_name, Key=tail, Body=bytes(self.buffer), **self.blobs.object_parameters
            )
        self.old_tail, self.kept_tail = self.kept_tail, tail

    def saved(self) -> None:
        if self.old_tail:
            self.blobs.client.delete_object(Bucket=self.blobs.bucket_name, Key=self.old_tail)
            self.old_tail = ""

    def close(self) -> None:
        pass

    def _send_part(self, content: bytes) -> None:
        client, bucket, key = self.blobs.client, self.blobs.bucket_name, key_of(self.blobs, self.upload)
        if not self.multipart:
            self.multipart = client.create_multipart_upload(Bucket=bucket, Key=key, **self.blobs.object_parameters)[
                "UploadId"
            ]
        answer = client.upload_part(
            Bucket=bucket, Key=key, UploadId=self.multipart, PartNumber=len(self.parts) + 1, Body=content
        )
        self.parts.append(answer["ETag"])


def key_of(blobs: S3Blobs, upload: Upload) -> str:
    return blobs.key(f"{FOLDER}/{upload.public_id.hex}")


def tail_of(blobs: S3Blobs, upload: Upload) -> str:
    return tail_named(blobs, upload.public_id, upload.offset)


def tail_named(blobs: S3Blobs, public_id: UUID, offset: int) -> str:
    return blobs.key(f"{FOLDER}/{public_id.hex}.{offset}")


def read(blobs: S3Blobs, key: str) -> Iterator[bytes]:
    """Raise ``FileNotFoundError``."""
    try:
        answer: Any = blobs.client.get_object(Bucket=blobs.bucket_name, Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] in MISSING:
            raise FileNotFoundError(key) from error
        raise
    yield from answer["Body"].iter_chunks(CHUNK)
