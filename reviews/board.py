"""The supervisor's board: what is open and how old, what was decided in time, how long it took, who has how much.

Times are working hours; while a special procedure stops the clock, nobody's hours run and nothing becomes overdue. A
task is *on time* when it was closed at or before its due time. The *promise is kept* when the decision that stands was
taken at or before the time promised; who decided it answers for it. Cancelled tasks (withdrawn, settled by others,
ended by silence) are in no share and no percentile; those that were overdue by then are counted by themselves. Tasks
beside the stages (opinions, objections, checks of pledges) don't count. Percentiles are nearest-rank: each is a time
that a task really took.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from permits.models import Service, Status, User
from reviews import calendars, clock
from reviews.models import Department, Official, Pause, Task

PERIODS = {"today": 0, "7": 7, "30": 30, "90": 90}  # days before today
AGES = (
    (7, gettext_lazy("under a working day")),
    (21, gettext_lazy("1–3 working days")),
    (35, gettext_lazy("3–5 working days")),
)  # hours
MOST = 100_000  # tasks that are looked at for one table
LISTED = 50_000  # lines of the sheet of tasks: as XLSX they take about ten seconds
STAGES = ("precheck", "countersign", "decision", "record")
DECIDED = (Status.APPROVED, Status.REJECTED, Status.DECLINED)
FINAL = ("approve", "reject", "decline")  # the outcomes that lead there
SLUG = "application__version__service__slug"
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
    stacked: bool = False
    beside: int | None = None  # a column that is said in a line below the names
    cut: bool = False  # there were more than ``MOST`` tasks


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

    def place(self, slug: str, key: str) -> int:
        """Which of the service's stages it is; one that the edition in force doesn't have comes behind."""
        stages = self.services[slug].stages if slug in self.services else ()
        return next((n for n, stage in enumerate(stages) if stage.key == key), len(stages))

    def department(self, pk: int) -> str:
        return next((str(one) for one in self.departments if one.pk == pk), "")


def scope_of(user: User, *, period: str = "30", service: str = "", department: str = "") -> Scope:
    """The departments that the user supervises (all, for a superuser), narrowed as asked; three queries."""
    offices = Department.objects.filter(active=True).order_by("region", "kind", "pk")
    if not user.is_superuser:
        offices = offices.filter(pk__in=Department.objects.ids_headed_by(user))
    found = [office for office in offices if not department or str(office.pk) == department]
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    published = Service.objects.exclude(current=None).select_related("current").defer("current__source")
    definitions = {each.slug: each.definition for each in published.order_by("slug")}
    since = midnight - timedelta(days=PERIODS.get(period, 30))
    return Scope(found, since, service if service in definitions else "", definitions)


def tables(scope: Scope, now: datetime | None = None) -> list[Table]:
    """All tables of the board; eight queries, however many tasks there are."""
    now = now or timezone.now()
    open_now = list(_tasks(scope).open().order_by("due_at", "pk").values_list(
        SLUG, "stage", "application", "opened_at", "due_at", "application__status")[:MOST])  # fmt: skip
    ended = list(_ended(scope, Task.State.DONE, Task.State.CANCELLED).values_list(
        SLUG, "department", "application", "state", "opened_at", "closed_at", "due_at")[:MOST])  # fmt: skip
    hours = Hours([row[3] for row in open_now] + [row[4] for row in ended], now)
    return [_open_by_age(scope, open_now, hours), _closed(scope, ended, hours), _promises(scope), _load(scope, now)]


def percentile(values: list[float], per_cent: int) -> float | None:
    """Nearest-rank: the smallest of the values that so many per cent of them don't exceed. ``None`` of no values."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[max(0, -(-per_cent * len(ordered) // 100) - 1)]


