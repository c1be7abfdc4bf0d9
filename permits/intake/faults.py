"""Blobs that are not well: put down when they are met, taken away when they are there again."""

from __future__ import annotations

from permits.models import StorageFault

Kind = StorageFault.Kind


def found(sha256: str, kind: str, needed_by: str = "") -> bool:
    """Put it down. Return whether nobody knew of it."""
    fault, new = StorageFault.objects.get_or_create(
        sha256=sha256, defaults={"kind": kind, "needed_by": needed_by[:100]}
    )
    if new or (fault.kind, fault.needed_by) == (kind, needed_by):
        return new
    StorageFault.objects.filter(pk=fault.pk).update(kind=kind, needed_by=needed_by[:100] or fault.needed_by)
    return fault.kind != kind


def mended(sha256: str) -> None:
    StorageFault.objects.filter(sha256=sha256).delete()
