"""Quiet hours: nobody is woken by a text message."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from django.utils import timezone

QUIET_FROM, QUIET_UNTIL = time(22), time(7)
DISTURBING = frozenset({"sms"})


def not_before(channel: str, at: datetime) -> datetime:
    """When a notice of that moment may go: at once, or at seven in the morning (Beijing time)."""
    if channel not in DISTURBING:
        return at
    local = timezone.localtime(at)
    if QUIET_UNTIL <= local.time() < QUIET_FROM:
        return at
    day = local.date() + timedelta(days=1) if local.time() >= QUIET_FROM else local.date()
    return datetime.combine(day, QUIET_UNTIL, tzinfo=local.tzinfo)
