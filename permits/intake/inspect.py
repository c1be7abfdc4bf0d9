"""What an uploaded file really is, and whether it may come in.

Only content counts: neither the name nor the type that the browser claims is believed. What is in each kind is looked at in
``looking``; what is made of a file that passes is in ``derive``. What a file may hold is decision 0019.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO, Any, cast

from django.core.files.base import File

from permits.definition import Requirement
from permits.intake.looking import images, kinds, office, pdf, signatures, words
from permits.intake.looking.kinds import FORMAT_NAMES, MEDIA_TYPES
from permits.intake.looking.words import MB, Refused, Warned

__all__ = ["FORMAT_NAMES", "MB", "MEDIA_TYPES", "Inspection", "Refused", "Warned", "glance", "inspect", "refuse_size"]


@dataclass(frozen=True)
class Inspection:
    media_type: str
    extension: str  # with its dot
    facts: dict[str, Any] = field(default_factory=dict)
    warnings: list[Warned] = field(default_factory=list)


def inspect(file: File | IO[bytes], *, name: str, requirement: Requirement) -> Inspection:
    """What ``file`` is; raise ``Refused`` if it is empty, too large, damaged, dangerous or not asked for.

    Whatever else goes wrong in the libraries that read it, memory that is refused them included, is a ``Refused`` too.
    """
    stream = _stream(file)
    try:
        refuse_size(stream.seek(0, 2), requirement.max_mb * MB)
        signatures.refuse_virus(stream)
        kind = glance(stream, name=name, requirement=requirement)
        facts, warnings = _LOOK_INTO[kind](stream)
    except (MemoryError, RecursionError) as error:
        raise words.too_complex() from error
    stream.seek(0)
    return Inspection(MEDIA_TYPES[kind], f".{kind}", facts, warnings)


def glance(file: File | IO[bytes], *, name: str, requirement: Requirement) -> str:
    """The kind of a file that is of a size and kind asked for, told by its first bytes (of a ZIP by its table of contents).

    Cheap enough for the request that brings the file; raise ``Refused``.
    """
    stream = _stream(file)
    refuse_size(stream.seek(0, 2), requirement.max_mb * MB)
    kind = kinds.kind_of(stream)
    if kinds.STANDS_FOR.get(kind, kind) not in requirement.formats:
        raise kinds.other_format(kind, stream, name, requirement.formats)
    stream.seek(0)
    return kind


def refuse_size(size: int, limit: int) -> None:
    if size == 0:
        raise words.empty()
    if size > limit:
        raise words.too_large(size, limit)


def _stream(file: File | IO[bytes]) -> IO[bytes]:
    """The bare stream below Django's wrappers, which pikepdf and zipfile can work with."""
    stream: Any = file
    while isinstance(stream, File):
        stream = stream.file
    stream.seek(0)
    return cast(IO[bytes], stream)


_LOOK_INTO: dict[str, Callable[[IO[bytes]], tuple[dict[str, Any], list[Warned]]]] = {
    "pdf": pdf.look_into,
    "jpg": images.look_into_jpg,
    "png": images.look_into_png,
    "heic": images.look_into_heic,
    "docx": office.look_into_docx,
    "xlsx": office.look_into_xlsx,
}
