"""Real files for materials that tests make as rows only, with the parts that inspection makes of a file."""

from __future__ import annotations

import io
import json
from pathlib import Path

from PIL import Image

from permits.intake import storage
from permits.models import Material, MaterialPart
from permits.models.material import Check

DATA = Path(__file__).parent / "data"
TYPES = {".pdf": "application/pdf", ".jpg": "image/jpeg", ".png": "image/png", ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
         ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}  # fmt: skip


def give_file(material: Material, name: str, **facts: object) -> Material:
    """The bytes of a file of tests/data, as if it had been uploaded."""
    path = DATA / name
    kept = storage.put([path.read_bytes()])
    material.original_name, material.media_type, material.size = name, TYPES[path.suffix], kept.size
    material.sha256 = material.received_sha256 = kept.sha256
    material.facts, material.check_state = {**material.facts, **facts}, Check.FINE
    material.save()
    return material


def give_text(material: Material, *pages: str) -> MaterialPart:
    """The text of each page, in one part."""
    kept = storage.put([json.dumps(list(pages), ensure_ascii=False).encode()])
    return MaterialPart.objects.create(
        material=material,
        kind=MaterialPart.Kind.TEXT,
        sha256=kept.sha256,
        media_type="application/json",
        size=kept.size,
    )


def give_picture(material: Material, page: int = 1, kind: str = MaterialPart.Kind.THUMB) -> MaterialPart:
    """A small picture of a page."""
    written = io.BytesIO()
    Image.new("RGB", (12, 17), "white").save(written, "JPEG")
    kept = storage.put([written.getvalue()])
    return MaterialPart.objects.create(
        material=material, kind=kind, page=page, sha256=kept.sha256, media_type="image/jpeg", size=kept.size
    )
