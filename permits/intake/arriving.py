"""Files that come in pieces: begun, continued, broken off, resumed, finished or forgotten.

The row says how many bytes count (``Upload.offset``). They were forced to disk, and matched their checksum, before it said so; what
stands in the storage beyond them is written over. So a process killed at any moment leaves an upload that goes on from its last
word. One request at a time has the *turn* to write. One that is silent for ``UPLOAD_STALE_SECONDS``, because its process died or its
client went from one network to another, loses it to the next that asks: from then on its bytes go nowhere.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from datetime import timedelta
from threading import Lock
from typing import IO, Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from permits.definition import Definition, Requirement
from permits.intake import incoming_folder, incoming_s3, storage
from permits.intake.blobs import Adoptable, Stored
from permits.intake.folder_blobs import FileBlobs
from permits.intake.inspect import MB, Refused, refuse_size
from permits.intake.tus import Checksum
from permits.models import Application, Material, Upload, User

log = logging.getLogger(__name__)

READ = 128 * 1024  # bytes at a time: what a connection that breaks off loses at most
SAVE_EVERY = 16 * MB  # bytes, or …
SAVE_SECONDS = 2.0  # … seconds, after which what came so far is made to count
ROOM_AFTER = timedelta(minutes=10)  # an upload that stood still for so long makes room for a new one


class Busy(Exception):
    """Another request is writing to the upload."""


class Ended(Exception):
    """The file was taken in or refused, or nobody knows of it any more."""


class Lost(Exception):
    """The storage doesn't have what came; it has to be sent again."""


class WrongChecksum(Exception):
    """What came is not what was sent. Nothing of it counts."""


class TooManyUnderWay(Refused):
    pass


@dataclass
class Turn:
    """The right to write to an upload, until somebody takes it over. ``wrested``: it was taken over from somebody."""

    upload: Upload
    wrested: bool

    def save(self, **values: Any) -> None:
        """Raise ``Busy`` when somebody else has the turn."""
        kept = Upload.objects.filter(pk=self.upload.pk, turn=self.upload.turn, busy=True)
        if not kept.update(**values):
            self.upload.busy = False
            raise Busy
        for name, value in values.items():
            setattr(self.upload, name, value)


class _Digests:
    """What this process has hashed of uploads under way, so that the end need not read all of it again. The next piece that comes to
    this process goes on from there, if nobody else had a turn in between."""

    AT_MOST = 256

    def __init__(self) -> None:
        self.lock, self.kept = Lock(), OrderedDict[tuple[int, int, int], Any]()

    def of(self, turn: Turn) -> Any:
        """The digest of the bytes that count, or None when it isn't known here."""
        upload = turn.upload
        with self.lock:
            known = self.kept.pop((upload.pk, upload.turn - 1, upload.offset), None)
        return hashlib.sha256() if upload.offset == 0 else known

    def keep(self, turn: Turn, digest: Any) -> None:
        with self.lock:
            self.kept[turn.upload.pk, turn.upload.turn, turn.upload.offset] = digest
            while len(self.kept) > self.AT_MOST:
                self.kept.popitem(last=False)


_digests = _Digests()


def begin(*, application: Application, requirement: Requirement, name: str, length: int, user: User) -> Upload:
    """Raise ``Refused`` for a file that is empty or too large, ``TooManyUnderWay``."""
    refuse_size(length, min(requirement.max_mb * MB, settings.UPLOAD_MAX_BYTES))
    now = timezone.now()
    _make_room(user)
    return Upload.objects.create(
        application=application, requirement=requirement.key, name=name[:255], length=length, user=user, moved_at=now,
        expires_at=now + _kept(),
    )  # fmt: skip


def largest(definition: Definition) -> int:
    """How many bytes a file of this service may have."""
    asked = max((requirement.max_mb for requirement in definition.materials), default=0)
    return min(asked * MB, int(settings.UPLOAD_MAX_BYTES))


@contextmanager
def turn_of(upload: Upload) -> Iterator[Turn]:
    """Raise ``Busy``, ``Ended``; ``StorageUnavailable`` as everything that touches the bytes."""
    row: Upload | None = upload
    turn = _take(upload)
    if turn is None:  # it isn't any more as it was read
        row = Upload.objects.filter(pk=upload.pk).first()
        turn = _take(row) if row else None
    if turn is None:
        raise Busy if row and row.finished_at is None else Ended
    row = turn.upload
    try:
        _check_offset(turn)
        yield turn
    finally:
        if row.busy:
            Upload.objects.filter(pk=row.pk, turn=row.turn).update(busy=False)


def _take(row: Upload) -> Turn | None:
    now = timezone.now()
    if row.finished_at or (row.busy and row.moved_at > now - timedelta(seconds=settings.UPLOAD_STALE_SECONDS)):
        return None
    as_read = Upload.objects.filter(pk=row.pk, turn=row.turn, busy=row.busy, offset=row.offset, finished_at=None)
    if not as_read.update(turn=row.turn + 1, busy=True, moved_at=now):
        return None
    turn = Turn(copy(row), wrested=row.busy)
    turn.upload.turn, turn.upload.busy, turn.upload.moved_at = row.turn + 1, True, now
    return turn


