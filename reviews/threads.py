"""The thread of an application as both sides are shown it: by days, with what is new, and who looked at a draft."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from permits.models import Application
from reviews.audit import log, reads
from reviews.models import Department, Message, Side

SHOWN = 50  # messages of a page; earlier ones by a link


@dataclass
class Day:
    words: str
    rows: list[Any] = field(default_factory=list)


@dataclass(frozen=True)
class Look:
    """An official looked at the draft: which office, and when."""

    at: datetime
    office: str
    is_look: bool = True


def unread(applications: Iterable[Application]) -> dict[int, int]:
    """How many messages of the office the applicant's side hasn't read yet, by application; one query."""
    found = Message.objects.filter(thread__in=[each.pk for each in applications], side=Side.OFFICE, read_at=None)
    return dict(found.order_by().values_list("thread").annotate(n=Count("pk")))


def latest(application: Application, before: int | None = None) -> tuple[list[Message], bool]:
    """The last messages, in their order, or those before one; and whether there are earlier ones. One query."""
    found = Message.objects.filter(thread=application.pk).select_related("author", "department").order_by("-pk")
    rows = list((found.filter(pk__lt=before) if before else found)[: SHOWN + 1])
    return rows[:SHOWN][::-1], len(rows) > SHOWN


def looks(application: Application) -> list[Look]:
    """When an office looked at the draft. Who it was there is the office's affair, and stands in the log."""
    found = [event for event in reads.of(application) if log.data_of(event).get("what") == "draft"]
    offices = {(office.kind, office.region): str(office) for office in Department.objects.all()} if found else {}
    places = [event.role.partition("@")[2].partition(":") for event in found]
    return [
        Look(event.at, offices.get((kind, region), kind))
        for event, (kind, _colon, region) in zip(found, places, strict=True)
    ]


def by_days(messages: list[Message], looks: list[Look]) -> list[Day]:
    """In the order in which it happened."""
    days: list[Day] = []
    seen: date | None = None
    rows: list[Message | Look] = [*messages, *looks]
    for row in sorted(rows, key=lambda row: row.at):
        day = timezone.localdate(row.at)
        if day != seen:
            days.append(Day(day_words(day)))
            seen = day
        days[-1].rows.append(row)
    return days


def day_words(day: date) -> str:
    """Today, yesterday, or the day as it is written here."""
    today = timezone.localdate()
    names = {today: _("Today"), today - timedelta(days=1): _("Yesterday")}
    return names.get(day) or formats.date_format(day, "DATE_FORMAT")
