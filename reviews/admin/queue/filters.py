"""The queue's tasks: of which view, narrowed by which filters, found by which words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.utils import timezone

from permits import numbers, substrings
from permits.codes import regions
from permits.models import Enterprise, Service, Status, User
from reviews.admin.queue import paging
from reviews.admin.queue.choice import Choice
from reviews.models import Department, Task
from reviews.workflow import queueing

# Without an index for it, a part of a name is looked for among this many of the view's tasks, the most urgent ones.
MOST_COMPARED = 5000
MOST_SERVICES = 200


def tasks_of(choice: Choice, official: User) -> QuerySet[Task]:
    """Those of the chosen view. Raise ``PermissionDenied`` for a supervisor's view to anybody else."""
    if choice.which == "all":
        headed = Department.objects.ids_headed_by(official)
        if not headed:
            raise PermissionDenied("all tasks are shown to supervisors only")
        return Task.objects.open().filter(department__in=headed)
    tasks = Task.objects.filter(department__in=Department.objects.ids_of(official))
    match choice.which:
        case "mine":
            return tasks.open().filter(claimed_by__in=queueing.acts_as(official))
        case "unclaimed":
            return tasks.open().filter(claimed_by=None)
        case "closed":
            return tasks.filter(state=Task.State.DONE)
        case _:
            return tasks.open().filter(Q(claimed_by=None) | Q(claimed_by__in=queueing.acts_as(official)))


def narrowed(tasks: QuerySet[Task], choice: Choice, now: datetime) -> QuerySet[Task]:
    """By the filters and the search. Each keeps the tasks' own order, so that the index of the view serves it."""
    if choice.service:
        tasks = tasks.filter(application__version__service__slug=choice.service)
    if choice.stage:
        tasks = tasks.filter(stage=choice.stage)
    if choice.region:
        tasks = tasks.filter(_within(choice.region))
    if choice.due:
        tasks = tasks.filter(due_at__lt=_due_before(choice.due, now))
    if choice.returned:
        tasks = tasks.filter(_RETURNED)
    if choice.enterprise:
        tasks = tasks.filter(application__enterprise__public_id=choice.enterprise)
    if choice.mobile:
        tasks = tasks.filter(application__mobile_tags__tag=choice.mobile)
    return _found(tasks, choice) if choice.q else tasks


# The applicant answered a notice of corrections, or a later stage sent it back.
_RETURNED = Q(application__status=Status.CORRECTED) | Q(returned=True)


def is_returned(task: Task) -> bool:
    """The same of a row."""
    return task.returned or task.application.status == Status.CORRECTED


def _within(region: str) -> Q:
    """A county is one code; a city and a province are all the codes that begin like theirs."""
    if region.endswith("0000"):
        return Q(application__region__startswith=region[:2])
    if region.endswith("00"):
        return Q(application__region__startswith=region[:4])
    return Q(application__region__startswith=region)


def _due_before(due: str, now: datetime) -> datetime:
    if due == "overdue":
        return now
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + timedelta(days=1 if due == "today" else 7)


def _found(tasks: QuerySet[Task], choice: Choice) -> QuerySet[Task]:
    """By number, by social credit code (the beginning of either is enough), or by a part of the enterprise's name."""
    code = numbers.normalise(choice.q)
    if re.fullmatch(r"\d{6}-[\d-]*(-[0-9A-Z])?", code):
        return tasks.filter(application__number__startswith=code)
    if re.fullmatch(r"9[0-9A-Z]{17}", code):
        return tasks.filter(application__enterprise__uscc=code)
    if re.fullmatch(r"9[0-9A-Z]{7,16}", code):
        return tasks.filter(application__enterprise__uscc__startswith=code)
    if not substrings.names_are_indexed():
        tasks = Task.objects.filter(pk__in=paging.in_order(tasks, choice.latest_first).values("pk")[:MOST_COMPARED])
    return tasks.filter(application__enterprise__name__contains=choice.q)


def searched_only_a_part(tasks: QuerySet[Task], choice: Choice, now: datetime) -> bool:
    """Whether there were more tasks than a search for a name looks through. ``tasks`` are those of the view."""
    if not choice.q or substrings.names_are_indexed():
        return False
    everything = narrowed(tasks, choice.without("q"), now)
    return bool(paging.in_order(everything, choice.latest_first).values("pk")[MOST_COMPARED : MOST_COMPARED + 1])


@dataclass(frozen=True)
class Options:
    """What the lists of the filter form offer: (value, words) each."""

    services: list[tuple[str, str]]
    stages: list[tuple[str, str]]
    regions: list[tuple[str, str]]
    enterprise: Enterprise | None


def options(choice: Choice, official: User) -> Options:
    """As many queries whatever there is: the services, the official's departments, the enterprise that was chosen."""
    services = list(Service.objects.exclude(current=None).select_related("current").defer("current__source")
                    .order_by("slug")[:MOST_SERVICES])  # fmt: skip
    stages: dict[str, str] = {}
    for service in services:
        if choice.service in ("", service.slug):
            for stage in service.definition.stages:
                stages.setdefault(stage.key, str(stage.title))
    own = Department.objects.filter(pk__in=Department.objects.ids_of(official)).values_list("region", flat=True)
    enterprise = (
        Enterprise.objects.only("name", "public_id").filter(public_id=choice.enterprise).first()
        if choice.enterprise
        else None
    )
    return Options(
        services=[(service.slug, str(service.definition.title)) for service in services],
        stages=list(stages.items()),
        regions=_regions([*own], choice.region),
        enterprise=enterprise,
    )


def _regions(own: list[str], chosen: str) -> list[tuple[str, str]]:
    """The regions of one's own departments, what lies in them, and what lies in the one that is chosen."""
    codes: dict[str, None] = {}
    for code in dict.fromkeys([*own, *([chosen] if chosen else [])]):
        codes |= dict.fromkeys([code, *(place.code for place in regions.children(code))])
    return [(code, regions.full_name(code) or code) for code in sorted(codes)]


def region_name(code: str) -> Any:
    place = regions.get(code)
    return place.name if place else code
