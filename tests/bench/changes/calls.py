"""One change: the row is locked, moved on by somebody, and saved, with its record in the same transaction."""

from __future__ import annotations

from functools import cache

from auditlog.context import set_actor
from django.db import transaction
from django.utils import timezone

from permits.models import User
from reviews.audit import log
from tests.bench.changes.models import Chained, Historied, Logged, Plain, Row

NEXT = {"submitted": "in_review", "in_review": "submitted"}


@cache
def _user(pk: int) -> User:
    return User.objects.get(pk=pk)


def _moved(model: type[Row], pk: int, user: User) -> Row:
    row = model.objects.select_for_update(of=("self",)).get(pk=pk)
    row.status, row.holder, row.changed_at = NEXT[row.status], user, timezone.now()
    return row


def plain(argument: list) -> None:
    pk, user = argument
    with transaction.atomic():
        _moved(Plain, pk, _user(user)).save()


def chained(argument: list) -> None:
    pk, user = argument
    with transaction.atomic():
        row = _moved(Chained, pk, _user(user))
        entry = log.compose(
            action="accepted", actor=_user(user), role="official@street", at=row.changed_at, stream=f"row:{pk}",
            seq=row.last_seq + 1, prev_hash=row.last_hash, before=NEXT[row.status], after=row.status,
            data={"holder": str(_user(user).public_id), "changed_at": row.changed_at.isoformat()},
        )  # fmt: skip
        row.last_seq, row.last_hash = entry.event.seq, entry.event.hash
        row.save()
        log.write([entry])


def logged(argument: list) -> None:
    pk, user = argument
    with set_actor(_user(user)), transaction.atomic():
        _moved(Logged, pk, _user(user)).save()


def historied(argument: list) -> None:
    pk, user = argument
    with transaction.atomic():
        row = _moved(Historied, pk, _user(user))
        row._history_user = _user(user)
        row.save()
