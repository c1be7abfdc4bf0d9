"""Working time: when something is due, how much is left, how much is used up.

Offices work 09:00–12:00 and 13:30–17:30 in Shanghai time, seven hours a day, on the working days of the
yearly 国务院 (State Council) holiday notices. Those come from the package ``chinesecalendar``; operators put
days of their own over them. Everything here is pure: aware datetimes and a calendar in, UTC out, no database.
"""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from typing import Literal, cast
from zoneinfo import ZoneInfo

from chinese_calendar import is_workday

logger = logging.getLogger(__name__)

SHANGHAI = ZoneInfo("Asia/Shanghai")
SESSIONS = ((time(9), time(12)), (time(13, 30), time(17, 30)))

_NOTHING = timedelta(0)
_ONE_DAY = timedelta(days=1)


class UnknownCalendarYear(UserWarning):
    """No holiday notice is known for ``year``; Monday to Friday are taken for its working days."""

    def __init__(self, year: int) -> None:
        self.year = year
        super().__init__(
            f"The holiday calendar doesn't know {year}: Monday to Friday are taken for its working days. "
            f"Upgrade chinesecalendar, or load the State Council's notice for {year} over it."
        )


@dataclass(frozen=True)
class WorkCalendar:
    """Which days are worked: ``overrides`` (True = worked), then the 国务院 notices via chinesecalendar, up to the year
    ``package_until``: a calendar of an earlier day doesn't learn what a newer package knows.
    """

    overrides: Mapping[date, bool] = field(default_factory=dict)
    package_until: int = date.max.year

    def is_working_day(self, day: date) -> bool:
        """Whether offices work on ``day``, a date in Shanghai.

        An unknown year is worked Monday to Friday, with one ``UnknownCalendarYear`` warning a year-number.
        TypeError for a datetime, since its date depends on its zone.
        """
        if isinstance(day, datetime):
            raise TypeError("Give the date in Shanghai: moment.astimezone(clock.SHANGHAI).date().")
        override = self.overrides.get(day)
        if override is not None:
            return override
        published = self._published(day.year)
        if published is not None:
            return day in published
        if not self.knows(day.year):
            _tell_of_unknown(day.year)
        return day.weekday() < 5

    def knows(self, year: int) -> bool:
        """Whether a holiday notice for ``year`` is known, from the package or from the overrides.

        The overrides hold a whole notice, not only a local closure, if they name 1 January, 1 May, 1 October.
        """
        if self._published(year) is not None:
            return True
        return all(date(year, month, 1) in self.overrides for month in (1, 5, 10))

    def _published(self, year: int) -> frozenset[date] | None:
        return _published_working_days(year) if year <= self.package_until else None


@dataclass(frozen=True)
class Limit:
    """A time limit: ``amount`` working hours ("h") or days ("d"). ValueError unless 1–9999 of either."""

    amount: int
    unit: Literal["h", "d"]

    def __post_init__(self) -> None:
        if self.unit not in ("h", "d") or not 1 <= self.amount <= 9999:
            raise ValueError(_wrong_limit(str(self)))

    @classmethod
    def parse(cls, text: str) -> Limit:
        """The limit written as "3h" (working hours) or "5d" (working days). ValueError for anything else."""
        match = re.fullmatch(r"([1-9][0-9]{0,3})([hd])", text)
        if match is None:
            raise ValueError(_wrong_limit(text))
        return cls(int(match[1]), cast(Literal["h", "d"], match[2]))

    def __str__(self) -> str:
        return f"{self.amount}{self.unit}"


def due(start: datetime, limit: Limit, calendar: WorkCalendar) -> datetime:
    """When ``limit`` runs out for what began at ``start``, in UTC. ValueError if ``start`` is naive.

    Hours run only while offices work. Of days, the first is the next working day after the date of ``start``
    in Shanghai, and the last ends at 17:30.
    """
    if limit.unit == "h":
        return add_working_time(start, timedelta(hours=limit.amount), calendar)
    day = _in_shanghai(start).date()
    for _ in range(limit.amount):
        day = _next_working_day(day, calendar)
    return _at(day, DAY_LENGTH)


def add_working_time(start: datetime, span: timedelta, calendar: WorkCalendar) -> datetime:
    """The first moment, in UTC, by which ``span`` of working time has passed since ``start``.

    That is ``start`` itself for no span. ValueError if ``start`` is naive or ``span`` negative.
    """
    local = _in_shanghai(start)
    if span < _NOTHING:
        raise ValueError(f"Working time can't be added backwards: {span} is negative.")
    if span == _NOTHING:
        return local.astimezone(UTC)
    # Count from the morning of the first day, so that every day is counted alike.
    day, left = local.date(), span + _worked_that_day_by(local, calendar)
    if not calendar.is_working_day(day):
        day = _next_working_day(day, calendar)
    while left > DAY_LENGTH:
        left -= DAY_LENGTH
        day = _next_working_day(day, calendar)
    return _at(day, left)


def working_time_between(a: datetime, b: datetime, calendar: WorkCalendar) -> timedelta:
    """The working time from ``a`` to ``b``, nothing if ``b`` isn't later. ValueError if either is naive."""
    first, last = _in_shanghai(a), _in_shanghai(b)
    if last <= first:
        return _NOTHING
    whole_days = (last.date() - first.date()).days
    mornings = (first.date() + timedelta(days=n) for n in range(whole_days))
    worked = sum(calendar.is_working_day(day) for day in mornings)
    return worked * DAY_LENGTH + _worked_that_day_by(last, calendar) - _worked_that_day_by(first, calendar)


