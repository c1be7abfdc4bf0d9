"""Is the whole log what it was? Chains, leaves, tree, checkpoints, times, and the tables that the events tell of.

Read as a stream, twice: the events by their streams, then the leaves by their index. What is found is told in words,
with the application's number and the event's: the most precise first, of these the earliest in the tree.
"""

from __future__ import annotations

import gc
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from permits.models import Application
from reviews.audit import archive, chains, checkpoints, merkle, replay, talks, tree
from reviews.audit.snapshot import snapshot
from reviews.models import Archive, ArchivedStream, Checkpoint, Event, Leaf, SealState

MINUTES_APART = timedelta(minutes=5)  # of two machines' clocks, and of a step that took long
LATEST = timedelta(hours=1)  # by then everything is sealed, or sealing stands still
AT_ONCE = 500  # applications whose tables are read together
KEPT = 1000  # faults that are told; the others are counted
NAMED = 8  # events of a range of leaves that are named
UNSEALED = 2**61  # events that are not in the tree stand behind it, in their order
NOWHERE = 2**62  # a fault that has no place in the tree stands behind those that have one
# What names one event is told before what names a range of leaves, and that before what the tables say.
EVENT, TREE, TABLES = 1, 2, 3


@dataclass(frozen=True, order=True)
class Fault:
    kind: int
    place: int  # the leaf's index, or NOWHERE
    found: int  # in which order
    words: str


@dataclass
class Report:
    events: int = 0
    leaves: int = 0
    checkpoints: int = 0
    unsealed: int = 0
    faults: list[Fault] = field(default_factory=list)
    more: int = 0  # faults beyond those kept

    def add(self, kind: int, place: int | None, words: str) -> None:
        found = len(self.faults)
        if found < KEPT:
            self.faults.append(Fault(kind, NOWHERE if place is None else place, found, words))
        else:
            self.more += 1

    @property
    def first(self) -> Fault | None:
        return min(self.faults, default=None)


def verify(
    *,
    since: Checkpoint | None = None,
    against: list[str] | None = None,
    progress: Callable[[int], Any] = lambda _n: None,
) -> Report:
    """Verify the log, or what was sealed since a checkpoint, and the witnessed notes ``against`` it.

    ``progress`` is told how many events and leaves were read since it was last told.
    """
    report = Report()
    with snapshot(), _collecting_only_what_is_new():
        _Chains(report, since, progress).run()
        _Leaves(report, since, progress).run()
        for words in talks.faults():
            report.add(TABLES, None, words)
        for note in against or []:
            _witnessed(report, note)
    report.faults.sort()
    return report


