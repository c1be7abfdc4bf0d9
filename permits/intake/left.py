"""Files of a draft that the edition it was carried to doesn't take: kept for their owner to look at, and not sent."""

from __future__ import annotations

from django.db.models import Q, QuerySet
from django.utils import timezone

from permits.definition import Definition
from permits.intake.inspect import MEDIA_TYPES
from permits.intake.keeping import put_aside
from permits.models import Application, Check, Material


def left_files(application: Application) -> QuerySet[Material]:
    """Those that were put aside, and those of requirements that the edition doesn't have."""
    if not application.is_draft:
        return application.materials.none()
    asked = [requirement.key for requirement in application.definition.materials]
    found = application.materials.filter(check_state=Check.FINE, erased_at=None)
    return found.filter(Q(replaced_at__isnull=False) | ~Q(requirement__in=asked))


def leave_behind(application: Application, before: Definition) -> list[Material]:
    """A draft came from an edition to the one it has now: put aside what doesn't fit there.

    Return what isn't kept at all: files that no requirement waits for, and that weren't found fine (yet).
    """
    gone = []
    for material in application.materials.shown():
        asked, older = application.definition.requirement(material.requirement), before.requirement(material.requirement)
        if asked is None and not material.is_fine:
            put_aside(application, material)
            gone.append(material)
            continue
        taken_no_more = set(older.formats) - set(asked.formats) if asked and older else set()
        if asked is None or (material.is_fine and material.media_type in {MEDIA_TYPES[kind] for kind in taken_no_more}):
            material.replaced_at = timezone.now()
            material.save(update_fields=["replaced_at"])
    return gone


def throw_away(application: Application) -> None:
    """At submission: what isn't sent goes."""
    for material in left_files(application):
        put_aside(application, material)
