"""What an endpoint is told: steps of applications, in the order in which the audit log is sealed.

A leaf's index is given when everything before it is committed, and none is ever given later; so a cursor over it misses
nothing, whatever order transactions commit in. Nothing is added to a step: all of this is read from the log behind it.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime

from django.db import transaction
from django.db.models import Min

from permits.models import Application
from reviews.models import Event, Leaf, WebhookDelivery, WebhookEndpoint

BATCH = 500
# What happens within an office, to its people or to a form is nobody else's.
PUBLIC = (
    "submitted", "accepted", "deemed_accepted", "corrections_requested", "corrections_answered", "declined", "stage_opened",
    "approved", "rejected", "withdrawn", "lapsed", "recorded", "suspended", "resumed", "extended", "terminated", "promised",
    "promise_met", "permit_revoked", "permit_corrected", "permit_superseded", "objected", "upheld", "overturned",
    "due_times_recomputed",
)  # fmt: skip


def plan(endpoint_id: int) -> int:
    """Put what has been sealed since into the endpoint's deliveries, and its cursor behind it. Return how many leaves."""
    total = 0
    while True:
        with transaction.atomic():
            endpoint = WebhookEndpoint.objects.select_for_update().filter(pk=endpoint_id, active=True).first()
            if endpoint is None:
                return total
            leaves = list(
                Leaf.objects.filter(index__gte=endpoint.next_leaf).order_by("index").only("index", "event")[:BATCH]
            )
            if not leaves:
                return total
            WebhookDelivery.objects.bulk_create(_deliveries(endpoint, leaves), ignore_conflicts=True)
            endpoint.next_leaf = leaves[-1].index + 1
            endpoint.save(update_fields=["next_leaf"])
        total += len(leaves)


def end_of_log() -> int:
    """Where the log has got to: what a new endpoint begins with."""
    last = Leaf.objects.order_by("-index").values_list("index", flat=True).first()
    return 0 if last is None else last + 1


def first_since(at: datetime) -> int | None:
    """The first leaf of a step of that time or later; ``None`` when there was none."""
    return Event.objects.filter(at__gte=at, application__isnull=False).aggregate(first=Min("leaf__index"))["first"]


def _deliveries(endpoint: WebhookEndpoint, leaves: list[Leaf]) -> list[WebhookDelivery]:
    actions = set(endpoint.actions or PUBLIC) & set(PUBLIC)
    found = Event.objects.filter(
        pk__in=[leaf.event_id for leaf in leaves], action__in=actions, application__isnull=False
    )
    events = found.select_related("application__version__service").only(
        "action", "at", "before", "after", "hash", "application__number", "application__region",
        "application__version__edition", "application__version__service__slug",
    ).in_bulk()  # fmt: skip
    return [
        WebhookDelivery(
            endpoint=endpoint, leaf=leaf.index, message_id=f"evt_{event.hash[:40]}", action=event.action,
            body=_body(event, leaf.index), at=event.at,
        )
        for leaf in leaves
        if (event := events.get(leaf.event_id)) and event.application and _wanted(endpoint, event.application)
    ]  # fmt: skip


def _wanted(endpoint: WebhookEndpoint, application: Application) -> bool:
    services = endpoint.services
    if services and application.version.service.slug not in services:
        return False
    # A code ends in zeros where it means all below it: 360900 is Yichun with its counties.
    return application.region.startswith(_stem(endpoint.region))


def _stem(region: str) -> str:
    stem = region
    while len(stem) > 2 and stem.endswith("00"):
        stem = stem[:-2]
    return stem


def _body(event: Event, leaf: int) -> str:
    """Number, service, step, status, times: nothing of anybody's."""
    application = event.application
    assert application is not None
    said = {
        "type": f"application.{event.action}",
        "timestamp": event.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "data": {
            "number": application.number, "service": application.version.service.slug,
            "edition": application.version.edition, "region": application.region, "action": event.action,
            "status_before": event.before, "status": event.after, "sequence": leaf,
        },
    }  # fmt: skip
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))
