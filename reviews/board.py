"""The supervisor's board: what is open and how old, what was decided in time, how long it took, who has how much.

Times are working hours. A task is *on time* when it was closed at or before its due time; the *promise is kept* when
the application was closed at or before the time promised. Tasks that ended with their application (withdrawn, moved on)
and those beside the stages (opinions, objections, checks of pledges) don't count. Percentiles are nearest-rank: each is
a time that a task really took.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from permits.models import Application, Service, User
from reviews import calendars, clock
from reviews.models import Decision, Department, Official, Task

PERIODS = {"today": 0, "7": 7, "30": 30, "90": 90}  # days before today
AGES = (
    (7, gettext_lazy("under a working day")),
    (21, gettext_lazy("1–3 working days")),
    (35, gettext_lazy("3–5 working days")),
)  # hours
MOST = 100_000  # tasks that are looked at
STAGES = ("precheck", "countersign", "decision", "record")
Cell = str | int | float | None


@dataclass(frozen=True)
class Table:
    key: str
    title: str
    head: list[str]
    rows: list[list[Cell]]
    # Which columns are drawn as bars beside the words of the first ones, and how many of these there are.
    bars: tuple[int, ...] = ()
    names: int = 1


@dataclass(frozen=True)
class Scope:
    """What the board is about: the departments, one service or all, and since when."""

    departments: list[Department]
    since: datetime
    service: str = ""
    services: dict[str, Any] = field(default_factory=dict)  # slug: Definition

    @property
    def ids(self) -> list[int]:
        return [department.pk for department in self.departments]

    def title(self, slug: str) -> str:
        return str(self.services[slug].title) if slug in self.services else slug

    def stage(self, slug: str, key: str) -> str:
        stage = self.services[slug].stage(key) if slug in self.services else None
        return str(stage.title) if stage else key

    def department(self, pk: int) -> str:
        return next((str(one) for one in self.departments if one.pk == pk), "")


def scope_of(user: User, *, period: str = "30", service: str = "", department: str = "") -> Scope:
    """The departments that the user supervises (all, for a superuser), narrowed as asked; three queries."""
    offices = Department.objects.filter(active=True).order_by("region", "kind", "pk")
    if not user.is_superuser:
        heads = Official.objects.filter(user=user, active=True, role=Official.Role.SUPERVISOR)
        offices = offices.filter(pk__in=heads.values("department"))
    found = [office for office in offices if not department or str(office.pk) == department]
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    published = Service.objects.exclude(current=None).select_related("current").defer("current__source")
    definitions = {each.slug: each.definition for each in published.order_by("slug")}
    since = midnight - timedelta(days=PERIODS.get(period, 30))
    return Scope(found, since, service if service in definitions else "", definitions)


def tables(scope: Scope, now: datetime | None = None) -> list[Table]:
    """All tables of the board; five queries, however many tasks there are."""
    now = now or timezone.now()
    return [_open_by_age(scope, now), _closed(scope, now), _promises(scope), _load(scope, now)]


def percentile(values: list[float], per_cent: int) -> float | None:
    """Nearest-rank: the smallest of the values that so many per cent of them don't exceed. ``None`` of no values."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[max(0, -(-per_cent * len(ordered) // 100) - 1)]


def _tasks(scope: Scope) -> Any:
    tasks = Task.objects.filter(department__in=scope.ids, kind__in=STAGES)
    return tasks.filter(application__version__service__slug=scope.service) if scope.service else tasks


def _open_by_age(scope: Scope, now: datetime) -> Table:
    rows = _tasks(scope).open().order_by("due_at", "pk")
    found = list(rows.values_list("application__version__service__slug", "stage", "opened_at", "due_at")[:MOST])
    worked = _worked((opened for _slug, _stage, opened, _due in found), now)
    counts: dict[tuple[str, str], Counter[Any]] = defaultdict(Counter)
    for slug, stage, opened, due in found:
        hours = _hours(worked, opened, now)
        counts[slug, stage][next((n for n, (limit, _words) in enumerate(AGES) if hours < limit), len(AGES))] += 1
        counts[slug, stage]["late"] += due < now
    ages = [str(words) for _limit, words in AGES] + [_("over 5 working days")]
    return Table(
        "open", _("Open now, by stage and age"),
        [_("Service"), _("Stage"), *ages, _("All"), _("Overdue")],
        [
            [scope.title(slug), scope.stage(slug, stage), *(count[n] for n in range(len(ages))),
             sum(count[n] for n in range(len(ages))), count["late"]]
            for (slug, stage), count in sorted(counts.items())
        ],
        bars=tuple(range(2, 2 + len(ages))), names=2,
    )  # fmt: skip


def closed_tasks(scope: Scope) -> Any:
    """The tasks behind the figures, the latest first."""
    return _tasks(scope).filter(state=Task.State.DONE, closed_at__gte=scope.since).order_by("-closed_at", "-pk")


