"""A definition's TOML changed piece by piece: what is not meant stays as it was written, its comments too.

The text is cut at the headers of its tables. A table's block is moved, removed or added whole, with the comments that
stand above it; keys inside a block are set by tomlkit, which keeps the comments there. Whatever is done is read again and
compared with the same change of plain data: a text that would say anything else is never given back.
"""

from __future__ import annotations

import copy
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import tomlkit
from django.utils.translation import gettext_lazy as _

Path = tuple[str | int, ...]  # ("sections", 2, "fields", 0)


class Unwritable(ValueError):
    """The text is written so that this change can't be made piece by piece; it can be made in the TOML itself."""

    def __init__(self) -> None:
        super().__init__(_("This part is written in a way that only the TOML page can change."))


@dataclass
class Block:
    """``path`` of its table; ``lead``: the comments and blank lines above its ``header``; ``body``: its pairs."""

    path: Path
    lead: str
    header: str
    body: str


def read(source: str) -> dict[str, Any]:
    """Raise ``tomllib.TOMLDecodeError`` for a text that is not TOML."""
    try:
        return tomllib.loads(source)
    except tomllib.TOMLDecodeError:
        raise
    except RecursionError as error:
        raise tomllib.TOMLDecodeError("lists inside lists, too deep to be read") from error
    except ValueError as error:  # such as a number of 5,000 digits
        raise tomllib.TOMLDecodeError(str(error)) from error


def at(data: Any, path: Path) -> Any:
    """What stands at ``path``; raise ``LookupError`` when nothing does."""
    for step in path:
        if not isinstance(data, list if isinstance(step, int) else dict):
            raise LookupError(path)
        data = data[step]  # type: ignore[index]
    return data


def put(source: str, path: Path, changes: Mapping[str, Any]) -> str:
    """Set keys of the table at ``path``; a value of ``None`` takes its key away.

    Raise ``LookupError`` when there is no such table, ``Unwritable`` when it isn't a block of its own.
    """
    wanted = read(source)
    table = at(wanted, path)
    for key, value in changes.items():
        if value is None:
            table.pop(key, None)
        else:
            table[key] = value
    blocks = _cut(source)
    block = _block(blocks, path)
    for key, value in changes.items():
        own = [each for each in blocks if each.path[: len(path) + 1] == (*path, key)]
        if len(own) == 1 and own[0].path == (*path, key) and isinstance(value, dict):
            before = read(own[0].body)
            own[0].body = _with(own[0].body, {**dict.fromkeys(before), **value})
            continue
        blocks = [each for each in blocks if each not in own]
        block.body = _with(block.body, {key: value})
    return _proven(blocks, wanted)


def remove(source: str, path: Path) -> str:
    """Take the item of a list away, with the comments above it."""
    wanted = read(source)
    del at(wanted, path[:-1])[path[-1]]
    _taken, rest = _take(_cut(source), path)
    return _proven(rest, _without_empty(wanted, path[:-1]))


def move(source: str, path: Path, to: Path) -> str:
    """Move the item of a list; ``to`` is where it stands when it is no longer where it was."""
    wanted = read(source)
    item = at(wanted, path[:-1]).pop(path[-1])
    at(wanted, to[:-2]).setdefault(str(to[-2]), []).insert(to[-1], item)
    taken, rest = _take(_cut(source), path)
    return _proven(_insert(rest, taken, to), _without_empty(wanted, path[:-1]))


def add(source: str, to: Path, item: Mapping[str, Any]) -> str:
    """Write a new item into a list, where ``to`` says."""
    wanted = read(source)
    at(wanted, to[:-2]).setdefault(str(to[-2]), []).insert(to[-1], copy.deepcopy(dict(item)))
    names = [str(step) for step in to if isinstance(step, str)]
    return _proven(_insert(_cut(source), _written(names, item), to), wanted)


# --- Blocks ----------------------------------------------------------------------------------------------------

_TOKEN = re.compile(
    r'"""(?:\\.|[^\\])*?"""|' r"'''.*?'''|" r'"(?:\\.|[^"\\\n])*"|' r"'[^'\n]*'|" r"#[^\n]*|[\[\]{}\n]", re.S
)


def _lines(source: str) -> list[str]:
    """The text line by line; a value over several lines is one."""
    starts, depth = [0], 0
    for token in _TOKEN.finditer(source):
        text = token[0]
        if text in ("[", "{"):
            depth += 1
        elif text in ("]", "}"):
            depth = max(0, depth - 1)
        elif text == "\n" and depth == 0:
            starts.append(token.end())
    return [source[a:b] for a, b in zip(starts, [*starts[1:], len(source)], strict=True) if a < b]


def _cut(source: str) -> list[Block]:
    source = source if source.endswith("\n") else source + "\n"
    blocks = [Block((), "", "", "")]
    counts: dict[Path, int] = {}
    pairs: list[str] = []
    for line in _lines(source):
        if not line.lstrip().startswith("["):
            pairs.append(line)
            continue
        pairs, lead = _own_and_next(pairs)
        blocks[-1].body = "".join(pairs)
        blocks.append(Block(_resolved(line, counts), "".join(lead), line, ""))
        pairs = []
    blocks[-1].body = "".join(pairs)
    return blocks


