"""Publish an edition of a service, or put an earlier one in force again; each is recorded in the audit log."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from permits import comparing, definition_file
from permits.models import Application, Service, ServiceVersion, Status, User
from reviews import roles
from reviews.audit import log


@dataclass(frozen=True)
class Published:
    version: ServiceVersion
    new: bool  # False: this very text is the edition in force already


@transaction.atomic
def publish(source: str, *, name: str = "definition", by: User | None = None, role: str = "ops") -> Published:
    """Raise ``DefinitionError`` with every fault, its line and key, and publish nothing."""
    checked = definition_file.parse(source, name=name)
    digest = hashlib.sha256(source.encode()).hexdigest()
    Service.objects.get_or_create(slug=checked.slug)
    service = Service.objects.select_for_update(of=("self",)).select_related("current").get(slug=checked.slug)
    if service.current and service.current.digest == digest:
        return Published(service.current, new=False)
    latest = service.versions.order_by("-edition").values_list("edition", flat=True).first() or 0
    version = ServiceVersion(
        service=service, edition=latest + 1, source=source, document=checked.model_dump(mode="json"), digest=digest,
        published_by=by,
    )  # fmt: skip
    version.save(force_insert=True)
    service.current = version
    service.save(update_fields=["current"])
    log.record(
        action="service_published", actor=by, role=role, at=timezone.now(), stream=f"service:{service.slug}",
        before=str(latest or ""), after=str(version.edition), data={"digest": digest},
    )  # fmt: skip
    return Published(version, new=True)


@transaction.atomic
def roll_back(service_id: int, *, edition: int, by: User | None, reason: str) -> ServiceVersion:
    """Put an earlier edition in force for new applications. Those begun with another one stay on theirs.

    Raise ``ValueError`` without a reason, ``ServiceVersion.DoesNotExist`` for an edition that never was.
    """
    if not reason.strip():
        raise ValueError(_("Say why an earlier edition is put in force again."))
    service = Service.objects.select_for_update(of=("self",)).select_related("current").get(pk=service_id)
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


def preview(source: str, *, name: str = "definition") -> Preview:
    """Raise ``DefinitionError`` for faults. Changes nothing."""
    newer = definition_file.parse(source, name=name)
    service = Service.objects.filter(slug=newer.slug).select_related("current").first()
    if service is None or service.current is None:
        return Preview(newer.slug, None, [], 0, {})
    drafts = Application.objects.filter(version__service=service, status=Status.DRAFT).select_related("version")
    losing: dict[str, int] = {}
    count = 0
    for draft in drafts.iterator(chunk_size=500):
        count += 1
        _kept, left = comparing.carry(draft.answers, draft.definition, newer)
        for leftover in left:
            losing[leftover.key] = losing.get(leftover.key, 0) + 1
    return Preview(newer.slug, service.current, comparing.changes(service.current.definition, newer), count, losing)
