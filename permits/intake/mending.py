"""What can be made anew of what was lost: prints of permits, files that ship with the portal, small pictures and texts of files."""

from __future__ import annotations

import hashlib
import io
import logging
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import File

from permits import credentials, edition_files
from permits.credentials import passes
from permits.intake import keeping, reading, sandbox, storage
from permits.intake.looking.words import Refused
from permits.intake.storage import Stored
from permits.models import EditionDraftFile, EditionFile, MaterialPart, Permit, PermitCorrection

log = logging.getLogger(__name__)


def mend(sha256: str) -> bool:
    """Make the blob anew. Return whether its rows have what they need again; none of them is deleted for it."""
    return _shipped(sha256) or _earlier_prints(sha256) or _prints(sha256) or _parts(sha256)


def _shipped(sha256: str) -> bool:
    models = (EditionFile, EditionDraftFile)
    names = {name for model in models for name in model.objects.filter(sha256=sha256).values_list("name", flat=True)}
    return any(
        _same(Path(edition_files.SHIPPED / name).read_bytes(), sha256) for name in names if edition_files.ships(name)
    )


def _earlier_prints(sha256: str) -> bool:
    """What a permit said before it was corrected is void: it comes back as a record, without a new signature."""
    earlier = PermitCorrection.objects.filter(pdf_sha256=sha256).first()
    if earlier is None:
        return False
    stored = storage.put(io.BytesIO(credentials.render_pdf(earlier.content, code=earlier.code, person=passes.on_paper(earlier))))
    PermitCorrection.objects.filter(pk=earlier.pk).update(pdf_sha256=stored.sha256)
    return True


def _prints(sha256: str) -> bool:
    """Printed and signed once more; what is said in it is the permit's content, which has a signature of its own."""
    permit = Permit.objects.filter(pdf_sha256=sha256).first()
    if permit is None:
        return False
    try:
        stored = storage.put(io.BytesIO(credentials.signed_pdf(permit.content, code=permit.code, person=passes.on_paper(permit))))
    except (credentials.NotSigned, ImproperlyConfigured) as error:
        log.warning("the print of permit %s can't be made anew yet: %s", permit.number, error)
        return False
    return bool(
        Permit.objects.filter(pk=permit.pk, pdf_sha256=sha256).update(pdf_sha256=stored.sha256, pdf_size=stored.size)
    )


def _parts(sha256: str) -> bool:
    """Of the files that the parts were made of, looked into once more; a part that comes out otherwise is as good."""
    rows = MaterialPart.objects.filter(sha256=sha256).select_related("material__application__version")
    parts = list(rows.order_by("pk"))
    return bool(parts) and all(_made_again(part) for part in parts)


def _made_again(part: MaterialPart) -> bool:
    try:
        with reading.opened(part.material.sha256) as file:
            stored = _drawn(part, file) if part.kind == MaterialPart.Kind.PAGE else _derived(part, file)
    except (reading.Damaged, Refused, sandbox.Failed):
        return False
    if stored is None:
        return False
    MaterialPart.objects.filter(pk=part.pk).update(sha256=stored.sha256, size=stored.size)
    return True


def _drawn(part: MaterialPart, file: File) -> Stored | None:
    drawn = sandbox.drawn(file, part.page)
    return storage.put([drawn]) if drawn else None


def _derived(part: MaterialPart, file: File) -> Stored | None:
    material = part.material
    requirement = material.application.definition.requirement(material.requirement)
    if requirement is None:
        return None
    with sandbox.looked_into(file, name=material.original_name, requirement=requirement) as looked:
        made = keeping.made_of(looked, file, Stored(material.sha256, material.size))
    return next((each.stored for each in made.parts if (each.kind, each.page) == (part.kind, part.page)), None)


def _same(content: bytes, sha256: str) -> bool:
    """Keep it if it is the very same."""
    if hashlib.sha256(content).hexdigest() != sha256:
        return False
    storage.put(io.BytesIO(content), over=True)
    return True
