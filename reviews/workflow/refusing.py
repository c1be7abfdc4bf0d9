"""A rule that refuses a step about a posting or an account, and no application, is on record too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import transaction

from permits.models import User
from reviews import policy
from reviews.audit import log


@contextmanager
def refusals_on_record(
    stream: Callable[[], str], by: User, *, doing: str, now: datetime, role: str = "official"
) -> Iterator[None]:
    """What is tried inside and refused by a rule is an event of its own, said once however often it is tried in a row.

    ``stream`` locks the row that the stream belongs to, and names the stream.
    """
    try:
        yield
    except policy.Refused as refusal:
        with transaction.atomic():
            name, data = stream(), {"rule": refusal.rule, "step": doing}
            if not log.was_refused_just_now(name, by, data):
                log.record(action="refused", actor=by, role=role, at=now, stream=name, data=data)
        raise