def remaining(now: datetime, due_at: datetime, calendar: WorkCalendar) -> timedelta:
    """The working time left until ``due_at``; once overdue, minus the working time since.

    It is nothing from the due time until offices work again: ``now > due_at`` tells whether it is overdue.
    ValueError if either is naive.
    """
    # One of the two is nothing.
    return working_time_between(now, due_at, calendar) - working_time_between(due_at, now, calendar)


def open_until(now: datetime, calendar: WorkCalendar) -> datetime | None:
    """When the offices that work ``now`` close (for lunch, too), in UTC; nothing while they are closed."""
    local = _in_shanghai(now)
    if not calendar.is_working_day(local.date()):
        return None
    ends = (datetime.combine(local.date(), end, SHANGHAI) for begin, end in SESSIONS if begin <= local.time() < end)
    return next((end.astimezone(UTC) for end in ends), None)


def share_used(start: datetime, due_at: datetime, now: datetime, calendar: WorkCalendar) -> float:
    """The part of the working time from ``start`` to ``due_at`` that is gone ``now``.

    0.0 up to the start, 1.0 when due, above that when overdue (1.5: half the limit too late). If the limit
    holds no working time at all, 0.0 before it is due and 1.0 after. ValueError if any of the times is naive.
    """
    whole = working_time_between(start, due_at, calendar)
    used = working_time_between(start, now, calendar)
    if not whole:
        return 1.0 if now >= due_at else 0.0
    return used / whole


def carried_over(moment: datetime, since: datetime, earlier: WorkCalendar, calendar: WorkCalendar) -> datetime:
    """When what was due at ``moment`` by the ``earlier`` calendar is due by ``calendar``: as much working time after
    ``since``. ValueError if either is naive.
    """
    return add_working_time(since, working_time_between(since, moment, earlier), calendar)


def end_of_day(moment: datetime) -> datetime:
    """The midnight in Shanghai that ends the day of ``moment``: limits in days count from it."""
    return datetime.combine(_in_shanghai(moment).date() + _ONE_DAY, time(), SHANGHAI)


class WorkedTime:
    """Working time between many pairs of moments within a span of days: the days are counted once, then each pair
    costs two look-ups. Gives what ``working_time_between`` gives."""

    def __init__(self, first: date, last: date, calendar: WorkCalendar) -> None:
        """``first`` and ``last`` are dates in Shanghai. ValueError if ``last`` is before ``first``."""
        if last < first:
            raise ValueError(f"{last} is before {first}.")
        self._first, self._calendar = first, calendar
        self._mornings = [_NOTHING]
        for n in range((last - first).days + 1):
            worked = DAY_LENGTH if calendar.is_working_day(first + timedelta(days=n)) else _NOTHING
            self._mornings.append(self._mornings[-1] + worked)

    def between(self, a: datetime, b: datetime) -> timedelta:
        """ValueError if either is naive or lies outside the span."""
        return self._until(b) - self._until(a) if b > a else _NOTHING

    def _until(self, moment: datetime) -> timedelta:
        local = _in_shanghai(moment)
        days = (local.date() - self._first).days
        if not 0 <= days < len(self._mornings) - 1:
            raise ValueError(f"{moment} lies outside the days that were counted.")
        return self._mornings[days] + _worked_that_day_by(local, self._calendar)


def _length(begin: time, end: time) -> timedelta:
    return datetime.combine(date.min, end) - datetime.combine(date.min, begin)


DAY_LENGTH = sum((_length(begin, end) for begin, end in SESSIONS), _NOTHING)


@lru_cache(maxsize=64)
def _published_working_days(year: int) -> frozenset[date] | None:
    """The working days of ``year`` by the 国务院 notice; None for a year the package doesn't hold."""
    first = date(year, 1, 1)
    days = (first + timedelta(days=n) for n in range((date(year, 12, 31) - first).days + 1))
    try:
        return frozenset(day for day in days if is_workday(day))
    except NotImplementedError:
        return None


@cache
def package_until() -> int:
    """The last year whose 国务院 notice the package holds."""
    year = 2004
    while _published_working_days(year + 1) is not None:
        year += 1
    return year


@cache  # once a year-number
def _tell_of_unknown(year: int) -> None:
    warning = UnknownCalendarYear(year)
    logger.warning("%s", warning)
    warnings.warn(warning, stacklevel=3)


def _wrong_limit(text: str) -> str:
    return f"“{text}” is no time limit: write 1 to 9999 working hours as '3h' or working days as '5d'."


def _in_shanghai(moment: datetime) -> datetime:
    if moment.utcoffset() is None:
        raise ValueError(f"{moment!r} has no time zone: give an aware datetime, such as timezone.now().")
    return moment.astimezone(SHANGHAI)


def _next_working_day(day: date, calendar: WorkCalendar) -> date:
    day += _ONE_DAY
    while not calendar.is_working_day(day):
        day += _ONE_DAY
    return day


def _worked_that_day_by(local: datetime, calendar: WorkCalendar) -> timedelta:
    if not calendar.is_working_day(local.date()):
        return _NOTHING
    now = local.time()
    return sum((_length(begin, min(now, end)) for begin, end in SESSIONS if now > begin), _NOTHING)


def _at(day: date, worked: timedelta) -> datetime:
    """The moment of a working day, in UTC, by which ``worked`` (at most a day) has been worked."""
    for begin, end in SESSIONS:
        session = _length(begin, end)
        if worked <= session:
            return (datetime.combine(day, begin, SHANGHAI) + worked).astimezone(UTC)
        worked -= session
    raise ValueError(f"A working day has only {DAY_LENGTH}.")
