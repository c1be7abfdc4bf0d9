"""Which of the portal's two languages is spoken now, for what is kept in both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from django.utils.translation import get_language


def language() -> Literal["zh", "en"]:
    """Chinese where none is active, as in a task."""
    return "zh" if (get_language() or "zh").startswith("zh") else "en"


def said(text: Mapping[str, str]) -> str:
    """Of ``{"zh": …, "en": …}`` that of whoever reads it."""
    return text[language()]