class Hours:
    """Working hours that tasks took, up to now and less the special procedures in between; two queries for all."""

    def __init__(self, begins: Iterable[datetime], now: datetime) -> None:
        first = min([now, *begins])
        begin, end = (at.astimezone(clock.SHANGHAI).date() for at in (first, now))
        self.now = now
        self._worked = clock.WorkedTime(begin, end, calendars.current())
        self._stood: dict[int, list[tuple[datetime, datetime]]] = defaultdict(list)
        pauses = Pause.objects.filter(Q(ended_at=None) | Q(ended_at__gt=first), started_at__lt=now)
        for application, since, until in pauses.values_list("application", "started_at", "ended_at")[:MOST]:
            self._stood[application].append((since, until or now))

    def of(self, application: int, begin: datetime, end: datetime | None = None) -> float:
        """From ``begin`` to ``end``, or to now; what lies after now isn't worked yet."""
        end = min(end or self.now, self.now)
        worked = self._worked.between(begin, end)
        for since, until in self._stood.get(application, ()):
            worked -= self._worked.between(max(begin, since), min(end, until))
        return worked.total_seconds() / 3600

    def stopped(self, application: int, due: datetime, end: datetime) -> bool:
        """Whether a special procedure that began before ``due`` was under way at ``end``: then nothing became overdue."""
        return any(since <= due and end <= until for since, until in self._stood.get(application, ()))


def _tasks(scope: Scope) -> Any:
    tasks = Task.objects.filter(department__in=scope.ids, kind__in=STAGES)
    return tasks.filter(application__version__service__slug=scope.service) if scope.service else tasks


def _ended(scope: Scope, *states: str) -> Any:
    return _tasks(scope).filter(state__in=states, closed_at__gte=scope.since).order_by("-closed_at", "-pk")


def closed_tasks(scope: Scope) -> Any:
    """The tasks behind the figures, the latest first."""
    return _ended(scope, Task.State.DONE)


def _open_by_age(scope: Scope, found: list[Any], hours: Hours) -> Table:
    counts: dict[tuple[str, str], Counter[Any]] = defaultdict(Counter)
    for slug, stage, application, opened, due, status in found:
        old = hours.of(application, opened)
        counts[slug, stage][next((n for n, (limit, _words) in enumerate(AGES) if old < limit), len(AGES))] += 1
        counts[slug, stage]["late"] += _late(due, status, hours.now)
    ages = [str(words) for _limit, words in AGES] + [_("over 5 working days")]
    return Table(
        "open", _("Open now, by stage and age"),
        [_("Service"), _("Stage"), *ages, _("All"), _("Overdue")],
        [
            [scope.title(slug), scope.stage(slug, stage), *(count[n] for n in range(len(ages))),
             sum(count[n] for n in range(len(ages))), count["late"]]
            for (slug, stage), count in sorted(counts.items(), key=lambda each: (each[0][0], scope.place(*each[0])))
        ],
        bars=tuple(range(2, 2 + len(ages))), names=2, stacked=True, cut=len(found) == MOST,
    )  # fmt: skip


def _late(due: datetime, status: str, now: datetime) -> bool:
    return due < now and status != Status.SUSPENDED


def _closed(scope: Scope, found: list[Any], hours: Hours) -> Table:
    times: dict[tuple[str, int], list[float]] = defaultdict(list)
    on_time: Counter[tuple[str, int]] = Counter()
    left: Counter[tuple[str, int]] = Counter()
    for slug, office, application, state, opened, closed, due in found:
        took = times[slug, office]
        if state == Task.State.CANCELLED:
            left[slug, office] += closed > due and not hours.stopped(application, due, closed)
            continue
        took.append(hours.of(application, opened, closed))
        on_time[slug, office] += closed <= due
    return Table(
        "closed", _("Decided, by service and department"),
        [_("Service"), _("Department"), _("Tasks decided"), _("On time %"), _("Median, working hours"),
         _("90 % within, working hours"), _("Ended overdue and undecided")],
        [
            [scope.title(slug), scope.department(office), len(took), _share(on_time[slug, office], len(took)),
             _rounded(percentile(took, 50)), _rounded(percentile(took, 90)), left[slug, office]]
            for (slug, office), took in sorted(times.items()) if took or left[slug, office]
        ],
        bars=(4, 5), names=2, beside=3, cut=len(found) == MOST,
    )  # fmt: skip


