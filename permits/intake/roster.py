"""A roster (XLSX, CSV) read row by row against the columns that the definition asks for.

Every fault is told with its row as Excel counts it, so that all of them can be mended in one go. Nothing of
the people in it is kept or put into a message, only how many rows there are.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import IO, Any

from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy

from permits.codes import mobile, regions, resident_id
from permits.definition import Requirement, RosterColumn
from permits.intake import sheets
from permits.intake.inspect import Refused

MAX_ROWS = 20_000  # filled in
MAX_SHEET_ROWS = 100_000  # empty ones counted, which some programs write by the hundred thousand
MAX_FAULTS = 200
REMEMBERED = 500  # different values of a column that were found good, which need no second look
MASKS: dict[str, Callable[[str], str]] = {"resident_id": resident_id.mask, "mobile": mobile.mask}
HEADER_WITHIN = 10  # rows; a title often stands above


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
    with sheets.open_sheets(file) as found:
        return _check_sheets(found, requirement.roster)


def rows_shown(found: Found, requirement: Requirement, numbers: Collection[int]) -> dict[int, list[tuple[str, str]]]:
    """By number, as Excel counts: what those rows say, by header, to be shown to whoever handed them in; personal numbers
    masked. Without those that aren't there.
    """
    if not found.places:
        return {}
    columns = [column for column in requirement.roster if column.key in found.places]
    return {
        number: [
            (column.header, MASKS.get(column.type, str)(shown(cell_at(cells, found.places[column.key])))) for column in columns
        ]
        for number, cells in _up_to(found.rows(), max(numbers))
        if number in numbers and number > found.header_row
    }


def too_many_rows(limit: int | None = None) -> str:
    return _("At most %(limit)d rows are taken. Delete empty rows, or split the roster.") % {"limit": limit or MAX_ROWS}


# --- The sheet ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Found:
    """The sheet that fits best, and where its columns stand."""

    rows: Callable[[], sheets.Rows]
    header_row: int
    places: dict[str, int]

    def says_something(self, cells: Sequence[Any]) -> bool:
        """Whether any of the columns does in this row."""
        return any(shown(cell_at(cells, place)) for place in self.places.values())


def headers_of(columns: Iterable[RosterColumn]) -> dict[str, list[str]]:
    """How each column's header is written, for ``find``."""
    return {column.key: [column.header] for column in columns}


def find(found: Sequence[Callable[[], sheets.Rows]], headers: Mapping[str, Sequence[str]]) -> Found | None:
    """Look for the header row: ``headers`` gives for each column's key how its header may be written."""
    best: Found | None = None
    for rows in found:
        for number, cells in _up_to(rows(), HEADER_WITHIN):
            places = _places(cells, headers)
            if places and (best is None or len(places) > len(best.places)):
                best = Found(rows, number, places)
    return best


def _check_sheets(found: Sequence[Callable[[], sheets.Rows]], columns: Sequence[RosterColumn]) -> Roster:
    best = find(found, headers_of(columns))
    roster = Roster()
    places = best.places if best else {}
    if missing := [column.header for column in columns if column.key not in places]:
        roster.add(0, "", missing_columns(missing))
    if best is None or missing:
        return roster
    _check_rows(best, [_ColumnCheck(column, places[column.key]) for column in columns], roster)
    return roster


def missing_columns(headers: list[str]) -> str:
    return _("These columns are missing: %(headers)s. Their names stand in one row above the data.") % {
        "headers": "、".join(headers)
    }


def _up_to(rows: sheets.Rows, limit: int) -> sheets.Rows:
    for number, cells in rows:
        if number > limit:
            return
        yield number, cells


