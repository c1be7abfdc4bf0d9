"""What can be made anew of what was lost: prints of permits, files that ship with the portal, small pictures and texts of files."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

from permits import credentials, edition_files
from permits.intake import keeping, reading, sandbox, storage
from permits.intake.looking.words import Refused
from permits.models import EditionDraftFile, EditionFile, MaterialPart, Permit, PermitCorrection


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
    earlier = PermitCorrection.objects.filter(pdf_sha256=sha256).first()
    return earlier is not None and _same(credentials.render_pdf(earlier.content, code=earlier.code), sha256)


def _prints(sha256: str) -> bool:
    """What is signed is the permit's content, so a print that comes out otherwise (a newer typst) is as good."""
    permit = Permit.objects.filter(pdf_sha256=sha256).first()
    if permit is None:
        return False
    pdf = credentials.render_pdf(permit.content, code=permit.code)
    if _same(pdf, sha256):
        return True
    stored = storage.put(io.BytesIO(pdf))
    return bool(
        Permit.objects.filter(pk=permit.pk, pdf_sha256=sha256).update(pdf_sha256=stored.sha256, pdf_size=stored.size)
    )


def _parts(sha256: str) -> bool:
    """Of the files that the parts were made of, looked into once more; a part that comes out otherwise is as good."""
    rows = MaterialPart.objects.filter(sha256=sha256).select_related("material__application__version")
    parts = list(rows.order_by("pk"))
    return bool(parts) and all(_made_again(part) for part in parts)


def _made_again(part: MaterialPart) -> bool:
    material = part.material
    requirement = material.application.definition.requirement(material.requirement)
    if requirement is None:
        return False
    try:
        with (
            reading.opened(material.sha256) as file,
            sandbox.looked_into(file, name=material.original_name, requirement=requirement) as looked,
        ):
            made = {(each.kind, each.page): each.stored for each in keeping.made_of(looked, file).parts}
    except (reading.Damaged, Refused, sandbox.Failed):
        return False
    stored = made.get((part.kind, part.page))
    if stored is None:
        return False
    MaterialPart.objects.filter(pk=part.pk).update(sha256=stored.sha256, size=stored.size)
    return True


def _same(content: bytes, sha256: str) -> bool:
    """Keep it if it is the very same."""
    if hashlib.sha256(content).hexdigest() != sha256:
        return False
    storage.put(io.BytesIO(content), over=True)
    return True
