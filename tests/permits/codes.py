"""Codes that must be refused, each with the reason: one table for Python (test_code.py) and for the page's JavaScript."""

from __future__ import annotations

import random
import zlib
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from permits.credentials import base45, cbor, code, cose
from permits.credentials.keys import KEY
from permits.keyfile import key_id
from tests.permits.test_credentials import CONTENT

NOW = datetime(2026, 11, 26, 9, 40, tzinfo=UTC)
FORGER = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
HC1 = "HC1:NCFOXN%TS3DH3ZSUZK+.V0ETD%65NL-AH-R6IOOK.IR9B+9G4G50PHZF0AT4V22F/8X*G3M9JUPY0BX/KR96R/S09T./0LWTKD33236J3TA3M*4VV2"


def genuine() -> str:
    return code.make(CONTENT, now=NOW)


def hostile() -> list[dict[str, str]]:
    """At least 1,000 different ones, the same each time for the same key: ``name``, ``text`` and the ``code`` of the refusal."""
    draw = random.Random(2020)
    cases = [*_foreign(), *_malformed(), *_envelopes(), *_tampered(draw, 600), *_cut_up(draw, 400)]
    return list({case["text"]: case for case in cases}.values())


def lasting() -> str:
    """A code that is valid to the end of 9 February 2027."""
    return code.make(CONTENT | {"valid_until": "2027-02-09"}, now=NOW)


def judged() -> list[tuple[dict[str, Any] | None, int, str]]:
    """What ``lasting`` is worth: by which list, at which second, in which word."""
    number, now = CONTENT["number"], int(NOW.timestamp())
    until, ended = now + 7 * 86400, 1802188800

    def by(**lists: dict[str, Any]) -> dict[str, Any]:
        return {"expires": until, "revoked": {}, "superseded": {}, "corrected": {}} | lists

    return [
        (by(), now, "valid"),
        (by(), until - 1, "valid"),
        (by(), until, "unknown"),
        (None, now, "unknown"),
        (by(revoked={number: 1}), now, "revoked"),
        (by(revoked={number: 1}), ended + 1, "revoked"),
        (by(superseded={number: "x"}), now, "superseded"),
        (by(corrected={number: now}), now, "valid"),
        (by(corrected={number: now + 1}), now, "corrected"),
        (by(revoked={"another": 1}), now, "valid"),
        (by(), ended - 1, "unknown"),
        (by(), ended, "expired"),
        (by(), 1581304800 - 301, "not_yet"),
        (by(), 1581304800 - 300, "valid"),
    ]


def _case(name: str, text: str, word: str) -> dict[str, str]:
    return {"name": name, "text": text, "code": word}


def _text(raw: bytes) -> str:
    return "PP1:" + base45.encode(raw)


def _foreign() -> list[dict[str, str]]:
    """What one finds in other QR codes, and what somebody else signed."""
    address = CONTENT["verify_url"]
    return [
        *(_case("another code", text, "no_code") for text in (
            "", "PP1", "pp1:ABC", "hello", HC1, address, address + "#", address + "#PP2:", "WIFI:S:x;T:WPA;P:y;;",
            "https://example.org/#a", "shc:/5676", "0" * 5000, "\u0000", "\ufeffPP1:00", "ＰＰ１：", "#", "😀", "PP1：00",
        )),
        _case("by a forger, with their key", _text(_sealed(FORGER, key_id(FORGER.public_key()))), "unknown_key"),
        _case("by a forger, with our key's id", _text(_sealed(FORGER, _ours())), "forged"),
        _case("no key's id", _text(_sealed(FORGER, "00" * 8)), "unknown_key"),
        _case("an address of another permit", code.address(address.replace("000001", "000002"), genuine()), "another_number"),
        _case("an address without a number", "https://evil.example/#" + code.address("", genuine())[1:], "another_number"),
    ]  # fmt: skip


def _malformed() -> list[dict[str, str]]:
    whole = genuine()
    tail = whole[4:]
    raw = base45.decode(tail)
    address = code.address(CONTENT["verify_url"], whole)
    texts = [
        "PP1:", "PP1:0", "PP1::::", whole.lower().replace("pp1", "PP1"), whole + "0", whole + "00", "PP1: " + tail,
        whole.replace("P1:", "P1:PP1:"), whole + whole, _text(b""), _text(raw + b"\0"), _text(raw[1:]), _text(raw[:-1]),
        _text(zlib.compress(raw)), _text(b"\xd9\x01\x02" + raw[1:]), _text(b"\x98\x04" + raw[2:]), _text(raw[:1] * 500),
        _text(b"\xd2\x9f" + raw[2:] + b"\xff"), _text(b"\x81" * 900), _text(b"\xd2\x9b" + b"\xff" * 8), _text(b"\xd2\x84"),
        address + "%20", address + "%zz", address + "%2", address.replace("#PP1:", "#PP1: "), "PP1:" + "😀" * 3,
    ]  # fmt: skip
    return [_case("malformed", text, "malformed") for text in texts]


