"""A receipt made from its description, without the portal; and what somebody could do to it."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from reviews.audit import merkle

ORIGIN, NUMBER = "permits.example/audit", "360924-20200210-000001-C"
STREAM, OTHER = "application:3b0c", "application:77aa"
KEY, FORGER = (Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (1, 2))
Receipt = dict[str, Any]


def base64ed(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def vkey(key: Ed25519PrivateKey = KEY, origin: str = ORIGIN) -> str:
    public = b"\x01" + key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    key_id = hashlib.sha256(f"{origin}\n".encode() + public).hexdigest()[:8]
    return f"{origin}+{key_id}+{base64ed(public)}"


def note(size: int, root: bytes, key: Ed25519PrivateKey = KEY, origin: str = ORIGIN) -> str:
    text = f"{origin}\n{size}\n{base64ed(root)}\nat 2020-02-10T03:20:00Z\n"
    signature = base64ed(bytes.fromhex(vkey(key, origin).split("+")[1]) + key.sign(text.encode()))
    return f"{text}\n— {origin} {signature}\n"


def digest(salt: str, text: str) -> str:
    return hashlib.sha256(f"{salt}\0{text}".encode()).hexdigest()


def payload(seq: int, action: str, prev: str, stream: str = STREAM, **more: Any) -> str:
    body = {
        "stream": stream, "seq": seq, "action": action, "actor": "9d3e", "role": "reviewer@street:360924",
        "at": f"2020-02-10T01:0{seq}:00.000000+00:00", "before": "", "after": "", "data": {}, "prev": prev,
    }  # fmt: skip
    return rfc8785.dumps(body | more).decode()


def chain(stream: str, *steps: tuple[str, dict[str, Any]]) -> list[str]:
    made: list[str] = []
    for seq, (action, more) in enumerate(steps, 1):
        prev = hashlib.sha256(made[-1].encode()).hexdigest() if made else ""
        made.append(payload(seq, action, prev, stream, **more))
    return made


MINE = chain(
    STREAM, ("submitted", {"data": {"number": NUMBER}, "role": "applicant"}), ("claimed", {}),
    ("accepted", {"reason": digest("5a17", "材料齐全 ✓")}), ("agreed", {}), ("approved", {}),
)  # fmt: skip
THEIRS = chain(OTHER, ("submitted", {"data": {"number": "another"}}), *[("advised", {})] * 5)
# Mine stand at 1, 2, 4, 7 and 10.
ENTRIES = [
    THEIRS[0], MINE[0], MINE[1], THEIRS[1], MINE[2], THEIRS[2], THEIRS[3], MINE[3], THEIRS[4], THEIRS[5], MINE[4],
]  # fmt: skip


def tree(entries: list[str]) -> tuple[bytes, list[list[bytes]]]:
    """The root, and the proof of every leaf."""
    peaks: list[bytes] = []
    nodes: dict[merkle.Node, bytes] = {}
    for index, entry in enumerate(entries):
        for level, value in enumerate(merkle.append(peaks, index, merkle.leaf_hash(entry.encode()))):
            nodes[level, index >> level] = value
    size = len(entries)
    return merkle.root(peaks), [merkle.inclusion_proof(n, size, lambda _nodes: nodes) for n in range(size)]


def receipt(
    mine: list[str] = MINE, entries: list[str] = ENTRIES, key: Ed25519PrivateKey = KEY, withheld: int = 2
) -> Receipt:
    root, proofs = tree(entries)
    events: list[dict[str, Any]] = []
    for seq, text in enumerate(mine, 1):
        index = entries.index(text)
        where = {"leaf": index, "proof": [base64ed(each) for each in proofs[index]]}
        words = {"salt": "5a17", "text": "材料齐全 ✓"} if '"reason"' in text else None
        hidden = {"withheld": base64ed(merkle.leaf_hash(text.encode()))}
        events.append((hidden if seq == withheld else {"payload": text, "reason": words}) | where)
    return {
        "format": "permit-portal-receipt/1", "origin": ORIGIN, "application": NUMBER, "events": events,
        "checkpoint": note(len(entries), root, key), "key": vkey(key),
    }  # fmt: skip


def changed(path: str, value: Any) -> Receipt:
    """With another value at ``events/0/leaf``, or what ``value`` makes of the one there."""
    made: Any = receipt()
    place = made
    *way, last = [int(step) if step.isdigit() else step for step in path.split("/")]
    for step in way:
        place = place[step]
    place[last] = value(place[last]) if callable(value) else value
    return made


def events(rearranged: Callable[[list[Any]], list[Any]]) -> Receipt:
    made = receipt()
    return made | {"events": rearranged(made["events"])}


def swapped(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new, 1)


def respelled(text: str) -> str:
    """The same bytes in base64 whose unused bits aren't zero."""
    return f"{text[:-2]}{chr(ord(text[-2]) + 1)}="