def _places(cells: Sequence[Any], headers: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Where each column stands, by its header; the first of two that are alike."""
    written: dict[str, int] = {}
    for index, value in enumerate(cells):
        written.setdefault(_header(value), index)
    found = {}
    for key, names in headers.items():
        place = next((written[_header(name)] for name in names if _header(name) in written), None)
        if place is not None:
            found[key] = place
    return found


def _header(value: Any) -> str:
    """A header as it is compared: no blanks, no asterisk of a required one, full-width folded."""
    return re.sub(r"[\s*:]+", "", unicodedata.normalize("NFKC", str(value if value is not None else ""))).casefold()


def filled_rows(found: Found) -> sheets.Rows:
    """The rows below the header in which any of the columns says something; raise ``TooMany`` past the limits."""
    for number, cells in found.rows():
        if number > MAX_SHEET_ROWS:
            raise TooMany(number)
        if number > found.header_row and found.says_something(cells):
            yield number, cells


class TooMany(Exception):
    """The sheet goes on past what is read of it, at this row."""

    def __init__(self, row: int) -> None:
        super().__init__(row)
        self.row = row


def cell_at(cells: Sequence[Any], place: int) -> Any:
    return cells[place] if place < len(cells) else None


def _check_rows(found: Found, checks: list[_ColumnCheck], roster: Roster) -> None:
    try:
        for number, cells in filled_rows(found):
            if roster.rows == MAX_ROWS:
                raise TooMany(number)
            roster.rows += 1
            for check in checks:
                if message := check.fault(number, cell_at(cells, check.place)):
                    roster.add(number, check.column.header, message)
    except TooMany as stop:
        roster.add(stop.row, "", too_many_rows())
        return
    if not roster.rows:
        roster.add(0, "", _("The roster has no rows below its header. Fill it in and upload it again."))


class _ColumnCheck:
    """One column: where it stands, what its values have to be, and which of them were seen."""

    def __init__(self, column: RosterColumn, place: int) -> None:
        self.column = column
        self.place = place
        self.clean = CLEAN[column.type]
        self.seen: dict[str, int] = {}
        self.good: set[Any] = set()  # of a column that says the same again and again, such as a region

    def fault(self, number: int, value: Any) -> str:
        if value in self.good:
            return ""
        if not shown(value):
            return _("This has to be filled in.") if self.column.required else ""
        try:
            cleaned = self.clean(value)
        except ValidationError as error:
            return " ".join(error.messages)
        if self.column.unique:
            first = self.seen.setdefault(cleaned, number)
            if first != number:
                return _("This stands in row %(row)d already.") % {"row": first}
        elif len(self.good) < REMEMBERED and isinstance(value, str | date):
            self.good.add(value)
        return ""


# --- The cells ----------------------------------------------------------------------------------------------


def shown(value: Any) -> str:
    """What a cell shows, without blanks around it and the invisible marks that come along from chats."""
    if isinstance(value, str):
        return _without_marks(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))  # Excel makes 13800001234.0 of a number
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()  # a day, which Excel keeps as its midnight
    if isinstance(value, datetime | date):
        return value.isoformat()
    return _without_marks(str(value))


def _without_marks(text: str) -> str:
    if not text.isprintable():  # those marks never are, and few texts hold one
        text = "".join(character for character in text if unicodedata.category(character) != "Cf")
    return text.strip()


def as_resident_id(value: Any) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) >= 10**15:
        message = _("Kept as a number, it lost its last digits. Format the column as text and type it anew.")
        raise ValidationError(message)
    return str(resident_id.clean(shown(value)))


def as_date(value: Any) -> str:
    if isinstance(value, datetime | date):
        year, month, day = value.year, value.month, value.day
    elif match := _DATE.fullmatch(unicodedata.normalize("NFKC", shown(value))):
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


def as_yesno(value: Any) -> str:
    match unicodedata.normalize("NFKC", shown(value)).casefold():
        case "是" | "yes" | "y" | "true" | "√":
            return "是"
        case "否" | "no" | "n" | "false" | "×":
            return "否"
    raise ValidationError(_("Write 是 or 否."))


CLEAN: dict[str, Callable[[Any], str]] = {
    "text": shown,
    "resident_id": as_resident_id,
    "mobile": lambda value: str(mobile.clean(shown(value))),
    "region": lambda value: str(regions.clean(shown(value))),
    "date": as_date,
    "yesno": as_yesno,
}
