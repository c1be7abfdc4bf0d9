"""The tree over the audit log: its leaves, its checkpoints, and where sealing has got to."""

from __future__ import annotations

from django.db import models

from permits.models import Application
from reviews.models.event import Event

WIDTH = 32  # bytes of a hash


class Leaf(models.Model):
    """One sealed event. Its leaf data are the bytes of ``Event.payload``, exactly."""

    index = models.BigIntegerField(primary_key=True)
    # No constraint: an archived event's row goes, its leaf stays.
    event = models.OneToOneField(Event, models.DO_NOTHING, related_name="leaf", db_constraint=False)
    # Which event that is, said where its row may be gone: archived, or dropped by somebody who should not.
    stream = models.CharField(max_length=60)
    seq = models.PositiveIntegerField()
    # The nodes that this leaf completed, from its own hash upwards, 32 bytes each (``merkle.append``): a tree of n leaves
    # keeps fewer than 2n hashes, and every complete subtree is found at its last leaf.
    hashes = models.BinaryField()

    class Meta:
        ordering = ["index"]

    def __str__(self) -> str:
        return f"leaf {self.index}: {self.stream} #{self.seq}"

    @property
    def hash(self) -> bytes:
        return bytes(self.hashes[: WIDTH])


class Checkpoint(models.Model):
    """The tree at a size, signed. ``note`` is what is published: a C2SP tlog-checkpoint."""

    size = models.BigIntegerField(primary_key=True)
    peaks = models.BinaryField()  # the hashes of ``merkle.nodes_over(0, size)``, from which the root is folded
    root_hash = models.BinaryField()
    note = models.TextField()
    key_id = models.CharField(max_length=8)  # as in the note's signature line, in hex
    at = models.DateTimeField()  # whole seconds, as the note says

    class Meta:
        ordering = ["size"]
        indexes = [models.Index(fields=["at"], name="checkpoint_by_time")]

    def __str__(self) -> str:
        return f"checkpoint at {self.size}"

    @property
    def hashes(self) -> list[bytes]:
        return [bytes(self.peaks[at : at + WIDTH]) for at in range(0, len(self.peaks), WIDTH)]

    @property
    def root(self) -> bytes:
        return bytes(self.root_hash)


class SealState(models.Model):
    """One row: how far sealing has got, and the lock of the one who seals. See ``reviews.audit.unsealed``."""

    sealed_to = models.BigIntegerField(default=0)  # every event up to this id is sealed, or will never be there
    seen_to = models.BigIntegerField(default=0)  # the same for this one, once …
    seen_xid = models.BigIntegerField(default=0)  # … every transaction before this one has ended (PostgreSQL)

    def __str__(self) -> str:
        return f"sealed to event {self.sealed_to}"


class Archive(models.Model):
    """A file of events of closed applications in the storage; their rows are gone, their leaves stay."""

    name = models.CharField(max_length=80, unique=True)  # in the storage of AUDIT_ARCHIVE_URL
    year = models.PositiveSmallIntegerField()
    sha256 = models.CharField(max_length=64)
    events = models.PositiveIntegerField()
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class ArchivedStream(models.Model):
    """The events of a stream up to ``last_seq`` are in an archive: what lets ``reviews_event``'s trigger delete their rows.

    What happens to the application later, such as that its permit is revoked, is in the database again.
    """

    stream = models.CharField(max_length=60, primary_key=True)
    application = models.OneToOneField(Application, models.PROTECT, related_name="archived")
    archive = models.ForeignKey(Archive, models.PROTECT, related_name="streams")
    last_seq = models.PositiveIntegerField()

    def __str__(self) -> str:
        return self.stream
