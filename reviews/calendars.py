"""The calendar in force: what the package knows, and what operators loaded over it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import QuerySet

from permits.ready import Ready
from reviews.clock import WorkCalendar
from reviews.models import CalendarDay


def current() -> WorkCalendar:
    return WorkCalendar(overrides=dict(_overrides()))


@Ready
def _overrides() -> QuerySet[Any, Any]:
    return CalendarDay.objects.values_list("date", "working")


def seconds(span: timedelta) -> int:
    return max(0, int(span.total_seconds()))


def load(rows: list[dict[str, Any]]) -> int:
    """Put days of the official calendar over the package's: ``{"date": …, "working": bool, "note": str}`` each."""
    CalendarDay.objects.bulk_create(
        [CalendarDay(**row) for row in rows],
        update_conflicts=True, unique_fields=["date"], update_fields=["working", "note"],
    )  # fmt: skip
    return len(rows)
