"""A page of a PDF as a picture, for who is shown a place on it: made once, in a process of its own, and kept as a part of the file."""

from __future__ import annotations

import hashlib
import logging

from django.db import transaction

from permits.intake import sandbox, storage
from permits.intake.blob_lock import lock_blob
from permits.models import Material, MaterialPart

log = logging.getLogger(__name__)
JPEG = "image/jpeg"


def picture_of(material: Material, page: int) -> MaterialPart | None:
    """The best picture of the page (from 1) that there is: drawn for it, or the small one of inspection."""
    kinds = (MaterialPart.Kind.PAGE, MaterialPart.Kind.THUMB)
    parts = [part for part in material.parts.all() if part.page == page and part.kind in kinds]
    return min(parts, key=lambda part: part.kind != MaterialPart.Kind.PAGE, default=None)


def make(material: Material, page: int) -> bool:
    """Draw the page, unless it is drawn. Whether it is there now. Raise ``StorageUnavailable``."""
    if material.parts.filter(kind=MaterialPart.Kind.PAGE, page=page).exists():
        return True
    try:
        with storage.open_blob(material.sha256) as file:
            drawn = sandbox.drawn(file, page)
    except (FileNotFoundError, sandbox.Failed) as error:
        log.warning("page %s of material %s could not be drawn: %s", page, material.public_id, error)
        return False
    if not drawn:
        return False
    with transaction.atomic():
        lock_blob(hashlib.sha256(drawn).hexdigest())
        kept = storage.put([drawn])
        MaterialPart.objects.get_or_create(
            material=material, kind=MaterialPart.Kind.PAGE, page=page,
            defaults={"sha256": kept.sha256, "media_type": JPEG, "size": kept.size},
        )  # fmt: skip
    return True
