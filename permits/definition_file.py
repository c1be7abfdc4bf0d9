"""A definition's TOML file: read, and every fault named with its line, its key and what to do."""

from __future__ import annotations

import re
import tomllib
from typing import Any

from pydantic import ValidationError

from permits.definition import Definition


class DefinitionError(ValueError):
    """The definition can't be published; ``faults`` holds a line of text each."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


def parse(source: str, *, name: str = "definition") -> Definition:
    """Read a definition's TOML. Raise ``DefinitionError`` that names file, line and key of every fault."""
    try:
        document = tomllib.loads(source)
    except tomllib.TOMLDecodeError as error:
        raise DefinitionError([f"{name}: {error}"]) from error
    try:
        return Definition.model_validate(document)
    except ValidationError as error:
        lines = _lines(source)
        raise DefinitionError([_fault(name, lines, dict(fault)) for fault in error.errors()]) from error


def _fault(name: str, lines: dict[tuple[str | int, ...], int], fault: dict[str, Any]) -> str:
    where = tuple(fault["loc"])
    line = next((lines[where[:n]] for n in range(len(where), 0, -1) if where[:n] in lines), 1)
    message = str(fault["msg"]).removeprefix("Value error, ")
    if fault["type"] == "extra_forbidden":
        message = "this key is not known: remove it or mend its spelling"
    return f"{name}:{line}: {'.'.join(map(str, where)) or 'definition'}: {message}"


_TABLE = re.compile(r"^\s*(\[\[?)\s*([\w.-]+)\s*\]\]?")
_PAIR = re.compile(r"^\s*([\w-]+)\s*=")


def _lines(source: str) -> dict[tuple[str | int, ...], int]:
    """On which line each key of the TOML stands; good enough to point an author there."""
    found: dict[tuple[str | int, ...], int] = {}
    counts: dict[tuple[str | int, ...], int] = {}
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
