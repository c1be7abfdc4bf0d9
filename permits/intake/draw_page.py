"""A program of its own: draws one page of a PDF. The file comes in by stdin, the JPEG goes out by stdout.

``python -I draw_page.py PAGE``: it imports nothing of the portal, has no database and no secrets, and takes its own limits before it
reads the first byte. Exit 3: there is no such page, or it can't be drawn.
"""

from __future__ import annotations

import ctypes
import io
import resource
import sys

MB = 1024 * 1024
CPU_SECONDS = 20
MEMORY = 768 * MB  # of address space
LONGEST = 1600  # pixels
WIDEST = 1000
NO_NEW_PRIVS = 38  # linux/prctl.h


def limit() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ctypes.CDLL(None).prctl(NO_NEW_PRIVS, 1, 0, 0, 0)


def draw(pdf: bytes, number: int) -> bytes | None:
    """The page (from 1) on white, upright as a reader shows it."""
    import pypdfium2

    with pypdfium2.PdfDocument(pdf) as document:
        if not 1 <= number <= len(document):
            return None
        page = document[number - 1]
        width, height = page.get_size()
        scale = min(WIDEST / max(width, 1), LONGEST / max(height, 1))
        picture = page.render(scale=scale, may_draw_forms=False).to_pil().convert("RGB")
    written = io.BytesIO()
    picture.save(written, "JPEG", quality=80, optimize=True)
    return written.getvalue()


def main() -> int:
    limit()
    try:
        picture = draw(sys.stdin.buffer.read(), int(sys.argv[1]))
    except Exception:
        return 3
    if picture is None:
        return 3
    sys.stdout.buffer.write(picture)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
