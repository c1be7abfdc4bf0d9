"""Count what the sealed log says into the public board's steps: each leaf once, whatever is killed in between.

The log is read by the order in which it is sealed, as webhooks read it (``reviews.webhooks.steps``): nothing is ever put
before a leaf that was read. A filing counts with its first end; that a refusal was set aside later changes nothing of
what was shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Min
from django.utils import timezone

from permits.codes import regions
from permits.models import Application, Status
from reviews import board
from reviews import public_steps as steps
from reviews.models import Event, Leaf, PublicCount, PublicCounting, PublicStep, Rating

BATCH = 500
AT_ONCE = 200  # batches of one run: 100,000 leaves
ENDS = {
    "approved": "approved", "rejected": "rejected", "declined": "rejected", "withdrawn": "ended", "lapsed": "ended",
    "terminated": "ended",
}  # fmt: skip


def count(now: datetime | None = None) -> int:
    """Count what has been sealed since the last time. Return how many leaves were read."""
    PublicCounting.objects.get_or_create(pk=1)
    total = 0
    for _batch in range(AT_ONCE):
        with transaction.atomic():
            state = PublicCounting.objects.select_for_update().get(pk=1)
            leaves = list(
                Leaf.objects.filter(index__gte=state.next_leaf).order_by("index").only("index", "event")[:BATCH]
            )
            if leaves:
                _count(leaves)
                state.next_leaf = leaves[-1].index + 1
            state.counted_at = now or timezone.now()
            state.save()
        total += len(leaves)
        if len(leaves) < BATCH:
            break
    return total


def _count(leaves: list[Leaf]) -> None:
    happened = list(_happened(leaves))
    if not happened:
        return
    keys = {key for _day, key, _measure in happened}
    rows = {
        (each.service_id, each.region, each.measure): each
        for each in PublicCount.objects.filter(
            service__in={service for service, _region in keys}, region__in={region for _service, region in keys}
        )
    }
    streams: dict[steps.Key, steps.Stream] = {}
    for (service, region, measure), row in rows.items():
        stream = streams.setdefault((service, region), steps.Stream())
        stream.seen[measure], stream.shown[measure] = row.seen, row.shown
    full = steps.take_all(streams, happened)
    PublicCount.objects.bulk_create(
        [
            PublicCount(service_id=service, region=region, measure=measure, seen=seen, shown=streams[service, region].shown[measure])
            for service, region in keys
            for measure, seen in streams[service, region].seen.items()
            if seen
        ],
        update_conflicts=True, unique_fields=["service", "region", "measure"], update_fields=["seen", "shown"],
    )  # fmt: skip
    _add(full)


def _add(full: steps.Steps) -> None:
    """Beside what that day has already."""
    days = {day for day, _key, _measure in full}
    there = {
        (each.day, (each.service_id, each.region), each.measure): each.fives
        for each in PublicStep.objects.filter(day__in=days)
    }
    PublicStep.objects.bulk_create(
        [
            PublicStep(day=day, service_id=key[0], region=key[1], measure=measure, fives=n + there.get((day, key, measure), 0))
            for (day, key, measure), n in full.items()
        ],
        update_conflicts=True, unique_fields=["day", "service", "region", "measure"], update_fields=["fives"],
    )  # fmt: skip


def _happened(leaves: list[Leaf]) -> Iterator[tuple[date, steps.Key, str]]:
    """What of it is counted, in order: day in Shanghai, service and county, measure."""
    found = Event.objects.filter(
        pk__in=[leaf.event_id for leaf in leaves], action__in=["submitted", "rated", *ENDS], application__isnull=False
    )
    events = found.select_related("application__version").only(
        "action", "at", "seq", "after", "application__region", "application__submitted_at", "application__due_at",
        "application__version__service",
    ).in_bulk()  # fmt: skip
    ended = [each.application_id for each in events.values() if each.action in ENDS]
    first = dict(
        Event.objects.filter(application__in=ended, action__in=ENDS)
        .values_list("application")
        .annotate(Min("seq"))
        .order_by()
    )
    scores = dict(
        Rating.objects.filter(application__in=[each.application_id for each in events.values() if each.action == "rated"])
        .values_list("application", "score")
    )  # fmt: skip
    begins = [
        each.application.submitted_at for each in events.values() if each.action == "approved" and each.application
    ]
    hours = board.Hours([at for at in begins if at], timezone.now())
    for leaf in leaves:
        event: Any = events.get(leaf.event_id)
        if event is None or (event.action in ENDS and event.seq != first[event.application_id]):
            continue
        application = event.application
        day = timezone.localtime(event.at).date()
        key = (application.version.service_id, county(application))
        yield day, key, _measure(event, scores, hours)
        if event.action == "submitted" and event.after == Status.RECORDED:  # a report, received at once
            yield day, key, steps.ENDED


def _measure(event: Any, scores: dict[int, int], hours: board.Hours) -> str:
    application: Application = event.application
    if event.action == "submitted":
        return steps.FILED
    if event.action == "rated":
        return steps.BAD if scores.get(application.pk, 5) <= Rating.Score.BAD else steps.GOOD
    on_time = application.due_at is None or event.at <= application.due_at
    kind = ENDS[event.action]
    if kind == "approved":
        assert application.submitted_at is not None
        return steps.approved(hours.of(application.pk, application.submitted_at, event.at), on_time)
    return steps.rejected(on_time) if kind == "rejected" else steps.ENDED


def county(application: Application) -> str:
    """As fine as the table of regions has it; nothing finer is ever shown."""
    code = application.region[:6]
    return code if regions.get(code) else ""
