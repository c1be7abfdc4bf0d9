"""When the storage is looked at: all of it when somebody asks, and a share of it every night, so that in a few weeks every
blob was read again. What came of it is kept (``StorageCheck``), for ``doctor``."""

from __future__ import annotations

import dataclasses
import time
from datetime import date

from django.conf import settings
from django.utils import timezone

from permits.intake import storage_check
from permits.intake.storage_check import How, Tally
from permits.models import StorageCheck

SLICE = 60.0  # seconds: a task ends long before its time limit
PREFIXES = 0x10000  # four digits of a digest
COUNTED = ("blobs", "read", "lost", "damaged", "orphans", "leftovers")


def all_of_it(how: How) -> Tally:
    """Look at everything. Raise ``StorageUnavailable``."""
    check = StorageCheck.objects.create()
    tally = storage_check.look(how)
    _add(check, tally, ended=True)
    return tally


def tonight(today: date | None = None, *, seconds: float = SLICE) -> Tally | None:
    """The next slice of tonight's share; nothing when the share is done. Raise ``StorageUnavailable``."""
    night = today or timezone.localdate()
    begin, until = share_of(night)
    check, _new = StorageCheck.objects.get_or_create(night=night, defaults={"after": begin})
    if check.ended_at:
        return None
    how = How(ends=time.monotonic() + seconds)
    tally = storage_check.look(how, after=check.after, until=until)
    _add(check, tally, ended=not tally.after)
    return tally


def share_of(night: date) -> tuple[str, str]:
    """From where to where: beginnings of digests, "" for either end of all."""
    nights = settings.STORAGE_CHECK_NIGHTS
    number = night.toordinal() % nights
    first, last = (PREFIXES * each // nights for each in (number, number + 1))
    return f"{first:04x}" if first else "", f"{last:04x}" if last < PREFIXES else ""


def _add(check: StorageCheck, tally: Tally, *, ended: bool) -> None:
    seen = dataclasses.asdict(tally)
    for name in COUNTED:
        setattr(check, name, getattr(check, name) + seen[name])
    check.after = tally.after
    check.ended_at = timezone.now() if ended else None
    check.save()
