"""Where files are kept: blobs under their SHA-256, in a private folder or an S3 bucket, as ``STORAGE_URL``
says.

``file:///absolute/path``
    a folder; what follows ``file://`` is taken as it stands, without percent-decoding
``s3://KEY:SECRET@host:port/bucket/prefix?region=r&secure=0``
    any S3 service; key and secret percent-encoded, ``secure=0`` for plain HTTP
``s3://bucket/prefix?region=r``
    AWS, with the credentials of the surroundings

A blob is written under a temporary name, hashed on the way, forced to disk and then moved to its final name
(on S3: sent under its final name only when its digest is known), so whatever stands under a digest is
whole.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, Protocol
from urllib.parse import parse_qsl, unquote, urlsplit

from boto3.exceptions import Boto3Error  # type: ignore[import-untyped]
from botocore.config import Config  # type: ignore[import-untyped]
from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile, File
from django.core.files.storage import FileSystemStorage
from storages.backends.s3 import S3Storage

CHUNK = 256 * 1024
IN_MEMORY = 1024 * 1024  # of a blob on its way to or from S3; the rest of it waits on disk


class StorageUnavailable(Exception):
    """The storage can't be reached or written; the text is for ops and has no secret in it."""


@dataclass(frozen=True)
class Stored:
    sha256: str
    size: int


class Blobs(Protocol):
    """What both storages can do besides being Django storages."""

    where: str

    def put(self, chunks: Iterable[bytes]) -> Stored: ...


def put(source: File | IO[bytes] | Iterable[bytes]) -> Stored:
    """Keep the bytes of a file or of chunks. Safe to call again: the same bytes are kept once."""
    blobs = _storage()
    with _told_clearly(blobs.where):
        return blobs.put(_chunks(source))


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
    with _told_clearly(blobs.where, but=FileNotFoundError):
        blob = blobs.open(key_of(sha256), "rb")
        _ = blob.file  # S3 fetches it now, so that a failure is told here and not in mid-response
        return blob


def exists(sha256: str) -> bool:
    blobs = _storage()
    with _told_clearly(blobs.where):
        return blobs.exists(key_of(sha256))


def keep(url: str, name: str, content: bytes) -> None:
    """Keep bytes under a name of their own, in any storage that ``STORAGE_URL`` could name."""
    blobs = connect(url)
    with _told_clearly(blobs.where):
        blobs.save(name, ContentFile(content))


def read(url: str, name: str) -> bytes:
    """What ``keep`` kept. Raise ``FileNotFoundError`` when there is nothing of that name."""
    blobs = connect(url)
    with _told_clearly(blobs.where, but=FileNotFoundError), blobs.open(name, "rb") as file:
        content: bytes = file.read()
        return content


def delete_blob(sha256: str) -> None:
    """Forget the blob, if there is one. Where rows may still use it, call ``materials.discard`` instead."""
    blobs = _storage()
    with _told_clearly(blobs.where):
        blobs.delete(key_of(sha256))


def probe() -> str:
    """Write, read and delete a small file, for ``doctor``; returns where the storage is."""
    blobs = _storage()
    name, content = f"probe/{uuid.uuid4().hex}", os.urandom(16)
    with _told_clearly(blobs.where):
        saved = blobs.save(name, ContentFile(content))
        try:
            with blobs.open(saved, "rb") as file:
                if file.read() != content:
                    raise StorageUnavailable(f"the material storage at {blobs.where} gives back other bytes")
        finally:
            blobs.delete(saved)
    return blobs.where


def key_of(sha256: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise ValueError(f"not a SHA-256 digest: {sha256!r}")
    return f"sha256/{sha256[:2]}/{sha256[2:4]}/{sha256}"


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
    if unknown := ", ".join(sorted(set(query) - {"region", "secure", "acl"})):
        raise ImproperlyConfigured(f"STORAGE_URL: it takes region, secure and acl, not {unknown}")
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
        bucket_name=bucket,
        location=prefix,
        region_name=query.get("region") or None,
        # Objects are private unless an ACL opens them; buckets without ACLs (the default at AWS) refuse any.
        default_acl=query.get("acl") or None,
        querystring_auth=True,
        file_overwrite=True,
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


class FileBlobs(FileSystemStorage):
    """A folder that only the portal's own account can read; files 0600, folders 0700."""

    def __init__(self, path: str) -> None:
        super().__init__(
            location=path, file_permissions_mode=0o600, directory_permissions_mode=0o700, allow_overwrite=True
        )
        self.where = f"file://{path}"

    def url(self, name: str | None) -> str:
        raise ValueError("materials have no public address: a view checks the right and serves them")

    def put(self, chunks: Iterable[bytes]) -> Stored:
        waiting = self._folder("incoming") / uuid.uuid4().hex
        try:
            stored = self._write(waiting, chunks)
            key = Path(key_of(stored.sha256))
            folder = self._folder(*key.parent.parts)
            # Moved even over a blob that is there: the same bytes, and one that a disk had damaged is mended.
            waiting.replace(folder / key.name)
        except BaseException:
            with suppress(OSError):
                waiting.unlink()
            raise
        _sync_folder(folder)
        return stored

    def _write(self, path: Path, chunks: Iterable[bytes]) -> Stored:
        digest, size = hashlib.sha256(), 0
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            for chunk in chunks:
                digest.update(chunk)
                size += len(chunk)
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        return Stored(digest.hexdigest(), size)

    def _folder(self, *names: str) -> Path:
        folder = Path(self.location)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in names:
            folder /= name
            with suppress(FileExistsError):
                folder.mkdir(mode=0o700)
                _sync_folder(folder.parent)
        return folder


class S3Blobs(S3Storage):
    """A private bucket, or a part of one."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.where = f"s3://{self.bucket_name}/{self.location}".rstrip("/")
        if self.endpoint_url:
            self.where += f" ({self.endpoint_url})"

    def put(self, chunks: Iterable[bytes]) -> Stored:
        digest, size = hashlib.sha256(), 0
        with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY, dir=settings.FILE_UPLOAD_TEMP_DIR) as waiting:
            for chunk in chunks:
                digest.update(chunk)
                size += len(chunk)
                waiting.write(chunk)
            stored = Stored(digest.hexdigest(), size)
            waiting.seek(0)
            key = key_of(stored.sha256)
            if not (self.exists(key) and self.size(key) == size):
                self.save(key, File(waiting, name=key))
        return stored


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


def _sync_folder(folder: Path) -> None:
    """Force the folder's entries to disk, so that a move survives a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _told_clearly(where: str, *, but: type[OSError] | tuple[()] = ()) -> Iterator[None]:
    """Every failure of the storage as ``StorageUnavailable``, ``but`` the one that is an answer."""
    try:
        yield
    except but:
        raise
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "unknown")
        raise StorageUnavailable(f"the material storage at {where} refuses: {code}") from error
    except (BotoCoreError, Boto3Error) as error:
        raise StorageUnavailable(f"the material storage at {where} can't be reached: {error}") from error
    except OSError as error:
        reason = error.strerror or error
        raise StorageUnavailable(f"the material storage at {where} can't be used: {reason}") from error
