"""Small pictures of a PDF's pages, and the text on them, by pdfium.

Both end after so many pages and so many seconds of computing: what is left out is only missed in a list and in a search.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Collection
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
_UNDRAWN = Image.new("RGB", (226, THUMB), (224, 224, 224))
# Of the greys of the small picture (0 to 255), on a page without text. Measured on drawn pages: an empty one 0, grain of a scanner up
# to 1.2, a shadow across it 2.2, the other side's writing shining through 1.6, a page number alone 1.0; one line of writing 3.8, a name and
# a date 5.1, a seal 6.5. Holes and dark borders have more than writing: such a page isn't found to be blank.
BLANK_DEVIATION = 2.5


def written_anew(stream: IO[bytes], folder: Path) -> Path:
    """With the table of contents that mending made, so that every reader finds in it what was inspected."""
    path = folder / "content.pdf"
    with looking.opened(stream) as (pdf, _mended):
        pdf.save(path, object_stream_mode=pikepdf.ObjectStreamMode.preserve, fix_metadata_version=False)
    return path


def pictures_and_texts(
    source: IO[bytes] | Path, folder: Path, *, heavy: Collection[int] = ()
) -> tuple[list[Path], list[str], list[int]]:
    """By page from the first: small pictures, texts; and which pages (counted from 1) are blank, among those drawn.

    Of ``heavy`` pages the picture is grey and the text empty.
    """
    thumbs: list[Path] = []
    blank: list[int] = []
    if not isinstance(source, Path):
        source.seek(0)
    with pypdfium2.PdfDocument(cast(Any, source)) as document:
        texts = _texts(document, heavy)
        until = time.thread_time() + SECONDS_FOR_THUMBS
        for number in range(1, min(len(document), THUMBS) + 1):
            picture = None if number in heavy else _drawn(document, number - 1, until)
            if picture is not None and texts[number - 1 : number] == [""] and _is_blank(picture):
                blank.append(number)
            thumbs.append(folder / f"thumb-{number}.jpg")
            (picture or _UNDRAWN).save(thumbs[-1], "JPEG", quality=THUMB_QUALITY)
    return thumbs, texts, blank


def _is_blank(picture: Image.Image) -> bool:
    return ImageStat.Stat(picture.convert("L")).stddev[0] < BLANK_DEVIATION


def _texts(document: pypdfium2.PdfDocument, heavy: Collection[int]) -> list[str]:
    budget = Budget(SECONDS_FOR_TEXT)
    texts: list[str] = []
    for index in range(len(document)):
        if budget.spent:
            break
        texts.append("" if index + 1 in heavy else budget.take(_text_of(document, index, budget.left)))
    return texts


def _text_of(document: pypdfium2.PdfDocument, index: int, most: int) -> str:
    try:
        page = document[index]
        text = page.get_textpage()
    except pypdfium2.PdfiumError:
        return ""
    found = _read(text, most)
    text.close()
    page.close()
    return found


def _read(text: pypdfium2.PdfTextPage, most: int) -> str:
    count = min(text.count_chars(), most)
    if count <= 0:
        return ""
    room = (ctypes.c_ushort * (count + 1))()
    pdfium.FPDFText_GetText(text, 0, count, room)
    return bytes(room).decode("utf-16-le", "ignore").partition("\0")[0]


def _drawn(document: pypdfium2.PdfDocument, index: int, until: float) -> Image.Image | None:
    """The page at most ``THUMB`` pixels long, on white; None where it takes too long or can't be drawn."""
    if time.thread_time() > until:
        return None
    try:
        page = document[index]
    except pypdfium2.PdfiumError:
        return None
    try:
        width, height = page.get_size()
        scale = THUMB / max(width, height, 1)
        size = max(1, round(width * scale)), max(1, round(height * scale))
        bitmap = pypdfium2.PdfBitmap.new_native(*size, pdfium.FPDFBitmap_BGR)
        bitmap.fill_rect((255, 255, 255, 255), 0, 0, *size)
        pause = pdfium.IFSDK_PAUSE(version=1, user=None)
        set_callback(pause, "NeedToPauseNow", lambda _pause: int(time.thread_time() > until))
        flags = pdfium.FPDF_ANNOT | pdfium.FPDF_RENDER_LIMITEDIMAGECACHE
        state = pdfium.FPDF_RenderPageBitmap_Start(bitmap, page, 0, 0, *size, 0, flags, pause)
        pdfium.FPDF_RenderPage_Close(page)
        return bitmap.to_pil() if state == pdfium.FPDF_RENDER_DONE else None
    finally:
        page.close()
