"""What follows when a file was found fine: the office that accepted without it is told that it came."""

from __future__ import annotations

import logging

from django.db.models import Exists, OuterRef

from permits.intake import checking, sandbox, storage
from permits.models import Material, Promise
from reviews import workflow

log = logging.getLogger(__name__)
AT_ONCE = 100


def check(material_id: int) -> None:
    """Look at a file that waits, and say what follows from it."""
    try:
        material = checking.check(material_id)
    except storage.StorageUnavailable as error:
        log.warning("material %s waits: %s", material_id, error)
        return
    if material is not None and material.is_fine:
        arrived(material)


def arrived(material: Material) -> int:
    """Of an application that was accepted without it: it is owed no more. How many were owed; safe to call again."""
    if material.application.is_draft:
        return 0
    return workflow.material_arrived(material.application_id)


def sweep() -> int:
    """Give what nobody looks at to a worker; say of what was found fine in vain that it came. Return how many there were."""
    sandbox.tidy()
    waiting = checking.left_behind()
    for pk in waiting:
        checking.kick(pk)
    there = Material.objects.current().filter(application=OuterRef("application"), requirement=OuterRef("requirement"))
    missed = list(Promise.objects.owed().filter(Exists(there))[:AT_ONCE])
    for promise in missed:
        rows = Material.objects.current().filter(application=promise.application_id, requirement=promise.requirement)
        if material := rows.select_related("application").first():
            arrived(material)
    return len(waiting) + len(missed)
