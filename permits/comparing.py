"""What two editions of a service differ in, and whether a draft begun with one fits the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from permits import fieldtypes, groups
from permits.definition import Definition, FormField

MOST_TOLD = 100  # rows of a group that an applicant is shown when they don't fit
SIGNS = {"added": "+", "removed": "-", "changed": "~"}


@dataclass(frozen=True)
class Change:
    """``what`` is "added", "removed" or "changed"; ``where`` a path such as ``fields.masks.required``."""

    what: str
    where: str
    before: Any = None
    after: Any = None

    def __str__(self) -> str:
        values = {"added": f": {_short(self.after)}", "removed": "",
                  "changed": f": {_short(self.before)} → {_short(self.after)}"}  # fmt: skip
        return f"{SIGNS[self.what]} {self.where}{values[self.what]}"


def changes(before: Definition, after: Definition) -> list[Change]:
    """Every difference, by the keys of things and not by their place in the file."""
    return list(_differences(_by_key(before), _by_key(after), ""))


def _by_key(definition: Definition) -> dict[str, Any]:
    document = definition.model_dump(mode="json")
    sections = document.pop("sections")
    order = {"fields": [field["key"] for section in sections for field in section["fields"]]}
    order |= {name: _keys(document[name]) for name in ("rules", "materials", "stages")} | {"sections": _keys(sections)}
    fields = {field["key"]: {**_keyed(field), "section": section["key"]}
              for section in sections for field in section["fields"]}  # fmt: skip
    keyed = {name: {item["key"]: item for item in document.pop(name)} for name in ("rules", "materials", "stages")}
    bare = {section["key"]: {k: v for k, v in section.items() if k not in ("key", "fields")} for section in sections}
    document["faq"] = {str(n): item for n, item in enumerate(document["faq"], 1)}  # these have no keys: by their place
    return {**document, "sections": bare, "fields": fields, "order": order, **keyed}


def _keyed(field: dict[str, Any]) -> dict[str, Any]:
    """A group's columns by their keys."""
    if not field["fields"]:
        return {**field, "fields": {}}
    columns = {column["key"]: column for column in field["fields"]}
    return {**field, "fields": columns, "order": _keys(field["fields"])}


def _keys(items: list[dict[str, Any]]) -> list[str]:
    return [item["key"] for item in items]


def _differences(before: Any, after: Any, where: str) -> Iterator[Change]:
    if before == after:
        return
    if not (isinstance(before, dict) and isinstance(after, dict)):
        yield Change("changed", where, before, after)
        return
    for key in [*before, *(key for key in after if key not in before)]:
        path = f"{where}.{key}" if where else str(key)
        if key not in after:
            yield Change("removed", path, before[key])
        elif key not in before:
            yield Change("added", path, after=after[key])
        else:
            yield from _differences(before[key], after[key], path)


def _short(value: Any) -> str:
    if isinstance(value, dict) and {"zh", "en"} <= set(value):
        return f"{value['zh']} / {value['en']}"
    if isinstance(value, dict) and isinstance(
        words := value.get("label") or value.get("title") or value.get("message"), dict
    ):
        return _short(words)
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return ", ".join(value)
    text = str(value)
    return text if len(text) <= 120 else f"{text[:117]}…"


# --- A draft carried from one edition to another -----------------------------------------------------------


@dataclass(frozen=True)
class Leftover:
    """An answer that the newer edition does not take: what was asked, what was said."""

    key: str
    label: dict[str, str]
    value: str


def carry(answers: Mapping[str, Any], before: Definition, after: Definition) -> tuple[dict[str, Any], list[Leftover]]:
    """The answers that still fit, and those that don't: their field is gone, or asks for something else now."""
    kept: dict[str, Any] = {}
    left = []
    for field in before.fields():
        value = answers.get(field.key)
        if value in (None, "", []):
            continue
        newer = after.field(field.key)
        if newer is None or not fits(field, newer, value):
            left.append(Leftover(field.key, _label(field), _in_words(field, value)))
            continue
        kept[field.key] = value
        if newer.type == "group":
            kept[field.key], lost = _carry_rows(field, newer, value)
            left += lost
    return kept, left


def _carry_rows(older: FormField, newer: FormField, rows: list[Any]) -> tuple[list[Any], list[Leftover]]:
    """The rows with what still fits of them; what doesn't is told column by column, row by row."""
    kept: list[dict[str, Any]] = [{} for _row in rows]
    left = []
    for column in older.fields:
        target = newer.column(column.key)
        lost = []
        for number, row in enumerate(rows):
            value = row.get(column.key) if isinstance(row, dict) else None
            if value in (None, "", []):
                continue
            if target is not None and fits(column, target, value):
                kept[number][column.key] = value
            else:
                lost.append(f"{number + 1}. {fieldtypes.display(column, value)}")
        if lost:
            label = {name: f"{_label(older)[name]} · {text}" for name, text in _label(column).items()}
            left.append(Leftover(f"{older.key}.{column.key}", label, _bounded(lost)))
    return [row for row in kept if row], left


def _in_words(field: FormField, value: Any) -> str:
    """What was said. Of a group its rows, for "12 rows" is nothing that one could type again."""
    if field.type != "group" or not isinstance(value, list):
        return fieldtypes.display(field, value)
    rows = groups.table(field, value, limit=MOST_TOLD)["rows"]
    lines = [f"{number}. {' / '.join(cells)}" for number, cells in enumerate(rows, 1)]
    return _bounded([*lines, *[""] * (len(value) - len(lines))])


def _bounded(lines: list[str]) -> str:
    more = f"\n… ({len(lines)})" if len(lines) > MOST_TOLD else ""
    return "\n".join(lines[:MOST_TOLD]) + more


def _label(field: FormField) -> dict[str, str]:
    return {"zh": field.label.zh, "en": field.label.en}


def fits(older: FormField, newer: FormField, value: Any) -> bool:
    """Whether the answer can stand in the newer field. That it is right there is for its own check to say."""
    alike = older.type == newer.type or {older.type, newer.type} <= {"text", "longtext"}
    if not alike and not {older.type, newer.type} <= {"integer", "decimal", "money"}:
        return False
    options = {choice.value for choice in newer.choices}
    if newer.type == "choice":
        return value in options
    if newer.type == "multichoice":
        return isinstance(value, list) and set(value) <= options
    if newer.type == "group":
        # So many rows came from a sheet and are checked when it is read: they are read again, by the newer form.
        return isinstance(value, list) and (len(value) <= groups.TYPED_AT_MOST or older == newer)
    return True
