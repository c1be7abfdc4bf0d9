"""Do the events of a stream follow each other, and does each say what its columns say? Read in one go, checked row by row."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

from django.db.models import QuerySet

from permits.models import User
from reviews.audit import merkle
from reviews.models import Event

CHUNK = 2000
_decoder = json.JSONDecoder()


def digest(salt: str, text: str) -> str:
    """How words stand in an event: nobody finds them from it without the salt, which is kept with the words."""
    return hashlib.sha256(f"{salt}\0{text}".encode()).hexdigest()


class Row(NamedTuple):
    pk: int
    stream: str
    seq: int
    application: int | None
    action: str
    actor: str | None  # the public id of whoever did it
    role: str
    at: datetime
    before: str
    after: str
    payload: str
    prev_hash: str
    hash: str
    salt: str | None  # of its words, with them; None when it has none or they were erased
    text: str | None
    leaf: int | None
    leaf_hashes: bytes | None
    leaf_stream: str | None
    leaf_seq: int | None


def rows(events: QuerySet[Event]) -> Iterator[Row]:
    """The events, stream by stream and each in its order."""
    people = People()
    values = events.order_by("stream", "seq").values_list(
        "pk", "stream", "seq", "application_id", "action", "actor_id", "role", "at", "before", "after", "payload",
        "prev_hash", "hash", "note__salt", "note__text", "leaf__index", "leaf__hashes", "leaf__stream", "leaf__seq",
    )  # fmt: skip
    for pk, stream, seq, application, action, actor, *rest in values.iterator(CHUNK):
        yield Row._make((pk, stream, seq, application, action, actor and people[actor], *rest))


class People(dict[int, str]):
    """The public ids of those who act, each asked for once: few people, many events."""

    def __missing__(self, key: int) -> str:
        self[key] = found = str(User.objects.values_list("public_id", flat=True).get(pk=key))
        return found


def broken(row: Row, seq: int, prev_hash: str) -> tuple[str, dict[str, Any]]:
    """What is wrong with an event that should be number ``seq`` behind the one of ``prev_hash``, "" when nothing is; and
    what its payload says.
    """
    if row.seq != seq:
        body: dict[str, Any] = {}
        return (f"event {seq} is missing" if row.seq > seq else f"event {row.seq} is there twice"), body
    payload = row.payload.encode()
    if hashlib.sha256(payload).hexdigest() != row.hash:
        return f"event {seq} was changed: its text is not what was hashed", {}
    try:
        body, end = _decoder.raw_decode(row.payload)
        if end != len(row.payload):
            raise ValueError("something follows the event")
        says = (body["stream"], body["seq"], body["action"], body["role"], body["before"], body["after"])
        actor, at, prev, words = body["actor"], body["at"], body["prev"], body.get("reason")
    except (ValueError, KeyError, TypeError):
        return f"event {seq} was changed: its text is no event", {}
    if not row.prev_hash == prev == prev_hash:
        return f"event {seq} does not follow event {seq - 1}", body
    if says != (row.stream, row.seq, row.action, row.role, row.before, row.after):
        return f"event {seq} was changed: its columns are not what was hashed", body
    if at != row.at.astimezone(UTC).isoformat(timespec="microseconds"):
        return f"event {seq} was changed: its time is not what was hashed", body
    if actor != row.actor:
        return f"event {seq} was changed: who did it is not what was hashed", body
    if row.salt is not None and row.text is not None and digest(row.salt, row.text) != words:
        return f"event {seq} was changed: its words are not what was hashed", body
    if row.leaf is not None and not _sealed_so(row, payload):
        return f"event {seq} was changed after it was sealed (leaf {row.leaf})", body
    return "", body


def first_broken_link(stream: str) -> str | None:
    """Say in words where the chain of ``stream`` doesn't hold; ``None`` when it does."""
    prev_hash = ""
    for seq, row in enumerate(rows(Event.objects.filter(stream=stream)), 1):
        fault, _body = broken(row, seq, prev_hash)
        if fault:
            return f"{stream}: {fault}"
        prev_hash = row.hash
    return None


def _sealed_so(row: Row, payload: bytes) -> bool:
    sealed = bytes(row.leaf_hashes or b"")[: merkle.WIDTH]
    return sealed == merkle.leaf_hash(payload) and (row.leaf_stream, row.leaf_seq) == (row.stream, row.seq)
