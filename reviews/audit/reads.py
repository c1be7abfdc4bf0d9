"""Who looked at somebody's data: an event for each official, subject, kind of look and hour.

In a stream of the subject's own beside its story (``reads:application:…``), so that looking locks nothing and an applicant's chain
stays as long as its steps. The page is shown once the event is written: ``note`` raises when it can't be, and then nothing is shown.
docs/decisions/0016-looking-is-on-record.md
"""

from __future__ import annotations

from datetime import datetime

from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.utils import timezone

from permits.models import Application, Enterprise, User
from reviews.audit import log
from reviews.models import Event, Gate

Subject = Application | Enterprise | User | Gate
PREFIX = "reads:"
ACTION = "looked"
HOUR = 3600
TRIES = 20  # as many officials may open the same file in the same moment
# What was looked at; each has its words in ``naming.LOOKS``.
WHAT = frozenset(
    {"review", "draft", "thread", "authority", "file", "file_search", "bundle", "record", "permit", "enterprise", "account", "mobile_search", "words", "passages"}
)


def stream_of(subject: Subject) -> str:
    kind = {"application": "application", "enterprise": "enterprise", "user": "account", "gate": "gate"}[str(subject._meta.model_name)]
    return f"{PREFIX}{kind}:{subject.public_id}"


def note(by: User, subject: Subject, what: str, *, role: str, **data: str) -> None:
    """Write that ``by`` looks at the subject now, unless this hour has it already. ``data``: no personal data."""
    if what not in WHAT:
        raise ValueError(f"'{what}' is no kind of look")
    now = timezone.now()
    stream = stream_of(subject)
    key = f"{stream}:{by.pk}:{what}:{data}:{now:%Y%m%d%H}".replace(" ", "")
    if cache.get(key):
        return
    _written(stream, by, role, now, action=ACTION, data={"what": what, **data})
    cache.set(key, 1, HOUR)


def exported(by: User, *, role: str, filters: str) -> None:
    """Write that ``by`` takes the log out as a file. What it was filtered by may name somebody: it goes with the event as
    words, of which the log holds a digest.
    """
    _written(f"{PREFIX}log", by, role, timezone.now(), action="log_exported", reason=filters)


def of(application: Application) -> list[Event]:
    """Who looked at an application, the latest first."""
    return list(Event.objects.filter(stream=stream_of(application)).select_related("actor").order_by("-seq"))


def _written(
    stream: str, by: User, role: str, at: datetime, *, action: str, data: dict[str, str] | None = None, reason: str = ""
) -> None:
    """Nothing is locked: who comes second in the same moment finds the number taken, and takes the next."""
    for left in reversed(range(TRIES)):
        try:
            with transaction.atomic():
                log.record(action=action, actor=by, role=role, at=at, stream=stream, data=data, reason=reason)
            return
        except IntegrityError:
            if not left:
                raise
