"""Put what waits into the tree and sign it: one sealer at a time, each batch one transaction with its checkpoint."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from django.db import connection, transaction
from django.utils import timezone

from reviews.audit import checkpoints, merkle, unsealed
from reviews.models import Checkpoint, Leaf, SealState

logger = logging.getLogger(__name__)
BATCH = 5000  # on SQLite nobody else writes meanwhile: a third of a second


def seal(
    *, wait: bool = True, progress: Callable[[int], object] = lambda _done: None, now: datetime | None = None
) -> int:
    """Seal every event that waits; return how many. ``progress`` is told of each batch.

    Safe to call at any time from anywhere: a second sealer waits for the row of the first; without ``wait`` it leaves the work
    to the first, where the engine can tell (PostgreSQL).
    """
    if not waits():
        return 0
    total, after, final = 0, -1, 0
    while True:
        seen = unsealed.newest()
        with transaction.atomic():
            state = _locked(wait)
            if state is None:
                return total
            if after < 0:
                after, final = state.sealed_to, unsealed.final_to(state, seen)
            rows = unsealed.waiting(after, BATCH)
            if rows:
                _append(rows, now)
                after = rows[-1][0]
            if len(rows) < BATCH or after >= final:
                state.sealed_to = max(state.sealed_to, final)
            state.save()
        total += len(rows)
        progress(len(rows))
        if len(rows) < BATCH:
            return total


def waits() -> bool:
    """Whether there may be something to seal: a look at the end of the log."""
    sealed_to = SealState.objects.filter(pk=1).values_list("sealed_to", flat=True).first() or 0
    return unsealed.newest() > sealed_to


def _locked(wait: bool) -> SealState | None:
    SealState.objects.get_or_create(pk=1)
    skip = not wait and connection.features.has_select_for_update_skip_locked
    return SealState.objects.select_for_update(skip_locked=skip).filter(pk=1).first()


def _append(rows: list[unsealed.Row], now: datetime | None) -> None:
    """The next leaves, and the checkpoint behind them."""
    last = Checkpoint.objects.order_by("-size").first()
    size, peaks = (last.size, last.hashes) if last else (0, [])
    leaves = []
    for event, stream, seq, payload in rows:
        hashes = b"".join(merkle.append(peaks, size, merkle.leaf_hash(payload.encode())))
        leaves.append(Leaf(index=size, event_id=event, stream=stream, seq=seq, hashes=hashes))
        size += 1
    Leaf.objects.bulk_create(leaves)
    at = (now or timezone.now()).replace(microsecond=0)
    if last and at < last.at:
        logger.error("the clock says %s, and the last checkpoint was signed at %s: it was turned back", at, last.at)
    root = merkle.root(peaks)
    note, key_id = checkpoints.sign(size, root, at)
    Checkpoint.objects.create(size=size, peaks=b"".join(peaks), root_hash=root, note=note, key_id=key_id, at=at)
