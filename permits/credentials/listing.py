"""The public register (公示): which permits it lists, found by what, and what it says of each.

The edition in force of a service says what is shown (``outcome.in_register``), at once and of all its permits. A permit
whose holder is a person has empty columns, which no query here looks at; the database refuses to fill some of them.
What is said of a permit comes from its signed content: an entry whose signature doesn't fit isn't shown.
"""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Q, QuerySet

from permits import substrings
from permits.codes import regions
from permits.credentials.content import verify_url
from permits.credentials.signing import verify
from permits.definition import Text
from permits.models import Permit, Service

log = logging.getLogger(__name__)

STATES = ("in_force", "expired", "revoked", "superseded")
SHORTEST_NAME, SHORTEST_USCC = 2, 8
# Where no index finds a part of a name (SQLite; two characters make no trigram), it is looked for among so many, the latest.
MOST_COMPARED = 5000
# Up to so many are found first and sorted then; of more, a page is found soon by going through them in their order. Without
# this the planner has to guess which it will be, and a rare name among a million permits costs a walk through all.
FEW = 1000
MOST_SERVICES = 500


def columns(content: dict[str, Any]) -> dict[str, str]:
    """What a permit is searched by: nothing where its holder is a person."""
    holder = content["holder"]
    if holder["kind"] != "enterprise" or not holder["uscc"]:
        return {"service": "", "region": "", "uscc": "", "holder_key": ""}
    return {
        "service": content["service"], "region": content["region"]["code"], "uscc": holder["uscc"],
        "holder_key": key_of(holder["name"]),
    }  # fmt: skip


def key_of(name: str) -> str:
    """A name as it is compared: （江西） is (江西), capitals and blanks don't matter."""
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())[:500]


@dataclass(frozen=True)
class Published:
    """A service that has a register: what its permits are called and what is shown of each."""

    title: Text
    fields: frozenset[str]


def published() -> dict[str, Published]:
    services = Service.objects.exclude(current=None).select_related("current")
    slim = services.defer("current__source", "current__document").order_by("slug")[:MOST_SERVICES]
    found = {service.slug: service.definition.outcome for service in slim}
    return {slug: Published(outcome.title, frozenset(outcome.in_register)) for slug, outcome in found.items()
            if outcome.in_register and outcome.kind == "permit"}  # fmt: skip


@dataclass(frozen=True)
class Wanted:
    """What is looked for: a part of the holder's name, the beginning of the USCC or of the number, …; empty: whatever."""

    holder: str = ""
    uscc: str = ""
    number: str = ""
    service: str = ""
    region: str = ""
    state: str = ""


@dataclass(frozen=True)
class Found:
    permits: QuerySet[Permit]
    partly: bool = False  # the name was looked for among the latest permits only


def find(wanted: Wanted, services: dict[str, Published], *, today: date) -> Found:
    """Those in the register of ``services``. What a service doesn't show can't be searched by: the answer would tell it."""
    needed = {name for name in ("holder", "uscc", "region") if getattr(wanted, name)}
    slugs = [slug for slug, one in services.items() if needed <= one.fields and wanted.service in ("", slug)]
    permits = Permit.objects.filter(uscc__gt="", service__in=slugs)
    if wanted.region:
        permits = permits.filter(_within(wanted.region))
    if wanted.state:
        permits = permits.filter(_state(wanted.state, today))
    if wanted.number:
        permits = permits.filter(number__startswith=wanted.number)
    if wanted.uscc:
        permits = permits.filter(uscc__startswith=wanted.uscc)
    if wanted.holder:
        key = key_of(wanted.holder)
        if len(key) < 3 or not substrings.names_are_indexed(substrings.HOLDERS):
            return _among_the_latest(permits, key)
        permits = permits.filter(holder_key__contains=key)
    if wanted.holder or wanted.uscc or wanted.number or wanted.state == "expired":
        permits = _few_first(permits)
    return Found(permits.select_related("superseded_by"))


def _among_the_latest(permits: QuerySet[Permit], key: str) -> Found:
    """Compared here: told to compare within a part of a table, PostgreSQL compares all of it first."""
    latest = list(permits.order_by("-issued_at", "-pk").values_list("pk", "holder_key")[: MOST_COMPARED + 1])
    pks = [pk for pk, name in latest[:MOST_COMPARED] if key in name]
    partly = len(latest) > MOST_COMPARED or len(pks) > FEW
    return Found(permits.filter(pk__in=pks[:FEW]).select_related("superseded_by"), partly)


def _few_first(permits: QuerySet[Permit]) -> QuerySet[Permit]:
    pks = list(permits.order_by().values_list("pk", flat=True)[: FEW + 1])
    return permits.filter(pk__in=pks) if len(pks) <= FEW else permits


def _within(region: str) -> Q:
    """A county is one code; a city and a province are all the codes that begin like theirs."""
    if region.endswith("00"):
        begins = region[:2] if region.endswith("0000") else region[:4]
        return Q(region__gte=begins.ljust(6, "0"), region__lte=begins.ljust(12, "9"))
    return Q(region=region)


def _state(state: str, today: date) -> Q:
    match state:
        case "in_force":
            return Q(state=Permit.State.VALID) & (Q(valid_until=None) | Q(valid_until__gte=today))
        case "expired":
            return Q(state=Permit.State.VALID, valid_until__lt=today)
        case _:
            return Q(state=state)


def state_of(permit: Permit, today: date) -> str:
    if permit.state != Permit.State.VALID:
        return permit.state
    return "expired" if permit.valid_until and permit.valid_until < today else "in_force"


def entries(permits: Iterable[Permit], services: dict[str, Published], *, today: date) -> list[dict[str, Any]]:
    """What is shown of each: a value that the service doesn't show has no key; ``valid_until`` is ``None`` until revoked."""
    return [entry for permit in permits if (entry := _entry(permit, services, today)) is not None]


def _entry(permit: Permit, services: dict[str, Published], today: date) -> dict[str, Any] | None:
    content, service = permit.content, services.get(permit.service)
    if service is None:
        return None
    signed = isinstance(content, dict) and content.get("number") == permit.number
    if not signed or not verify(content, permit.signature, permit.key_id) or content["holder"]["kind"] != "enterprise":
        log.error("permit %s is left out of the register: its content isn't what was signed", permit.number)
        return None
    said = {
        "holder": content["holder"]["name"], "uscc": content["holder"]["uscc"], "region": _region(content),
        "office": content["office"], "decision": content["decision"], "valid_until": content["valid_until"],
    }  # fmt: skip
    entry: dict[str, Any] = {
        "number": permit.number, "service": permit.service, "title": content["title"], "state": state_of(permit, today),
        "issued_at": content["issued_at"], "verify_url": verify_url(permit.number),
    }  # fmt: skip
    entry |= {name: value for name, value in said.items() if name in service.fields}
    if permit.revoked_at:
        entry["revoked_at"] = permit.revoked_at
    if permit.superseded_by:
        entry["superseded_by"] = permit.superseded_by.number
    if permit.corrected_at:
        entry["corrected_at"] = permit.corrected_at
    return entry


def _region(content: dict[str, Any]) -> dict[str, str]:
    code = content["region"]["code"]
    return {"code": code, "name": content["region"]["name"] or regions.full_name(code)}
