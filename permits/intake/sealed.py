"""Encryption at rest for a folder of blobs: an envelope around each (docs/decisions/0021-files-at-rest.md).

A sealed file is a header and blocks. The header: ``MAGIC``, the id of the key that wraps (8 bytes), a nonce (12), and the
blob's own data key, wrapped by AES-256-GCM (48). The content follows in blocks of 64 KiB, each by itself AES-256-GCM under the
data key (16 bytes more), its nonce the block's number and whether it is the last, the header authenticated with it: so any part can be read without the
rest, and a block that is changed, moved, or missing, also at the end, is found. The keys that wrap are ``settings.STORAGE_KEYS``, the newest first.
"""

from __future__ import annotations

import base64
import hashlib
import io
import os
import struct
from collections.abc import Iterable, Iterator
from typing import IO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

SUFFIX = ".sealed"
MAGIC = b"PERMSEA1"
HEADER = len(MAGIC) + 8 + 12 + 48
BLOCK = 64 * 1024
TAG = 16


class SealBroken(ValueError):
    """The file isn't what was sealed: cut off, or changed."""


class KeyMissing(OSError):
    """The key that it was sealed with is not among ``STORAGE_KEYS``."""


def wanted() -> bool:
    """Whether what is stored from now on is sealed."""
    return bool(settings.STORAGE_KEYS)


def key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"permits storage key" + key).digest()[:8]


def newest_key_id() -> bytes:
    return key_id(_keys()[0])


def seal(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The sealed file, of the content's chunks, however they are cut."""
    key, data_key = _keys()[0], AESGCM.generate_key(bit_length=256)
    nonce = os.urandom(12)
    opening = MAGIC + key_id(key)
    header = opening + nonce + AESGCM(key).encrypt(nonce, data_key, opening)
    yield header
    cipher, number, waiting = AESGCM(data_key), 0, bytearray()
    for chunk in chunks:
        waiting += chunk
        while len(waiting) > BLOCK:  # the last block is known as the last only when nothing follows
            yield cipher.encrypt(_nonce(number, last=False), bytes(waiting[:BLOCK]), header)
            del waiting[:BLOCK]
            number += 1
    yield cipher.encrypt(_nonce(number, last=True), bytes(waiting), header)


def content_size(size: int) -> int:
    """Of a sealed file of so many bytes; -1 when no sealed file is that long."""
    blocks, rest = divmod(size - HEADER, BLOCK + TAG)
    if size < HEADER + TAG or 0 < rest < TAG:
        return -1
    return size - HEADER - TAG * (blocks + bool(rest))


def open_sealed(file: IO[bytes], size: int) -> io.BufferedReader:
    """The content of the sealed ``file``, of ``size`` bytes. Raise ``SealBroken``, also while reading; ``KeyMissing``."""
    return io.BufferedReader(_Content(file, size), BLOCK)


def sealed_with(file: IO[bytes]) -> bytes:
    """The id of the key that wrapped the data key."""
    return file.read(len(MAGIC) + 8)[len(MAGIC) :]


class _Content(io.RawIOBase):
    """Reads block by block; the latest is kept, for readers go forward."""

    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file = file
        self._size = content_size(size)
        self._header = file.read(HEADER)
        if self._size < 0 or not self._header.startswith(MAGIC):
            raise SealBroken("it is no sealed file, or was cut off")
        self._cipher = AESGCM(_unwrapped(self._header))
        self._last = max(0, (self._size - 1) // BLOCK)
        self._at = 0
        self._number, self._block = -1, b""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer) -> int:
        if self._at >= self._size and self._number == self._last:
            return 0
        if (number := min(self._at // BLOCK, self._last)) != self._number:
            self._number, self._block = number, self._opened(number)
        begin = self._at - number * BLOCK
        piece = self._block[begin : begin + len(buffer)]
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def close(self) -> None:
        self._file.close()
        super().close()

    def _opened(self, number: int) -> bytes:
        self._file.seek(HEADER + number * (BLOCK + TAG))
        sealed = self._file.read(BLOCK + TAG)
        try:
            return self._cipher.decrypt(_nonce(number, last=number == self._last), sealed, self._header)
        except InvalidTag as error:
            raise SealBroken(f"block {number} is not what was sealed") from error


def _nonce(number: int, *, last: bool) -> bytes:
    """Never twice under one data key: a block's number is its own."""
    return struct.pack(">QI", number, int(last))


def _unwrapped(header: bytes) -> bytes:
    opening, nonce = header[: len(MAGIC) + 8], header[len(MAGIC) + 8 : HEADER - 48]
    for key in _keys():
        if key_id(key) == opening[len(MAGIC) :]:
            try:
                return AESGCM(key).decrypt(nonce, header[-48:], opening)
            except InvalidTag as error:
                raise SealBroken("its header is not what was sealed") from error
    raise KeyMissing("it was sealed with a key that is not among STORAGE_KEYS")


def _keys() -> list[bytes]:
    return [base64.urlsafe_b64decode(key) for key in settings.STORAGE_KEYS]
