"""DOCX and XLSX: a ZIP as office programs write it, unpacked within limits, every part read to its end once.

What the parts may say is in ``office_parts``.
"""

from __future__ import annotations

import lzma
import re
import stat
import zipfile
import zlib
from io import BytesIO
from typing import IO, Any

from permits.intake.looking import kinds, office_parts, signatures, words
from permits.intake.looking.words import MB, Warned

MAX_ENTRIES = 5_000
MAX_UNPACKED = 200 * MB
MAX_RATIO = 150
RATIO_COUNTS_FROM = 20 * MB
MAX_EMBEDDED = 20 * MB
BLOCK = 256 * 1024

_UNREADABLE = (*kinds.UNREADABLE_ZIP, zlib.error, lzma.LZMAError, TypeError, IndexError, OverflowError)
_MAIN_PART = {
    "docx": b"wordprocessingml.document.main+xml",
    "xlsx": b"spreadsheetml.sheet.main+xml",
}
_MACRO_PARTS = re.compile(
    r"(^|/)(vbaproject\w*\.bin|vbadata\.xml|attachedtoolbars\.bin)$|^xl/(intl)?macrosheets/", re.IGNORECASE
)
_CONTROL_PARTS = re.compile(r"(^|/)(activex|webextensions)/", re.IGNORECASE)
_EMBEDDED_PARTS = re.compile(r"(^|/)(embeddings/|afchunk\w*\.|oleobject\w*\.bin$)", re.IGNORECASE)
_CHART_DATA = re.compile(r"(^|/)embeddings/[^/]*\.xlsx$", re.IGNORECASE)
_LINKED_PARTS = re.compile(r"^xl/(externallinks/|connections\.xml$|querytables/)", re.IGNORECASE)
_UNSAFE_NAME = re.compile(r"(^|[/\\])\.\.([/\\]|$)|^[/\\]|^[A-Za-z]:|[\x00-\x1f]")


def look_into_docx(stream: IO[bytes]) -> tuple[dict[str, Any], list[Warned]]:
    return _look_into(stream, "docx")


def look_into_xlsx(stream: IO[bytes]) -> tuple[dict[str, Any], list[Warned]]:
    return _look_into(stream, "xlsx")


def _look_into(stream: IO[bytes], kind: str, *, inside: bool = False) -> tuple[dict[str, Any], list[Warned]]:
    size = stream.seek(0, 2)
    try:
        with zipfile.ZipFile(stream) as archive:
            _refuse_odd_container(archive, stream, size)
            _look_into_package(archive, kind, size, inside=inside)
    except words.Refused:
        raise
    except _UNREADABLE as error:
        raise words.damaged() from error
    return {}, []


# --- The container ------------------------------------------------------------------------------------------


def _refuse_odd_container(archive: zipfile.ZipFile, stream: IO[bytes], size: int) -> None:
    """One way to read it and no other: no name twice, no part within another, nothing before the first or behind the end."""
    entries = archive.infolist()
    if len(entries) > MAX_ENTRIES:
        raise words.unpacks_too_large()
    names = [entry.filename.casefold() for entry in entries]
    if len(set(names)) < len(names) or any(_is_odd(entry) for entry in entries):
        raise words.container()
    begun = sorted(entries, key=lambda entry: entry.header_offset)
    ends = [*(entry.header_offset for entry in begun[1:]), archive.start_dir]
    for entry, end in zip(begun, ends, strict=True):
        if entry.header_offset + 30 + entry.compress_size > end:
            raise words.container()
    if begun and begun[0].header_offset != 0:
        raise words.mixed()
    _refuse_rest(stream, size, len(archive.comment))


def _is_odd(entry: zipfile.ZipInfo) -> bool:
    name = getattr(entry, "orig_filename", entry.filename)  # as it stands there: Python cuts a name off at a NUL
    links = entry.create_system == 3 and stat.S_ISLNK(entry.external_attr >> 16)
    packed_oddly = entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
    return bool(_UNSAFE_NAME.search(name) or links or packed_oddly)


def _refuse_rest(stream: IO[bytes], size: int, comment: int) -> None:
    stream.seek(max(0, size - 22 - 0xFFFF))
    tail = stream.read()
    rest = tail[tail.rfind(b"PK\x05\x06") + 22 :]
    if signatures.has_script(rest) or signatures.is_second_file(rest) or rest[comment:].strip(b"\0\r\n"):
        raise words.mixed()


# --- The parts ----------------------------------------------------------------------------------------------


def _look_into_package(archive: zipfile.ZipFile, kind: str, size: int, *, inside: bool) -> None:
    entries = archive.infolist()
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > MAX_UNPACKED or (unpacked > RATIO_COUNTS_FROM and unpacked > MAX_RATIO * size):
        raise words.unpacks_too_large()
    if any(entry.flag_bits & 1 for entry in entries):
        raise words.encrypted()
    for entry in entries:
        _refuse_part_by_name(entry.filename)
    left = MAX_UNPACKED
    for entry in entries:
        left -= _read_part(archive, entry, left, kind)
    types = archive.read("[Content_Types].xml")
    office_parts.refuse_types(types)
    if _MAIN_PART[kind] not in types:
        raise words.damaged()
    for entry in entries:
        if _EMBEDDED_PARTS.search(entry.filename) and not entry.is_dir():
            _look_into_embedded(archive, entry, inside=inside)


def _refuse_part_by_name(name: str) -> None:
    if _MACRO_PARTS.search(name):
        raise words.macros()
    if _CONTROL_PARTS.search(name):
        raise words.control()


def _look_into_embedded(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, *, inside: bool) -> None:
    """The sheet behind a chart is looked into as any other; whatever else is embedded is not taken."""
    if inside or not _CHART_DATA.search(entry.filename) or entry.file_size > MAX_EMBEDDED:
        raise words.embedded()
    sheet = BytesIO(archive.read(entry))
    if kinds.kind_of(sheet) != "xlsx":
        raise words.embedded()
    _look_into(sheet, "xlsx", inside=True)


def _read_part(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, left: int, kind: str) -> int:
    """Read the part to its end, which checks its sum; whatever its header claims, ``left`` bytes at most."""
    read = 0
    begun = False
    virus = signatures.Watch()
    reader = office_parts.reader(entry.filename, kind)
    with archive.open(entry) as part:
        while chunk := part.read(BLOCK):
            read += len(chunk)
            if read > left:
                raise words.unpacks_too_large()
            if not begun and not _EMBEDDED_PARTS.search(entry.filename) and signatures.is_file_of_its_own(chunk):
                raise words.embedded()
            begun = True
            virus.look(chunk)
            reader.read(chunk)
    reader.end()
    if _LINKED_PARTS.search(entry.filename) and read:
        raise words.linked()
    return read
