"""Receipts: the sealed events of an application with their proofs, in one JSON file that is checked without the portal.

    {"format": "permit-portal-receipt/1", "origin": "…", "application": "360924-…",
     "events": [{"payload": "…", "reason": {"salt": "…", "text": "…"} or null, "leaf": 7, "proof": ["…"]},
                {"withheld": "…", "leaf": 9, "proof": ["…"]}],
     "checkpoint": "…", "key": "…"}

``events`` stand for seq 1, 2, 3 …: ``payload`` is what was hashed, to the character; hashes are base64; all proofs are to the
one ``checkpoint``. ``withheld`` is the leaf hash of an event that the reader may not see: it shows that something stands at
that place of the chain, and not what. ``key`` is the C2SP verifier key of the checkpoint's signature. There is nothing in the
file that the checks don't cover: when it was made, and what is not sealed yet, only the page says.

Checked by ``static/verify_receipt.py`` and ``static/js/receipt.js``.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from django.http import HttpResponse

from permits.models import Application
from reviews.audit import archive, checkpoints, merkle, signing, tree
from reviews.audit.merkle import Node
from reviews.models import Checkpoint, Event, Leaf

FORMAT = "permit-portal-receipt/1"
Sees = Callable[[Event], bool]


class Sealed(NamedTuple):
    """How many of an application's events are in the tree, and how many wait for it."""

    sealed: int
    pending: int


def sealed(application: Application) -> Sealed:
    pending = application.events.filter(leaf=None).count()
    return Sealed(application.last_seq - pending, pending)


def make(application: Application, *, shows: Sees, tells: Sees) -> dict[str, Any] | None:
    """The receipt for a reader who may see an event where ``shows``, and the words that go with it where ``tells``.

    ``None`` while the event that gave the application its number isn't sealed. Four queries, however long the story; an archived
    one takes its file too. Raise ``archive.NotArchived`` when that can't be read.
    """
    try:
        checkpoint = tree.latest()
    except tree.NothingSealed:
        return None
    found = archive.events_of(application)
    in_tree = Leaf.objects.filter(event__in=[event.pk for event in found], index__lt=checkpoint.size)
    leaves = {leaf.event_id: leaf for leaf in in_tree}
    events = [event for event in found if event.pk in leaves]  # the newest may wait for theirs
    if not any(event.action == "submitted" for event in events):
        return None
    proofs = _proofs([leaves[event.pk].index for event in events], checkpoint)
    return {
        "format": FORMAT,
        "origin": checkpoint.note.partition("\n")[0],
        "application": application.number,
        "events": [
            _entry(event, leaves[event.pk], proof, shows, tells) for event, proof in zip(events, proofs, strict=True)
        ],
        "checkpoint": checkpoint.note,
        "key": _key(checkpoint),
    }


def lines(events: Sequence[Event], checkpoint: Checkpoint | None) -> Iterator[dict[str, Any]]:
    """An export's lines: each event as in a receipt, with all its words; without leaf and proof while it isn't sealed.

    ``events`` come with ``note`` and ``leaf``; what they take of the tree is read in one query.
    """
    leaves = {event.pk: event.leaf for event in events if checkpoint and _is_under(event, checkpoint)}
    proofs = dict(zip(leaves, _proofs([leaf.index for leaf in leaves.values()], checkpoint), strict=True)) if checkpoint else {}
    for event in events:
        if event.pk in leaves:
            yield _entry(event, leaves[event.pk], proofs[event.pk], lambda _event: True, lambda _event: True)
            continue
        note = getattr(event, "note", None)
        yield {"payload": event.payload, "reason": {"salt": note.salt, "text": note.text} if note else None}


def _is_under(event: Event, checkpoint: Checkpoint) -> bool:
    leaf = getattr(event, "leaf", None)
    return leaf is not None and leaf.index < checkpoint.size


def as_file(receipt: dict[str, Any]) -> HttpResponse:
    """To be kept: named after the application, never by a cache."""
    body = json.dumps(receipt, ensure_ascii=False, indent=1)
    response = HttpResponse(body, content_type="application/json; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="receipt-{receipt["application"]}.json"'
    response["Cache-Control"] = "private, no-store"
    return response


def _entry(event: Event, leaf: Leaf, proof: list[bytes], shows: Sees, tells: Sees) -> dict[str, Any]:
    where = {"leaf": leaf.index, "proof": [_base64(each) for each in proof]}
    if not shows(event):
        return {"withheld": _base64(leaf.hash), **where}
    note = getattr(event, "note", None) if tells(event) else None
    reason = {"salt": note.salt, "text": note.text} if note else None
    return {"payload": event.payload, "reason": reason, **where}


def _proofs(indices: list[int], checkpoint: Checkpoint) -> list[list[bytes]]:
    """All proofs from one query: the first round only writes down which nodes they take."""
    known = dict(zip(merkle.nodes_over(0, checkpoint.size), checkpoint.hashes, strict=True))
    wanted: set[Node] = set()

    def written_down(nodes: list[Node]) -> dict[Node, bytes]:
        wanted.update(nodes)
        return dict.fromkeys(nodes, b"")

    for index in indices:
        merkle.inclusion_proof(index, checkpoint.size, written_down)
    known |= tree.stored(sorted(wanted - known.keys()))
    return [merkle.inclusion_proof(index, checkpoint.size, lambda _nodes: known) for index in indices]


def _key(checkpoint: Checkpoint) -> str:
    """The key that signed it. Raise ``LookupError`` when it isn't kept any more."""
    origin = checkpoint.note.partition("\n")[0]  # which may be what the log was called before
    for public in signing.public_keys():
        if checkpoints.key_id(origin, public).hex() == checkpoint.key_id:
            return checkpoints.verifier_key(origin, public)
    raise LookupError(f"the key {checkpoint.key_id}, which signed the checkpoint at {checkpoint.size}, is not kept")


def _base64(raw: bytes) -> str:
    return b64encode(raw).decode("ascii")
