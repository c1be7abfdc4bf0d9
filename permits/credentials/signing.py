"""Ed25519 over the content in its one canonical form (RFC 8785), so that it outlives any parser."""

from __future__ import annotations

import base64
import binascii
from typing import Any

import rfc8785
from cryptography.exceptions import InvalidSignature

from permits.credentials.keys import KEY
from permits.keyfile import key_id as id_of

# What is signed begins with this, so that a signature over anything else never passes for a permit's.
DOMAIN = b"permit-portal permit v1\0"


def canonical(content: dict[str, Any]) -> bytes:
    return DOMAIN + rfc8785.dumps(content)


def sign(content: dict[str, Any]) -> tuple[str, str]:
    """The signature (base64url, no padding) and the id of the key that made it."""
    key = KEY.signing_key()
    signature = base64.urlsafe_b64encode(key.sign(canonical(content))).rstrip(b"=").decode("ascii")
    return signature, id_of(key.public_key())


def verify(content: dict[str, Any], signature: str, key_id: str) -> bool:
    """Whether one of our keys, the one of ``key_id``, signed exactly this; nonsense is False, never an error."""
    public = KEY.public_key(key_id)
    if public is None:
        return False
    try:
        public.verify(_decoded(signature), canonical(content))
    except (InvalidSignature, ValueError, TypeError, RecursionError):
        return False
    return True


def _decoded(signature: str) -> bytes:
    """Strictly: of the spellings that base64 decoders forgive, one is a signature."""
    try:
        raw = base64.b64decode(signature + "=" * (-len(signature) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("not base64url") from error
    if base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii") != signature:
        raise ValueError("not the canonical base64url")
    return raw