def _closed(scope: Scope, now: datetime) -> Table:
    rows = closed_tasks(scope).values_list(
        "application__version__service__slug", "department", "opened_at", "closed_at", "due_at"
    )
    found = list(rows[:MOST])
    worked = _worked((opened for _s, _d, opened, _c, _u in found), now)
    hours: dict[tuple[str, int], list[float]] = defaultdict(list)
    on_time: Counter[tuple[str, int]] = Counter()
    for slug, office, opened, closed, due in found:
        hours[slug, office].append(_hours(worked, opened, min(closed, now)))
        on_time[slug, office] += closed <= due
    return Table(
        "closed", _("Decided, by service and department"),
        [_("Service"), _("Department"), _("Decided"), _("On time %"), _("Median, working hours"), _("90 % within, working hours")],
        [
            [scope.title(slug), scope.department(office), len(times), _share(on_time[slug, office], len(times)),
             _rounded(percentile(times, 50)), _rounded(percentile(times, 90))]
            for (slug, office), times in sorted(hours.items())
        ],
        bars=(4, 5), names=2,
    )  # fmt: skip


def _promises(scope: Scope) -> Table:
    handled = Task.objects.filter(application=OuterRef("pk"), department__in=scope.ids)
    rows = Application.objects.filter(Exists(handled), closed_at__gte=scope.since, due_at__isnull=False)
    if scope.service:
        rows = rows.filter(version__service__slug=scope.service)
    closed: Counter[str] = Counter()
    kept: Counter[str] = Counter()
    for slug, at, due in rows.order_by("-closed_at").values_list("version__service__slug", "closed_at", "due_at")[
        :MOST
    ]:
        closed[slug] += 1
        kept[slug] += at is not None and due is not None and at <= due
    return Table(
        "promises", _("Promises kept, by service"), [_("Service"), _("Closed"), _("Promise kept"), _("Promise kept %")],
        [[scope.title(slug), count, kept[slug], _share(kept[slug], count)] for slug, count in sorted(closed.items())],
        bars=(3,),
    )  # fmt: skip


def _load(scope: Scope, now: datetime) -> Table:
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    held = _tasks(scope).open().filter(claimed_by__isnull=False).values_list("claimed_by__name", "due_at")[:MOST]
    in_hand: Counter[str] = Counter()
    late: Counter[str] = Counter()
    for name, due in held:
        in_hand[name] += 1
        late[name] += due < now
    today = Decision.objects.filter(task__in=_tasks(scope), decided_at__gte=midnight, official__isnull=False)
    decided = Counter(today.values_list("official__name", flat=True)[:MOST])
    names = sorted(set(in_hand) | set(decided), key=lambda name: (-in_hand[name] - decided[name], name))
    return Table(
        "load", _("Today, by official"), [_("Official"), _("In hand"), _("Of these overdue"), _("Decided today")],
        [[name, in_hand[name], late[name], decided[name]] for name in names], bars=(1, 3),
    )  # fmt: skip


def task_rows(scope: Scope, now: datetime | None = None) -> Iterable[list[Cell]]:
    """One line a closed task, for a sheet: nothing of the applicant's but the number."""
    now = now or timezone.now()
    names = ("application__number", "application__version__service__slug", "stage", "department", "decision__official__name",
             "opened_at", "closed_at", "due_at")  # fmt: skip
    found = list(closed_tasks(scope).values_list(*names)[:MOST])
    worked = _worked((row[5] for row in found), now)
    yield [_("Number"), _("Service"), _("Stage"), _("Department"), _("Official"), _("Opened"), _("Closed"), _("Due"),
           _("Working hours"), _("On time")]  # fmt: skip
    for number, slug, stage, office, official, opened, closed, due in found:
        times = [timezone.localtime(at).strftime("%Y-%m-%d %H:%M") for at in (opened, closed, due)]
        hours = _rounded(_hours(worked, opened, min(closed, now)))
        said = _("yes") if closed <= due else _("no")
        yield [number, scope.title(slug), scope.stage(slug, stage), scope.department(office), official or "—", *times,
               hours, said]  # fmt: skip


def _worked(begins: Iterable[datetime], now: datetime) -> clock.WorkedTime:
    first = min([now, *begins])
    return clock.WorkedTime(
        first.astimezone(clock.SHANGHAI).date(), now.astimezone(clock.SHANGHAI).date(), calendars.current()
    )


def _hours(worked: clock.WorkedTime, begin: datetime, end: datetime) -> float:
    return worked.between(begin, end).total_seconds() / 3600


def _share(part: int, whole: int) -> float | None:
    return round(100 * part / whole, 1) if whole else None


def _rounded(hours: float | None) -> float | None:
    return None if hours is None else round(hours, 2)
