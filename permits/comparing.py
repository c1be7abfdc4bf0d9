"""What two editions of a service differ in, and whether a draft begun with one fits the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from permits import fieldtypes
from permits.definition import Definition, FormField

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
    order = [field["key"] for section in sections for field in section["fields"]]
    fields = {field["key"]: {**_keyed(field), "section": section["key"]}
              for section in sections for field in section["fields"]}  # fmt: skip
    keyed = {name: {item["key"]: item for item in document.pop(name)} for name in ("rules", "materials", "stages")}
    bare = {section["key"]: {k: v for k, v in section.items() if k not in ("key", "fields")} for section in sections}
    return {**document, "sections": bare, "fields": fields, "order": order, **keyed}


def _keyed(field: dict[str, Any]) -> dict[str, Any]:
    """A group's columns by their keys."""
    return {**field, "fields": {column["key"]: column for column in field["fields"]}}


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
        if newer is not None and _fits(field, newer, value):
            kept[field.key] = value
        else:
            words = fieldtypes.display(field, value)
            left.append(Leftover(field.key, {"zh": field.label.zh, "en": field.label.en}, words))
    return kept, left


def _fits(older: FormField, newer: FormField, value: Any) -> bool:
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
        columns = {column.key: column for column in newer.fields}
        return all(c.key in columns and columns[c.key].type == c.type for c in older.fields)
    return True
