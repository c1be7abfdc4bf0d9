"""The public board's figures, read from its steps: sums of full fives, and nothing else of any application.

A handful of queries however many applications there are: two sums over the steps of the period, one over what was ever
shown, the services, and how old it is.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import QuerySet, Sum
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from permits.codes import regions
from permits.models import Service
from reviews import public_steps as steps
from reviews.board import Cell, Table, percentile
from reviews.clock import DAY_LENGTH
from reviews.models import PublicCount, PublicCounting, PublicStep

SPANS = {"day": 30, "week": 26, "month": 12}  # how many of them are shown
DAY_HOURS = int(DAY_LENGTH.total_seconds()) // 3600
LEVELS = {"province": 2, "city": 4, "county": 6}  # digits of a code that say it
NONE = f"<{steps.K}"


@dataclass(frozen=True)
class Asked:
    """Which figures: by days, weeks or months, of one service or all, in one region or everywhere."""

    per: str = "week"
    service: str = ""
    region: str = ""

    @classmethod
    def read(cls, data: Any) -> Asked:
        """From an address; what makes no sense is left out."""
        per, service, region = (str(data.get(name, ""))[:60].strip() for name in ("per", "service", "region"))
        return cls(per if per in SPANS else "week", service, region if regions.get(region) else "")

    def since(self, today: date) -> date:
        return begins(self.per, today, SPANS[self.per] - 1)


@dataclass(frozen=True)
class Figures:
    """What the board says; ``rows`` are the same for the files: what it is of, its code, its name, the numbers."""

    asked: Asked
    since: date
    counted_at: datetime | None
    services: list[tuple[str, str]]
    regions: list[tuple[str, str]]
    total: dict[str, Cell]
    rows: list[tuple[str, str, str, dict[str, Cell]]]


def begins(per: str, day: date, back: int = 0) -> date:
    """The first day of the day's week or month, or of one that was so many earlier."""
    if per == "day":
        return day - timedelta(days=back)
    if per == "week":
        return day - timedelta(days=day.weekday(), weeks=back)
    months = day.year * 12 + day.month - 1 - back
    return date(months // 12, months % 12 + 1, 1)


def counted_at() -> datetime | None:
    return PublicCounting.objects.values_list("counted_at", flat=True).first()


def figures(asked: Asked, today: date | None = None) -> Figures:
    today = today or timezone.localdate()
    since = asked.since(today)
    published = (
        Service.objects.exclude(current=None).select_related("current").defer("current__source").order_by("slug")
    )
    services = {each.pk: each for each in published}
    chosen = [pk for pk, each in services.items() if each.slug == asked.service] if asked.service else None
    of_period = _narrowed(PublicStep.objects.filter(day__gte=since, day__lte=today), asked, chosen)
    places = list(of_period.values_list("service", "region", "measure").annotate(Sum("fives")).order_by())
    days = list(of_period.values_list("day", "measure").annotate(Sum("fives")).order_by())
    ever = list(_narrowed(PublicCount.objects.filter(shown__gt=0), asked, chosen)
                .values_list("service", "region", "measure").annotate(Sum("shown")).order_by())  # fmt: skip
    by_service: dict[Any, Counter[str]] = defaultdict(Counter)
    by_region: dict[Any, Counter[str]] = defaultdict(Counter)
    by_time: dict[Any, Counter[str]] = defaultdict(Counter)
    total: Counter[str] = Counter()
    for service, region, measure, fives in places:
        for sums in (total, by_service[service], by_region[below(region, asked.region)]):
            sums[measure] += fives * steps.K
    for day, measure, fives in days:
        by_time[begins(asked.per, day)][measure] += fives * steps.K
    for service, region, measure, shown in ever:
        hand = shown if measure == steps.FILED else -shown if steps.closes(measure) else 0
        for sums in (total, by_service[service], by_region[below(region, asked.region)]):
            sums["hand"] += hand
    title = {pk: str(each.definition.title) for pk, each in services.items()}
    rows = [("service", services[pk].slug, title[pk], said(by_service[pk])) for pk in services if pk in by_service]
    rows += [("region", code, _name(code), said(by_region[code])) for code in sorted(by_region)]
    for back in range(SPANS[asked.per] - 1, -1, -1):
        begin = begins(asked.per, today, back)
        rows.append((asked.per, begin.isoformat(), begin.isoformat(), said(by_time[begin], hand=False)))
    return Figures(
        asked, since, counted_at(), [(each.slug, title[pk]) for pk, each in services.items()],
        _choices(asked.region, by_region), said(total), rows,
    )  # fmt: skip


def _narrowed(rows: QuerySet[Any], asked: Asked, services: list[int] | None) -> QuerySet[Any]:
    if services is not None:
        rows = rows.filter(service__in=services)
    return rows.filter(region__startswith=_stem(asked.region)) if asked.region else rows


def _stem(region: str) -> str:
    found = regions.get(region)
    return region[: LEVELS[found.level]] if found else region


def below(region: str, chosen: str) -> str:
    """Under which region below the chosen one a county stands: itself, when the chosen one is its parent or itself."""
    path = [each.code for each in regions.path(region)]
    if not chosen:
        return path[0] if path else ""
    place = path.index(chosen) if chosen in path else len(path) - 1
    return path[min(place + 1, len(path) - 1)] if path else ""


def _name(code: str) -> str:
    return regions.full_name(code) or str(_("no region"))


def _choices(chosen: str, found: Iterable[str]) -> list[tuple[str, str]]:
    """The chosen region, those above it, and those below it of which something is shown."""
    codes = [each.code for each in regions.path(chosen)]
    return [(code, _name(code)) for code in dict.fromkeys([*codes, *sorted(code for code in found if code)])]


def said(sums: Counter[str], *, hand: bool = True) -> dict[str, Cell]:
    """The numbers of one row. What has no full five is said to have less; a share or a time of nothing isn't there."""
    approvals: list[float] = []
    parts: Counter[str] = Counter()
    for measure, n in sums.items():
        kind, *more = measure.split(".")
        parts[kind] += n
        if more:
            parts[more[0]] += n
        if kind == "approved":
            approvals += [float(more[1]) or float("inf")] * (n // steps.K)
    return {
        "filed": _count(parts["filed"]), "approved": _count(parts["approved"]), "rejected": _count(parts["rejected"]),
        **({"hand": _count(parts["hand"])} if hand else {}),
        "median": percentile(approvals, 50), "most": percentile(approvals, 90),
        "on_time": _share(parts["on"], parts["late"]), "satisfied": _share(parts["good"], parts["bad"]),
    }  # fmt: skip


def _count(n: int) -> Cell:
    return n if n > 0 else NONE


def _share(part: int, rest: int) -> float | None:
    return round(100 * part / (part + rest), 1) if part + rest else None


HEADS = ("filed", "approved", "rejected", "hand", "median", "most", "on_time", "satisfied")


def head(key: str) -> str:
    return {
        "filed": _("Filings"), "approved": _("Approvals"), "rejected": _("Refusals"), "hand": _("In hand now"),
        "median": _("Half approved within"), "most": _("90 % approved within"), "on_time": _("On time %"),
        "satisfied": _("Satisfied %"),
    }[key]  # fmt: skip


def within(hours: Cell) -> str:
    """A bound of working hours in words."""
    if not isinstance(hours, int | float):
        return "—"
    if hours == float("inf"):
        return _("over %(n)s working days") % {"n": steps.BOUNDS[-1] // DAY_HOURS}
    n = int(hours)
    if n % DAY_HOURS == 0:
        days = n // DAY_HOURS
        return ngettext("%(n)s working day", "%(n)s working days", days) % {"n": days}
    return ngettext("%(n)s working hour", "%(n)s working hours", n) % {"n": n}


def with_something(table: Table) -> Table:
    """A table over time as it is read: the latest first, and only where a step was filled."""
    return replace(
        table, rows=[row for row in reversed(table.rows) if any(isinstance(cell, int | float) for cell in row[1:])]
    )


def table(found: Figures, of: str) -> Table:
    """The rows of one kind as a table; the bars are what was filed, approved and refused."""
    keys = [key for key in HEADS if key != "hand" or of in ("service", "region")]
    titles = {
        "service": _("By service"), "region": _("By region"), "day": _("Day by day"), "week": _("Week by week"),
        "month": _("Month by month"),
    }  # fmt: skip
    firsts = {
        "service": _("Service"),
        "region": _("Region"),
        "day": _("Day"),
        "week": _("Week from"),
        "month": _("Month from"),
    }
    rows: list[list[Cell]] = [
        [name, *(within(numbers[key]) if key in ("median", "most") else numbers[key] for key in keys)]
        for kind, _code, name, numbers in found.rows
        if kind == of
    ]
    return Table(of, titles[of], [firsts[of], *map(head, keys)], rows, bars=(1, 2, 3))
