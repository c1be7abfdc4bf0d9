"""Repeating groups: the rows of a form field of type ``group``, checked, and laid out to be typed into.

A group is stored as a list of rows, each a dict of what its columns say. ``check`` is the one judge of rows, wherever
they come from: typed on the page, read from a sheet, carried over from another edition.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from permits import fieldtypes
from permits.definition import FormField, expression

ON_PAGE = 60  # rows; a longer group came from a sheet and is shown, not typed into
TYPED_AT_MOST = 1000  # rows: a browser's form has no more fields than that (DATA_UPLOAD_MAX_NUMBER_FIELDS)
MAX_TOLD = 100  # faults told one by one
MAX_TEXT = 20_000


@dataclass(frozen=True)
class CellFault:
    row: int  # from 0
    column: FormField
    message: str

    def __str__(self) -> str:
        return _("Row %(row)d, %(column)s: %(message)s") % {
            "row": self.row + 1, "column": self.column.label, "message": self.message,
        }  # fmt: skip


@dataclass
class Checked:
    """``kept``: the rows to be stored, as typed where they are wrong; ``faults``: what is wrong with them."""

    kept: list[dict[str, Any]] = field(default_factory=list)
    faults: list[CellFault] = field(default_factory=list)
    whole: list[str] = field(default_factory=list)  # what is wrong with the group itself


def check(group: FormField, rows: Sequence[Mapping[str, Any]], values: Mapping[str, Any]) -> Checked:
    """Check rows of raw answers. Columns that a row does not show are not kept; blank rows are passed over."""
    checker = RowChecker(group, values)
    found = Checked()
    for raw in rows:
        if is_blank(raw):
            continue
        kept, faults = checker.row(len(found.kept), raw)
        found.kept.append(kept)
        found.faults.extend(faults)
    found.whole.extend(_miscounted(group, len(found.kept)))
    return found


def is_blank(raw: Mapping[str, Any]) -> bool:
    return all(value in (None, "", []) or (isinstance(value, str) and not value.strip()) for value in raw.values())


def _miscounted(group: FormField, count: int) -> list[str]:
    if 0 < count < group.min_rows:
        text = ngettext(
            "At least %(limit)d row is needed; there are %(count)d.",
            "At least %(limit)d rows are needed; there are %(count)d.", group.min_rows,
        )  # fmt: skip
        return [text % {"limit": group.min_rows, "count": count}]
    if count > group.max_rows:
        text = ngettext(
            "At most %(limit)d row is taken; there are %(count)d.",
            "At most %(limit)d rows are taken; there are %(count)d.", group.max_rows,
        )  # fmt: skip
        return [text % {"limit": group.max_rows, "count": count}]
    return []


REMEMBERED = 500  # different answers of a column that were found good, which need no second look


class _Column:
    """What the answers of one column are checked with, made once for all rows."""

    def __init__(self, column: FormField) -> None:
        self.column = column
        self.key = column.key
        self.made = fieldtypes.form_field(column)
        self.shown_if, self.required_if = expression(column.shown_if), expression(column.required_if)
        self.demanding = bool(column.unique or column.must_be is not None)  # of an answer that is good by itself
        self.good: dict[str | bool, Any] = {}

    def cleaned(self, raw: Any) -> Any:
        """As it is stored. Raise ``ValidationError``. Thousands of rows often say the same, such as a region."""
        alike = isinstance(raw, str | bool)  # 1 and True are one key of a dict, and not one answer
        if alike and raw in self.good:
            return self.good[raw]
        value = fieldtypes.to_json(self.made.clean(fieldtypes.to_form(self.column, raw)))
        if alike and not self.column.unique and len(self.good) < REMEMBERED and not isinstance(value, list):
            self.good[raw] = value
        return value


class RowChecker:
    """Checks rows one by one with one set of form fields; remembers what has to be unique."""

    def __init__(self, group: FormField, values: Mapping[str, Any]) -> None:
        self.group = group
        self.values = values
        self.columns = [_Column(column) for column in group.fields]
        self.conditional = any(column.shown_if or column.required_if for column in group.fields)
        self.seen: dict[tuple[str, Any], int] = {}

    def row(self, number: int, raw: Mapping[str, Any]) -> tuple[dict[str, Any], list[CellFault]]:
        kept: dict[str, Any] = {}
        wrong: dict[str, str] = {}
        for column in self.columns:
            key = column.key
            try:
                kept[key] = column.cleaned(raw.get(key))
            except ValidationError as error:
                wrong[key] = " ".join(error.messages)
                kept[key] = _as_typed(raw.get(key))
        seen: dict[str, Any] = {}
        if self.conditional:
            seen = self._as_seen(kept, wrong)
            for key in hidden_in(self.group, seen):
                kept[key] = seen[key] = None
                wrong.pop(key, None)
        faults = []
        for column in self.columns:
            if column.shown_if and not column.shown_if.holds(seen, when_unanswered=False):
                continue
            if message := wrong.get(column.key) or self._fault(column, kept[column.key], seen, number):
                faults.append(CellFault(number, column.column, message))
        return {key: value for key, value in kept.items() if not _empty(value)}, faults

    def _as_seen(self, kept: Mapping[str, Any], wrong: Mapping[str, str]) -> dict[str, Any]:
        """The row as its conditions see it, above the answers of the form."""
        return dict(self.values) | {
            column.key: None if column.key in wrong else fieldtypes.from_json(column, kept[column.key])
            for column in self.group.fields
        }

    def _fault(self, made: _Column, value: Any, seen: Mapping[str, Any], number: int) -> str:
        column = made.column
        if _empty(value):
            required = column.required or (made.required_if and made.required_if.holds(seen, when_unanswered=False))
            return _("Please fill in “%(label)s”.") % {"label": column.label} if required else ""
        if not made.demanding:
            return ""
        if column.must_be is not None and value is not column.must_be:
            return _("This can only be answered in one way.")
        if column.unique:
            first = self.seen.setdefault((column.key, str(value)), number)
            if first != number:
                return _("This stands in row %(row)d already.") % {"row": first + 1}
        return ""


def _empty(value: Any) -> bool:
    return value is None or value == "" or value == []


def hidden_in(group: FormField, seen: Mapping[str, Any]) -> set[str]:
    """The columns that a row does not show, and then those that hang on them. ``seen``: the row above the form's answers."""
    conditional = [column for column in group.fields if column.shown_if]
    hidden: set[str] = set()
    for _round in range(len(conditional)):
        now = {**seen, **dict.fromkeys(hidden)}
        more = {c.key for c in conditional if c.key not in hidden and not _holds(c.shown_if, now, default=True)}
        if not more:
            break
        hidden |= more
    return hidden


