"""Every working morning, one notice to each official: what is due today, overdue, and unclaimed in their departments.

Once a day, however many ask for it: the event that tells of it is the first of a stream of that day, and the database
takes no second one. Who has nothing to see to, or has turned it off, gets none.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Count, F, Q, QuerySet, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from permits.models import ServiceVersion, Status, User
from reviews import calendars, clock
from reviews.audit import log
from reviews.models import Delegation, Event, Official, Task
from reviews.notices import choosing, outbox
from reviews.notices.outbox import Letter

KIND = "digest"
FROM, UNTIL = time(8, 30), time(12)  # in Shanghai; a morning that nobody was running for is not told in the afternoon
LISTED = 5
Place = tuple[int, int | None]  # a department, and who has claimed the tasks there (nobody: ``None``)
logger = logging.getLogger(__name__)


@dataclass
class Mine:
    """What an official sees to: whole departments that they head, and in the others their own tasks and nobody's."""

    heads: set[int] = field(default_factory=set)
    serves: set[int] = field(default_factory=set)


@dataclass
class Counted:
    today: int = 0
    overdue: int = 0
    unclaimed: int = 0
    urgent: list[Task] = field(default_factory=list)


def send_due(now: datetime | None = None) -> int:
    """Write this morning's notices, if it is a working morning and nobody did. Return how many people are told."""
    now = now or timezone.now()
    local = now.astimezone(clock.SHANGHAI)
    if not (FROM <= local.time() < UNTIL and calendars.current().is_working_day(local.date())):
        return 0
    stream = f"digest:{local.date().isoformat()}"
    if Event.objects.filter(stream=stream).exists():
        return 0
    try:
        with transaction.atomic():
            return _send(stream, now)
    except IntegrityError:  # another did, at the same moment
        logger.info("%s was sent by another process", stream)
        return 0


def _send(stream: str, now: datetime) -> int:
    officials = _officials(now)
    readers = _readers(list(officials))
    counted, urgent = _counts(now), _urgent(now)
    told = {}
    for reader in readers:
        found = _for(reader.id, officials[reader.id], counted, urgent)
        if found.today or found.overdue or found.unclaimed:
            told[reader] = found
    entry = log.compose(
        action="digest_sent", actor=None, role="system", at=now, stream=stream, seq=1, prev_hash="",
        data={"people": len(told)},
    )  # fmt: skip
    log.write([entry])
    titles = _titles(told.values())
    letters: list[Letter] = []
    for reader, found in told.items():
        letters += outbox.compose(entry.event, [reader], KIND, _params(found, titles, now))
    outbox.write(letters)
    return len(told)


def _officials(now: datetime) -> dict[int, Mine]:
    found: dict[int, Mine] = defaultdict(Mine)
    posted = Official.objects.filter(active=True, user__is_active=True)
    for user, office, role in posted.values_list("user_id", "department_id", "role"):
        (found[user].heads if role == Official.Role.SUPERVISOR else found[user].serves).add(office)
    lent = Delegation.objects.in_force(now).values_list("delegate_id", "official__department_id")
    for user, office in lent:
        found[user].serves.add(office)
    return dict(found)


def _readers(ids: list[int]) -> list[choosing.Reader]:
    """Those of them who want it."""
    people = User.objects.filter(pk__in=ids).only("pk", "notice_choices", "mobile_index").order_by("pk")
    readers = [choosing.reader(user) for user in people]
    return [reader for reader in readers if choosing.channels(KIND, reader, settings.NOTICE_CHANNELS)]


def _running() -> QuerySet[Task]:
    return Task.objects.open().exclude(application__status=Status.SUSPENDED).order_by()


def _counts(now: datetime) -> dict[Place, tuple[int, int, int]]:
    """Due today, overdue, and open, by department and claimant."""
    rows = _running().values_list("department_id", "claimed_by_id").annotate(
        today=Count("pk", filter=Q(due_at__gte=now, due_at__lt=clock.end_of_day(now))),
        overdue=Count("pk", filter=Q(due_at__lt=now)), open=Count("pk"),
    )  # fmt: skip
    return {(office, claimant): (today, overdue, every) for office, claimant, today, overdue, every in rows}


def _urgent(now: datetime) -> dict[Place, list[Task]]:
    """The first tasks to fall due by this evening, of each department and claimant."""
    place = Window(RowNumber(), partition_by=[F("department_id"), F("claimed_by_id")], order_by=[F("due_at"), F("pk")])
    rows = _running().filter(due_at__lt=clock.end_of_day(now)).annotate(place=place).filter(place__lte=LISTED)
    found: dict[Place, list[Task]] = defaultdict(list)
    related = rows.select_related("application").only(
        "due_at", "department_id", "claimed_by_id", "application__number", "application__version_id"
    )
    for task in related:
        found[task.department_id, task.claimed_by_id].append(task)
    return found


def _for(
    user: int, mine: Mine, counts: dict[Place, tuple[int, int, int]], urgent: dict[Place, list[Task]]
) -> Counted:  # fmt: skip
    found = Counted()
    for office, claimant in counts:
        if office not in mine.heads and not (office in mine.serves and claimant in (None, user)):
            continue
        today, overdue, every = counts[office, claimant]
        found.today += today
        found.overdue += overdue
        found.unclaimed += 0 if claimant else every
        found.urgent += urgent.get((office, claimant), [])
    found.urgent = sorted(found.urgent, key=lambda task: (task.due_at, task.pk))[:LISTED]
    return found


def _titles(found: Any) -> dict[int, dict[str, str]]:
    """What the services are called, by edition."""
    editions = {task.application.version_id for each in found for task in each.urgent}
    return {
        pk: {"zh": version.definition.title.zh, "en": version.definition.title.en}
        for pk, version in ServiceVersion.objects.defer("source").in_bulk(editions).items()
    }


def _params(found: Counted, titles: dict[int, dict[str, str]], now: datetime) -> dict[str, Any]:
    local = now.astimezone(clock.SHANGHAI)
    items = []
    for task in found.urgent:
        due = task.due_at.astimezone(clock.SHANGHAI)
        items.append({
            "number": task.application.number, "title": titles[task.application.version_id],
            "due": f"{due:%Y-%m-%d %H:%M}",
        })  # fmt: skip
    return {
        "day": f"{local:%Y-%m-%d}", "counted_at": now.isoformat(), "today": found.today, "overdue": found.overdue,
        "unclaimed": found.unclaimed, "items": items, "path": "/admin/reviews/task/",
    }  # fmt: skip