def _own_and_next(lines: list[str]) -> tuple[list[str], list[str]]:
    """The lines of a table, and the comments at its end that speak of the next one: those behind a blank line, or all."""
    end = len(lines)
    while end and (not lines[end - 1].strip() or lines[end - 1].lstrip().startswith("#")):
        end -= 1
    if end:
        end = next((n for n in range(end, len(lines)) if not lines[n].strip()), end)
    return lines[:end], lines[end:]


def _resolved(header: str, counts: dict[Path, int]) -> Path:
    """The header's path, with the place in each list."""
    names, listed = _named(read(header))
    path: Path = ()
    for name in names[:-1]:
        path = (*path, name)
        if path in counts:
            path = (*path, counts[path])
    path = (*path, names[-1])
    if listed:
        counts[path] = counts.get(path, -1) + 1
        path = (*path, counts[path])
    return path


def _named(header: dict[str, Any]) -> tuple[list[str], bool]:
    names: list[str] = []
    here: Any = header
    while isinstance(here, dict) and here:
        (name, here), *_rest = here.items()
        names.append(name)
    return names, isinstance(here, list)


def _block(blocks: list[Block], path: Path) -> Block:
    found = next((block for block in blocks if block.path == path), None)
    if found is None:
        raise Unwritable
    return found


def _take(blocks: list[Block], path: Path) -> tuple[list[Block], list[Block]]:
    """The blocks of the item at ``path``, and the others with their paths as they are without it."""
    _block(blocks, path)
    taken = [block for block in blocks if block.path[: len(path)] == path]
    return taken, _cut(_joined([block for block in blocks if block not in taken]))


def _insert(blocks: list[Block], new: list[Block], to: Path) -> list[Block]:
    place = next((n for n, block in enumerate(blocks) if block.path == to), None)
    if place is None:  # behind the last of its list, or of what the list belongs to; a first rule goes behind the form
        for start in (to[:-1], to[:-2], ("sections",)):
            inside = [n for n, block in enumerate(blocks) if start and block.path[: len(start)] == start]
            if inside:
                place = inside[-1] + 1
                break
        else:
            place = len(blocks)
    if place and not new[0].lead.startswith(("\n", "\r")):
        new[0].lead = "\n" + new[0].lead
    return [*blocks[:place], *new, *blocks[place:]]


def _joined(blocks: list[Block]) -> str:
    return "".join(block.lead + block.header + block.body for block in blocks)


def _proven(blocks: list[Block], wanted: Mapping[str, Any]) -> str:
    text = _joined(blocks)
    try:
        same = read(text) == wanted
    except tomllib.TOMLDecodeError:
        same = False
    if not same:
        raise Unwritable
    return text


def _without_empty(data: dict[str, Any], path: Path) -> dict[str, Any]:
    """A list of tables whose last item went is not written any more."""
    if not at(data, path):
        del at(data, path[:-1])[path[-1]]
    return data


# --- Writing ---------------------------------------------------------------------------------------------------


def _with(body: str, changes: Mapping[str, Any]) -> str:
    """The pairs with some of them changed; comments stay, and so does the blank line at the end."""
    kept = body.rstrip("\r\n \t")
    tail = body[len(kept) :]
    pairs = tomlkit.parse(kept + "\n" if kept else "")
    for key, value in changes.items():
        if value is None:
            pairs.pop(key, None)
        elif isinstance(value, dict) and isinstance(pairs.get(key), dict):
            table = pairs[key]
            for gone in [name for name in table if name not in value]:
                del table[gone]
            for name, inner in value.items():
                if table.get(name) != inner:
                    table[name] = tomlkit.value(literal(inner))
        elif pairs.get(key) != value or type(pairs[key].unwrap()) is not type(value):
            pairs[key] = tomlkit.value(literal(value))
    text = pairs.as_string()
    return text.rstrip("\n") + (tail or "\n") if text.strip() else tail


def _written(names: list[str], item: Mapping[str, Any]) -> list[Block]:
    """The blocks of a new item; its own lists of tables called ``fields`` become blocks too."""
    inner = {key: value for key, value in item.items() if key == "fields" and value and isinstance(value[0], dict)}
    body = "".join(f"{key} = {literal(value)}\n" for key, value in item.items() if key not in inner)
    blocks = [Block((), "\n", f"[[{'.'.join(names)}]]\n", body)]
    for key, values in inner.items():
        for value in values:
            blocks += _written([*names, key], value)
    return blocks


def literal(value: Any) -> str:
    """A value as the shipped definitions write it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {literal(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, list | tuple):
        if value and isinstance(value[0], Mapping):
            return "[\n" + "".join(f"    {literal(inner)},\n" for inner in value) + "]"
        return "[" + ", ".join(literal(inner) for inner in value) + "]"
    if isinstance(value, int | float):
        return repr(value)
    return str(tomlkit.string(str(value)).as_string())
