"""Celery tasks of the review: fetch and call, no rule of their own."""

from __future__ import annotations

import logging

from celery import shared_task
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from permits import credentials
from permits.intake import arriving, storage_rounds
from permits.intake.storage import StorageUnavailable
from permits.models import Permit
from reviews import (
    arrivals,
    authorisations,
    digest,
    editions,
    gates,
    limits,
    marks,
    pruning,
    public_counting,
    retention,
    workflow,
)
from reviews.audit import sealing, witness
from reviews.models import Heartbeat
from reviews.notices import alerts
from reviews.webhooks import sending

log = logging.getLogger(__name__)


@shared_task(ignore_result=True)
def keep_time_limits() -> dict[str, int]:
    return limits.keep()


@shared_task(ignore_result=True)
def publish_due_editions() -> dict[str, int]:
    return editions.publish_due()


@shared_task(ignore_result=True)
def keep_authorisations() -> dict[str, int]:
    return authorisations.keep()


@shared_task(ignore_result=True)
def send_digests() -> int:
    return digest.send_due()


@shared_task(ignore_result=True)
def print_permit(permit_id: int) -> None:
    try:
        credentials.store_pdf(Permit.objects.get(pk=permit_id))
    except (credentials.NotSigned, ImproperlyConfigured) as error:
        log.error("permit %s waits to be printed: %s", permit_id, error)


@shared_task(ignore_result=True)
def issue_missing_permits() -> int:
    """Print what a lost kick, or a signature that could not be had, left unprinted. Return how many were printed."""
    printed = 0
    for permit in Permit.objects.filter(pdf_sha256="").order_by("issued_at")[:50]:
        try:
            credentials.store_pdf(permit)
        except (credentials.NotSigned, ImproperlyConfigured) as error:  # the next one's could not be had either
            log.error("permit %s waits to be printed: %s", permit.pk, error)
            break
        except Exception:  # one that can't be printed keeps nobody else waiting
            log.exception("permit %s can't be printed", permit.pk)
            continue
        printed += 1
    return printed


@shared_task(ignore_result=True)
def draw_marks() -> int:
    return marks.draw_waiting()


@shared_task(ignore_result=True)
def seal_audit_log() -> int:
    return sealing.seal(wait=False)  # a worker has better things to do than to stand behind another one


@shared_task(ignore_result=True)
def push_checkpoint() -> dict[str, str]:
    return witness.push()


@shared_task(ignore_result=True)
def send_webhooks() -> list[int]:
    return sending.kick()


@shared_task(ignore_result=True)
def deliver_webhooks(endpoint_id: int) -> int:
    return sending.deliver(endpoint_id)


@shared_task(ignore_result=True)
def check_stored_files() -> None:
    """A slice of tonight's share; an alert of what nobody knew of."""
    try:
        tally = storage_rounds.tonight()
    except StorageUnavailable as error:
        alerts.storage(f"The nightly check could not be made: {error}", [])
        return
    if tally and tally.new:
        alerts.storage(f"{tally.lost} files lost, {tally.damaged} damaged", tally.said)


# A scanner and a look that both take all the time they may; shorter than the claim on the file.
@shared_task(ignore_result=True, soft_time_limit=150, time_limit=170)
def check_material(material_id: int) -> None:
    arrivals.check(material_id)


@shared_task(ignore_result=True)
def sweep_materials() -> int:
    return arrivals.sweep()


@shared_task(ignore_result=True)
def prune_deliveries() -> dict[str, int]:
    return pruning.prune()


@shared_task(ignore_result=True)
def announce_erasures() -> int:
    return sum(workflow.announce_erasure(pk) for pk in retention.drafts_to_tell(timezone.now()))


@shared_task(ignore_result=True)
def prune_scans() -> int:
    return gates.prune()


@shared_task(ignore_result=True)
def clear_uploads() -> int:
    return arriving.clear()


@shared_task(ignore_result=True)
def count_board() -> int:
    return public_counting.count()


@shared_task(ignore_result=True)
def heartbeat() -> None:
    Heartbeat.objects.update_or_create(name="worker", defaults={"at": timezone.now()})
