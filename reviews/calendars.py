"""The calendar in force: what the package knows, and what operators loaded over it; and those of earlier times.

An application stays on the calendar that it was sent under until ``manage.py recompute_due_times`` carries it over: so
what was promised changes by a step that is on record, and by nothing else.
"""

from __future__ import annotations

import hashlib
import json
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from permits.models import Application, Status
from permits.ready import Ready
from reviews import clock
from reviews.clock import WorkCalendar
from reviews.models import CalendarDay, CalendarEdition


def current() -> WorkCalendar:
    return WorkCalendar(dict(_overrides()), clock.package_until())


@lru_cache(maxsize=64)  # an edition never changes: its name is the digest of what it says
def of(digest: str) -> WorkCalendar:
    """The calendar of that name. Raise ``CalendarEdition.DoesNotExist`` when there is none."""
    if not digest:
        return WorkCalendar()
    edition = CalendarEdition.objects.get(pk=digest)
    days = {date.fromisoformat(day): working for day, working in edition.overrides.items()}
    return WorkCalendar(days, edition.package_until)


def name_of(calendar: WorkCalendar) -> str:
    """Its name, by which ``of`` finds it."""
    days = {day.isoformat(): calendar.overrides[day] for day in sorted(calendar.overrides)}
    digest = hashlib.sha256(json.dumps([days, calendar.package_until]).encode()).hexdigest()[:16]
    if not _editions(digest=digest):
        CalendarEdition.objects.get_or_create(
            digest=digest,
            defaults={"overrides": days, "package_until": calendar.package_until, "made_at": timezone.now()},
        )
    return digest


def counted_otherwise(name: str) -> QuerySet[Application]:
    """Applications whose times are counted with another calendar than the one of that name."""
    return Application.objects.exclude(status=Status.DRAFT).exclude(calendar=name)


def open_ones_counted_otherwise() -> int:
    """How many open applications still have their times of an earlier calendar."""
    return counted_otherwise(name_of(current())).filter(closed_at=None).count()


@Ready
def _overrides() -> QuerySet[Any, Any]:
    return CalendarDay.objects.values_list("date", "working")


@Ready
def _editions(*, digest: str) -> QuerySet[Any, Any]:
    return CalendarEdition.objects.filter(digest=digest).values_list("digest")


def seconds(span: timedelta) -> int:
    return max(0, int(span.total_seconds()))


def load(rows: list[dict[str, Any]]) -> int:
    """Put days of the official calendar over the package's: ``{"date": …, "working": bool, "note": str}`` each."""
    CalendarDay.objects.bulk_create(
        [CalendarDay(**row) for row in rows],
        update_conflicts=True, unique_fields=["date"], update_fields=["working", "note"],
    )  # fmt: skip
    return len(rows)
