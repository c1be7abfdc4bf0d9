"""A definition's TOML file: read, and every fault named with its line, its key and what to do."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils import translation
from pydantic import ValidationError

from permits import definition_checks, definition_text
from permits.definition import Definition, Misfits

Lines = dict[tuple[str | int, ...], int]


@dataclass(frozen=True)
class Fault:
    """``key`` is where it stands, such as ``sections.0.fields.2.label``, or ``definition`` for the whole."""

    name: str
    line: int
    key: str
    message: str

    def __str__(self) -> str:
        return f"{self.name}:{self.line}: {self.key}: {self.message}"


class DefinitionError(ValueError):
    """The definition can't be published; ``found`` holds its faults, ``faults`` a line of text for each."""

    def __init__(self, found: list[Fault]) -> None:
        self.found = found
        self.faults = [str(fault) for fault in found]
        super().__init__("\n".join(self.faults))


def parse(source: str, *, name: str = "definition") -> Definition:
    """Read a definition's TOML. Raise ``DefinitionError`` that names file, line and key of every fault."""
    try:
        document = definition_text.read(source)
    except tomllib.TOMLDecodeError as error:
        raise DefinitionError([_no_toml(name, source, str(error))]) from error
    try:
        definition = Definition.model_validate(document)
    except ValidationError as error:
        lines = _lines(source)
        faults = [fault for found in _told(error) for fault in _faults(name, lines, document, found)]
        raise DefinitionError(faults) from error
    with translation.override("en"):
        told = list(definition_checks.faults(definition))
    if told:
        lines = _lines(source)
        raise DefinitionError([_placed(name, lines, _named(document, text), text) for text in told])
    return definition


def fault(source: str, where: tuple[str | int, ...], message: str, *, name: str = "definition") -> Fault:
    """A fault at a place of a text that is good TOML."""
    return _placed(name, _lines(source), where, message)


def _told(error: ValidationError) -> Iterator[dict[str, Any]]:
    """The faults worth telling: not that a list is empty because what is in it is wrong; of a number or date, one."""
    found: list[dict[str, Any]] = [dict(each) for each in error.errors()]
    deeper = {each["loc"][:n] for each in found for n in range(len(each["loc"]))}
    seen = set()
    for each in found:
        if each["type"] == "too_short" and each["loc"] in deeper:
            continue
        *above, _kind = each["loc"] or ("",)
        if above and above[-1] in ("minimum", "maximum", "default"):
            each |= {"loc": tuple(above), "msg": "Input should be a number, or a date such as 2026-03-01"}
            if each["loc"] in seen:
                continue
            seen.add(each["loc"])
        yield each


def _no_toml(name: str, source: str, message: str) -> Fault:
    place = re.search(r" \(at (?:line (\d+), column \d+|end of document)\)$", message)
    line = int(place[1]) if place and place[1] else source.count("\n") + 1
    return Fault(name, line, "TOML", message.removesuffix(place[0]) if place else message)


def _faults(name: str, lines: Lines, document: dict[str, Any], fault: dict[str, Any]) -> list[Fault]:
    where = tuple(fault["loc"])
    misfits = fault.get("ctx", {}).get("error")
    if isinstance(misfits, Misfits):
        return [_placed(name, lines, _named(document, text), text) for text in misfits.faults]
    message = str(fault["msg"]).removeprefix("Value error, ")
    if fault["type"] == "extra_forbidden":
        message = "this key is not known: remove it or mend its spelling"
    return [_placed(name, lines, where, message)]


def _placed(name: str, lines: Lines, where: tuple[str | int, ...], message: str) -> Fault:
    line = next((lines[where[:n]] for n in range(len(where), 0, -1) if where[:n] in lines), 1)
    return Fault(name, line, ".".join(map(str, where)) or "definition", message)


def _named(document: dict[str, Any], text: str) -> tuple[str | int, ...]:
    """Where the part stands that a fault between parts names first: ``rule 'x' names …``, ``two fields have the key 'x'``."""
    if said := re.match(r"(?:two )?(field|section|rule|material|stage)s?(?: have the key)? '([\w.]+)'", text):
        key, _dot, column = said[2].partition(".")
        places = [path for path, item in _keyed(document, said[1]) if item.get("key") == key]
        if places and column:
            return (*places[0], *_column(definition_text.at(document, places[0]), column))
        return places[-1] if places else ()
    if said := re.match(r"(region_field|industry_field|outcome\.shown_fields|outcome\.in_register|outcome\.holder\.\w+) ", text):
        return tuple(said[1].split("."))
    return ()


def _keyed(document: dict[str, Any], kind: str) -> Iterator[tuple[tuple[str | int, ...], dict[str, Any]]]:
    if kind != "field":
        yield from (((f"{kind}s", n), item) for n, item in enumerate(document.get(f"{kind}s", [])))
        return
    for s, section in enumerate(document["sections"]):
        yield from ((("sections", s, "fields", n), item) for n, item in enumerate(section["fields"]))


def _column(group: dict[str, Any], column: str) -> tuple[str | int, ...]:
    place = next((n for n, item in enumerate(group.get("fields", [])) if item.get("key") == column), None)
    return () if place is None else ("fields", place)


_TABLE = re.compile(r"^\s*(\[\[?)\s*([\w.-]+)\s*\]\]?")
_PAIR = re.compile(r"^\s*([\w-]+)\s*=")


def _lines(source: str) -> Lines:
    """On which line each key of the TOML stands; good enough to point an author there."""
    found: Lines = {}
    counts: Lines = {}
    here: tuple[str | int, ...] = ()
    for number, line in enumerate(source.splitlines(), 1):
        if table := _TABLE.match(line):
            path: tuple[str | int, ...] = ()
            *parents, last = table[2].split(".")
            for part in parents:
                path = (*path, part)
                if path in counts:
                    path = (*path, counts[path])
            path = (*path, last)
            if table[1] == "[[":
                counts[path] = counts.get(path, -1) + 1
                path = (*path, counts[path])
            here = path
            found.setdefault(here, number)
        elif pair := _PAIR.match(line):
            found.setdefault((*here, pair[1]), number)
    return found
