"""What both storages are asked for: a blob is known by its SHA-256, and listed in the order of that."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Protocol

from django.core.files.uploadedfile import UploadedFile

CHUNK = 256 * 1024
IN_MEMORY = 1024 * 1024  # of a blob on its way to or from S3; the rest of it waits on disk
ROOT = "sha256"


@dataclass(frozen=True)
class Stored:
    sha256: str
    size: int


@dataclass(frozen=True)
class Found:
    """A blob as the storage has it. ``size`` is that of its content, -1 where that can't be told."""

    sha256: str
    size: int
    modified: datetime
    mark: str  # another one as soon as the blob is written anew


@dataclass(frozen=True)
class Leftover:
    """What stands in the storage's folders and is no blob: an upload that broke off, a file of somebody else's."""

    name: str
    size: int
    modified: datetime
    ours: bool  # an upload of the portal's that broke off, which nobody will miss


class Adoptable(UploadedFile):
    """A file that came piece by piece and stands in the storage already: kept by a move, not by a copy."""

    def adopt(self) -> Stored:
        """Under its digest now. Safe to call again: the same bytes are kept once."""
        raise NotImplementedError


class Blobs(Protocol):
    """Besides being Django storages. A digest that isn't there raises ``FileNotFoundError``."""

    where: str

    def put(self, chunks: Iterable[bytes], *, over: bool = False) -> Stored:
        """Keep the bytes. With ``over``, also where they seem to be kept already."""

    def fetch(self, sha256: str) -> IO[bytes]:
        """Opened for reading, seekable; what can go wrong has gone wrong here and not in mid-response."""

    def part(self, sha256: str, start: int, length: int) -> Iterator[bytes]: ...

    def stat(self, sha256: str) -> Found: ...

    def forget(self, sha256: str) -> None: ...

    def listed(self, after: str, until: str) -> Iterator[Found]:
        """In the order of their digests, those greater than ``after`` and less than ``until`` ("": to the end)."""

    def leftovers(self) -> Iterator[Leftover]: ...

    def drop(self, leftover: Leftover) -> None: ...


def key_of(sha256: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise ValueError(f"not a SHA-256 digest: {sha256!r}")
    return f"{ROOT}/{sha256[:2]}/{sha256[2:4]}/{sha256}"


def is_digest(name: str) -> bool:
    return re.fullmatch(r"[0-9a-f]{64}", name) is not None