def receive(turn: Turn, read: Callable[[int], bytes], length: int, checksum: Checksum | None = None) -> None:
    """Take up to ``length`` bytes from ``read``, which gives none when the connection broke off: what came then counts.

    With a checksum all of it counts or nothing does. Raise ``WrongChecksum``, ``Busy``.
    """
    upload = turn.upload
    summed = checksum.begin() if checksum else None
    whole = _digests.of(turn)
    offset, end = upload.offset, upload.offset + length
    incoming = _incoming()
    with storage.told_clearly(storage.private_storage().where):
        writer = incoming.writer(upload, wrested=turn.wrested)
    try:
        saved_at, saved = time.monotonic(), offset
        while offset < end and (chunk := read(min(READ, end - offset))):
            with storage.told_clearly(storage.private_storage().where):
                writer.write(chunk)
            offset += len(chunk)
            for digest in (summed, whole):
                if digest is not None:
                    digest.update(chunk)
            late = time.monotonic() - saved_at > SAVE_SECONDS
            if late and summed is not None:
                turn.save(moved_at=timezone.now())
                saved_at = time.monotonic()
            elif summed is None and offset < end and (late or offset - saved >= SAVE_EVERY):
                _make_count(turn, writer, offset)
                saved_at, saved = time.monotonic(), offset
        if summed is not None and checksum is not None and (offset < end or summed.digest() != checksum.digest):
            raise WrongChecksum
        known = whole.hexdigest() if whole is not None and offset == upload.length else ""
        over = offset < upload.length  # and with it the turn
        _make_count(turn, writer, offset, sha256=known, busy=not over)
        if whole is not None and not known:
            _digests.keep(turn, whole)
    finally:
        writer.close()


@contextmanager
def whole_file(turn: Turn) -> Iterator[UploadedFile]:
    """The file that came, as ``materials.add_material`` takes it. Raise ``Lost``."""
    upload = turn.upload
    try:
        with storage.told_clearly(storage.private_storage().where, but=FileNotFoundError):
            file = _incoming().open(upload)
    except FileNotFoundError:
        if not (upload.sha256 and storage.exists(upload.sha256)):
            turn.save(offset=0, sha256="", multipart="", parts=[])
            raise Lost from None
        blob = storage.open_blob(upload.sha256)  # killed between keeping the blob and writing its row
        with blob:
            yield UploadedFile(blob, name=upload.name, size=upload.length)
        return
    with file:
        yield Arrived(turn, file)


class Arrived(Adoptable):
    def __init__(self, turn: Turn, file: IO[bytes]) -> None:
        super().__init__(file, name=turn.upload.name, size=turn.upload.length)
        self.turn, self.bytes = turn, file

    def adopt(self) -> Stored:
        upload, file = self.turn.upload, self.bytes
        if not upload.sha256:
            file.seek(0)
            self.turn.save(sha256=storage.digest_of(file).sha256)
        stored = Stored(upload.sha256, upload.length)
        _incoming().adopt(upload, stored, file)
        return stored


def end(turn: Turn, *, material: Material | None, answer: dict[str, Any]) -> None:
    """The file was taken in, or refused: either way its pieces go, and the row keeps what was said."""
    turn.save(
        material=material, answer=answer, finished_at=timezone.now(), expires_at=timezone.now() + _kept(), busy=False
    )
    _drop(turn.upload)


def cancel(upload: Upload) -> None:
    Upload.objects.filter(pk=upload.pk).delete()
    _drop(upload)


def clear() -> int:
    """Forget what expired, and pieces that no row knows of. Return how many rows and pieces went."""
    gone = 0
    for upload in Upload.objects.filter(expires_at__lt=timezone.now()).order_by("expires_at")[:1000]:
        cancel(upload)
        gone += 1
    incoming = _incoming()
    with storage.told_clearly(storage.private_storage().where):
        for public_id in incoming.strays(_kept().total_seconds()):
            if not Upload.objects.filter(public_id=public_id).exists():
                incoming.drop(Upload(public_id=public_id))
                gone += 1
    return gone


def _incoming() -> incoming_folder.Incoming | incoming_s3.Incoming:
    blobs = storage.private_storage()
    return incoming_folder.Incoming(blobs) if isinstance(blobs, FileBlobs) else incoming_s3.Incoming(blobs)


def _kept() -> timedelta:
    return timedelta(hours=settings.UPLOAD_KEPT_HOURS)


def _check_offset(turn: Turn) -> None:
    """The row may say no more than is there, should somebody have tidied up the storage."""
    upload = turn.upload
    if not upload.offset or (upload.is_whole and upload.sha256):
        return
    with storage.told_clearly(storage.private_storage().where):
        there = _incoming().there(upload)
    if there < upload.offset:
        turn.save(offset=there)


def _make_count(turn: Turn, writer: Any, offset: int, **more: Any) -> None:
    """Onto the disk first, then into the row."""
    with storage.told_clearly(storage.private_storage().where):
        writer.make_durable()
    now = timezone.now()
    turn.save(
        offset=offset, moved_at=now, expires_at=now + _kept(), multipart=writer.multipart, parts=writer.parts, **more
    )
    with storage.told_clearly(storage.private_storage().where):
        writer.saved()


def _drop(upload: Upload) -> None:
    """Pieces that can't be dropped now are found as strays later."""
    try:
        with storage.told_clearly(storage.private_storage().where):
            _incoming().drop(upload)
    except storage.StorageUnavailable:
        log.warning("the pieces of upload %s could not be dropped", upload.public_id, exc_info=True)


def _make_room(user: User) -> None:
    under_way = Upload.objects.under_way().filter(user=user)
    if under_way.count() < settings.UPLOADS_UNDER_WAY:
        return
    still = under_way.filter(moved_at__lt=timezone.now() - ROOM_AFTER).order_by("moved_at").first()
    if still is None:
        raise TooManyUnderWay(
            "too_many_under_way", _("Too many files are being uploaded at once. Wait until some of them have arrived.")
        )
    cancel(still)
