"""The Ed25519 key that signs permits (``PERMIT_KEY_FILE``), and the public halves of those that came before it."""

from __future__ import annotations

from permits.keyfile import KeyFile

KEY = KeyFile("PERMIT_KEY_FILE", command="make_permit_key", signs="permit")
