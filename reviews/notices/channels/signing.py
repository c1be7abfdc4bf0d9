"""How we and a provider of text messages or WeChat messages know each other: HMAC-SHA256 with a shared secret.

Signed is ``TIMESTAMP.KEY.BODY``: seconds since 1970, the idempotency key, the body byte for byte. The signature is sent as
``v1=`` and 64 hex digits. The same in both directions (docs/operations.md, "Connecting a provider").
"""

from __future__ import annotations

import hashlib
import hmac
import time

AGE = 300  # seconds that a clock may be wrong by, or a message may have been on its way


class BadSignature(Exception):
    """It was not made with the secret, or too long ago, or by a clock that is wrong."""


def sign(secret: str, timestamp: str, key: str, body: bytes) -> str:
    text = f"{timestamp}.{key}.".encode() + body
    return "v1=" + hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()


def verify(secret: str, timestamp: str, key: str, body: bytes, signature: str) -> None:
    """Raise ``BadSignature``. An empty secret signs nothing."""
    wanted = sign(secret, timestamp, key, body)
    same = hmac.compare_digest(wanted.encode(), signature.encode())  # first, so that it takes as long for any time
    if not secret or not same:
        raise BadSignature("the signature does not fit")
    if not timestamp.isascii() or not timestamp.isdigit() or abs(time.time() - int(timestamp)) > AGE:
        raise BadSignature(f"it was not signed within {AGE} seconds of now")
