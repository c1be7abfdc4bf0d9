"""Delivery reports: taken once each, and what they change.

Delivered sets ``Notice.delivered_at``. Failed makes a sent notice dead, with an alert: by then the provider has tried for
as long as it does, and the person has the same in the inbox and by e-mail. ``resend_notices`` begins anew, under a new key.
A report of a message that nobody knows is kept, and looked at again by the sweep for ``KEPT``.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from reviews.models import Attempt, DeliveryReport, Notice
from reviews.notices import alerts

KEPT = timedelta(days=7)
BATCH = 500


@transaction.atomic
def take(channel: str, provider_id: str, status: str, at: datetime, code: str = "") -> bool:
    """Keep a report and do what it says. Return whether it was new; the same again changes nothing."""
    report, new = DeliveryReport.objects.get_or_create(
        channel=channel, provider_id=provider_id, status=status,
        defaults={"code": code, "at": at, "received_at": timezone.now()},
    )  # fmt: skip
    if new:
        _apply(report)
    return new


def settle() -> int:
    """Look again for those whose message was not known when they came. Return how many found theirs."""
    theirs = Notice.objects.filter(channel=OuterRef("channel"), provider_id=OuterRef("provider_id")).exclude(
        provider_id=""
    )
    recent = DeliveryReport.objects.filter(notice=None, received_at__gte=timezone.now() - KEPT)
    found = recent.filter(Exists(theirs)).order_by("received_at").values_list("pk", flat=True)[:BATCH]
    return sum(_settled(pk) for pk in list(found))


@transaction.atomic
def _settled(pk: int) -> bool:
    report = DeliveryReport.objects.select_for_update().filter(pk=pk, notice=None).first()
    return report is not None and _apply(report)


def _apply(report: DeliveryReport) -> bool:
    rows = Notice.objects.select_for_update(of=("self",)).filter(channel=report.channel, provider_id=report.provider_id)
    notice = rows.first()
    if notice is None:
        return False
    report.notice = notice
    report.save(update_fields=["notice"])
    if report.status == DeliveryReport.Status.DELIVERED:
        _delivered(notice, report)
    elif notice.state == Notice.State.SENT and notice.delivered_at is None:
        _failed(notice, report)
    return True


def _delivered(notice: Notice, report: DeliveryReport) -> None:
    """Also after a report of failure: it did arrive, and what was begun anew meanwhile needn't go a second time."""
    notice.delivered_at = notice.delivered_at or report.at
    if notice.state in (Notice.State.DEAD, Notice.State.PENDING):
        notice.state = Notice.State.SENT
    notice.save(update_fields=["delivered_at", "state"])


def _failed(notice: Notice, report: DeliveryReport) -> None:
    notice.state = Notice.State.DEAD
    notice.save(update_fields=["state"])
    detail = f"the provider reports that it was not delivered{f' ({report.code})' if report.code else ''}"
    Attempt.objects.create(
        notice=notice, at=report.received_at, ok=False, detail=detail, provider_id=report.provider_id, seconds=0
    )
    transaction.on_commit(lambda: alerts.given_up(notice, detail), robust=True)
