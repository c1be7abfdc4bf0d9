"""Industries: sections A–T and two-digit divisions of GB/T 4754-2017. A division is written with its section: C20."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from permits import spoken
from permits.codes.text import fold


@dataclass(frozen=True)
class Industry:
    code: str
    name: str
    name_en: str

    @property
    def section(self) -> str:
        return self.code[0]


@cache
def _table() -> dict[str, Industry]:
    lines = (Path(__file__).parent / "industries.tsv").read_text(encoding="utf-8").splitlines()
    return {row[0]: Industry(*row) for row in (line.split("\t") for line in lines if not line.startswith("#"))}


def get(code: str | None) -> Industry | None:
    return _table().get(code) if code else None


def sections() -> list[Industry]:
    return [industry for industry in _table().values() if len(industry.code) == 1]


def divisions(section: str | None = None) -> list[Industry]:
    return [i for i in _table().values() if len(i.code) == 3 and section in (None, i.section)]


def label(industry: Industry) -> str:
    chinese = spoken.language() == "zh"
    return f"{industry.code} {industry.name if chinese else industry.name_en}"


def choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """Divisions grouped by section, for a select, in the reader's language."""
    return [(label(s), [(d.code, label(d)) for d in divisions(s.code)]) for s in sections()]


def clean(text: str) -> str:
    """Give section and division (``C20``); raise ``ValidationError`` for what the standard doesn't have."""
    code = fold(text).upper()
    if len(code) != 3 or get(code) is None:
        raise ValidationError(_("“%(code)s” is not an industry division such as C20."), "industry", {"code": code[:20]})
    return code
