"""A sheet's rows as lines of JSON: written by the process that opens a stranger's workbook, read by the one that checks them.

A cell stays what it was where it matters to who checks it: a number that Excel rounded is told from a text, a day from a
moment.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any

from permits.intake import roster, sheets
from permits.intake.looking.words import MB

LONGEST = 32 * MB  # of all lines; 20,000 people with ten columns each have 5


def write(found: Sequence[Callable[[], sheets.Rows]], headers: Mapping[str, Sequence[str]], most: int, path: Path) -> dict[str, Any]:
    """Copy the sheet that fits best, else the first, as far as ``most`` filled rows and one more. Return where its
    columns stand: ``places`` is empty where no header was found. Raise ``Refused``.
    """
    best = roster.find(found, headers)
    rows = best.rows if best else found[0] if found else lambda: iter(())
    filled, size = 0, 0
    with open(path, "wb") as out:
        for number, cells in rows():
            line = json.dumps([number, [_plain(cell) for cell in _trimmed(cells)]], ensure_ascii=False).encode() + b"\n"
            size += len(line)
            if size > LONGEST:
                raise sheets.too_large()
            out.write(line)
            filled += best is not None and number > best.header_row and best.says_something(cells)
            if filled > most or number > roster.MAX_SHEET_ROWS:
                break
    return {"header_row": best.header_row if best else 1, "places": best.places if best else {}}


def read(path: Path, answer: Mapping[str, Any]) -> roster.Found:
    """What was written, as long as the file is there."""
    return roster.Found(partial(_rows, path), int(answer["header_row"]), dict(answer["places"]))


def _rows(path: Path) -> sheets.Rows:
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            number, cells = json.loads(line)
            yield number, tuple(_cell(cell) for cell in cells)


def _trimmed(cells: Sequence[Any]) -> Sequence[Any]:
    return cells[: max((place for place, cell in enumerate(cells, 1) if cell is not None), default=0)]


def _plain(cell: Any) -> Any:
    if cell is None or isinstance(cell, str | bool | int | float):
        return cell
    if isinstance(cell, datetime | date):
        return {"moment" if isinstance(cell, datetime) else "day": cell.isoformat()}
    return str(cell)


def _cell(plain: Any) -> Any:
    if not isinstance(plain, dict):
        return plain
    return datetime.fromisoformat(plain["moment"]) if "moment" in plain else date.fromisoformat(plain["day"])
