"""Where files are kept: blobs under their SHA-256, in a private folder or an S3 bucket, as ``STORAGE_URL``
says.

``file:///absolute/path``
    a folder; what follows ``file://`` is taken as it stands, without percent-decoding
``s3://KEY:SECRET@host:port/bucket/prefix?region=r&secure=0``
    any S3 service; key and secret percent-encoded, ``secure=0`` for plain HTTP
``s3://bucket/prefix?region=r``
    AWS, with the credentials of the surroundings
``…?direct=1``
    browsers send large files to the service themselves (``direct.py``); it must be one that they reach
``…?sse=AES256`` or ``…?sse=aws:kms&kms_key=ID``
    the service encrypts what it keeps; a folder is encrypted by ``STORAGE_KEYS`` (``sealed.py``)

A blob is written under a temporary name, hashed on the way, forced to disk and then moved to its final name
(on S3: sent under its final name only when its digest is known), so whatever stands under a digest is
whole.
"""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import IO, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from boto3.exceptions import Boto3Error  # type: ignore[import-untyped]
from botocore.config import Config  # type: ignore[import-untyped]
from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile, File

from permits.intake.blobs import CHUNK, IN_MEMORY, Adoptable, Found, Leftover, Stored
from permits.intake.blobs import key_of as key_of
from permits.intake.folder_blobs import FileBlobs
from permits.intake.s3_blobs import S3Blobs
from permits.intake.sealed import SealBroken

SSE = ("AES256", "aws:kms", "aws:kms:dsse")


class StorageUnavailable(Exception):
    """The storage can't be reached or written; the text is for ops and has no secret in it."""


def put(source: File | IO[bytes] | Iterable[bytes], *, over: bool = False) -> Stored:
    """Keep the bytes of a file or of chunks. Safe to call again: the same bytes are kept once.

    ``over`` writes them also where the storage has a blob of that name and length already: it may be damaged.
    """
    blobs = _storage()
    with told_clearly(blobs.where):
        if isinstance(source, Adoptable):
            return source.adopt()
        return blobs.put(_chunks(source), over=over)


def digest_of(source: File | IO[bytes] | Iterable[bytes]) -> Stored:
    """What ``put`` would say, without keeping anything."""
    digest, size = hashlib.sha256(), 0
    for chunk in _chunks(source):
        digest.update(chunk)
        size += len(chunk)
    return Stored(digest.hexdigest(), size)


def open_blob(sha256: str) -> File:
    """The blob, opened for reading. Raise ``FileNotFoundError`` when there is none."""
    blobs = _storage()
    with told_clearly(blobs.where, but=FileNotFoundError):
        return File(blobs.fetch(sha256), name=key_of(sha256))


def part(sha256: str, start: int, length: int) -> Iterator[bytes]:
    """``length`` bytes of the blob from ``start`` on, in chunks. Raise ``FileNotFoundError``."""
    blobs = _storage()
    with told_clearly(blobs.where, but=FileNotFoundError):
        chunks = blobs.part(sha256, start, length)
        first = next(chunks, b"")  # a failure is told here and not in mid-response
    return _after(first, chunks, blobs.where)


def stat(sha256: str) -> Found:
    """Size and time of the blob. Raise ``FileNotFoundError``."""
    blobs = _storage()
    with told_clearly(blobs.where, but=FileNotFoundError):
        return blobs.stat(sha256)


def exists(sha256: str) -> bool:
    try:
        stat(sha256)
    except FileNotFoundError:
        return False
    return True


def listed(after: str = "", until: str = "") -> Iterator[Found]:
    """Every blob in the order of the digests: greater than ``after``, less than ``until`` (either may be the beginning of one)."""
    blobs = _storage()
    with told_clearly(blobs.where):
        yield from blobs.listed(after, until)


def leftovers() -> Iterator[Leftover]:
    """What stands among the blobs and is none."""
    blobs = _storage()
    with told_clearly(blobs.where):
        yield from blobs.leftovers()


def drop(leftover: Leftover) -> None:
    blobs = _storage()
    with told_clearly(blobs.where):
        blobs.drop(leftover)


def keep(url: str, name: str, content: bytes) -> None:
    """Keep bytes under a name of their own, in any storage that ``STORAGE_URL`` could name."""
    blobs = connect(url)
    with told_clearly(blobs.where):
        blobs.save(name, ContentFile(content))


def read(url: str, name: str) -> bytes:
    """What ``keep`` kept. Raise ``FileNotFoundError`` when there is nothing of that name."""
    blobs = connect(url)
    with told_clearly(blobs.where, but=FileNotFoundError), blobs.open(name, "rb") as file:
        content: bytes = file.read()
        return content


def delete_blob(sha256: str) -> None:
    """Forget the blob, if there is one. Where rows may still use it, call ``materials.discard`` instead."""
    blobs = _storage()
    with told_clearly(blobs.where):
        blobs.forget(sha256)


def probe() -> str:
    """Write, read and delete a small file, for ``doctor``; returns where the storage is."""
    blobs = _storage()
    name, content = f"probe/{uuid.uuid4().hex}", os.urandom(16)
    with told_clearly(blobs.where):
        saved = blobs.save(name, ContentFile(content))
        try:
            with blobs.open(saved, "rb") as file:
                if file.read() != content:
                    raise StorageUnavailable(f"the material storage at {blobs.where} gives back other bytes")
        finally:
            blobs.delete(saved)
    return blobs.where


