"""The public keys of permits as a JWK set (RFC 7517, 8037), for whoever checks codes without us."""

from __future__ import annotations

import base64

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from permits.credentials.keys import KEY
from permits.keyfile import key_id


def keys() -> list[dict[str, str]]:
    """The key in use, then those rotated away; looking for them never makes one."""
    present = KEY.present()
    publics = {key_id(present): present} if present else {}
    publics |= KEY.earlier()
    return [
        {
            "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": own,
            "x": base64.urlsafe_b64encode(public.public_bytes(Encoding.Raw, PublicFormat.Raw)).rstrip(b"=").decode("ascii"),
        }
        for own, public in publics.items()
    ]  # fmt: skip
