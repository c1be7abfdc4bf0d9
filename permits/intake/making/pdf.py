"""Small pictures of a PDF's pages, and the text on them, by pdfium.

Both end after so many pages and so many seconds: what is left out is only missed in a list and in a search.
"""

from __future__ import annotations

import ctypes
import time
from pathlib import Path
from typing import IO, Any, cast

import pikepdf
import pypdfium2
import pypdfium2.raw as pdfium
from PIL import Image, ImageStat
from pypdfium2.internal import set_callback

from permits.intake.looking import pdf as looking
from permits.intake.making.images import THUMB, THUMB_QUALITY
from permits.intake.making.text import Budget

THUMBS = 20  # pages
SECONDS_FOR_THUMBS = 10.0
SECONDS_FOR_TEXT = 5.0
# A page is blank when nothing on it differs from its paper: 300 scans of empty sheets (noise, shadow, folds) stay below.
BLANK_DEVIATION = 2.5


def written_anew(stream: IO[bytes], folder: Path) -> Path:
    """With the table of contents that mending made, so that every reader finds in it what was inspected."""
    path = folder / "content.pdf"
    with looking.opened(stream) as (pdf, _mended):
        pdf.save(path, object_stream_mode=pikepdf.ObjectStreamMode.preserve)
    return path


def pictures_and_texts(source: IO[bytes] | Path, folder: Path) -> tuple[list[Path], list[str], list[int]]:
    """By page from the first: small pictures, texts; and which pages (counted from 1) are blank, among those drawn."""
    thumbs: list[Path] = []
    blank: list[int] = []
    if not isinstance(source, Path):
        source.seek(0)
    with pypdfium2.PdfDocument(cast(Any, source)) as document:
        texts = _texts(document)
        until = time.monotonic() + SECONDS_FOR_THUMBS
        for number in range(1, min(len(document), THUMBS) + 1):
            picture = _drawn(document, number - 1, until)
            if picture is None:
                break
            if ImageStat.Stat(picture.convert("L")).stddev[0] < BLANK_DEVIATION and texts[number - 1 : number] == [""]:
                blank.append(number)
            thumbs.append(folder / f"thumb-{number}.jpg")
            picture.save(thumbs[-1], "JPEG", quality=THUMB_QUALITY)
    return thumbs, texts, blank


def _texts(document: pypdfium2.PdfDocument) -> list[str]:
    budget = Budget(SECONDS_FOR_TEXT)
    texts: list[str] = []
    for index in range(len(document)):
        if budget.spent:
            break
        try:
            page = document[index]
            text = page.get_textpage()
        except pypdfium2.PdfiumError:
            texts.append("")
            continue
        texts.append(budget.take(_read(text, budget.left)))
        text.close()
        page.close()
    return texts


def _read(text: pypdfium2.PdfTextPage, most: int) -> str:
    count = min(text.count_chars(), most)
    if count <= 0:
        return ""
    room = (ctypes.c_ushort * (count + 1))()
    pdfium.FPDFText_GetText(text, 0, count, room)
    return bytes(room).decode("utf-16-le", "ignore").partition("\0")[0]


def _drawn(document: pypdfium2.PdfDocument, index: int, until: float) -> Image.Image | None:
    """The page at most ``THUMB`` pixels long, on white; None where it takes too long or can't be drawn."""
    page = document[index]
    try:
        width, height = page.get_size()
        scale = THUMB / max(width, height, 1)
        size = max(1, round(width * scale)), max(1, round(height * scale))
        bitmap = pypdfium2.PdfBitmap.new_native(*size, pdfium.FPDFBitmap_BGR)
        bitmap.fill_rect((255, 255, 255, 255), 0, 0, *size)
        pause = pdfium.IFSDK_PAUSE(version=1, user=None)
        set_callback(pause, "NeedToPauseNow", lambda _pause: int(time.monotonic() > until))
        flags = pdfium.FPDF_ANNOT | pdfium.FPDF_RENDER_LIMITEDIMAGECACHE
        state = pdfium.FPDF_RenderPageBitmap_Start(bitmap, page, 0, 0, *size, 0, flags, pause)
        pdfium.FPDF_RenderPage_Close(page)
        return bitmap.to_pil() if state == pdfium.FPDF_RENDER_DONE else None
    finally:
        page.close()
