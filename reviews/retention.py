"""How long the files of applications are kept, and whose time is over: by the definition of the service, else by ``KEEP_FILES``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, Max, Q, QuerySet, Sum

from permits.models import Application, Check, Material, Status
from reviews.audit import log
from reviews.models import Event, Task, Thread

GROUPS = {
    Status.DRAFT: "draft",
    **dict.fromkeys((Status.DECLINED, Status.WITHDRAWN, Status.LAPSED, Status.TERMINATED), "ended"),
    Status.REJECTED: "rejected",
    **dict.fromkeys((Status.APPROVED, Status.RECORDED), "closed"),
}
AT_ONCE = 500
SHORTEST = timedelta(days=30)  # no rule says less


@dataclass(frozen=True)
class Over:
    """An application whose files have been kept long enough, and by which rule."""

    application: Application
    group: str
    days: int
    since: datetime
    files: int
    size: int


def days_for(application: Application) -> int | None:
    """For how many days its files are kept, as it stands now; ``None``: for ever, or it is under way."""
    group = GROUPS.get(Status(application.status))
    if group is None:
        return None
    own = application.definition.keep_files
    said = getattr(own, group) if own else None
    return said or settings.KEEP_FILES.get(group) or None


def kept_files(application: Application) -> QuerySet[Material]:
    """Those whose bytes are there."""
    return application.materials.filter(erased_at=None).exclude(check_state=Check.REFUSED)


def over(application: Application, now: datetime) -> Over | None:
    """Whether its time is over. Nothing is erased while anybody has a task of it (a check of a pledge, an objection)."""
    days = days_for(application)
    said: dict[str, Any] = kept_files(application).aggregate(n=Count("pk"), size=Sum("size"), last=Max("uploaded_at"))
    if days is None or not said["n"]:
        return None
    since = max(application.updated_at, said["last"]) if application.is_draft else application.closed_at
    if application.is_draft and settings.DRAFT_NOTICE_DAYS:
        told = announced(application, said["last"])
        if told is None or told.erase_at > now:
            return None
        since = told.since
    if since is None or since > now - timedelta(days=days):
        return None
    if Task.objects.open().filter(application=application).exists():
        return None
    return Over(application, GROUPS[Status(application.status)], days, since, said["n"], said["size"])


@dataclass(frozen=True)
class Announced:
    """What the applicant of a draft was told: since when nobody went on with it, and when its files go."""

    since: datetime
    erase_at: datetime


def announced(application: Application, last_upload: datetime) -> Announced | None:
    """The announcement that stands. Whoever goes on with the draft after it was made has undone it."""
    event = Event.objects.filter(application=application, action="erasure_announced").order_by("-seq").first()
    if event is None or application.updated_at > event.at or last_upload > event.at:
        return None
    data = log.data_of(event)
    return Announced(datetime.fromisoformat(data["since"]), datetime.fromisoformat(data["erase_at"]))


def to_announce(application: Application, now: datetime) -> tuple[Announced, int] | None:
    """What is to be told of a draft by now, and of how many files. A rule that is new gives the same warning."""
    notice, days = timedelta(days=settings.DRAFT_NOTICE_DAYS), days_for(application)
    said: dict[str, Any] = kept_files(application).aggregate(n=Count("pk"), last=Max("uploaded_at"))
    if not (notice and application.is_draft and days and said["n"]):
        return None
    since = max(application.updated_at, said["last"])
    due = since + timedelta(days=days)
    if due - notice > now or announced(application, said["last"]):
        return None
    return Announced(since, max(due, now + notice)), said["n"]


def drafts_to_tell(now: datetime) -> Iterator[int]:
    """Keys of drafts whose applicants are to be told by now."""
    notice = timedelta(days=settings.DRAFT_NOTICE_DAYS)
    rows = Application.objects.filter(status=Status.DRAFT, updated_at__lt=now - SHORTEST + min(notice, SHORTEST))
    rows = rows.select_related("version__service").defer("answers", "left_over", "version__source").order_by("pk")
    last = 0
    while some := list(rows.filter(pk__gt=last)[:AT_ONCE]):
        last = some[-1].pk
        yield from (application.pk for application in some if to_announce(application, now))


def all_over(now: datetime) -> Iterator[Over]:
    """Of all applications, in bounded memory."""
    # An announcement is the last that happened to a draft, and writes when that was.
    quiet = min(SHORTEST, timedelta(days=settings.DRAFT_NOTICE_DAYS)) or SHORTEST
    long_ago = Q(closed_at__lt=now - SHORTEST) | Q(status=Status.DRAFT, updated_at__lte=now - quiet)
    kept = Material.objects.filter(erased_at=None).exclude(check_state=Check.REFUSED)
    rows = Application.objects.filter(long_ago, status__in=list(GROUPS)).select_related("version__service")
    rows = rows.defer("answers", "left_over", "version__source").order_by("pk")
    last = 0
    while some := list(rows.filter(pk__gt=last)[:AT_ONCE]):
        last = some[-1].pk
        with_files = set(kept.filter(application__in=some).values_list("application_id", flat=True))
        for application in some:
            if application.pk in with_files and (found := over(application, now)):
                yield found


def thread_over(application: Application, thread: Thread, now: datetime) -> int | None:
    """After how many days the words of its thread are erased, if that time is over: by the same rule as its files."""
    days = days_for(application)
    last = max(application.updated_at, thread.last_at) if application.is_draft else application.closed_at
    if days is None or last is None or max(last, thread.last_at) > now - timedelta(days=days):
        return None
    return None if Task.objects.open().filter(application=application).exists() else days


def threads_over(now: datetime) -> Iterator[tuple[Application, int]]:
    """The applications of all such threads, in bounded memory, and by how many days."""
    rows = Thread.objects.filter(erased_at=None, last_at__lt=now - SHORTEST, application__status__in=list(GROUPS))
    rows = rows.select_related("application__version__service").order_by("pk")
    rows = rows.defer("application__answers", "application__left_over", "application__version__source")
    last = 0
    while some := list(rows.filter(pk__gt=last)[:AT_ONCE]):
        last = some[-1].pk
        for thread in some:
            if days := thread_over(thread.application, thread, now):
                yield thread.application, days
