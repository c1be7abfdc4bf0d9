"""What a definition has to hold to before it is published, beyond its shape: nothing that the portal would pass over in silence.

Asked of a text that is to be published, and not of an edition that is: what was published stays readable for ever.
"""

from __future__ import annotations

import re._constants as re_constants  # type: ignore[import-not-found]
import re._parser as re_parser  # type: ignore[import-not-found]
from collections.abc import Iterator
from typing import Any

from django.core.exceptions import ValidationError

from permits import fieldtypes
from permits.definition import Definition, FormField, expression, inside_of

# The form's page has controls of its own, with these names.
TAKEN = {"state", "then", "autosave", "rows", "save", "send", "csrfmiddlewaretoken"}
# What a field of the enterprise's record can be put into, beside a text.
RECORD_TYPES = {
    "uscc": "uscc", "region": "region", "industry": "industry", "size": "choice", "legal_id_number": "resident_id",
    "legal_mobile": "mobile",
}  # fmt: skip
PICTURES = (".jpg", ".png")
MOST_TURNS = 8  # of a part of a pattern that may be read in several ways


def faults(definition: Definition) -> Iterator[str]:
    """Each begins with the part that it is about, as ``Misfits`` does."""
    yield from _circles(definition)
    for field in definition.fields():
        yield from _of_field(field, f"field '{field.key}'")
        for column in field.fields:
            name = f"field '{field.key}.{column.key}'"
            yield from _of_field(column, name)
            if column.default is not None or column.prefill or column.prefill_last:
                yield f"{name}: a default and a prefill belong to a question of the form, not to one of a row"
    yield from _of_materials(definition)
    yield from _of_routing(definition)


def _of_field(field: FormField, name: str) -> Iterator[str]:
    if field.key in TAKEN:
        yield f"{name}: the page itself has a control of this name: choose another key"
    values = [choice.value for choice in field.choices]
    for value in sorted({value for value in values if values.count(value) > 1}):
        yield f"{name}: two choices have the value '{value}': rename one"
    if field.minimum is not None and field.maximum is not None and field.minimum > field.maximum:  # type: ignore[operator]
        yield f"{name}: 'minimum' is more than 'maximum'"
    if field.min_length > field.max_length:
        yield f"{name}: 'min_length' is more than 'max_length'"
    if field.pattern and _read_in_many_ways(re_parser.parse(field.pattern).data):
        yield f"{name}: 'pattern' repeats what can be read in several ways: a text could keep it busy for ever"
    if field.type == "file" and (field.required_if or field.error):
        yield f"{name}: whether a file is required, and what is taken, stands at its material"
    yield from _prefilled(field, name)


def _prefilled(field: FormField, name: str) -> Iterator[str]:
    if field.type in ("group", "file") and (field.default is not None or field.prefill):
        yield f"{name}: a {field.type} has no default and no prefill"
        return
    wanted = RECORD_TYPES.get(field.prefill or "", "text")
    if field.prefill and field.type not in (wanted, "text", "longtext"):
        yield f"{name}: '{field.prefill}' of the record can't be put into a field of type '{field.type}'"
    if field.default is None:
        return
    if field.must_be is not None:
        yield f"{name}: a pledge is given, not filled in: it has no default"
        return
    asked = fieldtypes.form_field(field)
    try:
        value = fieldtypes.to_form(field, [field.default] if field.type == "multichoice" else field.default)
        asked.clean(value if isinstance(value, list) else str(value))
    except ValidationError as error:
        yield f"{name}: its own check refuses the default: {' '.join(error.messages)}"


def _of_materials(definition: Definition) -> Iterator[str]:
    taken_in = [field.material for field in definition.fields() if field.material]
    for key in sorted({key for key in taken_in if taken_in.count(key) > 1}):
        yield f"material '{key}': two fields take it: leave one"
    for material in definition.materials:
        name = f"material '{material.key}'"
        if material.example and not material.example.endswith(PICTURES):
            yield f"{name}: the example is a picture: a .jpg or a .png"
        counting = definition.field(material.roster_rows or "")
        if counting and counting.type != "integer":
            yield f"{name}: rows are counted by '{counting.key}', which is no whole number"
        if material.roster and "xlsx" not in material.formats:
            yield f"{name}: a roster is a sheet: 'formats' needs \"xlsx\""
        for what, each in (("key", [c.key for c in material.roster]), ("header", [c.header for c in material.roster])):
            for twice in sorted({one for one in each if each.count(one) > 1}):
                yield f"{name}: two columns of its roster have the {what} '{twice}': rename one"


def _of_routing(definition: Definition) -> Iterator[str]:
    region = definition.field(definition.region_field)
    if region and (region.type != "region" or not region.required or region.shown_if):
        yield "region_field names a field that decides who handles it: it is a region, required, and always shown"
    industry = definition.field(definition.industry_field or "")
    if industry and industry.type != "industry":
        yield "industry_field names a field that is no industry"


# --- Conditions in a circle ---------------------------------------------------------------------------------------


def _circles(definition: Definition) -> Iterator[str]:
    """Questions of a row count as well: one that is shown by another of its row, or by one of the form."""
    needs: dict[str, set[str]] = {}
    for field in definition.fields():
        needs[field.key] = _needed(field, None)
        for column in field.fields:
            needs[f"{field.key}.{column.key}"] = _needed(column, field) | {field.key}
    settled: set[str] = set()
    while ready := {key for key, names in needs.items() if key not in settled and names & set(needs) <= settled}:
        settled |= ready
    if circle := sorted(_turning(needs, settled)):
        yield f"field '{circle[0]}': shown_if goes in a circle through {', '.join(circle)}"


def _needed(field: FormField, group: FormField | None) -> set[str]:
    condition = expression(field.shown_if)
    if condition is None:
        return set()
    inner = {column.key for column in group.fields} if group else set()
    names = {f"{group.key}.{name}" if group and name in inner else name for name in condition.names}
    return names | {f"{name}.{column}" for name, column in condition.columns}


def _turning(needs: dict[str, set[str]], settled: set[str]) -> set[str]:
    """Those on the circle itself, without what only hangs on it."""
    left = {key: names - settled for key, names in needs.items() if key not in settled}
    while ends := {key for key in left if not any(key in names for names in left.values())}:
        left = {key: names for key, names in left.items() if key not in ends}
    return set(left)


# --- Patterns -----------------------------------------------------------------------------------------------------


def _read_in_many_ways(parts: Any, *, turns: bool = False) -> bool:
    """Whether something that repeats holds a choice, or a repeat of no fixed number: each turn doubles the ways."""
    for op, value in parts:
        repeat = op in (re_constants.MAX_REPEAT, re_constants.MIN_REPEAT)
        if turns and (op is re_constants.BRANCH or (repeat and value[0] != value[1])):
            return True
        inner = turns or (repeat and value[1] > MOST_TURNS)
        if any(_read_in_many_ways(child, turns=inner) for child in inside_of(value)):
            return True
    return False