def rows_without_hidden(
    group: FormField, rows: Sequence[Mapping[str, Any]], values: Mapping[str, Any]
) -> list[dict[str, Any]]:
    return [{**row, **dict.fromkeys(hidden_in(group, {**values, **row}))} for row in rows]


def _holds(text: str | None, values: Mapping[str, Any], *, default: bool) -> bool:
    condition = expression(text)
    return default if condition is None else condition.holds(values, when_unanswered=False)


def _as_typed(value: Any) -> Any:
    if isinstance(value, str):
        return value[:MAX_TEXT].replace("\0", "")
    return value if isinstance(value, bool | int | float | list) else None


def is_read_only(group: FormField, count: int) -> bool:
    """A long group came from a sheet; it is mended there and read again."""
    return group.importable and count > max(ON_PAGE, group.min_rows)


# --- On the page --------------------------------------------------------------------------------------------


class RowForm(forms.Form):
    """One row to type into; what is wrong with it was found by ``check``."""

    use_required_attribute = False

    def __init__(self, group: FormField, prefix: str, row: Mapping[str, Any], faults: Sequence[CellFault]) -> None:
        super().__init__(initial={c.key: fieldtypes.to_form(c, row.get(c.key)) for c in group.fields}, prefix=prefix)
        for column in group.fields:
            made = fieldtypes.form_field(column)
            made.widget.attrs["class"] = _css(made.widget)
            self.fields[column.key] = made
        self.wrong = {fault.column.key: fault.message for fault in faults}
        for key, message in self.wrong.items():
            # The words stand beside the cell; a screen reader is led from the control to them.
            attrs = self.fields[key].widget.attrs
            attrs["class"] += " is-invalid"
            attrs["aria-invalid"], attrs["aria-describedby"] = "true", f"{self[key].auto_id}-wrong"
            attrs["title"] = message


def _css(widget: forms.Widget) -> str:
    """Bootstrap's class for a control that crispy doesn't lay out."""
    if isinstance(widget, forms.CheckboxInput | forms.RadioSelect | forms.CheckboxSelectMultiple):
        return "form-check-input"
    return "form-select" if isinstance(widget, forms.Select) else "form-control"


@dataclass(frozen=True)
class Cell:
    bound: forms.BoundField
    column: FormField
    wrong: str
    known: Mapping[str, Any] = field(default_factory=dict)  # what is not on the page, for its condition

    @property
    def condition(self) -> str:
        """The browser's copy of ``shown_if``, as JSON. It looks names up in the cell's own row first."""
        shown_if = expression(self.column.shown_if)
        return json.dumps(shown_if.as_json(self.known)) if shown_if else ""


def row_cells(
    group: FormField, index: str, row: Mapping[str, Any], faults: Sequence[CellFault],
    known: Mapping[str, Any] | None = None,
) -> list[Cell]:  # fmt: skip
    """``known``: the answers that the page has no controls for; a row's own columns hide those of the form."""
    form = RowForm(group, f"{group.key}-{index}", row, faults)
    elsewhere = {key: value for key, value in (known or {}).items() if group.column(key) is None}
    return [Cell(form[column.key], column, form.wrong.get(column.key, ""), elsewhere) for column in group.fields]


def page_rows(
    group: FormField, rows: Sequence[Mapping[str, Any]], faults: Sequence[CellFault], *, extra: int = 0,
    known: Mapping[str, Any] | None = None,
) -> list[list[Cell]]:  # fmt: skip
    """The rows to type into: those that are there, and blank ones up to what is asked for at least."""
    count = max(len(rows) + extra, group.min_rows, 1)
    found = []
    for index in range(min(count, group.max_rows)):
        row = rows[index] if index < len(rows) else {}
        found.append(row_cells(group, str(index), row, [fault for fault in faults if fault.row == index], known))
    return found


def table(group: FormField, rows: Any, *, limit: int = 0, mask: bool = True) -> dict[str, Any]:
    """The rows in words, to be read; with ``limit`` only the first ones."""
    stored = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    shown = stored[:limit] if limit else stored
    return {
        "head": [str(column.label) for column in group.fields],
        "rows": [[fieldtypes.display(c, row.get(c.key), mask=mask) for c in group.fields] for row in shown],
        "more": len(stored) - len(shown),
    }
