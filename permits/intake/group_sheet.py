"""A sheet answers a repeating group: its template to download, its rows read and checked, its faults marked in it."""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import IO, Any

from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font, PatternFill

from permits.codes import regions
from permits.codes.text import fold
from permits.definition import FormField
from permits.groups import RowChecker, is_blank
from permits.intake import roster, sandbox, sheets
from permits.intake.looking.words import Refused
from permits.intake.roster import RosterFault, TooMany

RED = PatternFill("solid", start_color="FFF8D7DA")
TEXT_FORMAT = "@"


@dataclass
class Imported:
    rows: list[dict[str, Any]] = field(default_factory=list)
    faults: list[RosterFault] = field(default_factory=list)  # the first roster.MAX_FAULTS of them
    total_faults: int = 0

    def add(self, row: int, column: str, message: str) -> None:
        self.total_faults += 1
        if len(self.faults) < roster.MAX_FAULTS:
            self.faults.append(RosterFault(row, column, message))


def read(file: File | IO[bytes], group: FormField, values: Mapping[str, Any]) -> Imported:
    """Every row, checked as if it were typed. Raise ``Refused`` for what is no sheet; faults are returned."""
    done = Imported()
    with _opened(file, group, group.max_rows) as best:
        places = best.places
        if missing := [str(column.label) for column in group.fields if column.required and column.key not in places]:
            done.add(0, "", roster.missing_columns(missing))
        if not places or missing:
            return done
        checker = RowChecker(group, values)
        columns = [(c.key, _reader(c), places[c.key]) for c in group.fields if c.key in places]
        try:
            for number, cells in roster.filled_rows(best):
                if len(done.rows) >= group.max_rows:
                    raise TooMany(number)
                _take(done, checker, number, cells, columns)
        except TooMany as stop:
            done.add(stop.row, "", roster.too_many_rows(group.max_rows))
    if len(done.rows) < max(group.min_rows, 1) and not done.faults:
        done.add(0, "", _("The sheet has %(count)d rows below its header; at least %(limit)d are needed.") % {
            "count": len(done.rows), "limit": max(group.min_rows, 1)})  # fmt: skip
    return done


@contextmanager
def _opened(file: File | IO[bytes], group: FormField, most: int) -> Iterator[roster.Found]:
    """Its rows, which another process took out of it: what a stranger packed is opened in none that has anything to lose."""
    try:
        with sandbox.rows_of(file, headers=headers(group), most=most) as found:
            yield found
    except sandbox.Failed as error:
        raise Refused(
            "unreadable",
            _("The sheet can't be read: it takes too long, or too much memory. Copy its rows into a new sheet, save that as "
              ".xlsx and upload it."),
        ) from error  # fmt: skip


def _take(
    done: Imported, checker: RowChecker, number: int, cells: Sequence[Any], columns: list[tuple[str, Reader, int]]
) -> None:
    raw: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for key, as_typed, place in columns:
        cell = cells[place] if place < len(cells) else None
        try:
            raw[key] = as_typed(cell)
        except ValidationError as error:
            raw[key], wrong[key] = roster.shown(cell), " ".join(error.messages)
    if is_blank(raw):
        return
    row, faults = checker.row(number - 1, raw)
    done.rows.append(row)
    if not wrong and not faults:
        return
    told = wrong | {fault.column.key: fault.message for fault in faults if fault.column.key not in wrong}
    for key, message in told.items():
        done.add(number, str(checker.group.column(key).label), message)  # type: ignore[union-attr]  # its own key


Reader = Callable[[Any], Any]


def _reader(column: FormField) -> Reader:
    """How a cell of this column is read: as somebody would have typed it into the form. What it gives raises
    ``ValidationError`` where the sheet spoilt the cell."""
    match column.type:
        case "resident_id" | "bank_account":
            return _unrounded
        case "date":
            return lambda cell: roster.as_date(cell) if roster.shown(cell) else None
        case "yesno":
            return lambda cell: roster.as_yesno(cell) == "是" if roster.shown(cell) else None
        case "choice" | "multichoice":
            return _chooser(column)
        case "datetime":
            return _moment
        case "region":
            return lambda cell: _region(roster.shown(cell)) or None
        case "industry":
            return lambda cell: fold(roster.shown(cell)).upper() or None
    return lambda cell: roster.shown(cell) or None


def _unrounded(cell: Any) -> str | None:
    if isinstance(cell, int | float) and abs(cell) >= 10**15:
        raise ValidationError(
            _("Kept as a number, it lost its last digits. Format the column as text and type it anew.")
        )
    return roster.shown(cell) or None


def _moment(cell: Any) -> str | None:
    """2020年2月10日 8:30, ２０２０/２/１０ ０８：３０ …, as a browser would post it; what is none of these, as it stands."""
    text = roster.shown(cell)
    match = _MOMENT.fullmatch(unicodedata.normalize("NFKC", text))
    if not match or isinstance(cell, datetime):
        return text or None
    year, month, day, hour, minute = (int(part) for part in match.groups())
    return f"{year}-{month:02}-{day:02}T{hour:02}:{minute:02}"