@contextmanager
def _collecting_only_what_is_new() -> Iterator[None]:
    """Millions of rows pass by; without this the garbage collector would look through all of Django again and again."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def to_read(since: Checkpoint | None) -> int:
    """About how many events and leaves ``verify`` is going to read."""
    if since:
        return 2 * (Leaf.objects.count() - since.size)
    return Event.objects.count() + Leaf.objects.count()


def checkpoint_before(*, size: int | None = None, at: datetime | None = None) -> Checkpoint | None:
    """The last checkpoint that is not larger, or not later; ``None`` when all are."""
    found = Checkpoint.objects.filter(size__lte=size) if at is None else Checkpoint.objects.filter(at__lte=at)
    return found.order_by("-size").first()


def named(stream: str) -> str:
    """A stream as people call it: an application by its number."""
    if not stream.startswith(replay.PREFIX):
        return stream
    public_id = stream.removeprefix(replay.PREFIX)
    number = Application.objects.filter(public_id=public_id).values_list("number", flat=True).first()
    return f"application {number or public_id}"


class _Chains:
    """Each stream's events follow each other, say what their columns and leaves say, and lead to what the tables say."""

    def __init__(self, report: Report, since: Checkpoint | None, progress: Callable[[int], Any]) -> None:
        self.report, self.since, self.progress = report, since, progress
        self.sealed_to = SealState.objects.filter(pk=1).values_list("sealed_to", flat=True).first() or 0
        self.now = timezone.now()
        self.sizes, self.times = array("q"), array("d")
        for size, at in Checkpoint.objects.order_by("size").values_list("size", "at").iterator(chains.CHUNK):
            self.sizes.append(size)
            self.times.append((at - MINUTES_APART).timestamp())
        self.told: list[replay.Story] = []
        self.people = chains.People()

    def run(self) -> None:
        stream, seq, prev_hash, last_leaf = "", 0, "", -1
        story: replay.Story | None = None
        stands = True
        for row in self._rows():
            if row.stream != stream:
                self._end(story)
                stream, seq, prev_hash, last_leaf, stands = row.stream, 0, "", -1, True
                of_application = stream.startswith(replay.PREFIX)
                story = replay.Story(stream.removeprefix(replay.PREFIX)) if of_application else None
            self._count()
            seq += 1
            fault, body = chains.broken(row, seq, prev_hash)
            if stands and fault:
                self._add(row, fault)
            elif stands:
                self._place(row, last_leaf)
            if fault:  # what follows from it is not told again
                stands = False
            if story and (said := story.hear(row, body)) and stands:
                self._add(row, said)
            seq, prev_hash = row.seq, row.hash
            last_leaf = row.leaf if row.leaf is not None else last_leaf
        self._end(story)
        self._compare()
        self.progress(self.report.events % chains.CHUNK)
        if self.since is None:
            for public_id in replay.without_events():
                self.report.add(
                    TABLES, None, f"{named(replay.PREFIX + public_id)}: it was filed, and has no event 1, nor any other"
                )

    def _rows(self) -> Iterator[chains.Row]:
        """From the database, then from the archives, each stream whole: one that went on after it was archived is both."""
        events = self._events()
        went_on = set(
            ArchivedStream.objects.filter(Exists(events.filter(stream=OuterRef("stream")))).values_list(
                "stream", flat=True
            )
        )
        yield from chains.rows(events.exclude(stream__in=went_on))
        files = Archive.objects.order_by("pk")
        for file in files if self.since is None else files.filter(streams__in=went_on).distinct():
            yield from self._archived(file, went_on)

    def _archived(self, file: Archive, went_on: set[str]) -> Iterator[chains.Row]:
        found: dict[str, int] = {}
        try:
            for stream, rows in groupby(archive.rows(file), attrgetter("stream")):
                if self.since is not None and stream not in went_on:
                    continue
                for row in rows:
                    found[stream] = row.seq
                    yield row
                if stream in went_on:
                    yield from chains.rows(Event.objects.filter(stream=stream))
        except archive.NotArchived as error:
            first = file.streams.order_by("stream").first()
            names = f"{named(first.stream)}, events 1 to {first.last_seq}, and others" if first else "nothing"
            self.report.add(TREE, None, f"{error}; in it were {names}")
            return
        wanted = file.streams.all() if self.since is None else file.streams.filter(stream__in=went_on)
        for each in wanted.iterator(chains.CHUNK):
            if found.get(each.stream) != each.last_seq:
                self.report.add(EVENT, None, f"{named(each.stream)}: event {each.last_seq} and those before it were archived in "
                                             f"{file.name}, which ends with event {found.get(each.stream, 0)}")  # fmt: skip

    def _events(self) -> QuerySet[Event]:
        if self.since is None:
            return Event.objects.all()
        sealed = Leaf.objects.filter(index__gte=self.since.size).order_by().values("stream")
        waiting = Event.objects.filter(pk__gt=self.sealed_to).order_by().values("stream")
        return Event.objects.filter(stream__in=sealed.union(waiting))

    def _count(self) -> None:
        self.report.events += 1
        if self.report.events % chains.CHUNK == 0:
            self.progress(chains.CHUNK)

    def _place(self, row: chains.Row, last_leaf: int) -> None:
        """Where it is in the tree, and whether its time fits that."""
        if row.leaf is None:
            self.report.unsealed += 1
            if row.pk <= self.sealed_to or row.at < self.now - LATEST:
                self._add(row, f"event {row.seq} of {row.at:%Y-%m-%d %H:%M:%S} UTC is not in the tree: "
                               "sealing stands still, or the tree was cut back")  # fmt: skip
            return
        if row.leaf <= last_leaf:
            self._add(row, f"event {row.seq} stands before event {row.seq - 1} in the tree")
        before = bisect_right(self.sizes, row.leaf) - 1
        if before >= 0 and row.at.timestamp() < self.times[before]:
            self._add(row, f"event {row.seq} is dated {row.at:%Y-%m-%d %H:%M:%S} UTC, and was sealed behind checkpoint "
                           f"{self.sizes[before]}, which is later: a clock was turned back, or it was dated back")  # fmt: skip

    def _end(self, story: replay.Story | None) -> None:
        if story is None:
            return
        self.told.append(story)
        if len(self.told) >= AT_ONCE:
            self._compare()

    def _compare(self) -> None:
        for public_id, seq, words in replay.differences(self.told, self.people):
            stream = replay.PREFIX + public_id
            leaf = Leaf.objects.filter(event__stream=stream, event__seq=seq).values_list("index", flat=True).first()
            self.report.add(TABLES, leaf, f"{named(stream)}, event {seq}: {words}")
        self.told = []

    def _add(self, row: chains.Row, words: str) -> None:
        self.report.add(EVENT, UNSEALED + row.pk if row.leaf is None else row.leaf, f"{named(row.stream)}: {words}")


