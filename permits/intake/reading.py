"""A blob is given out only as what its name says: it is hashed before the first byte goes, or before the last one does."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from django.core.cache import cache
from django.core.files.base import File

from permits.intake import storage
from permits.intake.blobs import CHUNK
from permits.intake.sealed import SealBroken

SMALL = 8 * 1024 * 1024  # up to so many bytes are hashed before, which takes some 20 ms
KNOWN_FOR = 300  # seconds that a blob which was hashed whole is known to be whole, unless it is written anew


class Damaged(Exception):
    """The blob is gone (``lost``), or is not what its name says."""

    def __init__(self, sha256: str, *, lost: bool) -> None:
        super().__init__(f"blob {sha256} is {'lost' if lost else 'damaged'}")
        self.sha256, self.lost = sha256, lost


def opened(sha256: str) -> File:
    """The blob, opened, after every byte of it was hashed. Raise ``Damaged``, ``StorageUnavailable``."""
    try:
        blob = storage.open_blob(sha256)
    except FileNotFoundError as error:
        raise Damaged(sha256, lost=True) from error
    except SealBroken as error:
        raise Damaged(sha256, lost=False) from error
    try:
        same = storage.digest_of(blob).sha256 == sha256
    except SealBroken:
        same = False
    if not same:
        blob.close()
        raise Damaged(sha256, lost=False)
    blob.seek(0)
    return blob


def check(sha256: str) -> None:
    """Hash the blob, unless that was done within ``KNOWN_FOR`` and it stands as it stood then. Raise ``Damaged``."""
    try:
        known = f"whole:{sha256}:{storage.stat(sha256).mark}"
    except FileNotFoundError as error:
        raise Damaged(sha256, lost=True) from error
    if cache.get(known):
        return
    opened(sha256).close()
    cache.set(known, 1, KNOWN_FOR)


def whole(sha256: str, size: int) -> Iterator[bytes]:
    """All of the blob. A small one is known to be whole before the first byte; a large one is hashed on its way, and its
    last chunk held back: whoever gets all of it has what was stored.
    """
    return _read(opened(sha256)) if size <= SMALL else _hashed(sha256, size)


def part(sha256: str, start: int, length: int) -> Iterator[bytes]:
    """Some of the bytes, of a blob that is known to be whole (a viewer asks for many parts of one). Raise ``Damaged``."""
    check(sha256)
    return storage.part(sha256, start, length)


def _read(blob: File) -> Iterator[bytes]:
    with blob:
        while chunk := blob.read(CHUNK):
            yield chunk


def _hashed(sha256: str, size: int) -> Iterator[bytes]:
    try:
        chunks = storage.part(sha256, 0, size)
    except FileNotFoundError as error:
        raise Damaged(sha256, lost=True) from error
    except SealBroken as error:
        raise Damaged(sha256, lost=False) from error
    return _on_its_way(chunks, sha256)


def _on_its_way(chunks: Iterator[bytes], sha256: str) -> Iterator[bytes]:
    digest, held = hashlib.sha256(), b""
    try:
        for chunk in chunks:
            if held:
                yield held
            digest.update(chunk)
            held = chunk
    except SealBroken as error:
        raise Damaged(sha256, lost=False) from error
    if digest.hexdigest() != sha256:
        raise Damaged(sha256, lost=False)
    yield held
