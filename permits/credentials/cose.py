"""COSE_Sign1 (RFC 9052) with the permit key: the envelope of the code on a permit and of the list of those revoked.

Of all that COSE allows, one form: tag 18, EdDSA, the key's id and the type of what is inside in the protected header,
nothing unprotected, the contents inside. What is inside says by its type (RFC 9596) which of the two it is, so that one
never passes for the other; and the permits' signatures begin otherwise (``signing.DOMAIN``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature

from permits.credentials import cbor
from permits.credentials.keys import KEY
from permits.keyfile import key_id as id_of

TAG = b"\xd2"  # tag 18, COSE_Sign1
ALGORITHM, KEY_ID, TYPE = 1, 4, 16
EDDSA = -8


class Refused(Exception):
    """Nothing of ours. ``code``: ``no_code``, ``malformed``, ``unknown_key``, ``forged`` or ``another_number``."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Opened:
    contents: Any
    key_id: str  # 16 hexadecimal digits, as keyfile.key_id


def seal(contents: Any, *, type_of: int | str) -> bytes:
    """Sign with the key in use. Raise ``ImproperlyConfigured`` when there is none."""
    key = KEY.signing_key()
    own = bytes.fromhex(id_of(key.public_key()))
    protected = cbor.dumps({ALGORITHM: EDDSA, KEY_ID: own, TYPE: type_of})
    payload = cbor.dumps(contents)
    return TAG + cbor.dumps([protected, {}, payload, key.sign(_signed(protected, payload))])


def unseal(data: bytes, *, type_of: int | str) -> Opened:
    """What one of our keys signed; raise ``Refused``, never anything else, whatever the bytes are."""
    try:
        protected, payload, signature = _parts(data)
        header = cbor.loads(protected)
        if header[ALGORITHM] != EDDSA or header[TYPE] != type_of or len(header) != 3:
            raise ValueError("another algorithm or type")
        own = header[KEY_ID].hex()
    except (ValueError, TypeError, LookupError, AttributeError):
        raise Refused("malformed") from None
    public = KEY.public_key(own)
    if public is None:
        raise Refused("unknown_key")
    try:
        public.verify(signature, _signed(protected, payload))
        return Opened(cbor.loads(payload), own)
    except InvalidSignature:
        raise Refused("forged") from None
    except ValueError:
        raise Refused("malformed") from None


def _parts(data: bytes) -> tuple[bytes, bytes, bytes]:
    protected, unprotected, payload, signature = cbor.loads(data[1:])
    parts = (protected, payload, signature)
    if data[:1] != TAG or unprotected != {} or not all(isinstance(part, bytes) for part in parts):
        raise ValueError("no COSE_Sign1 of our form")
    return parts


def _signed(protected: bytes, payload: bytes) -> bytes:
    """The Sig_structure of RFC 9052, 4.4."""
    return cbor.dumps(["Signature1", protected, b"", payload])
