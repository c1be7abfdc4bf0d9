"""Rows of a sheet, one after another, in bounded memory: XLSX by openpyxl's streaming reader, CSV in UTF-8 or GB18030.

Formulas and macros are never run: of a formula the value is read that the program which saved the file had computed.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any

import openpyxl
from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.utils.translation import gettext_lazy as _
from openpyxl.utils import column_index_from_string

from permits.intake.inspect import MB, Refused

MAX_COLUMNS = 100
MAX_MERGED = 20_000
MAX_READ_WHOLE = 64 * MB  # Excel keeps all texts of a workbook in one part
READING_FAILED = (
    zipfile.BadZipFile, KeyError, ValueError, TypeError, IndexError, AttributeError, OverflowError, OSError,
    SyntaxError, csv.Error,
)  # fmt: skip

_NO_XML = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")

Rows = Iterator[tuple[int, tuple[Any, ...]]]


def storable(text: str) -> str:
    """Without the characters that XML, and so a sheet, has no place for."""
    return _NO_XML.sub("", text)


@contextmanager
def open_sheets(file: File | IO[bytes]) -> Iterator[list[Callable[[], Rows]]]:
    """For each visible sheet a function that gives its rows from the first: (number as Excel counts, cells).

    Raise ``Refused`` for what is no sheet, also while the rows are read.
    """
    stream: Any = file
    while isinstance(stream, File):
        stream = stream.file
    stream.seek(0)
    try:
        if stream.read(4) == b"PK\x03\x04":
            with _workbook(stream) as sheets:
                yield sheets
        else:
            encoding = _encoding(stream)
            yield [lambda: _csv_rows(stream, encoding)]
    except READING_FAILED as error:
        if isinstance(error, ValidationError):  # ours
            raise
        raise Refused(
            "damaged", _("The sheet can't be read. Open it in Excel or WPS, save it as .xlsx and upload that.")
        ) from error
    finally:
        stream.seek(0)


@contextmanager
def _workbook(stream: IO[bytes]) -> Iterator[list[Callable[[], Rows]]]:
    stream.seek(0)
    _refuse_large_parts(stream)
    stream.seek(0)
    workbook = openpyxl.load_workbook(stream, read_only=True, data_only=True, keep_links=False)
    try:
        visible = [sheet for sheet in workbook.worksheets if sheet.sheet_state == "visible"]
        yield [lambda sheet=sheet: _sheet_rows(sheet) for sheet in visible]  # type: ignore[misc]
    finally:
        workbook.close()


_READ_WHOLE = ("sharedstrings.xml", "styles.xml", "workbook.xml", "theme1.xml", "[content_types].xml", ".rels")


def _refuse_large_parts(stream: IO[bytes]) -> None:
    """A part that isn't read row by row takes a multiple of its size in memory."""
    with zipfile.ZipFile(stream) as archive:
        parts = archive.infolist()
    if any(part.file_size > MAX_READ_WHOLE for part in parts if part.filename.lower().endswith(_READ_WHOLE)):
        raise too_large()


def too_large() -> Refused:
    return Refused("too_many_rows", _("The sheet is too large. Delete empty rows, or split it."))


def _sheet_rows(sheet: Any) -> Rows:
    sheet.reset_dimensions()  # some programs write them wrong, and rows would go unread
    rows = enumerate(sheet.iter_rows(values_only=True, max_col=MAX_COLUMNS), 1)
    merged = _merged(sheet)
    return _filled(rows, merged) if merged else rows


# --- Merged cells: what stands in the first cell counts for all of them ---------------------------------------

_MERGED = re.compile(rb'<mergeCell ref="([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})"')


def _merged(sheet: Any) -> dict[int, list[tuple[int, int, int]]]:
    """By its first row: first column, last row, last column. The streaming reader passes them over, so we look."""
    areas: set[tuple[int, int, int, int]] = set()
    tail = b""
    with sheet._get_source() as source:
        while block := source.read(256 * 1024):
            text = tail + block
            for match in _MERGED.finditer(text):
                left, top, right, bottom = match.groups()
                left, right = column_index_from_string(left.decode()), column_index_from_string(right.decode())
                if left <= MAX_COLUMNS:  # nobody reads those beyond
                    areas.add((int(top), left, int(bottom), min(right, MAX_COLUMNS)))
            if len(areas) > MAX_MERGED:
                raise _too_merged()
            tail = text[-64:]  # one that the blocks' border cuts in two
    found: dict[int, list[tuple[int, int, int]]] = {}
    for top, left, bottom, right in areas:
        found.setdefault(top, []).append((left, bottom, right))
    return found


def _too_merged() -> Refused:
    return Refused("merged", _("The sheet has too many merged cells. Unmerge them and upload it again."))


def _filled(rows: Any, merged: dict[int, list[tuple[int, int, int]]]) -> Rows:
    standing: list[tuple[int, int, int, Any]] = []  # first column, last row, last column, value
    for number, cells in rows:
        standing = [area for area in standing if area[1] >= number]
        for left, bottom, right in merged.get(number, ()):
            value = cells[left - 1] if left <= len(cells) else None
            standing.append((left, bottom, right, value))
        # No office program lets areas overlap; thousands that do would each be walked through in every row.
        if sum(right - left + 1 for left, _bottom, right, _value in standing) > MAX_COLUMNS:
            raise _too_merged()
        if standing:
            row = list(cells)
            for left, _bottom, right, value in standing:
                row.extend([None] * (right - len(row)))
                for place in range(left - 1, right):
                    row[place] = value if row[place] is None else row[place]
            cells = tuple(row)
        yield number, cells


# --- CSV --------------------------------------------------------------------------------------------------------


def _encoding(stream: IO[bytes]) -> str:
    """UTF-16 says so itself; what is good UTF-8 is taken for that; else it is what Excel writes in China."""
    stream.seek(0)
    head = stream.read(4)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    for encoding in ("utf-8-sig", "gb18030"):
        stream.seek(0)
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            while block := stream.read(256 * 1024):
                if "\0" in decoder.decode(block):
                    break
            else:
                decoder.decode(b"", final=True)
                return encoding
        except UnicodeDecodeError:
            continue
    raise Refused("damaged", _("This is neither a sheet nor text. Save it as .xlsx and upload that."))


def _csv_rows(stream: IO[bytes], encoding: str) -> Rows:
    stream.seek(0)
    text = io.TextIOWrapper(stream, encoding=encoding, newline="")
    try:
        sample = text.readline(64_000)
        delimiter = max(",;\t，", key=sample.count)
        text.seek(0)
        for number, row in enumerate(csv.reader(text, delimiter=delimiter), 1):
            yield number, tuple(cell.strip() or None for cell in row[:MAX_COLUMNS])
    finally:
        text.detach()