_MOMENT = re.compile(
    r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})(?:\s*日\s*|[T\s]+)(\d{1,2})[:时](\d{1,2})(?::\d{2}|分)?"
)


def _region(text: str) -> str:
    """The code of a place, which may be named in full instead: 江西省宜春市宜丰县."""
    return regions.by_full_name(text) or fold(text)


def _chooser(column: FormField) -> Reader:
    """A choice may be written as its value or its label in either language, several of them with 、 , or ; between."""
    values: dict[str, str] = {}
    for choice in reversed(column.choices):
        values |= {_alike(name): choice.value for name in (choice.label.en, choice.label.zh, choice.value)}

    def one(cell: Any) -> str | None:
        text = roster.shown(cell)
        return values.get(_alike(text), text) or None

    def several(cell: Any) -> list[str] | None:
        text = roster.shown(cell)
        if chosen := values.get(_alike(text)):
            return [chosen]  # a label may have a comma in it
        parts = [part.strip() for part in re.split("[、,，;；]", text)]
        return [values.get(_alike(part), part) for part in parts if part] or None

    return one if column.type == "choice" else several


def _alike(text: str) -> str:
    """As choices are compared: full-width brackets and capitals make no difference."""
    return unicodedata.normalize("NFKC", text).casefold().strip()


def headers(group: FormField) -> dict[str, list[str]]:
    """Each column may be headed by its label in either language, or by its key."""
    return {column.key: [column.label.zh, column.label.en, column.key] for column in group.fields}


# --- Sheets to download -----------------------------------------------------------------------------------------


def template(group: FormField) -> bytes:
    """A sheet with the headers in the reader's language, its cells formatted as text, and a page of explanations."""
    workbook = Workbook()
    page = workbook.active
    assert page is not None
    page.title = _inert_title(str(group.label))
    notes = workbook.create_sheet(_("How to fill it in"))
    for place, column in enumerate(group.fields, 1):
        cell = page.cell(1, place, _safe(f"{column.label}{'*' if column.required else ''}"))
        cell.data_type = "s"
        cell.font = Font(bold=True)
        letter = cell.column_letter
        page.column_dimensions[letter].width = max(12, 2 * len(str(column.label)) + 4)
        page.column_dimensions[letter].number_format = TEXT_FORMAT  # Excel makes 13800001234.0 of a number
        for place_of_note, words in enumerate((str(column.label), _explained(column)), 1):
            if words:
                notes.cell(place, place_of_note, _safe(words)).data_type = "s"
    return _saved(workbook)


def _explained(column: FormField) -> str:
    parts = [_("has to be filled in") if column.required else _("may be left empty"), str(column.help or "")]
    if column.choices:
        parts.append("、".join(str(choice.label) for choice in column.choices))
    if column.type == "date":
        parts.append("2020-02-10")
    return "；".join(part for part in parts if part)


def marked(file: File | IO[bytes], group: FormField, faults: list[RosterFault]) -> bytes:
    """The sheet again, with the faulty cells in red and what is wrong in a column at the end. Nothing in it runs."""
    by_row: dict[int, list[RosterFault]] = {}
    for fault in faults:
        by_row.setdefault(fault.row, []).append(fault)
    workbook = Workbook(write_only=True)
    page = workbook.create_sheet(_inert_title(str(group.label)))
    with _opened(file, group, roster.MAX_SHEET_ROWS) as best:  # also the rows that are too many
        place_of = {str(c.label): best.places[c.key] for c in group.fields if c.key in best.places}
        header_row, wide = best.header_row, 0
        for number, cells in best.rows():
            told = by_row.get(number, [])
            red = {place_of.get(fault.column) for fault in told}
            width = max((place + 1 for place, value in enumerate(cells) if value is not None), default=0)
            wide = max(wide, width) if number <= header_row else wide
            shown = [*cells[:width], *[None] * (wide - width)]
            made = [_cell(page, value, place in red) for place, value in enumerate(shown)]
            if number == header_row:
                whole = by_row.get(0, [])
                made.append(_cell(page, "；".join(map(str, whole)) or _("What is wrong"), bool(whole)))
            elif told:
                made.append(_cell(page, "；".join(f"{f.column}: {f.message}".removeprefix(": ") for f in told), True))
            page.append(made)
    return _saved(workbook)


def _cell(page: Any, value: Any, red: bool) -> WriteOnlyCell:
    cell = WriteOnlyCell(page, value=_safe(roster.shown(value)) or None)
    if cell.value is not None:
        cell.data_type = "s"  # text, whatever it looks like: "=cmd|…" is not a formula here
        cell.number_format = TEXT_FORMAT
    if red:
        cell.fill = RED
    return cell


def _safe(text: str) -> str:
    return sheets.storable(text)[:32_000]


def _inert_title(text: str) -> str:
    return "".join(character for character in _safe(text) if character not in r"[]:*?/\\'")[:31] or "Sheet1"


def _saved(workbook: Workbook) -> bytes:
    out = io.BytesIO()
    workbook.save(out)
    return out.getvalue()
