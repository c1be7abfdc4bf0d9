"""QR codes, as drawings for the page and the PDF, and as pictures for mail."""

from __future__ import annotations

import io
from typing import Any

import segno

# Which of the eight patterns of ISO/IEC 18004, 7.8.2, lies over the modules. Any of them can be read, for the code itself
# says which it is. To try all eight and weigh them takes ten times as long as everything else, and what a signature makes
# of the modules is noise under each: docs/decisions/0026-the-code-on-a-permit.md.
MASK = 2


def qr_svg(text: str) -> str:
    """Black on white with the quiet zone that scanners need; it scales to the size it is given."""
    file = io.BytesIO()
    _code(text).save(file, kind="svg", border=4, dark="#000", light="#fff", omitsize=True, xmldecl=False)
    return file.getvalue().decode()


def qr_png(text: str, *, scale: int = 8) -> bytes:
    file = io.BytesIO()
    _code(text).save(file, kind="png", border=4, scale=scale)
    return file.getvalue()


def _code(text: str) -> segno.QRCode:
    """Behind a # stands what takes little room in the 45 characters of QR codes, so it gets a part of its own."""
    head, mark, tail = text.partition("#")
    parts: Any = [head + mark, tail] if tail else text  # segno takes parts too, its types don't know
    return segno.make_qr(parts, error="m", mask=MASK)
