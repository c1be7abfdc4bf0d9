"""Personal data at rest: encryption, and the digest by which it can still be looked up.

Fernet (AES-128-CBC with HMAC-SHA-256) from ``cryptography``; ``FIELD_KEYS`` holds the keys, newest first, so that a
key is rotated by putting a new one in front: old values are still read, new ones are written with the new key.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from functools import cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


@cache
def _fernet(keys: tuple[str, ...], secret: str) -> MultiFernet:
    if keys:
        return MultiFernet([Fernet(key) for key in keys])
    # The embedded portal has no key store; its data is as safe as its folder.
    derived = hashlib.sha256(b"portal.field-key\0" + secret.encode()).digest()
    return MultiFernet([Fernet(base64.urlsafe_b64encode(derived))])


def _current() -> MultiFernet:
    return _fernet(tuple(settings.FIELD_KEYS), settings.SECRET_KEY)


def encrypt(text: str) -> str:
    return _current().encrypt(text.encode()).decode("ascii")


def decrypt(token: str) -> str:
    """Raise ``ValueError`` when no key in ``FIELD_KEYS`` opens the value."""
    try:
        return _current().decrypt(token.encode("ascii")).decode()
    except InvalidToken as error:
        raise ValueError(
            "no key in FIELD_KEYS opens this value: was a key dropped before its data was moved?"
        ) from error


def blind_index(text: str) -> str:
    """Keyed digest (HMAC-SHA-256, 64 hex digits) by which an encrypted value is found again."""
    return hmac.new(b"portal.blind-index\0" + settings.SECRET_KEY.encode(), text.encode(), hashlib.sha256).hexdigest()