def private_storage(**_options: Any) -> FileBlobs | S3Blobs:
    """What ``STORAGES["default"]["BACKEND"]`` names: the storage that ``settings.STORAGE_URL`` describes."""
    return connect(settings.STORAGE_URL)


_storage = private_storage


@lru_cache(maxsize=8)
def connect(url: str) -> FileBlobs | S3Blobs:
    """The storage for ``url``; nothing is opened before its first use. Raise ``ImproperlyConfigured``."""
    scheme, _, rest = url.partition("://")
    if scheme == "file":
        if not rest.startswith("/"):
            raise ImproperlyConfigured("STORAGE_URL: write the folder's whole path, as in file:///srv/materials")
        return FileBlobs(rest)
    if scheme == "s3":
        return _connect_s3(url)
    raise ImproperlyConfigured("STORAGE_URL: it begins with file:// or s3://, see docs/operations.md")


def _connect_s3(url: str) -> S3Blobs:
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError as error:
        raise ImproperlyConfigured("STORAGE_URL: no port; percent-encode / + : @ in key and secret") from error
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    if unknown := ", ".join(sorted(set(query) - {"region", "secure", "acl", "sse", "kms_key", "direct"})):
        raise ImproperlyConfigured(f"STORAGE_URL: it takes region, secure, acl, sse, kms_key and direct, not {unknown}")
    options: dict[str, Any] = {}
    s3: dict[str, str] = {}
    if "@" in parts.netloc:
        bucket, _, prefix = parts.path.strip("/").partition("/")
        secure = query.get("secure", "1") not in {"0", "false", "no"}
        host = f"{parts.hostname}:{port}" if port else parts.hostname
        options["endpoint_url"] = f"{'https' if secure else 'http'}://{host}"
        options["access_key"] = unquote(parts.username or "")
        options["secret_key"] = unquote(parts.password or "")
        s3["addressing_style"] = "path"  # a service of one's own seldom has a host name per bucket
        if not (parts.hostname and options["access_key"] and options["secret_key"]):
            raise ImproperlyConfigured("STORAGE_URL: before the bucket stands KEY:SECRET@host")
    else:
        bucket, prefix = parts.netloc, parts.path.strip("/")
    if not bucket:
        raise ImproperlyConfigured("STORAGE_URL: the bucket is missing, as in s3://KEY:SECRET@host/bucket/prefix")
    return S3Blobs(
        direct=query.get("direct", "0") not in {"0", "false", "no"},
        bucket_name=bucket,
        location=prefix,
        region_name=query.get("region") or None,
        # Objects are private unless an ACL opens them; buckets without ACLs (the default at AWS) refuse any.
        default_acl=query.get("acl") or None,
        querystring_auth=True,
        file_overwrite=True,
        object_parameters=_encryption(query),
        max_memory_size=IN_MEMORY,
        client_config=Config(
            signature_version="s3v4",
            s3=s3,
            connect_timeout=5,
            read_timeout=60,
            retries={"max_attempts": 3, "mode": "standard"},
            # Services other than AWS often know no trailing checksums; our own SHA-256 is what we go by.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
        **options,
    )


def _encryption(query: dict[str, str]) -> dict[str, str]:
    """What each object is written with, so that the service encrypts it."""
    sse, key = query.get("sse", ""), query.get("kms_key", "")
    if sse and sse not in SSE:
        raise ImproperlyConfigured(f"STORAGE_URL: sse is one of {', '.join(SSE)}")
    if key and not sse.startswith("aws:kms"):
        raise ImproperlyConfigured("STORAGE_URL: kms_key belongs to sse=aws:kms")
    return ({"ServerSideEncryption": sse} if sse else {}) | ({"SSEKMSKeyId": key} if key else {})


def _after(first: bytes, chunks: Iterator[bytes], where: str) -> Iterator[bytes]:
    with told_clearly(where):
        yield first
        yield from chunks


def _chunks(source: File | IO[bytes] | Iterable[bytes]) -> Iterator[bytes]:
    if isinstance(source, File):
        yield from source.chunks(CHUNK)
        return
    read = getattr(source, "read", None)
    if read is None:
        yield from source
        return
    while chunk := read(CHUNK):
        yield chunk


@contextmanager
def told_clearly(where: str, *, but: type[OSError] | tuple[()] = ()) -> Iterator[None]:
    """Every failure of the storage as ``StorageUnavailable``, ``but`` the one that is an answer."""
    try:
        yield
    except but:
        raise
    except SealBroken:
        raise  # not the storage's failure, but the blob's
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "unknown")
        raise StorageUnavailable(f"the material storage at {where} refuses: {code}") from error
    except (BotoCoreError, Boto3Error) as error:
        raise StorageUnavailable(f"the material storage at {where} can't be reached: {error}") from error
    except OSError as error:
        reason = error.strerror or error
        raise StorageUnavailable(f"the material storage at {where} can't be used: {reason}") from error
