"""What the headers of the tus protocol say (https://tus.io/protocols/resumable-upload, 1.0.0)."""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import Any

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,expiration,termination,checksum"
CHECKSUMS = ("sha1", "sha256", "md5")
CONTENT_TYPE = "application/offset+octet-stream"
MISMATCH = 460  # the protocol's own status


class Malformed(ValueError):
    """A header that is missing or says nothing; the text is for whoever writes a client."""


@dataclass(frozen=True)
class Checksum:
    algorithm: str
    digest: bytes

    def begin(self) -> Any:
        return hashlib.new(self.algorithm, usedforsecurity=False)


def number(name: str, value: str | None) -> int:
    """A header that is a number of bytes."""
    if value is None:
        raise Malformed(f"{name} is missing")
    if not (value.isascii() and value.isdigit() and len(value) < 19):
        raise Malformed(f"{name} is no number of bytes")
    return int(value)


def metadata(header: str) -> dict[str, str]:
    """``Upload-Metadata``: pairs of a key and, where there is one, its value in Base64."""
    found: dict[str, str] = {}
    for pair in header.split(",") if header.strip() else ():
        key, _blank, value = pair.strip().partition(" ")
        if not key or key in found:
            raise Malformed("Upload-Metadata: a key is empty, or there twice")
        found[key] = _decoded("Upload-Metadata", value).decode("utf-8", "replace")
    return found


def checksum(header: str | None) -> Checksum | None:
    if header is None:
        return None
    algorithm, _blank, value = header.strip().partition(" ")
    if algorithm not in CHECKSUMS:
        raise Malformed(f"Upload-Checksum: one of {', '.join(CHECKSUMS)}")
    asked = Checksum(algorithm, _decoded("Upload-Checksum", value))
    if len(asked.digest) != asked.begin().digest_size:
        raise Malformed(f"Upload-Checksum: no digest of {algorithm}")
    return asked


def _decoded(name: str, value: str) -> bytes:
    try:
        return base64.b64decode(value.strip(), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Malformed(f"{name}: not Base64") from error
