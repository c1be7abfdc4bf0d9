"""The document of authority (授权书) of an agent: looked into like every upload, and kept once with the authorisation."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from permits.definition import Requirement
from permits.intake import keeping, sandbox, scanner, storage
from permits.intake.blob_lock import lock_blob
from permits.intake.inspect import MB, refuse_size
from permits.intake.upload import safe_name
from permits.models import Membership

ASKED = Requirement.model_validate({
    "key": "authority", "title": {"zh": "授权书", "en": "Document of authority"}, "formats": ["pdf", "jpg", "png"], "max_mb": 10,
})  # fmt: skip


@dataclass(frozen=True)
class Document:
    """What is in the storage already; ``source`` can be put once more."""

    sha256: str
    size: int
    media_type: str
    name: str
    source: Any


@contextmanager
def looked_into(upload: UploadedFile) -> Iterator[Document]:
    """Raise ``Refused`` for a file that can't be taken, ``scanner.Down`` where nobody can say, ``StorageUnavailable``."""
    refuse_size(upload.size or 0, ASKED.max_mb * MB)
    scanner.scan(upload)
    try:
        with sandbox.looked_into(upload, name=upload.name or "", requirement=ASKED) as looked:
            made = keeping.made_of(looked, upload)
            with keeping.discarded_when_refused(made.digests):
                name = safe_name(upload.name or "", extension=looked.extension)
                yield Document(made.stored.sha256, made.stored.size, looked.media_type, name, made)
                _without_parts(made)
    except sandbox.Failed as error:
        raise sandbox.unreadable() from error


def _without_parts(made: keeping.Made) -> None:
    """Small pictures and texts are made for the reviewers' viewer, where this document isn't."""
    for part in made.parts:
        keeping.discard(part.stored.sha256)


def keep(membership: Membership, document: Document) -> None:
    """In the place of what was there, within the transaction of the step."""
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("a document is kept within a step")
    lock_blob(document.sha256)
    if not storage.exists(document.sha256):  # thrown away by another request since
        keeping.hold(document.source)
    before = membership.document_sha256
    membership.document_sha256, membership.document_size = document.sha256, document.size
    membership.document_type, membership.document_name = document.media_type, document.name
    membership.save(update_fields=["document_sha256", "document_size", "document_type", "document_name"])
    if before and before != document.sha256:
        keeping.discard_later([before])
