"""PDF: whole, open to everyone, of a size that can be read, and nothing in it that does something by itself.

What may stand in its objects is in ``pdf_parts``, what its streams unpack to in ``pdf_streams``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, cast

import pikepdf
from pikepdf import settings as pikepdf_settings

from permits.intake.looking import kinds, pdf_parts, pdf_streams, signatures, words
from permits.intake.looking.words import MB, Warned

MAX_OBJECTS = 200_000  # a second each 50,000; 2,000 pages of a catalogue have 60,000
MAX_PAGES = 2_000
MAX_UNPACKED = 100 * MB  # one stream

# For the whole process; what the portal writes itself is far below.
pikepdf_settings.set_qpdf_limits(
    doc_max_warnings=50_000,  # a page that says little may have several
    flate_max_memory=MAX_UNPACKED,
    run_length_max_memory=MAX_UNPACKED,
    png_max_memory=MAX_UNPACKED,
    tiff_max_memory=MAX_UNPACKED,
    dct_max_memory=MAX_UNPACKED,
    dct_max_progressive_scans=200,
)

UNREADABLE = (
    pikepdf.PdfError, pikepdf.DependencyError, ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError,
    RuntimeError, NotImplementedError, OverflowError,
)  # fmt: skip


def look_into(stream: IO[bytes]) -> tuple[dict[str, Any], list[Warned]]:
    _refuse_mixed(stream)
    stream.seek(0)
    try:
        with opened(stream) as (pdf, mended):
            if pdf.is_encrypted:
                raise words.encrypted()
            facts = _look_into_objects(pdf)
            return facts | ({"mended": True} if mended else {}), []
    except pikepdf.PasswordError as error:
        raise words.encrypted() from error
    except words.Refused:
        raise
    except UNREADABLE as error:
        raise _too_large_or_damaged(error, stream) from error


def _look_into_objects(pdf: pikepdf.Pdf) -> dict[str, Any]:
    if len(pdf.objects) > MAX_OBJECTS:
        raise words.too_complex()
    pages = len(pdf.pages)
    if pages > MAX_PAGES:
        raise words.too_many_pages(pages, MAX_PAGES)
    if not pages or not all(isinstance(page.obj, pikepdf.Dictionary) for page in pdf.pages):
        raise words.damaged()
    pdf_parts.refuse_active_content(pdf)
    heavy = pdf_streams.refuse_bombs(pdf)
    return {"pages": pages, **({"heavy": heavy} if heavy else {})}


def _too_large_or_damaged(error: Exception, stream: IO[bytes]) -> words.Refused:
    """qpdf says of a table of contents that it may not unpack only that it isn't there."""
    if pdf_streams.LIMIT_EXCEEDED in str(error) or pdf_streams.unpacks_too_large(stream):
        return words.pdf_unpacks_too_large()
    return words.damaged()


def _refuse_mixed(stream: IO[bytes]) -> None:
    """A page's script at its beginning, or any second file behind its end; both would be there for another reader than a PDF's."""
    stream.seek(0)
    if signatures.has_script(stream.read(2048)):
        raise words.mixed()
    size = stream.seek(0, 2)
    stream.seek(max(0, size - 2 * MB))
    _whole, _end, rest = stream.read().rpartition(b"%%EOF")
    if kinds.has_zip(stream) or (_end and signatures.is_second_file(rest)):
        raise words.mixed()


@contextmanager
def opened(stream: IO[bytes]) -> Iterator[tuple[pikepdf.Pdf, bool]]:
    """The PDF, and whether its table of contents had to be mended, as those of many scanners have to be.

    One that has lost its end is not mended: nobody can tell how many pages are missing.
    """
    stream.seek(0)
    try:
        pdf, mended = pikepdf.open(cast(Any, stream), attempt_recovery=False), False
    except pikepdf.PasswordError:
        raise
    except pikepdf.PdfError as error:
        size = stream.seek(0, 2)
        stream.seek(max(0, size - 8192))
        if b"startxref" not in stream.read() or pdf_streams.LIMIT_EXCEEDED in str(error):
            raise
        stream.seek(0)
        pdf, mended = pikepdf.open(cast(Any, stream)), True
    with pdf:
        yield pdf, mended
