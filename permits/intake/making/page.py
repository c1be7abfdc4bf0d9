"""One page of a PDF as a picture to look at: larger than the small pictures of all pages (``pdf``)."""

from __future__ import annotations

from pathlib import Path

import pypdfium2

LONGEST, WIDEST = 1600, 1000  # pixels
QUALITY = 80


def drawn(file: Path, number: int, folder: Path) -> Path | None:
    """The page (from 1) on white, upright as a reader shows it, written into ``folder``. None: there is no such page."""
    with pypdfium2.PdfDocument(file) as document:
        if not 1 <= number <= len(document):
            return None
        page = document[number - 1]
        width, height = page.get_size()
        scale = min(WIDEST / max(width, 1), LONGEST / max(height, 1))
        picture = page.render(scale=scale, may_draw_forms=False).to_pil().convert("RGB")
        page.close()
    path = folder / "page.jpg"
    picture.save(path, "JPEG", quality=QUALITY, optimize=True)
    return path