def tamperings() -> dict[str, tuple[Receipt, str]]:
    """What was done: the receipt, and the code of what is said of it."""
    other = {"payload": THEIRS[1], "reason": None, "leaf": 3, "proof": [base64ed(each) for each in tree(ENTRIES)[1][3]]}
    apart, account = payload(2, "accepted", "0" * 64), payload(1, "submitted", "", "account:9d3e")
    return {
        "format": (changed("format", "permit-portal-receipt/2"), "format"),
        "a part more": (receipt() | {"note": "genuine"}, "format"),
        "a part less": ({name: part for name, part in receipt().items() if name != "key"}, "format"),
        "origin": (changed("origin", "other.example/audit"), "origin"),
        "number": (changed("application", "360924-20200210-000009-X"), "number"),
        "a word of an event": (changed("events/0/payload", lambda text: swapped(text, "applicant", "officials")), "not_in_log"),
        "the time of an event": (changed("events/4/payload", lambda text: swapped(text, "T01:05", "T01:06")), "not_in_log"),
        "words": (changed("events/2/reason/text", "材料不齐"), "reason"),
        "salt": (changed("events/2/reason/salt", "5a18"), "reason"),
        "words where there were none": (changed("events/3/reason", {"salt": "5a17", "text": "好"}), "reason"),
        "leaf": (changed("events/3/leaf", 6), "not_in_log"),
        "a leaf that isn't there": (changed("events/3/leaf", 11), "format"),
        "proof": (changed("events/3/proof/0", base64ed(bytes(32))), "not_in_log"),
        "a shorter proof": (changed("events/3/proof", lambda proof: proof[:-1]), "not_in_log"),
        "a longer proof": (changed("events/3/proof", lambda proof: [*proof, proof[0]]), "not_in_log"),
        "a withheld event": (changed("events/1/withheld", base64ed(bytes(32))), "not_in_log"),
        "another spelling of a hash": (changed("events/1/withheld", respelled), "format"),
        "one left out": (events(lambda them: [*them[:2], *them[3:]]), "seq"),
        "the first left out": (events(lambda them: them[1:]), "seq"),
        "a withheld one left out": (events(lambda them: [them[0], *them[2:]]), "seq"),
        "two changed places": (events(lambda them: [*them[:3], them[4], them[3]]), "seq"),
        "one twice": (events(lambda them: [*them[:3], them[2], *them[3:]]), "order"),
        "another's event": (events(lambda them: [them[0], other, *them[2:]]), "stream"),
        "none at all": (changed("events", []), "number"),
        "size": (changed("checkpoint", lambda text: swapped(text, "\n11\n", "\n12\n")), "signature"),
        "time of the signature": (changed("checkpoint", lambda text: swapped(text, "T03:20", "T02:20")), "signature"),
        "no signature": (changed("checkpoint", lambda text: text.partition("\n\n")[0] + "\n\n"), "note"),
        "a checkpoint of nothing": (changed("checkpoint", "genuine"), "note"),
        "key": (changed("key", vkey(FORGER)), "signature"),
        "a key of another log": (changed("key", vkey(KEY, "other.example/audit")), "key"),
        "a key with another id": (changed("key", lambda text: swapped(text, "+", "+0")), "key"),
        "made up, with its own key": (receipt(key=FORGER), "not_your_key"),
        # What only the log itself could do: the signature is right, the record isn't.
        "a hole in the chain": (receipt([MINE[0], MINE[2], MINE[3]], withheld=0), "seq"),
        "a chain that doesn't hold": (receipt([MINE[0], apart], [MINE[0], apart], withheld=0), "prev"),
        "a chain out of order": (receipt(MINE[:2], [MINE[1], MINE[0]], withheld=0), "order"),
        "something else's record": (receipt([account], [account], withheld=0), "no_event"),
    }  # fmt: skip


def as_text(made: Receipt) -> str:
    return json.dumps(made, ensure_ascii=False, indent=1)


def fits(words: str, said: str) -> bool:
    """Whether that was said, whatever stands in its gaps."""
    return re.search("[^\n]+".join(map(re.escape, re.split(r"\{\d\}", words))), said) is not None
