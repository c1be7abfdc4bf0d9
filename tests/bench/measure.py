"""Figures as ratios: two sides measured in turn, so that whatever else the machine does touches both."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median


@dataclass(frozen=True)
class Result:
    """``figure`` is the portal's, ``reference`` the other side's, both in ``unit``; ``ratio`` is the first by the
    second. ``target`` is what the ratio (or, without a reference, the figure) has to be: ``≤ 1.5``; empty for a
    figure that is told only."""

    name: str
    figure: float
    unit: str
    reference: float | None = None
    target: str = ""

    @property
    def ratio(self) -> float | None:
        return None if self.reference is None else self.figure / self.reference

    @property
    def passed(self) -> bool | None:
        if not self.target:
            return None
        sign, _blank, bound = self.target.partition(" ")
        value = self.figure if self.ratio is None else self.ratio
        return value <= float(bound) if sign == "≤" else value >= float(bound)

    def as_json(self) -> dict[str, object]:
        return {
            "name": self.name, "figure": round(self.figure, 4), "unit": self.unit,
            "reference": None if self.reference is None else round(self.reference, 4),
            "ratio": None if self.ratio is None else round(self.ratio, 3),
            "target": self.target, "pass": self.passed,
        }  # fmt: skip


def in_turn(sides: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """Each side's median. Who begins changes from round to round; the first round warms up and does not count
    (unless it is the only one)."""
    found: dict[str, list[float]] = {name: [] for name in sides}
    order = list(sides)
    for _round in range(rounds + 1 if rounds > 1 else 1):
        for name in order:
            found[name].append(sides[name]())
        order.reverse()
    return {name: median(figures[1:] or figures) for name, figures in found.items()}


def table(results: list[Result]) -> str:
    head = ("what", "portal", "reference", "unit", "ratio", "target", "")
    rows = [head]
    for each in results:
        verdict = {True: "ok", False: "MISSED", None: ""}[each.passed]
        reference = "" if each.reference is None else f"{each.reference:,.2f}"
        ratio = "" if each.ratio is None else f"{each.ratio:.3f}"
        rows.append((each.name, f"{each.figure:,.2f}", reference, each.unit, ratio, each.target, verdict))
    wide = [max(len(row[place]) for row in rows) for place in range(len(head))]
    left = {0, 3, 6}
    lines = [
        "  ".join(
            cell.ljust(wide[place]) if place in left else cell.rjust(wide[place]) for place, cell in enumerate(row)
        ).rstrip()
        for row in rows
    ]
    return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:]])


def write(results: list[Result], file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps([each.as_json() for each in results], ensure_ascii=False, indent=1) + "\n")
