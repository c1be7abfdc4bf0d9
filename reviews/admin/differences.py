"""What a correction changed: a text word by word, a list row by row. For the reviewer, who then reads the change alone."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Literal

from permits import fieldtypes
from permits.definition import FormField

# A word of letters and digits, or one sign of any other kind: Chinese has no spaces between its words.
WORDS = re.compile(r"[A-Za-z0-9.@_-]+|\s+|.", re.DOTALL)
LONG = 12  # signs from which on a text is compared word by word
AT_MOST = 4000  # signs that are compared: more is shown whole, before and after
ROWS = 200


@dataclass(frozen=True)
class Part:
    kind: Literal["same", "del", "ins"]
    text: str


@dataclass(frozen=True)
class RowChange:
    """A row of a list. ``number`` is how people count it, from 1: as it stands now, of a removed one as it stood."""

    kind: Literal["changed", "added", "removed"]
    number: int
    cells: list[tuple[str, str, str]]  # label, before, now


def words(before: str, now: str) -> list[Part]:
    """The inline difference of two long texts; nothing for short, equal, or overlong ones."""
    if before == now or not before or not now or max(len(before), len(now)) > AT_MOST:
        return []
    if max(len(before), len(now)) < LONG:
        return []
    a, b = WORDS.findall(before), WORDS.findall(now)
    found: list[Part] = []
    for kind, a1, a2, b1, b2 in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if kind == "equal":
            found.append(Part("same", "".join(a[a1:a2])))
            continue
        if a2 > a1:
            found.append(Part("del", "".join(a[a1:a2])))
        if b2 > b1:
            found.append(Part("ins", "".join(b[b1:b2])))
    return found


def rows(group: FormField, before: Any, now: Any) -> list[RowChange]:
    """The rows of a group that changed, came or went, ``ROWS`` at most."""
    old, new = _rows(before), _rows(now)
    a, b = ([json.dumps(row, sort_keys=True, ensure_ascii=False) for row in each] for each in (old, new))
    found: list[RowChange] = []
    for kind, a1, a2, b1, b2 in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if kind == "equal":
            continue
        both = min(a2 - a1, b2 - b1)
        found += [row(group, b1 + n + 1, old[a1 + n], new[b1 + n]) for n in range(both)]
        found += [row(group, n + 1, old[n], None) for n in range(a1 + both, a2)]
        found += [row(group, n + 1, None, new[n]) for n in range(b1 + both, b2)]
    return found[:ROWS]


def row(group: FormField, number: int, before: dict[str, Any] | None, now: dict[str, Any] | None) -> RowChange:
    """The cells of one row that differ; of a row that came or went, all that say something. Personal numbers masked."""
    cells = []
    for column in group.fields:
        raw = [(each or {}).get(column.key) for each in (before, now)]
        if raw[0] != raw[1]:
            had, has = (fieldtypes.display(column, value) for value in raw)
            cells.append((str(column.label), had, has))
    kind: Literal["changed", "added", "removed"] = (
        "added" if before is None else "removed" if now is None else "changed"
    )
    return RowChange(kind, number, cells)


def _rows(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
