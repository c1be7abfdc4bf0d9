"""Files that a browser sends to the S3 service itself, in parts, by addresses that the portal signs for it.

Who may send what is asked by the portal when an upload begins, and again when it is finished. Each address is good for one part of
one upload, of exactly its length, for ``SECONDS``; which parts arrived is asked of the service, never of the browser. The portal reads
the whole once to hash it, as it does what came through itself, and everything after that is the same (``arriving``).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError  # type: ignore[import-untyped]

from permits.intake import storage
from permits.intake.arriving import Lost, Turn
from permits.intake.incoming_s3 import MISSING, key_of
from permits.intake.s3_blobs import S3Blobs
from permits.models import Upload

LEAST = 1024 * 1024  # bytes of a file, below which the way through the portal takes fewer requests
PART = 5 * 1024 * 1024  # the least that S3 takes; only the last may be smaller
SECONDS = 15 * 60


def wanted() -> bool:
    """Whether ``STORAGE_URL`` says ``direct=1``."""
    blobs = storage.private_storage()
    return isinstance(blobs, S3Blobs) and blobs.direct


def origin() -> str:
    """Where browsers send to, for the Content-Security-Policy."""
    return _blobs().origin


def begin(upload: Upload) -> None:
    """Open it at the service. Killed before the row says so, it is found there by its name and dropped as a stray."""
    blobs = _blobs()
    with storage.told_clearly(blobs.where):
        answer = blobs.client.create_multipart_upload(
            Bucket=blobs.bucket_name, Key=key_of(blobs, upload), **blobs.object_parameters
        )
    upload.direct, upload.multipart = True, answer["UploadId"]
    upload.save(update_fields=["direct", "multipart"])


def lengths(upload: Upload) -> list[int]:
    """Bytes of each part, in order."""
    whole, rest = divmod(upload.length, PART)
    return [PART] * whole + ([rest] if rest else [])


def arrived(upload: Upload) -> dict[int, str]:
    """The ETags of the parts that are there with the length that they should have, by their numbers. Raise ``Lost``."""
    blobs, asked = _blobs(), lengths(upload)
    found: dict[int, str] = {}
    with storage.told_clearly(blobs.where):
        for part in _parts(blobs, upload):
            number = part["PartNumber"]
            if number <= len(asked) and part["Size"] == asked[number - 1]:
                found[number] = part["ETag"]
    return found


def addresses(upload: Upload, numbers: list[int]) -> dict[int, str]:
    """Where the parts go. The length is signed with the address: a part of another one is refused there."""
    blobs, asked = _blobs(), lengths(upload)
    return {
        number: blobs.client.generate_presigned_url(
            "upload_part",
            Params={
                "Bucket": blobs.bucket_name, "Key": key_of(blobs, upload), "UploadId": upload.multipart,
                "PartNumber": number, "ContentLength": asked[number - 1],
            },
            ExpiresIn=SECONDS,
        )
        for number in numbers
    }  # fmt: skip


def take(turn: Turn) -> bool:
    """When every part is there, all of it counts. Whether it does. Raise ``Lost``, ``Busy``."""
    upload = turn.upload
    found = arrived(upload)
    if len(found) < len(lengths(upload)):
        return False
    turn.save(parts=[found[number] for number in sorted(found)], offset=upload.length)
    return True


def allow_from(origins: list[str]) -> None:
    """Tell the bucket that pages of these origins may send parts to it (CORS)."""
    blobs = _blobs()
    rule = {"AllowedMethods": ["PUT"], "AllowedOrigins": origins, "AllowedHeaders": ["*"], "MaxAgeSeconds": 3600}
    with storage.told_clearly(blobs.where):
        blobs.client.put_bucket_cors(Bucket=blobs.bucket_name, CORSConfiguration={"CORSRules": [rule]})


def allowed_from(site: str) -> bool:
    """Whether a page of ``site`` may send parts to the bucket, as far as its rules say."""
    blobs = _blobs()
    with storage.told_clearly(blobs.where):
        try:
            rules = blobs.client.get_bucket_cors(Bucket=blobs.bucket_name)["CORSRules"]
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchCORSConfiguration":
                return False
            raise
    return any("PUT" in rule["AllowedMethods"] and {site, "*"} & set(rule["AllowedOrigins"]) for rule in rules)


def _parts(blobs: S3Blobs, upload: Upload) -> Iterator[dict[str, Any]]:
    pages = blobs.client.get_paginator("list_parts")
    try:
        for answer in pages.paginate(Bucket=blobs.bucket_name, Key=key_of(blobs, upload), UploadId=upload.multipart):
            yield from answer.get("Parts", ())
    except ClientError as error:
        if error.response["Error"]["Code"] in MISSING:
            raise Lost from error
        raise


def _blobs() -> S3Blobs:
    blobs = storage.private_storage()
    if not isinstance(blobs, S3Blobs):
        raise TypeError("files are sent directly to an S3 service only")
    return blobs
