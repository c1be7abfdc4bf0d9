"""Regions: GB/T 2260 division codes of provinces, cities and counties. The table's date stands on its first line."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from permits.codes.text import fold


@dataclass(frozen=True)
class Region:
    code: str
    name: str
    level: str  # province, city, county
    parent: str | None


@cache
def _table() -> dict[str, Region]:
    lines = (Path(__file__).parent / "regions.tsv").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if not line.startswith("#")]
    return {code: Region(code, name, level, parent or None) for code, level, parent, name in rows}


@cache
def _by_parent() -> dict[str | None, list[Region]]:
    found: dict[str | None, list[Region]] = {}
    for region in _table().values():
        found.setdefault(region.parent, []).append(region)
    return found


def get(code: str | None) -> Region | None:
    return _table().get(code) if code else None


def path(code: str) -> list[Region]:
    """Province first, then city and county as far as they go; empty for an unknown code."""
    found: list[Region] = []
    region = get(code)
    while region:
        found.insert(0, region)
        region = get(region.parent)
    return found


def full_name(code: str) -> str:
    return "".join(region.name for region in path(code))


def by_full_name(name: str) -> str | None:
    """The code of 江西省宜春市宜丰县; nothing for a name that isn't given in full, for many counties share theirs."""
    return _by_full_name().get(name)


@cache
def _by_full_name() -> dict[str, str]:
    return {full_name(code): code for code in _table()}


def children(code: str | None) -> list[Region]:
    return _by_parent().get(code, [])


def search(text: str, limit: int = 20) -> list[Region]:
    """Regions whose name contains, or whose code begins with, ``text``."""
    text = text.strip()
    found = (r for r in _table().values() if text and (text in r.name or r.code.startswith(text)))
    return [region for region, _place in zip(found, range(limit), strict=False)]


def is_within(code: str, ancestor: str) -> bool:
    return any(region.code == ancestor for region in path(code))


def clean(text: str) -> str:
    """Give the six digits; raise ``ValidationError`` for a code that isn't in the table."""
    code = fold(text)
    if get(code) is None:
        raise ValidationError(
            _("“%(code)s” is not a region code of GB/T 2260 (six digits)."), "region", {"code": code[:20]}
        )
    return code
