"""What is made of a file that passed inspection: the file as it is kept, small pictures of it, and its text.

Photos are kept upright, without where and by what they were taken, in sRGB; a HEIC photo becomes a JPEG. Documents are kept as
they are, but a PDF whose table had to be mended is written anew, so that what is read later is what was inspected.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile

from pikepdf import PdfError
from pypdfium2 import PdfiumError

from permits.intake.looking import words
from permits.intake.looking.kinds import MEDIA_TYPES
from permits.intake.looking.words import Warned
from permits.intake.making import images, pdf, text


@dataclass(frozen=True)
class Derived:
    """``content`` replaces the file, None keeps it. ``thumbs`` and ``texts`` are by page (of a sheet file: by sheet), from the first."""

    content: Path | None
    media_type: str
    extension: str  # with its dot
    thumbs: list[Path] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    warnings: list[Warned] = field(default_factory=list)


# Parts of a document that inspection reads past, such as a text whose XML isn't closed.
_UNREADABLE = (
    ParseError,
    PdfiumError,
    PdfError,
    BadZipFile,
    zlib.error,
    EOFError,
    KeyError,
    ValueError,
    NotImplementedError,
)

Maker = Callable[[IO[bytes], Path, Mapping[str, Any]], Derived]


def derive(stream: IO[bytes], kind: str, *, folder: Path, facts: Mapping[str, Any]) -> Derived:
    """``kind`` is the inspection's extension without its dot. New files are written into ``folder``, which has to be there.

    Raise ``Refused`` for what only shows when the file is worked on.
    """
    stream.seek(0)
    try:
        return _MAKERS[kind.lstrip(".")](stream, folder, facts)
    except (MemoryError, RecursionError) as error:
        raise words.too_complex() from error
    except _UNREADABLE as error:
        raise words.damaged() from error


def _of_image(kind: str) -> Maker:
    def maker(stream: IO[bytes], folder: Path, facts: Mapping[str, Any]) -> Derived:
        content, thumb = images.kept(stream, kind, folder)
        suffix = content.suffix
        return Derived(content, MEDIA_TYPES[suffix[1:]], suffix, [thumb])

    return maker


def _of_pdf(stream: IO[bytes], folder: Path, facts: Mapping[str, Any]) -> Derived:
    content = pdf.written_anew(stream, folder) if facts.get("mended") else None
    thumbs, texts, blank = pdf.pictures_and_texts(content or stream, folder, heavy=facts.get("heavy", ()))
    return Derived(content, MEDIA_TYPES["pdf"], ".pdf", thumbs, texts, [words.blank_pages(blank)] if blank else [])


def _of_docx(stream: IO[bytes], folder: Path, facts: Mapping[str, Any]) -> Derived:
    return Derived(None, MEDIA_TYPES["docx"], ".docx", texts=text.of_docx(stream))


def _of_xlsx(stream: IO[bytes], folder: Path, facts: Mapping[str, Any]) -> Derived:
    return Derived(None, MEDIA_TYPES["xlsx"], ".xlsx", texts=text.of_xlsx(stream))


_MAKERS: dict[str, Maker] = {
    "pdf": _of_pdf,
    "jpg": _of_image("jpg"),
    "png": _of_image("png"),
    "heic": _of_image("heic"),
    "docx": _of_docx,
    "xlsx": _of_xlsx,
}
