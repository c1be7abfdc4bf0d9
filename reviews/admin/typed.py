"""What an official typed and chose on the review page, good or not: it comes back with every message."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from django.http import QueryDict
from django.utils.translation import gettext as _

from permits.definition import Text
from permits.forms import is_shown, values_of
from permits.models import Application
from reviews import workflow
from reviews.models import CorrectionItem, Place

FREE_LINES = 3
ROW_LINES = 2  # of each list, without a script; the script adds more
MOST_ROW_LINES = 30
MOST_MARKS = 30


@dataclass
class Item:
    """A line of the correction editor: something that can be asked to be corrected, and what was typed about it."""

    kind: str
    key: str
    title: str
    text: str = ""
    ticked: bool = False
    line: int = 0  # of a row: which of the lines for this list
    row: str = ""  # the number of the row, as typed
    in_sheet: bool = False  # its rows are counted as the spreadsheet counts them, the header among them
    place: Place | None = None  # of a mark: where it is; ``line`` is its number

    @property
    def name(self) -> str:
        if self.place:
            return f"mark-{self.line}"
        return f"{self.kind}-{self.key}-{self.line}" if self.line else f"{self.kind}-{self.key}"

    @property
    def chosen(self) -> bool:
        return bool(self.place) or self.ticked or bool(self.text.strip()) or bool(self.row.strip())

    @property
    def row_number(self) -> int | None:
        """``17`` and ``第17行`` alike; none for anything that is no number of a row."""
        found = re.fullmatch(r"\D{0,10}(\d{1,6})\D{0,10}", self.row.strip())
        return int(found[1]) or None if found else None


@dataclass
class Typed:
    outcome: str = ""
    reason: str = ""
    to_stage: str = ""
    items: list[Item] = field(default_factory=list)

    @classmethod
    def read(cls, data: QueryDict, application: Application) -> Typed:
        items = possible_items(application, data)
        for item in items:
            item.text = data.get(f"text-{item.name}", "").strip()
            item.row = data.get(f"number-{item.name}", "").strip()
            item.ticked = item.name in data.getlist("fix")
        items += _marks(data, application)
        return cls(data.get("outcome", ""), data.get("reason", "").strip(), data.get("to_stage", ""), items)

    @property
    def corrections(self) -> list[workflow.Correction]:
        return [
            workflow.Correction(item.kind, "" if item.kind == "other" else item.key, item.text, item.row_number, item.place)
            for item in self.items
            if item.chosen
        ]

    @property
    def anything(self) -> bool:
        return bool(self.reason or any(item.chosen for item in self.items))

    def of(self, kind: str) -> list[Item]:
        return [item for item in self.items if item.kind == kind and not item.place]

    @property
    def marks(self) -> list[Item]:
        return [item for item in self.items if item.place]


def possible_items(application: Application, data: QueryDict | None = None) -> list[Item]:
    definition = application.definition
    values = values_of(definition, application.answers)
    kinds = CorrectionItem.Kind
    shown = [each for each in definition.fields() if is_shown(each, values)]
    fields = [Item(kinds.FIELD.value, each.key, str(each.label)) for each in shown]
    materials = [Item(kinds.MATERIAL.value, each.key, str(each.title)) for each in definition.materials]
    lists = [(each.key, str(each.label), False) for each in shown if each.fields]
    lists += [(each.key, str(each.title), True) for each in definition.materials if each.roster]
    rows = [
        Item(kinds.ROW.value, key, title, line=line, in_sheet=in_sheet)
        for key, title, in_sheet in lists
        for line in range(1, _lines(key, data) + 1)
    ]
    free = [Item(kinds.OTHER.value, str(n), _("Something else (%d)") % n) for n in range(1, FREE_LINES + 1)]
    return [*fields, *materials, *rows, *free]


def _marks(data: QueryDict, application: Application) -> list[Item]:
    """The places that were marked, each with its words. What is no place, or on no file of the application, is none."""
    titles = {each.key: str(each.title) for each in application.definition.materials}
    files = {each.public_id: each for each in application.materials.all()}
    marks = []
    for line in range(1, MOST_MARKS + 1):
        try:
            place = Place.read(data.get(f"mark-{line}", ""))
        except ValueError:
            continue
        if (file := files.get(place.file)) is None:
            continue
        where = str(Text(**place.words))
        title = f"{titles.get(file.requirement, file.requirement)}: {file.original_name} · {where}"
        text = data.get(f"text-mark-{line}", "").strip()
        marks.append(Item(CorrectionItem.Kind.MATERIAL.value, file.requirement, title, text, line=line, place=place))
    return marks


def _lines(key: str, data: QueryDict | None) -> int:
    """So many as were sent, in order; the first few are always there."""
    lines = ROW_LINES
    while data and lines < MOST_ROW_LINES and f"text-row-{key}-{lines + 1}" in data:
        lines += 1
    return lines
