"""Who signs checkpoints: a key in a file, or whatever ``AUDIT_SIGNER`` names, such as a KMS; and the keys to verify with."""

from __future__ import annotations

from functools import lru_cache
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings
from django.utils.module_loading import import_string

from permits.keyfile import KeyFile

KEY = KeyFile("AUDIT_KEY_FILE", command="make_audit_key", signs="checkpoint of the audit log")


class Signer(Protocol):
    """What ``AUDIT_SIGNER`` names is called without arguments and gives one of these: two calls that any KMS has."""

    def public_key(self) -> bytes | None:
        """The 32 bytes of the Ed25519 public key; ``None`` while there is no key yet."""

    def sign(self, message: bytes) -> bytes:
        """The 64 bytes of the Ed25519 signature (RFC 8032)."""


class FileSigner:
    """The key of ``AUDIT_KEY_FILE``; the embedded portal makes it at its first signature."""

    def public_key(self) -> bytes | None:
        public = KEY.present()
        return raw(public) if public else None

    def sign(self, message: bytes) -> bytes:
        return KEY.signing_key().sign(message)


def signer() -> Signer:
    return _signer(settings.AUDIT_SIGNER)


def public_keys() -> list[bytes]:
    """The key in use, then those rotated away (``old/`` beside ``AUDIT_KEY_FILE``), 32 bytes each."""
    present = signer().public_key()
    found = [present] if present else []
    return found + [key for key in map(raw, KEY.earlier().values()) if key != present]


def raw(public: Ed25519PublicKey) -> bytes:
    return public.public_bytes(Encoding.Raw, PublicFormat.Raw)


@lru_cache(maxsize=4)
def _signer(path: str) -> Signer:
    made: Signer = import_string(path)()
    return made
