"""Quiet hours: nobody is woken by a text message."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from django.conf import settings
from django.utils import timezone

DISTURBING = frozenset({"sms"})


def not_before(channel: str, at: datetime) -> datetime:
    """When a notice of that moment may go: at once, or when the quiet hours end (``NOTICE_QUIET_HOURS``, local time)."""
    if channel not in DISTURBING or not settings.NOTICE_QUIET_HOURS:
        return at
    begin, end = (time.fromisoformat(each) for each in settings.NOTICE_QUIET_HOURS.split("-"))
    local = timezone.localtime(at)
    now, over_night = local.time(), begin > end
    quiet = (now >= begin or now < end) if over_night else begin <= now < end
    if not quiet:
        return at
    day = local.date() + timedelta(days=1) if over_night and now >= begin else local.date()
    return datetime.combine(day, end, tzinfo=local.tzinfo)
