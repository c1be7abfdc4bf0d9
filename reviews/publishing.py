"""Publish an edition of a service, or put an earlier one in force again; each is recorded in the audit log."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from permits import comparing, definition_file, edition_files
from permits.models import Application, EditionDraft, Service, ServiceVersion, Status, User
from reviews import roles
from reviews.audit import log


@dataclass(frozen=True)
class Published:
    version: ServiceVersion
    new: bool  # False: this very text is the edition in force already


@transaction.atomic
def publish(
    source: str, *, name: str = "definition", by: User | None = None, role: str = "ops", folder: Path | None = None,
    files_of: EditionDraft | None = None,
) -> Published:  # fmt: skip
    """``folder``: where the files lie that the definition names, if it isn't one that ships; or ``files_of``, the draft that they were uploaded for.

    Raise ``DefinitionError`` with every fault, its line and key, and publish nothing; ``StorageUnavailable``.
    """
    checked = definition_file.parse(source, name=name)
    digest = hashlib.sha256(source.encode()).hexdigest()
    Service.objects.get_or_create(slug=checked.slug)
    # The edition in force is read once the row is held, by a statement of its own: joined to a row that was waited for,
    # PostgreSQL gives none where another was published meanwhile.
    service = Service.objects.select_for_update().get(slug=checked.slug)
    files = edition_files.find(source, checked, name=name, folder=folder, in_force=service.current, draft=files_of)
    if service.current and service.current.digest == digest and _same_files(service.current, files):
        return Published(service.current, new=False)
    latest = service.versions.order_by("-edition").values_list("edition", flat=True).first() or 0
    version = ServiceVersion(
        service=service, edition=latest + 1, source=source, document=checked.model_dump(mode="json"), digest=digest,
        published_by=by,
    )  # fmt: skip
    version.save(force_insert=True)
    edition_files.keep(version, files)
    before = str(service.current.edition) if service.current else ""  # after a rollback not the latest
    service.current = version
    service.save(update_fields=["current"])
    log.record(
        action="service_published", actor=by, role=role, at=timezone.now(), stream=f"service:{service.slug}",
        before=before, after=str(version.edition), data={"digest": digest, **_of_files(files)},
    )  # fmt: skip
    return Published(version, new=True)


def _same_files(version: ServiceVersion, files: list[edition_files.Found]) -> bool:
    return set(version.files.values_list("name", "sha256")) == {(file.name, file.sha256) for file in files}


def _of_files(files: list[edition_files.Found]) -> dict[str, dict[str, str]]:
    return {"files": {file.name: file.sha256 for file in files}} if files else {}


@transaction.atomic
def roll_back(service_id: int, *, edition: int, by: User | None, reason: str) -> ServiceVersion:
    """Put an earlier edition in force for new applications. Those begun with another one stay on theirs.

    Raise ``ValueError`` without a reason, ``ServiceVersion.DoesNotExist`` for an edition that never was.
    """
    if not reason.strip():
        raise ValueError(_("Say why an earlier edition is put in force again."))
    service = Service.objects.select_for_update().get(pk=service_id)
    version = service.versions.get(edition=edition)
    if service.current_id == version.pk:
        return version
    before = str(service.current.edition) if service.current else ""
    service.current = version
    service.save(update_fields=["current"])
    log.record(
        action="service_rolled_back", actor=by, role=roles.acting_as(by), at=timezone.now(), stream=f"service:{service.slug}",
        before=before, after=str(version.edition), reason=reason.strip(), data={"digest": version.digest},
    )  # fmt: skip
    return version


@dataclass(frozen=True)
class Preview:
    """What publishing would mean: the differences, and the drafts that lose an answer if they are carried over."""

    slug: str
    current: ServiceVersion | None
    changes: list[comparing.Change]
    drafts: int
    losing: dict[str, int]  # field: how many drafts said something there that would no longer fit
    files: list[str]  # those that it names and that differ from the edition in force, or are new


def preview(
    source: str, *, name: str = "definition", folder: Path | None = None, files_of: EditionDraft | None = None
) -> Preview:
    """Raise ``DefinitionError`` for faults. Changes nothing."""
    newer = definition_file.parse(source, name=name)
    service = Service.objects.filter(slug=newer.slug).select_related("current").first()
    in_force = service.current if service else None
    files = edition_files.find(source, newer, name=name, folder=folder, in_force=in_force, draft=files_of)
    if service is None or service.current is None:
        return Preview(newer.slug, None, [], 0, {}, [file.name for file in files])
    before = dict(service.current.files.values_list("name", "sha256"))
    changed = [file.name for file in files if before.get(file.name) != file.sha256]
    drafts = Application.objects.filter(version__service=service, status=Status.DRAFT, discarded_at=None)
    drafts = drafts.select_related("version")
    losing: dict[str, int] = {}
    count = 0
    for draft in drafts.iterator(chunk_size=500):
        count += 1
        _kept, left = comparing.carry(draft.answers, draft.definition, newer)
        for leftover in left:
            losing[leftover.key] = losing.get(leftover.key, 0) + 1
    return Preview(
        newer.slug, service.current, comparing.changes(service.current.definition, newer), count, losing, changed
    )