def _envelopes() -> list[dict[str, str]]:
    """Signed with our own key, but no code: what else COSE allows, and other things that we sign."""
    key, own = KEY.signing_key(), _ours()
    claims = _claims()
    kid = bytes.fromhex(own)
    made = [
        _sealed(key, own, type_of="permit-status"), _sealed(key, own, type_of=62), _sealed(key, own, algorithm=-7),
        _sealed(key, own, extra={3: 61}), _sealed(key, own, unprotected={4: kid}), _sealed(key, own, claims=[1, 2]),
        _sealed(key, own, claims={}), _sealed(key, own, claims=claims | {2: 7}), _sealed(key, own, claims=claims | {5: "x"}),
        _sealed(key, own, claims=claims | {4: "x"}), _sealed(key, own, claims=claims | {-65537: {}}),
        _sealed(key, own, claims=claims | {6: 2**52}), _sealed(key, own, header=b""), _sealed(key, own, header=b"\xa0"),
        _sealed(key, own, header=cbor.dumps([1, -8, 3])), _sealed(key, own, header=cbor.dumps({1: -8, 4: "x", 16: 61})),
    ]  # fmt: skip
    return [_case(f"envelope {number}", _text(raw), "malformed") for number, raw in enumerate(made)]


def _tampered(draw: random.Random, count: int) -> list[dict[str, str]]:
    """A bit flipped, bytes changed: of the payload or of the signature."""
    raw = base45.decode(genuine()[4:])
    payload, length = raw.index(cbor.dumps(_claims())), len(cbor.dumps(_claims()))
    made = []
    for _each in range(count):
        changed = bytearray(raw)
        signature = draw.random() < 0.3
        at = draw.randrange(len(raw) - 64, len(raw)) if signature else draw.randrange(payload, payload + length)
        changed[at] ^= 1 << draw.randrange(8)
        for _more in range(draw.randrange(3)):
            changed[draw.randrange(len(raw) - 64, len(raw))] ^= draw.randrange(1, 256)
        if bytes(changed) != raw:
            made.append(_case(f"tampered at {at}", _text(bytes(changed)), "forged"))
    return made


def _cut_up(draw: random.Random, count: int) -> list[dict[str, str]]:
    """Cut off, or with a piece gone: never the right length any more, but where the signature's bytes by chance say one."""
    raw = base45.decode(genuine()[4:])
    made = []
    for _each in range(count):
        first = draw.randrange(len(raw))
        last = draw.randrange(first + 1, len(raw) + 1)
        if last - first == len(raw):
            continue
        rest = raw[:first] + raw[last:]
        if _is_whole(rest):
            continue
        made.append(_case(f"without {first} to {last}", _text(rest), "malformed"))
    return made


def _is_whole(raw: bytes) -> bool:
    try:
        cbor.loads(raw.removeprefix(cose.TAG))
    except ValueError:
        return False
    return raw.startswith(cose.TAG)


def _ours() -> str:
    return key_id(KEY.signing_key().public_key())


def _claims() -> dict[int, Any]:
    holder = CONTENT["holder"]
    return {
        2: CONTENT["number"], 5: 1581304800, 6: int(NOW.timestamp()),
        -65537: {1: holder["name"], 2: holder["uscc"], 3: "resumption"},
    }  # fmt: skip


def _sealed(
    key: Ed25519PrivateKey, own: str, *, claims: Any = None, type_of: int | str = 61, algorithm: int = -8,
    extra: dict[int, Any] | None = None, unprotected: dict[int, Any] | None = None, header: bytes | None = None,
) -> bytes:  # fmt: skip
    protected = header if header is not None else cbor.dumps(
        {1: algorithm, 4: bytes.fromhex(own), 16: type_of} | (extra or {})
    )  # fmt: skip
    payload = cbor.dumps(_claims() if claims is None else claims)
    signature = key.sign(cbor.dumps(["Signature1", protected, b"", payload]))
    return cose.TAG + cbor.dumps([protected, unprotected or {}, payload, signature])
