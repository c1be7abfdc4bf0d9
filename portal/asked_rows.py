"""Rows of lists that a notice of corrections names: shown as they were sent, and mended one by one.

A row of a group (typed into the form) is mended cell by cell; a row of a roster in its sheet, which is uploaded again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.http import QueryDict

from permits import fieldtypes, groups
from permits.definition import FormField
from permits.forms import values_of
from permits.intake import roster, sandbox
from permits.intake.storage import StorageUnavailable, open_blob
from permits.models import Application, Material
from portal.asked import Asked
from reviews.models import CorrectionItem

Shown = list[tuple[str, str]]  # what stands above a column, and what in it


@dataclass
class Mended:
    """``answers``: groups with the rows as typed; ``faults``: what is wrong with them, by group."""

    answers: dict[str, Any] = field(default_factory=dict)
    faults: dict[str, list[groups.CellFault]] = field(default_factory=dict)

    @property
    def good(self) -> bool:
        return not any(self.faults.values())


def mend(application: Application, asked: Asked, typed: QueryDict | None = None) -> Mended:
    """The named rows as typed, or as they stand where nothing was, and checked among the others of their lists."""
    found = Mended()
    values = values_of(application.definition, application.answers)
    for key, indexes in _indexes(application, asked).items():
        group = _group(application, key)
        rows = _stored(application, key)
        checker = groups.RowChecker(group, values)
        found.faults[key] = []
        for index, standing in enumerate(rows):
            raw = _typed(group, index, typed) if index in indexes and typed is not None else None
            kept, faults = checker.row(index, standing if raw is None else raw)
            if index in indexes:
                rows[index] = kept
            found.faults[key] += faults
        found.answers[key] = rows
    return found


def cells(application: Application, asked: Asked, item: CorrectionItem, mended: Mended | None) -> list[groups.Cell]:
    """The row to type into; nothing when it is a roster's, or is asked for with its whole list."""
    if not item.row or item.row - 1 not in _indexes(application, asked).get(item.key, ()):
        return []
    faults = mended.faults.get(item.key, []) if mended else []
    here = [fault for fault in faults if fault.row == item.row - 1]
    row = _stored(application, item.key)[item.row - 1]
    said = values_of(application.definition, application.answers)
    known = {key: value for key, value in said.items() if key not in asked.fields}
    return groups.row_cells(_group(application, item.key), str(item.row - 1), row, here, known)


def elsewhere(item: CorrectionItem, mended: Mended | None) -> list[str]:
    """What the row, as typed, puts wrong in other rows of its list."""
    faults = mended.faults.get(item.key, []) if mended and item.row else []
    return [str(fault) for fault in faults if fault.row + 1 != item.row]


def as_sent(application: Application, items: Iterable[CorrectionItem]) -> dict[int, Shown]:
    """By item that asks for a row: its columns and what they said when the notice was issued; personal numbers masked."""
    found: dict[int, Shown] = {}
    of_sheets: dict[tuple[str, str], dict[int, int]] = {}
    for item in items:
        group = application.definition.field(item.key)
        if item.kind != CorrectionItem.Kind.ROW or not item.previous:
            continue
        if group and isinstance(item.previous, dict):
            found[item.pk] = [
                (str(column.label), fieldtypes.display(column, item.previous.get(column.key))) for column in group.fields
            ]
        elif not group and item.row and isinstance(item.previous, list):
            of_sheets.setdefault((item.key, str(item.previous[0])), {})[item.pk] = item.row
    for (key, sha256), numbers in of_sheets.items():
        rows = _of_sheet(application, key, sha256, set(numbers.values()))
        found |= {pk: rows[number] for pk, number in numbers.items() if number in rows}
    return found


def _of_sheet(application: Application, key: str, sha256: str, numbers: set[int]) -> dict[int, Shown]:
    """Rows of a roster, which is opened once for all of them."""
    requirement = application.definition.requirement(key)
    if requirement is None or not requirement.roster:
        return {}
    if not Material.objects.filter(application=application, requirement=key, sha256=sha256).exists():
        return {}
    try:
        with open_blob(sha256) as file, sandbox.rows_of(file, headers=roster.headers_of(requirement.roster), most=max(numbers)) as sheet:
            return roster.rows_shown(sheet, requirement, numbers)
    except (ValidationError, StorageUnavailable, sandbox.Failed):
        return {}  # the words of the notice stand by themselves


def _indexes(application: Application, asked: Asked) -> dict[str, set[int]]:
    """By group: which of its rows are named, from 0."""
    found: dict[str, set[int]] = {}
    for item in asked.items:
        if item.kind != CorrectionItem.Kind.ROW or item.key in asked.fields or not item.row:
            continue
        if application.definition.field(item.key) and item.row <= len(_stored(application, item.key)):
            found.setdefault(item.key, set()).add(item.row - 1)
    return found


def _group(application: Application, key: str) -> FormField:
    group = application.definition.field(key)
    if group is None:
        raise LookupError(f"{application} has no list '{key}'")
    return group


def _stored(application: Application, key: str) -> list[dict[str, Any]]:
    rows = application.answers.get(key)
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _typed(group: FormField, index: int, typed: QueryDict) -> dict[str, Any] | None:
    """What was posted of the row; nothing when it wasn't on the page."""
    prefix = f"{group.key}-{index}-"
    mine = typed.copy()
    for name in [name for name in typed if not name.startswith(prefix)]:
        del mine[name]
    if not mine:
        return None
    rows: list[dict[str, Any]] = fieldtypes.GroupWidget(group).value_from_datadict(mine, {}, group.key)
    return rows[0] if rows else {}
