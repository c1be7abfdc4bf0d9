"""Permits: checked."""

from __future__ import annotations

from pathlib import Path

from tests.bench import permit_codes
from tests.bench.measure import Result


def measure(rounds: int, folder: Path) -> list[Result]:
    return permit_codes.measure(rounds)