def _promises(scope: Scope) -> Table:
    rows = closed_tasks(scope).filter(
        decision__outcome__in=FINAL, application__status__in=DECIDED, application__due_at__isnull=False
    )
    found = list(rows.values_list(SLUG, "application", "closed_at", "application__due_at")[:MOST])
    # Refused, set aside, and decided anew: the latest decision is the one that stands.
    standing = {application: (slug, at <= due) for slug, application, at, due in reversed(found)}
    closed = Counter(slug for slug, _kept in standing.values())
    kept = Counter(slug for slug, in_time in standing.values() if in_time)
    return Table(
        "promises", _("Promises kept, by service"), [_("Service"), _("Closed"), _("Promise kept"), _("Promise kept %")],
        [[scope.title(slug), count, kept[slug], _share(kept[slug], count)] for slug, count in sorted(closed.items())],
        bars=(3,), cut=len(found) == MOST,
    )  # fmt: skip


def _load(scope: Scope, now: datetime) -> Table:
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    held = list(_tasks(scope).open().filter(claimed_by__isnull=False).order_by("due_at", "pk").values_list(
        "claimed_by", "claimed_by__name", "claimed_by__email", "due_at", "application__status")[:MOST])  # fmt: skip
    today = closed_tasks(replace(scope, since=midnight)).filter(decision__official__isnull=False)
    done = list(today.values_list("decision__official", "decision__official__name", "decision__official__email")[:MOST])
    in_hand = Counter(row[0] for row in held)
    late = Counter(row[0] for row in held if _late(row[3], row[4], now))
    decided = Counter(row[0] for row in done)
    # Who has nothing in hand is who something can be given to.
    staff = Official.objects.filter(department__in=scope.ids, active=True, user__is_active=True)
    posted = staff.values_list("user", "user__name", "user__email")
    people = {row[0]: (row[1], row[2]) for row in [*held, *done, *posted]}
    shared = Counter(name for name, _email in people.values())  # two people of one name are told apart
    names = {pk: f"{name} ({email})" if shared[name] > 1 else name for pk, (name, email) in people.items()}
    return Table(
        "load", _("Today, by official"), [_("Official"), _("Held now"), _("Of these overdue"), _("Decided today")],
        [
            [names[pk], in_hand[pk], late[pk], decided[pk]]
            for pk in sorted(names, key=lambda pk: (-in_hand[pk] - decided[pk], names[pk]))
        ],
        bars=(1, 3), cut=MOST in (len(held), len(done)),
    )  # fmt: skip


def task_rows(scope: Scope, now: datetime | None = None) -> Iterable[list[Cell]]:
    """One line a closed task, for a sheet, ``LISTED`` at most: nothing of the applicant's but the number."""
    now = now or timezone.now()
    names = ("application", "application__number", SLUG, "stage", "department", "decision__official__name",
             "opened_at", "closed_at", "due_at")  # fmt: skip
    found = list(closed_tasks(scope).values_list(*names)[:LISTED])
    hours = Hours((row[6] for row in found), now)
    yield [_("Number"), _("Service"), _("Stage"), _("Department"), _("Official"), _("Opened"), _("Closed"), _("Due"),
           _("Working hours"), _("On time")]  # fmt: skip
    for application, number, slug, stage, office, official, opened, closed, due in found:
        times = [timezone.localtime(at).strftime("%Y-%m-%d %H:%M") for at in (opened, closed, due)]
        took = _rounded(hours.of(application, opened, closed))
        said = _("yes") if closed <= due else _("no")
        yield [number, scope.title(slug), scope.stage(slug, stage), scope.department(office), official or "—", *times,
               took, said]  # fmt: skip


def _share(part: int, whole: int) -> float | None:
    return round(100 * part / whole, 1) if whole else None


def _rounded(hours: float | None) -> float | None:
    return None if hours is None else round(hours, 2)
