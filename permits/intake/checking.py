"""Files that came in are looked at by a worker: fine, refused with a reason, or held while the virus scanner is away.

A material is claimed by one conditional UPDATE, so two workers never look at the same; a worker that dies leaves a claim that
ends, and the sweep finds it. What was found is written in one transaction under the application's lock.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from celery import current_app
from django.conf import settings
from django.db import transaction
from django.db.models import Count, F, Min, Q, QuerySet
from django.utils import timezone

from permits.intake import keeping, sandbox, scanner, storage
from permits.intake.looking.words import Refused
from permits.intake.sandbox.work import verdict
from permits.intake.storage import Stored
from permits.models import Check, Material

log = logging.getLogger(__name__)
TASK = "reviews.tasks.check_material"
LEASE = timedelta(minutes=3)  # longer than a look may take; the time limit of a Celery task is shorter
TRIES = 3  # of a file during which a worker or a child was killed
LEFT_BEHIND = timedelta(seconds=20)
AT_ONCE = 200
WAITS = (Check.CHECKING, Check.HELD)


def kick(pk: int) -> None:
    """Tell a worker. A broker that is down loses nothing: the sweep finds what waits."""
    if settings.INSPECTION != "worker":
        check(pk)
        return
    current_app.send_task(TASK, args=[pk], retry=False)


def left_behind() -> list[int]:
    """Keys of what nobody looks at: the kick was lost, the worker died, the scanner was away."""
    now = timezone.now()
    waiting = _unclaimed(now).filter(uploaded_at__lte=now - LEFT_BEHIND)
    return list(waiting.order_by("check_state", "uploaded_at").values_list("pk", flat=True)[:AT_ONCE])


@dataclass(frozen=True)
class Backlog:
    checking: int
    held: int  # by the virus scanner that is away
    oldest: datetime | None


def backlog() -> Backlog:
    """For operators; one query on a partial index."""
    of = {state: Count("pk", filter=Q(check_state=state)) for state in WAITS}
    rows = Material.objects.filter(check_state__in=WAITS, replaced_at=None)
    found = rows.aggregate(**of, oldest=Min("uploaded_at"))
    return Backlog(found[Check.CHECKING], found[Check.HELD], found["oldest"])


def check(pk: int) -> Material | None:
    """Look at a file that waits and write what was found. ``None`` when somebody else does or did; safe to call again."""
    material = _claimed(pk)
    if material is None:
        return None
    requirement = material.application.definition.requirement(material.requirement)
    if requirement is None:  # the edition can't have lost it
        raise LookupError(f"material {pk} answers no requirement")
    try:
        if material.check_tries > TRIES:
            raise sandbox.unreadable()
        with storage.open_blob(material.sha256) as file:
            scanner.scan(file)
            with sandbox.looked_into(file, name=material.original_name, requirement=requirement) as looked:
                return _fine(material, keeping.made_of(looked, file, Stored(material.sha256, material.size)))
    except scanner.Down as error:
        log.warning("material %s is held: %s", material.public_id, error)
        return _held(material)
    except sandbox.Turned as error:
        return _refused(material, error.verdict)
    except Refused as error:
        return _refused(material, verdict(error))
    except sandbox.Failed as error:
        log.warning("material %s: %s", material.public_id, error)
        if error.again and material.check_tries < TRIES:
            _let_go(material)
            return None
        return _refused(material, verdict(sandbox.unreadable()))
    except storage.StorageUnavailable:
        _let_go(material)
        raise


def _unclaimed(now: datetime) -> QuerySet[Material]:
    free = Q(check_claimed_until=None) | Q(check_claimed_until__lte=now)
    return Material.objects.filter(free, check_state__in=WAITS, replaced_at=None)


def _claimed(pk: int) -> Material | None:
    now = timezone.now()
    until = now + LEASE
    if not _unclaimed(now).filter(pk=pk).update(check_claimed_until=until, check_tries=F("check_tries") + 1):
        return None
    mine = Material.objects.filter(pk=pk, check_claimed_until=until)
    return mine.select_related("application__version").first()


def _ours(material: Material) -> Material | None:
    """The row, locked, if the claim on it is still this one."""
    rows = Material.objects.select_for_update(of=("self",)).filter(
        pk=material.pk, check_state__in=WAITS, check_claimed_until=material.check_claimed_until, replaced_at=None
    )
    return rows.first()


def _fine(material: Material, made: keeping.Made) -> Material | None:
    digests = made.digests
    with transaction.atomic():
        application = keeping.locked(material.application)
        row = _ours(material)
        if row is None:  # removed meanwhile, or taken for dead
            keeping.discard_later(digests)
            return None
        row.application = application
        current = list(application.materials.current().filter(requirement=row.requirement))
        if application.is_closed or any(each.sha256 == made.stored.sha256 for each in current):
            # Too late to be handed in; or the same picture, sent in two ways.
            keeping.put_aside(application, row)
            keeping.discard_later(digests)
            return None
        requirement = application.definition.requirement(row.requirement)
        if requirement and requirement.max_count == 1:
            for each in current:
                keeping.put_aside(application, each)
        keeping.hold(made)
        keeping.write(row, made)
        return row


def _refused(material: Material, verdict: dict[str, Any]) -> Material | None:
    return _written(material, check_state=Check.REFUSED, verdict=verdict, checked_at=timezone.now())


def _held(material: Material) -> Material | None:
    return _written(material, check_state=Check.HELD, check_tries=0)


def _let_go(material: Material) -> None:
    _written(material)


def _written(material: Material, **columns: Any) -> Material | None:
    with transaction.atomic():
        keeping.locked(material.application)
        row = _ours(material)
        if row is None:
            return None
        row.check_claimed_until = None
        for name, value in columns.items():
            setattr(row, name, value)
        row.save(update_fields=["check_claimed_until", *columns])
        if row.check_state == Check.REFUSED:
            keeping.discard_later([row.sha256])
        return row
