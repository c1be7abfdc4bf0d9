"""The text of a checkpoint: a C2SP signed note (c2sp.org/signed-note) as c2sp.org/tlog-checkpoint has it.

    ORIGIN
    SIZE
    ROOT, base64
    at 2026-11-26T04:00:00Z

    — ORIGIN base64(key id, 4 bytes ‖ Ed25519 signature over everything above the empty line)

The line ``at`` is an extension: when it was signed is signed with it, so that a clock turned back shows.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.conf import settings

from reviews.audit import merkle, signing

ED25519 = b"\x01"
TIME = "%Y-%m-%dT%H:%M:%SZ"
LONGEST = 20_000  # bytes of a note that somebody hands in: room for sixteen signatures of any kind


class BadNote(Exception):
    """What was read is no checkpoint, or not one of this log's; the message says why."""


@dataclass(frozen=True)
class Note:
    origin: str
    size: int
    root: bytes
    at: datetime | None
    key_id: str  # of the key that signed it, 8 hex digits


def sign(size: int, root: bytes, at: datetime) -> tuple[str, str]:
    """The note of a tree, and the id of the key that signed it. ``at`` has whole seconds."""
    signer, origin = signing.signer(), settings.AUDIT_ORIGIN
    text = f"{origin}\n{size}\n{_base64(root)}\nat {at.astimezone(UTC).strftime(TIME)}\n"
    signature = signer.sign(text.encode())
    public = signer.public_key()
    if public is None:
        raise LookupError(f"{settings.AUDIT_SIGNER} signs, and says no public key")
    identity = key_id(origin, public)
    return f"{text}\n— {origin} {_base64(identity + signature)}\n", identity.hex()


def read(note: str) -> Note:
    """A checkpoint that one of this log's keys signed. Raise ``BadNote`` for anything else."""
    text, _empty, signatures = note.rpartition("\n\n")
    lines = text.split("\n")
    if len(note) > LONGEST or len(lines) < 3:
        raise BadNote("it is no checkpoint: origin, size and root are not there")
    origin, size, root, *more = lines
    if not size.isascii() or not size.isdigit() or str(int(size)) != size:
        raise BadNote(f"'{size[:40]}' is no size of a tree")
    by = _signed_by(origin, f"{text}\n".encode(), signatures)
    at = next((line[3:] for line in more if line.startswith("at ")), None)
    try:
        when = datetime.strptime(at, TIME).replace(tzinfo=UTC) if at else None
        raw = base64.b64decode(root, validate=True)
    except ValueError as error:  # binascii.Error is one
        raise BadNote(f"it is no checkpoint: {error}") from error
    if len(raw) != merkle.WIDTH:
        raise BadNote("its root is no SHA-256 hash")
    return Note(origin, int(size), raw, when, by)


def verifier_keys() -> list[str]:
    """The keys that sign and signed, as C2SP's verifier keys: what an outsider checks a checkpoint with."""
    return [verifier_key(settings.AUDIT_ORIGIN, public) for public in signing.public_keys()]


def verifier_key(name: str, public: bytes) -> str:
    return f"{name}+{key_id(name, public).hex()}+{_base64(ED25519 + public)}"


def key_id(name: str, public: bytes) -> bytes:
    return hashlib.sha256(f"{name}\n".encode() + ED25519 + public).digest()[:4]


def _signed_by(origin: str, text: bytes, signatures: str) -> str:
    """The id of the key of ours that signed ``text`` under the log's own name. Other signatures are nobody's here."""
    ours = {key_id(origin, public): public for public in signing.public_keys()}
    for line in signatures.splitlines():
        mark, _, rest = line.partition(" ")
        name, _, encoded = rest.rpartition(" ")
        if mark != "—" or name != origin:
            continue
        try:
            signature = base64.b64decode(encoded, validate=True)
        except binascii.Error as error:
            raise BadNote("its signature is no base64") from error
        if public := ours.get(signature[:4]):
            try:
                Ed25519PublicKey.from_public_bytes(public).verify(signature[4:], text)
            except InvalidSignature as error:
                raise BadNote(f"the signature of key {signature[:4].hex()} is not over this text") from error
            return signature[:4].hex()
    raise BadNote("none of this log's keys signed it")


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")
