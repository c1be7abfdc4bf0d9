"""A roster (XLSX) read row by row against the columns that the definition asks for.

Every fault is told with its row as Excel counts it, so that all of them can be mended in one go. Nothing of
the people in it is kept or put into a message, only how many rows there are.
"""

from __future__ import annotations

import re
import unicodedata
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import IO, Any

import openpyxl
from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy

from permits.codes import mobile, regions, resident_id
from permits.definition import Requirement, RosterColumn
from permits.intake.inspect import MB, Refused

MAX_ROWS = 20_000  # filled in
MAX_SHEET_ROWS = 100_000  # empty ones counted, which some programs write by the hundred thousand
MAX_COLUMNS = 100
MAX_FAULTS = 200
HEADER_WITHIN = 10  # rows; a title often stands above
MAX_TEXT_POOL = 64 * MB  # Excel keeps all texts of a workbook in one part, which has to be read whole
READING_FAILED = (
    zipfile.BadZipFile, KeyError, ValueError, TypeError, IndexError, AttributeError, OverflowError, OSError,
    SyntaxError,
)  # fmt: skip


@dataclass(frozen=True)
class RosterFault:
    row: int  # as Excel counts, 0 for the whole sheet
    column: str
    message: str

    def __str__(self) -> str:
        if not self.row:
            return self.message
        if not self.column:
            return _("Row %(row)d: %(message)s") % {"row": self.row, "message": self.message}
        return _("Row %(row)d, %(column)s: %(message)s") % {
            "row": self.row,
            "column": self.column,
            "message": self.message,
        }


@dataclass
class Roster:
    rows: int = 0
    faults: list[RosterFault] = field(default_factory=list)  # the first MAX_FAULTS of them
    total_faults: int = 0

    def add(self, row: int, column: str, message: str) -> None:
        self.total_faults += 1
        if len(self.faults) < MAX_FAULTS:
            self.faults.append(RosterFault(row, column, message))


class RosterRefused(Refused):
    """The roster has faults; ``faults`` has each of them, ``total`` says how many there are in all."""

    def __init__(self, roster: Roster) -> None:
        count = roster.total_faults
        message = ngettext_lazy(
            "The roster has %(count)d fault. Mend it in the sheet and upload it again.",
            "The roster has %(count)d faults. Mend them in the sheet and upload it again.",
            count,
        )
        super().__init__("roster", message % {"count": count})
        self.faults = roster.faults
        self.total = count


def read(file: File | IO[bytes], requirement: Requirement) -> Roster:
    """Check every row. The rows' faults are returned; raise ``Refused`` for what is no sheet."""
    stream: Any = file
    while isinstance(stream, File):
        stream = stream.file
    try:
        stream.seek(0)
        _refuse_large_text_pool(stream)
        stream.seek(0)
        workbook = openpyxl.load_workbook(stream, read_only=True, data_only=True, keep_links=False)
        try:
            return _check_workbook(workbook, requirement.roster)
        finally:
            workbook.close()
            stream.seek(0)
    except READING_FAILED as error:
        if isinstance(error, ValidationError):  # ours
            raise
        raise Refused(
            "damaged",
            _("The sheet can't be read. Open it in Excel or WPS, save it as .xlsx and upload that."),
        ) from error


_READ_WHOLE = ("sharedstrings.xml", "styles.xml")


def _refuse_large_text_pool(stream: IO[bytes]) -> None:
    with zipfile.ZipFile(stream) as archive:
        parts = archive.infolist()
    if any(part.file_size > MAX_TEXT_POOL for part in parts if part.filename.lower().endswith(_READ_WHOLE)):
        raise Refused("too_many_rows", _too_many_rows())


def _too_many_rows() -> str:
    return _("At most %(limit)d rows are taken. Delete empty rows, or split the roster.") % {"limit": MAX_ROWS}


# --- The sheet ----------------------------------------------------------------------------------------------


def _check_workbook(workbook: Any, columns: Sequence[RosterColumn]) -> Roster:
    best: tuple[int, Any, int, dict[str, int]] | None = None
    for sheet in workbook.worksheets:
        if sheet.sheet_state != "visible":
            continue
        sheet.reset_dimensions()  # some programs write them wrong, and rows would go unread
        for number, cells in _rows(sheet, HEADER_WITHIN):
            places = _places(cells, columns)
            if places and (best is None or len(places) > best[0]):
                best = (len(places), sheet, number, places)
    roster = Roster()
    found = best[3] if best else {}
    if missing := [column.header for column in columns if column.key not in found]:
        roster.add(0, "", _missing(missing))
    if best is None or missing:
        return roster
    _check_rows(best[1], best[2], [_ColumnCheck(column, found[column.key]) for column in columns], roster)
    return roster


