"""What a definition says in figures, in words."""

from __future__ import annotations

from django.utils.translation import ngettext


def limit_in_words(limit: str) -> str:
    amount, unit = int(limit[:-1]), limit[-1]
    if unit == "h":
        return ngettext("%(n)d working hour", "%(n)d working hours", amount) % {"n": amount}
    return ngettext("%(n)d working day", "%(n)d working days", amount) % {"n": amount}
