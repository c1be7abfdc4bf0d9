"""The services that one can apply for now, and the search over them."""

from __future__ import annotations

from typing import NamedTuple

from permits.definition import Definition, of_edition
from permits.models import Service, ServiceVersion
from permits.searching import Index

MOST = 200
_made: dict[tuple[str, ...], Index] = {}


class Open(NamedTuple):
    slug: str
    digest: str
    definition: Definition


def open_services() -> list[Open]:
    """In the order in which they were added, at most ``MOST``; one query once this process knows their editions."""
    rows = Service.objects.filter(current__isnull=False, open=True).order_by("pk")
    return [
        Open(slug, digest, of_edition(digest, lambda version=version: _document(version)))  # type: ignore[misc]
        for slug, version, digest in rows.values_list("slug", "current_id", "current__digest")[:MOST]
    ]


def index(services: list[Open]) -> Index:
    """The search over them; made anew when another edition is in force."""
    key = tuple(part for service in services for part in (service.slug, service.digest))
    if key not in _made:
        found = Index((service.slug, service.definition) for service in services)
        _made.clear()
        _made[key] = found
    return _made[key]


def _document(version: int) -> dict:
    return ServiceVersion.objects.values_list("document", flat=True).get(pk=version)