def _missing(headers: list[str]) -> str:
    return _("These columns are missing: %(headers)s. Their names stand in one row above the data.") % {
        "headers": "、".join(headers)
    }


def _rows(sheet: Any, limit: int) -> Iterator[tuple[int, tuple[Any, ...]]]:
    for number, cells in enumerate(sheet.iter_rows(values_only=True, max_col=MAX_COLUMNS), 1):
        if number > limit:
            return
        yield number, cells


def _places(cells: Sequence[Any], columns: Sequence[RosterColumn]) -> dict[str, int]:
    """Where each column stands, by its header; the first of two that are alike."""
    headers: dict[str, int] = {}
    for index, value in enumerate(cells):
        headers.setdefault(_header(value), index)
    return {column.key: headers[_header(column.header)] for column in columns if _header(column.header) in headers}


def _header(value: Any) -> str:
    """A header as it is compared: no blanks, no asterisk of a required one, full-width folded."""
    return re.sub(r"[\s*:]+", "", unicodedata.normalize("NFKC", str(value if value is not None else ""))).casefold()


def _check_rows(sheet: Any, header_row: int, checks: list[_ColumnCheck], roster: Roster) -> None:
    for number, cells in _rows(sheet, MAX_SHEET_ROWS + 1):
        if number > MAX_SHEET_ROWS:
            roster.add(number, "", _too_many_rows())
            return
        if number <= header_row or not any(_text(check.value(cells)) for check in checks):
            continue
        if roster.rows == MAX_ROWS:
            roster.add(number, "", _too_many_rows())
            return
        roster.rows += 1
        for check in checks:
            if message := check.fault(number, check.value(cells)):
                roster.add(number, check.column.header, message)
    if not roster.rows:
        roster.add(0, "", _("The roster has no rows below its header. Fill it in and upload it again."))


class _ColumnCheck:
    """One column: where it stands, what its values have to be, and which of them were seen."""

    def __init__(self, column: RosterColumn, place: int) -> None:
        self.column = column
        self.place = place
        self.clean = CLEAN[column.type]
        self.seen: dict[str, int] = {}

    def value(self, cells: Sequence[Any]) -> Any:
        return cells[self.place] if self.place < len(cells) else None

    def fault(self, number: int, value: Any) -> str:
        if not _text(value):
            return _("This has to be filled in.") if self.column.required else ""
        try:
            cleaned = self.clean(value)
        except ValidationError as error:
            return " ".join(error.messages)
        if self.column.unique:
            first = self.seen.setdefault(cleaned, number)
            if first != number:
                return _("This stands in row %(row)d already.") % {"row": first}
        return ""


# --- The cells ----------------------------------------------------------------------------------------------


def _text(value: Any) -> str:
    """What a cell shows, without blanks around it and the invisible marks that come along from chats."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))  # Excel makes 13800001234.0 of a number
    if isinstance(value, datetime | date):
        return value.isoformat()
    text = "".join(character for character in str(value) if unicodedata.category(character) != "Cf")
    return text.strip()


def _resident_id(value: Any) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) >= 10**15:
        message = _("Kept as a number, it lost its last digits. Format the column as text and type it anew.")
        raise ValidationError(message)
    return str(resident_id.clean(_text(value)))


def _date(value: Any) -> str:
    if isinstance(value, datetime | date):
        year, month, day = value.year, value.month, value.day
    elif match := _DATE.fullmatch(unicodedata.normalize("NFKC", _text(value))):
        year, month, day = (int(part) for part in match.groups() if part)
    else:
        raise ValidationError(_("This is not a date. Write it as 2020-02-10."))
    try:
        found = date(year, month, day)
    except ValueError as error:
        raise ValidationError(_("There is no such day in the calendar.")) from error
    if not 1900 < found.year < 2100:
        raise ValidationError(_("This is not a date. Write it as 2020-02-10."))
    return found.isoformat()


_DATE = re.compile(
    r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:[T\s]+[\d:.]+)?"
    r"|(\d{4})(\d{2})(\d{2})"
)


def _yesno(value: Any) -> str:
    match unicodedata.normalize("NFKC", _text(value)).casefold():
        case "是" | "yes" | "y" | "true" | "√":
            return "是"
        case "否" | "no" | "n" | "false" | "×":
            return "否"
    raise ValidationError(_("Write 是 or 否."))


CLEAN: dict[str, Callable[[Any], str]] = {
    "text": _text,
    "resident_id": _resident_id,
    "mobile": lambda value: str(mobile.clean(_text(value))),
    "region": lambda value: str(regions.clean(_text(value))),
    "date": _date,
    "yesno": _yesno,
}
