"""Rows and blobs of materials, kept together.

A blob is whole in the storage before its row is written, and is thrown away only after the last row that used it is gone.
Killed at any point, a blob without a row may be left, which costs space; never a row without its blob.
"""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from django.db import transaction
from django.utils import timezone

from permits.intake import storage, uses
from permits.intake.blob_lock import lock_blob
from permits.intake.sandbox import Looked
from permits.intake.storage import Stored
from permits.intake.upload import safe_name
from permits.models import Application, Check, Material, MaterialPart

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Part:
    """Something made of a file, in the storage already."""

    kind: str
    page: int
    media_type: str
    stored: Stored
    source: Path | bytes


@dataclass(frozen=True)
class Made:
    """What is kept of a file that was looked into: ``stored`` is the file itself, or what was made of it."""

    looked: Looked
    stored: Stored
    source: Any  # what can be put once more: a path, or the file
    parts: list[Part]

    @property
    def digests(self) -> list[str]:
        return [self.stored.sha256, *(part.stored.sha256 for part in self.parts)]


def made_of(looked: Looked, file: IO[bytes] | Any, stored: Stored | None = None) -> Made:
    """Put into the storage what is to be kept; ``stored`` when the file itself is there already."""
    source = looked.content or file
    if looked.content or stored is None:
        stored = _put(source)
    return Made(looked, stored, source, list(_parts(looked)))


def _parts(looked: Looked) -> Iterator[Part]:
    for page, path in enumerate(looked.thumbs, 1):
        yield Part(MaterialPart.Kind.THUMB, page, "image/jpeg", _put(path), path)
    if any(looked.texts):
        text = json.dumps(looked.texts, ensure_ascii=False).encode()
        yield Part(MaterialPart.Kind.TEXT, 1, "application/json", _put(text), text)


def hold(made: Made) -> None:
    """Nobody throws away what this transaction is about to use; what was thrown away before is put again."""
    sources = {part.stored.sha256: part.source for part in made.parts} | {made.stored.sha256: made.source}
    for sha256 in sorted(sources):  # in one order, or two would wait for each other
        lock_blob(sha256)
        if not storage.exists(sha256):
            _put(sources[sha256])


def write(material: Material, made: Made) -> None:
    """Write the row, new or waiting, and its parts. Within the transaction that has the application's lock, after ``hold``."""
    looked, before = made.looked, material.sha256
    material.sha256, material.size = made.stored.sha256, made.stored.size
    material.media_type, material.facts = looked.media_type, looked.facts
    material.original_name = safe_name(material.original_name, extension=looked.extension)
    material.check_state, material.checked_at, material.check_claimed_until = Check.FINE, timezone.now(), None
    material.verdict = {}
    material.save()
    MaterialPart.objects.bulk_create(
        MaterialPart(
            material=material, kind=part.kind, page=part.page, sha256=part.stored.sha256, media_type=part.media_type,
            size=part.stored.size,
        )
        for part in made.parts
    )  # fmt: skip
    if before and before != material.sha256:
        discard_later([before])


def _put(source: Any) -> Stored:
    if isinstance(source, bytes):
        return storage.put(io.BytesIO(source))
    if isinstance(source, Path):
        with open(source, "rb") as file:
            return storage.put(file)
    source.seek(0)
    return storage.put(source)


# --- Going ---------------------------------------------------------------------------------------------------


def put_aside(application: Application, material: Material) -> None:
    """Gone from a draft, kept on record as replaced in a submitted application; what was never handed in goes anyway."""
    if application.is_draft or material.check_state != Check.FINE:
        gone = [material.sha256, *material.parts.values_list("sha256", flat=True)]
        material.delete()
        discard_later(gone)
        return
    material.replaced_at = timezone.now()
    material.save(update_fields=["replaced_at"])


def discard_later(digests: Iterable[str]) -> None:
    """When the transaction has come to its end, and only then."""
    for sha256 in set(digests):
        # A plain function: Django names a robust one that fails, and a partial has no name.
        transaction.on_commit(lambda sha256=sha256: discard(sha256), robust=True)  # type: ignore[misc]


def discard(sha256: str) -> None:
    """Delete the blob unless a row uses it."""
    with transaction.atomic():
        lock_blob(sha256)
        if uses.is_used(sha256):
            return
        try:
            storage.delete_blob(sha256)
        except storage.StorageUnavailable:
            log.warning("blob %s is not used any more and could not be deleted", sha256, exc_info=True)


@contextmanager
def discarded_when_refused(digests: Iterable[str]) -> Iterator[None]:
    """What was put into the storage before it turned out that it may not be kept."""
    try:
        yield
    except Exception:
        for sha256 in digests:
            discard(sha256)
        raise


def locked(application: Application) -> Application:
    return Application.objects.select_for_update(of=("self",)).select_related("version").get(pk=application.pk)
