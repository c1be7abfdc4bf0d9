"""How much working time a task has left, in words and as ok, soon or late."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from reviews import clock
from reviews.models import Task

SOON_SHARE = 0.75  # of the limit gone: it is shown as due soon
DAY = sum((datetime.combine(date.min, to) - datetime.combine(date.min, at) for at, to in clock.SESSIONS), timedelta())


@dataclass(frozen=True)
class TimeLeft:
    state: str  # "ok", "soon", "late" or "done"
    words: str


def time_left(task: Task, now: datetime, calendar: clock.WorkCalendar) -> TimeLeft:
    if task.state != Task.State.OPEN:
        return TimeLeft("done", str(task.get_state_display()))
    left = clock.remaining(now, task.due_at, calendar)
    if now > task.due_at:
        return TimeLeft("late", _("Overdue by %(span)s") % {"span": span_words(-left)} if left else _("Overdue"))
    soon = clock.share_used(task.opened_at, task.due_at, now, calendar) >= SOON_SHARE
    words = _("Due soon: %(span)s left") if soon else _("%(span)s left")
    return TimeLeft("soon" if soon else "ok", words % {"span": span_words(left)})


def span_words(span: timedelta) -> str:
    """Working time in the two largest units: a day has as many hours as an office works."""
    days, rest = divmod(span, DAY)
    hours, minutes = divmod(int(rest.total_seconds()) // 60, 60)
    parts = []
    if days:
        parts.append(ngettext("%d working day", "%d working days", days) % days)
    if hours:
        parts.append(ngettext("%d h", "%d h", hours) % hours)
    if not days and (minutes or not hours):
        parts.append(_("%d min") % minutes)
    return " ".join(parts)
