"""What happens at a gate: a permit or a pass is shown, somebody who checks there scans it, the answer is yes or no, with a reason.

A scan is kept for the gate's ``keep_days``, then only how many there were on each day. Which permit it was is kept where the
holder is an enterprise, or a person who agreed to it (PIPL art. 13 and 19: with consent, and no longer than it is needed);
of anybody else place, time and result. The audit log says who checks where and that scans were pruned, never who passed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count, F, Q, QuerySet
from django.db.models.functions import TruncDate, TruncHour
from django.utils import timezone
from django.utils.translation import gettext as _

from permits import numbers
from permits.credentials import code, code_checking, passes
from permits.models import Permit, User
from reviews import roles
from reviews.audit import log
from reviews.models import Gate, GateChecker, GateDay, GateScan, Verdict

LATEST = timedelta(days=7)  # how old a scan may be that was made without a network
SLOW_CLOCKS = timedelta(minutes=5)
LONGEST_NUMBER = 40
BATCH = 2000
FALSE_CODES = frozenset({"forged", "unknown_key", "another_number"})


@dataclass(frozen=True)
class Seen:
    """What a text that was scanned or typed turned out to be, at one gate."""

    verdict: Verdict
    number: str = ""
    permit: Permit | None = None  # only of one that this office issued and whose entry holds
    said: code.Code | None = None  # what the code says, when it was a code that we signed

    @property
    def good(self) -> bool:
        return self.verdict == Verdict.GOOD


@dataclass(frozen=True)
class Shown:
    """A scan that was made where there was no network, as the device sends it later."""

    text: str
    at: datetime
    key: UUID


# --- Who checks where ---------------------------------------------------------------------------------------------


@transaction.atomic
def appoint(user: User, gate: Gate, *, by: User | None) -> GateChecker:
    """Let ``user`` check at the gate. Raise ``roles.Refused``; safe to call again."""
    user = roles.locked(user)
    roles.check_assigner(by, user)
    if not user.is_active:
        raise roles.Refused("inactive", _("%(name)s's account is deactivated.") % {"name": user})
    found, new = GateChecker.objects.get_or_create(user=user, gate=gate, defaults={"active": True})
    if not new and found.active:
        return found
    found.active = True
    found.save(update_fields=["active"])
    roles.record("gate_given", user, by=by, data=_of(gate))
    return found


@transaction.atomic
def dismiss(checker: GateChecker, *, by: User | None) -> None:
    """They check there no more. Raise ``roles.Refused``; safe to call again."""
    user = roles.locked(checker.user)
    roles.check_assigner(by, user)
    if GateChecker.objects.filter(pk=checker.pk, active=True).update(active=False):
        roles.record("gate_taken", user, by=by, data=_of(checker.gate))


@transaction.atomic
def save(gate: Gate, *, by: User | None) -> None:
    """A gate made or changed, by a system administrator."""
    made = gate.pk is None
    gate.save()
    log.record(
        action="gate_made" if made else "gate_changed", actor=by, role=roles.acting_as(by), at=timezone.now(),
        stream=_stream(gate),
        data={"called": gate.name_zh, "services": sorted(gate.services), "keep_days": gate.keep_days, "active": gate.active},
    )  # fmt: skip


def gates_of(user: User) -> QuerySet[Gate]:
    """Where an account checks: gates that are in use."""
    if not user.is_active:
        return Gate.objects.none()
    return Gate.objects.filter(active=True, checkers__user=user, checkers__active=True).order_by("name_zh", "pk")


# --- At the gate --------------------------------------------------------------------------------------------------


def look(gate: Gate, text: str, *, now: datetime | None = None) -> Seen:
    """What was shown, by the register. Any text gets a verdict; nothing is raised for what is no code."""
    now = now or timezone.now()
    said = None
    if code.found_in(text):
        try:
            said = code.read(text)
        except code.Refused as refused:
            return Seen(Verdict.FORGED if refused.code in FALSE_CODES else Verdict.MALFORMED)
        word, number = code_checking.by_the_register(said, now), said.number
    else:
        number = numbers.normalise(text[: 2 * LONGEST_NUMBER])
        if len(number) > LONGEST_NUMBER or not numbers.is_valid(number):
            return Seen(Verdict.MALFORMED)
        word = code_checking.of_a_number(number, now)
    if word == "unregistered":
        return Seen(Verdict.UNKNOWN, number)
    permit = Permit.objects.select_related("application__version__service").get(number=number)
    if not _bound(permit):
        return Seen(Verdict.UNKNOWN, number)
    if word == "valid" and gate.services and permit.application.version.service.slug not in gate.services:
        word = Verdict.NOT_HERE
    return Seen(Verdict.GOOD if word == "valid" else Verdict(word), number, permit, said)


def _bound(permit: Permit) -> bool:
    """Whether the person beside a pass is the one it was signed for. Of other permits there is nobody to compare."""
    if permit.person is None and not permit.content["holder"].get("person"):
        return True
    try:
        passes.person_of(permit)
    except ValueError:
        return False
    return True


def scan(gate: Gate, text: str, *, by: User, key: UUID, now: datetime | None = None) -> Seen:
    """Look, and keep that it was scanned. The same ``key`` is kept once."""
    now = now or timezone.now()
    seen = look(gate, text, now=now)
    _keep([_row(gate, seen, by=by, key=key, at=now, now=now, late=False)])
    return seen


def take_late(gate: Gate, shown: Iterable[Shown], *, by: User, now: datetime | None = None) -> dict[UUID, Seen]:
    """Scans that were made without a network, as the register judges them now. Of one older than ``LATEST`` or from a
    clock that is ahead the time is that of its arrival; one older than what is kept is not kept, so that a list that is
    sent again after its scans were pruned counts nothing twice.
    """
    now = now or timezone.now()
    found, rows = {}, []
    for each in shown:
        seen = found[each.key] = look(gate, each.text, now=now)
        if each.at < kept_since(gate, now):
            continue
        at = each.at if now - LATEST <= each.at <= now + SLOW_CLOCKS else now
        rows.append(_row(gate, seen, by=by, key=each.key, at=min(at, now), now=now, late=True))
    _keep(rows)
    return found


def _row(gate: Gate, seen: Seen, *, by: User, key: UUID, at: datetime, now: datetime, late: bool) -> GateScan:
    permit = seen.permit if seen.permit and may_be_named(seen.permit) else None
    return GateScan(
        key=key, gate=gate, checker=by, permit=permit, result=seen.verdict, at=at, received_at=now, late=late
    )


def _keep(rows: list[GateScan]) -> None:
    GateScan.objects.bulk_create(rows, ignore_conflicts=True)


def may_be_named(permit: Permit) -> bool:
    """Whether a passage may be kept with the permit that was shown: of an enterprise always, of a person who agreed to it."""
    if permit.content["holder"]["uscc"]:
        return True
    return permit.person is not None and passes.person_of(permit).consents


def passages(permit: Permit, *, limit: int = 50) -> list[GateScan]:
    """Where and when it was shown, the latest first: for its holder."""
    return list(GateScan.objects.filter(permit=permit).select_related("gate").order_by("-at", "-pk")[:limit])


def today(gate: Gate, *, now: datetime | None = None) -> dict[str, int]:
    """How many were let in since midnight (``good``), and how many were not (``bad``)."""
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    return GateScan.objects.filter(gate=gate, at__gte=midnight).aggregate(**_sums())


# --- Who came through ---------------------------------------------------------------------------------------------


def latest(gate: Gate, *, limit: int) -> list[GateScan]:
    rows = GateScan.objects.filter(gate=gate).select_related("permit", "checker")
    return list(rows.order_by("-at", "-pk")[:limit])


def by_hour(gate: Gate, *, now: datetime | None = None) -> list[dict[str, Any]]:
    """How many in each ``hour`` of the last day were let in (``good``) and were not (``bad``), the latest first."""
    since = (now or timezone.now()) - timedelta(days=1)
    rows = GateScan.objects.filter(gate=gate, at__gte=since).annotate(hour=TruncHour("at")).values("hour")
    return [dict(row) for row in rows.annotate(**_sums()).order_by("-hour")]


def by_day(gate: Gate, *, limit: int = 90) -> list[dict[str, Any]]:
    """The same of each ``day``, also of days whose passages are gone. Late ones may have come since a day was counted."""
    days: dict[date, dict[str, Any]] = {}
    for row in GateScan.objects.filter(gate=gate).annotate(day=TruncDate("at")).values("day").annotate(**_sums()):
        days[row["day"]] = dict(row)
    for each in GateDay.objects.filter(gate=gate):
        day = days.setdefault(each.day, {"day": each.day, "good": 0, "bad": 0})
        day["good" if each.result == Verdict.GOOD else "bad"] += each.scans
    return [days[day] for day in sorted(days, reverse=True)[:limit]]


def _sums() -> dict[str, Any]:
    good = Count("pk", filter=Q(result=Verdict.GOOD))
    return {"good": good, "bad": Count("pk") - good}


# --- Kept for a short while ---------------------------------------------------------------------------------------


def kept_since(gate: Gate, now: datetime) -> datetime:
    """The beginning of the first day of which scans are kept: a day is counted once, as a whole."""
    first = timezone.localtime(now - timedelta(days=gate.keep_days))
    return first.replace(hour=0, minute=0, second=0, microsecond=0)


def prune(*, now: datetime | None = None) -> int:
    """Scans older than their gate keeps them become counts by day. How many went; safe to call again, and to be killed."""
    now = now or timezone.now()
    gone = 0
    for gate in Gate.objects.order_by("pk"):
        while count := _pruned(gate, now):
            gone += count
    return gone


@transaction.atomic
def _pruned(gate: Gate, now: datetime) -> int:
    """One batch: counted, deleted and put on record together, so that none is counted twice or lost."""
    gate = Gate.objects.select_for_update(of=("self",), no_key=True).get(pk=gate.pk)
    old = GateScan.objects.filter(gate=gate, at__lt=kept_since(gate, now)).order_by("at", "pk")
    keys = list(old.values_list("pk", flat=True)[:BATCH])
    if not keys:
        return 0
    batch = GateScan.objects.filter(pk__in=keys)
    counted = batch.annotate(day=TruncDate("at")).values("day", "result").annotate(count=Count("pk"))
    for row in counted.order_by("day", "result"):
        day, _new = GateDay.objects.get_or_create(
            gate=gate, day=row["day"], result=row["result"], defaults={"scans": 0}
        )
        GateDay.objects.filter(pk=day.pk).update(scans=F("scans") + row["count"])
    batch.delete()
    log.record(
        action="scans_pruned", actor=None, role="system", at=now, stream=_stream(gate),
        data={"count": len(keys), "keep_days": gate.keep_days},
    )  # fmt: skip
    return len(keys)


def _stream(gate: Gate) -> str:
    return f"gate:{gate.public_id}"


def _of(gate: Gate) -> dict[str, str]:
    return {"gate": str(gate.public_id), "called": gate.name_zh}
