"""Publish an edition of a service: checked as a whole, stored for ever, recorded in the audit log."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from permits import definition_file
from permits.models import Service, ServiceVersion, User
from reviews.audit import log


@dataclass(frozen=True)
class Published:
    version: ServiceVersion
    new: bool  # False: this very text is the edition in force already


@transaction.atomic
def publish(source: str, *, name: str = "definition", by: User | None = None) -> Published:
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
        action="service_published", actor=by, role="ops", at=timezone.now(), stream=f"service:{service.slug}",
        before=str(latest or ""), after=str(version.edition), data={"digest": digest},
    )  # fmt: skip
    return Published(version, new=True)
