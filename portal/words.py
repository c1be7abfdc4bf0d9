"""What a definition says in figures, in words."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from reviews.clock import DAY_LENGTH


def limit_in_words(limit: str) -> str:
    amount, unit = int(limit[:-1]), limit[-1]
    if unit == "h":
        return ngettext("%(n)d working hour", "%(n)d working hours", amount) % {"n": amount}
    return ngettext("%(n)d working day", "%(n)d working days", amount) % {"n": amount}


def span_in_words(span: timedelta) -> str:
    """Working time as people say it: days from one working day on, else hours and minutes."""
    days, minutes = divmod(round(span.total_seconds() / 60), DAY_LENGTH // timedelta(minutes=1))
    if days:
        whole = ngettext("%(n)d working day", "%(n)d working days", days) % {"n": days}
        return whole if minutes < 60 else _("%(days)s %(hours)d h") % {"days": whole, "hours": minutes // 60}
    if minutes < 60:
        return _("%(m)d min") % {"m": minutes} if minutes else _("less than a minute")
    if not minutes % 60:
        return _("%(h)d h") % {"h": minutes // 60}
    return _("%(h)d h %(m)d min") % {"h": minutes // 60, "m": minutes % 60}
