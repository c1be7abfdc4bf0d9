"""Rows and blobs side by side: what is lost, damaged, or left over.

Both come in the order of the digests, so however many there are, a few thousand are in memory. What is met while others work
is asked again before it is called a fault: a row may have gone with its blob, or a blob may have come with its row.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from permits.intake import faults, mending, reading, storage, uses
from permits.intake.blob_lock import lock_blob
from permits.intake.blobs import Found, is_digest
from permits.intake.uses import Needed
from permits.models import StorageFault

GRACE = timedelta(hours=24)  # an upload under way, whose row is still to be written, is younger than that
EXAMPLES = 100
AT_MOST = 10_000  # faults that are looked at again, whatever else is read


@dataclass
class Tally:
    """What was seen. ``said`` holds the first of the findings, in words for ops."""

    needed: int = 0
    blobs: int = 0
    read: int = 0
    lost: int = 0
    damaged: int = 0
    orphans: int = 0
    leftovers: int = 0
    mended: int = 0
    removed: int = 0
    new: int = 0  # faults that nobody knew of
    said: list[str] = field(default_factory=list)
    after: str = ""  # the last digest that was dealt with

    def say(self, words: str) -> None:
        if len(self.said) < EXAMPLES:
            self.said.append(words)

    @property
    def faulty(self) -> bool:
        return bool(self.lost or self.damaged)


@dataclass(frozen=True)
class How:
    """``read``: of the blobs that rows need, hash ``all``, none, or so many of them by lot."""

    read: str | int = "all"
    repair: bool = False
    grace: timedelta = GRACE
    ends: float | None = None  # time.monotonic(): what isn't done by then is left
    tell: Callable[[Tally], None] = lambda tally: None


def look(how: How, *, after: str = "", until: str = "") -> Tally:
    """Go through the blobs between two digests. Raise ``StorageUnavailable`` when that can't be done."""
    tally, known = Tally(after=after), _known_faults()
    lot: list[str] = []
    for needed, blob in side_by_side(uses.needed(after, until), storage.listed(after, until)):
        sha256 = needed.sha256 if needed else blob.sha256 if blob else ""
        tally.needed += needed is not None
        tally.blobs += blob is not None
        if needed is None and blob is not None:
            _orphan(blob, how, tally)
        elif needed is not None and blob is None:
            _lost(needed, how, tally)
        elif needed is not None and blob is not None:
            if how.read == "all" or sha256 in known or needed.size not in (0, blob.size):
                _read(needed, how, tally, known)
            elif isinstance(how.read, int):
                _cast(lot, sha256, how.read, tally.blobs)
        tally.after = sha256
        how.tell(tally)
        if how.ends is not None and time.monotonic() > how.ends:
            return tally
    for sha256 in sorted(lot):
        _read(Needed(sha256, 0, ""), how, tally, known)
        how.tell(tally)
    if not after and not until:
        _leftovers(how, tally)
    tally.after = ""
    return tally


def side_by_side(needed: Iterator[Needed], blobs: Iterator[Found]) -> Iterator[tuple[Needed | None, Found | None]]:
    """Both in the order of their digests: what goes together, together."""
    row, blob = next(needed, None), next(blobs, None)
    while row or blob:
        if blob is None or (row and row.sha256 < blob.sha256):
            yield row, None
            row = next(needed, None)
        elif row is None or blob.sha256 < row.sha256:
            yield None, blob
            blob = next(blobs, None)
        else:
            yield row, blob
            row, blob = next(needed, None), next(blobs, None)


def _known_faults() -> set[str]:
    """Those that were found before; what no row needs any more is none."""
    known = set(StorageFault.objects.order_by("pk").values_list("sha256", flat=True)[:AT_MOST])
    for sha256 in [each for each in known if not uses.is_used(each)]:
        faults.mended(sha256)
        known.remove(sha256)
    return known


def _lost(needed: Needed, how: How, tally: Tally) -> None:
    came = is_digest(needed.sha256) and storage.exists(needed.sha256)
    if came or not uses.is_used(needed.sha256):
        return  # or its row went, since it was listed
    _fault(needed, "lost", how, tally)


def _read(needed: Needed, how: How, tally: Tally, known: set[str]) -> None:
    tally.read += 1
    try:
        reading.opened(needed.sha256).close()
    except reading.Damaged as fault:
        if uses.is_used(needed.sha256):
            _fault(needed, "lost" if fault.lost else "damaged", how, tally)
        return
    if needed.sha256 in known:
        faults.mended(needed.sha256)


def _fault(needed: Needed, kind: str, how: How, tally: Tally) -> None:
    if how.repair and mending.mend(needed.sha256):
        tally.mended += 1
        tally.say(f"mended   {needed.sha256}  {needed.by}: it was {kind}, and was made anew")
        faults.mended(needed.sha256)
        return
    tally.lost += kind == "lost"
    tally.damaged += kind == "damaged"
    tally.new += faults.found(needed.sha256, kind, needed.by)
    tally.say(f"{kind:8} {needed.sha256}  {needed.by}")


def _orphan(blob: Found, how: How, tally: Tally) -> None:
    if _young(blob.modified, how) or uses.is_used(blob.sha256):
        return
    tally.orphans += 1
    tally.say(f"orphan   {blob.sha256}  {blob.size} bytes, {blob.modified:%Y-%m-%d %H:%M} UTC, no row needs it")
    if not how.repair:
        return
    with transaction.atomic():
        lock_blob(blob.sha256)
        # Under the lock, anew: it may have got a row, or be written again for one that is to come.
        with suppress(FileNotFoundError):
            if not uses.is_used(blob.sha256) and not _young(storage.stat(blob.sha256).modified, how):
                storage.delete_blob(blob.sha256)
                tally.removed += 1


def _leftovers(how: How, tally: Tally) -> None:
    for left in storage.leftovers():
        if _young(left.modified, how):
            continue
        tally.leftovers += 1
        whose = "an upload that broke off" if left.ours else "no blob: somebody put it there, remove it by hand"
        tally.say(f"leftover {left.name}  {left.size} bytes, {left.modified:%Y-%m-%d %H:%M} UTC, {whose}")
        if how.repair and left.ours:
            storage.drop(left)
            tally.removed += 1


def _young(modified: datetime, how: How) -> bool:
    return modified > timezone.now() - how.grace


def _cast(lot: list[str], sha256: str, size: int, seen: int) -> None:
    """Each of the blobs seen so far is in the lot with the same chance (reservoir sampling)."""
    if len(lot) < size:
        lot.append(sha256)
    elif (place := random.randrange(seen)) < size:  # noqa: S311 - no secret
        lot[place] = sha256