class _Leaves:
    """The leaves make the nodes that are stored and the trees that are signed; no event of theirs is gone."""

    def __init__(self, report: Report, since: Checkpoint | None, progress: Callable[[int], Any]) -> None:
        self.report, self.progress = report, progress
        self.size, self.peaks = (since.size, since.hashes) if since else (0, [])
        self.good_to = self.size  # everything up to here is what was signed
        self.begins_with = since

    def run(self) -> None:
        start = self.size
        self._gone(start)
        if self.begins_with:
            self._check(self.begins_with, None)
        signed = iter(Checkpoint.objects.filter(size__gt=start).order_by("size").iterator(chains.CHUNK))
        before, following = self.begins_with, next(signed, None)
        for index, stored in self._leaves(start):
            if index != self.size:
                self.report.add(TREE, self.size, f"leaf {self.size} is missing from the tree, {_near(self.size)}")
                return
            made = merkle.append(self.peaks, self.size, stored[: merkle.WIDTH])
            if b"".join(made) != stored:
                self.report.add(
                    TREE, index, f"leaf {index} keeps other nodes than follow from the leaves, {_near(index)}"
                )
            self.size += 1
            if following and following.size == self.size:
                self._check(following, before)
                before, following = following, next(signed, None)
            if self.size % chains.CHUNK == 0:
                self.progress(chains.CHUNK)
        self.progress(self.size % chains.CHUNK)
        self.report.leaves = self.size
        if following:
            self.report.add(TREE, self.size, f"checkpoint {following.size} was signed, and the tree has only {self.size} leaves: "
                                       f"the newest were dropped, {_near(self.size)}")  # fmt: skip
        elif self.size > (before.size if before else 0):
            behind = before.size if before else 0
            self.report.add(TREE, behind, f"no checkpoint covers the leaves from {behind} on, {_near(behind)}")

    def _leaves(self, start: int) -> Iterator[tuple[int, bytes]]:
        leaves = Leaf.objects.filter(index__gte=start).order_by("index").values_list("index", "hashes")
        return ((index, bytes(hashes)) for index, hashes in leaves.iterator(chains.CHUNK))

    def _gone(self, start: int) -> None:
        there = Exists(Event.objects.filter(pk=OuterRef("event_id")))
        archived = Exists(ArchivedStream.objects.filter(stream=OuterRef("stream"), last_seq__gte=OuterRef("seq")))
        for leaf in Leaf.objects.filter(~there, ~archived, index__gte=start).iterator(chains.CHUNK):
            self.report.add(
                EVENT,
                leaf.index,
                f"{named(leaf.stream)}, event {leaf.seq}: it was sealed (leaf {leaf.index}), and is missing",
            )

    def _check(self, checkpoint: Checkpoint, before: Checkpoint | None) -> None:
        """Signed by a known key, over these very leaves, and later than the one before."""
        self.report.checkpoints += 1
        size, root = checkpoint.size, merkle.root(self.peaks)
        try:
            note = checkpoints.read(checkpoint.note)
        except checkpoints.BadNote as error:
            self.report.add(
                TREE, self.good_to, f"checkpoint {size} is not this log's: {error}, {_among(self.good_to, size)}"
            )
            return
        if (note.size, note.root) != (size, root) or checkpoint.root != root or checkpoint.hashes != self.peaks:
            self.report.add(TREE, self.good_to, f"the tree is not what checkpoint {size} signed: leaves were changed "
                                          f"{_among(self.good_to, size)}")  # fmt: skip
        elif (note.at, note.key_id) != (checkpoint.at, checkpoint.key_id):
            self.report.add(
                TREE, size - 1, f"checkpoint {size} says another time or key than was signed, {_near(size - 1)}"
            )
        if before and checkpoint.at < before.at:
            self.report.add(TREE, size - 1, f"checkpoint {size} was signed before checkpoint {before.size}, at "
                                      f"{checkpoint.at:%Y-%m-%d %H:%M:%S} UTC: a clock was turned back, {_near(size - 1)}")  # fmt: skip
        self.good_to = size


def _witnessed(report: Report, text: str) -> None:
    """Whether the log begins with the tree that another office saw."""
    try:
        note = checkpoints.read(text)
    except checkpoints.BadNote as error:
        report.add(TREE, None, f"what the witness keeps is not this log's: {error}")
        return
    last = Checkpoint.objects.order_by("-size").first()
    size = last.size if last else 0
    if note.size > size:
        report.add(TREE, size, f"the witness saw {note.size} leaves, and here are {size}: the log was cut back, "
                         f"{_near(size)}")  # fmt: skip
        return
    if not last or not note.size:
        return
    try:
        proof = tree.consistency_proof(note.size, size)
        holds = merkle.verify_consistency(note.size, note.root, size, last.root, proof)
    except LookupError:
        holds = False
    if not holds:
        behind = checkpoint_before(size=note.size - 1)
        report.add(TREE, behind.size if behind else 0,
                   f"the log does not begin with the {note.size} leaves that the witness saw: it was rewritten "
                   f"{_among(0, note.size)}")  # fmt: skip


def _near(index: int) -> str:
    """The event at a leaf, or the last one before it, in words."""
    leaf = Leaf.objects.filter(index__lte=index).order_by("-index").first()
    if leaf is None:
        return "at the very beginning"
    return f"{'at' if leaf.index == index else 'behind'} {named(leaf.stream)}, event {leaf.seq}"


def _among(start: int, end: int) -> str:
    """The events of a range of leaves, in words: the first few by name."""
    leaves = list(Leaf.objects.filter(index__gte=start, index__lt=end).order_by("index")[: NAMED + 1])
    names = "; ".join(f"{named(leaf.stream)}, event {leaf.seq}" for leaf in leaves[:NAMED])
    return f"among leaves {start} to {end - 1} ({names}{' …' if len(leaves) > NAMED else ''})"
