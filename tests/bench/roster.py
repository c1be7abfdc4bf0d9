"""A roster of 10,000 people, checked cell by cell, against bare openpyxl handing over the same cells.

Both ways in: as a material (counted and checked) and as a sheet that answers a group of the form (checked and kept).
"""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from tests.bench import excel
from tests.bench.measure import Result, in_turn
from tests.bench.sheet import COLUMNS
from tests.data.roster import id_number
from tests.run import ROOT

MANY, FEW = 10_000, 1_000
GROWTH = {"material": "≤ 10", "group": "≤ 25"}  # MB from 1,000 to 10,000 rows; a group's rows are kept


def measure(rounds: int, folder: Path) -> list[Result]:
    many, few = (MANY, FEW) if rounds > 1 else (100, 20)
    for count in (10, few, many):
        _write(folder / f"{count}.xlsx", count)
    peaks: dict[tuple[str, int], float] = {}

    def reading(side: str) -> float:
        done = _read(side, folder / f"{many}.xlsx")
        peaks[side, many] = done["peak"] / 1024
        return float(done["seconds"])

    sides = ("openpyxl", "material", "group")
    seconds = in_turn({side: lambda side=side: reading(side) for side in sides}, rounds)  # type: ignore[misc]
    for side in sides:
        peaks[side, few] = _read(side, folder / f"{few}.xlsx")["peak"] / 1024
    growth = {side: max(0.0, peaks[side, many] - peaks[side, few]) for side in sides}
    results = []
    for side in ("material", "group"):
        name = f"roster as {side}, {many:,} rows"
        results += [
            Result(name, seconds[side], "s", seconds["openpyxl"], "≤ 2.0"),
            Result(f"{name}: peak", peaks[side, many], "MB", peaks["openpyxl", many], "≤ 2.0"),
            Result(f"{name}: more than {few:,} rows take", growth[side], "MB", None, GROWTH[side]),
        ]
    results.append(Result(f"bare openpyxl: more than {few:,} rows take", growth["openpyxl"], "MB"))
    return results


def _read(side: str, file: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.bench.sheet", side, str(file)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    return dict(json.loads(done.stdout))


def _write(file: Path, count: int) -> None:
    """Invented people. 演示数据"""
    excel.write(file, [[header for header, _kind in COLUMNS.values()], *map(_person, range(count))])


def _person(number: int) -> list[str | date]:
    born = date(1966, 1, 1) + timedelta(days=number % 14_000)
    return [
        f"演示{number}", id_number(f"360924{born:%Y%m%d}{number // 14_000 * 10 + number % 10:03d}"),
        f"1380{number:07d}", "360924", date(2026, 11, 30) + timedelta(days=number % 5),
        ("自驾", "汽车", "火车")[number % 3], "否" if number % 7 else "是",
    ]  # fmt: skip
