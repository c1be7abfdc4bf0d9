"""Hand over what endpoints are to be told: each in the log's order, one at a time, all endpoints beside each other.

What can't be handed over now holds up what is behind it, so that nobody hears of the end before the beginning. An endpoint
that doesn't answer keeps its deliveries until it does, for ``LONG`` at most; a step that it refuses ``REFUSALS`` times is given
up and the next one goes. 410 Gone disables it at once. Each is tried with the same id, so a receiver can tell a repetition.
"""

from __future__ import annotations

import logging
import random
import time
from datetime import timedelta

from celery import current_app
from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db.models import F, Q
from django.utils import timezone

from reviews.models import WebhookDelivery, WebhookEndpoint
from reviews.notices import alerts
from reviews.notices.channels.provider import seconds_of
from reviews.webhooks import steps, wire

log = logging.getLogger(__name__)
HELD = timedelta(seconds=settings.CELERY_TASK_TIME_LIMIT + 30)  # after which the worker that held it is gone for certain
TURN = 40.0  # seconds that a worker stays with one endpoint
FIRST_WAIT, LONGEST_WAIT = 10, 3600  # seconds
REFUSALS = 10  # a step that is refused so often (an hour and a half) is given up
LONG = timedelta(days=5)  # an endpoint that nothing got through to for so long is disabled
GONE = 410
RETRIABLE = frozenset({401, 403, 404, 405, 407, 408, 425, 429})  # says nothing of the step itself


def kick() -> list[int]:
    """Give every endpoint that has something to hear to a worker; their keys."""
    now, end = timezone.now(), steps.end_of_log()
    waiting = Q(deliveries__state=WebhookDelivery.State.PENDING)
    due = WebhookEndpoint.objects.filter(active=True, next_attempt_at__lte=now, held_until__lte=now)
    found = list(due.filter(waiting | Q(next_leaf__lt=end)).distinct().values_list("pk", flat=True))
    for pk in found:
        current_app.send_task("reviews.tasks.deliver_webhooks", args=[pk])
    return found


def deliver(endpoint_id: int) -> int:
    """Tell an endpoint what it hasn't heard, as far as it goes. Return how many got through. Nobody else sends meanwhile."""
    end, sent = time.monotonic() + TURN, 0
    if not _held(endpoint_id):
        return 0
    try:
        steps.plan(endpoint_id)
        while time.monotonic() < end:
            delivery = _next(endpoint_id)
            if delivery is None or not _still_ours(endpoint_id):
                break
            if not _handed_over(delivery):
                break
            sent += delivery.state == WebhookDelivery.State.SENT
    finally:
        WebhookEndpoint.objects.filter(pk=endpoint_id).update(held_until=timezone.now())
    return sent


def attempt(delivery: WebhookDelivery) -> wire.Answer | None:
    """One try, recorded on the row; the answer, ``None`` for none. Raises nothing that the endpoint brings about."""
    endpoint, started, answer = delivery.endpoint, time.monotonic(), None
    try:
        answer = wire.post(endpoint.url, _secrets(endpoint), delivery.message_id, delivery.body)
        delivery.detail = ""
    except (wire.NotAllowed, wire.Unanswered) as error:
        delivery.detail = f"{type(error).__name__}: {error}"[:200]
    except SoftTimeLimitExceeded:  # else nothing would say of this endpoint that it doesn't answer
        delivery.detail = "Unanswered: the worker's time was over"
    delivery.status = answer.status if answer else None
    delivery.attempts += 1
    delivery.tried_at, delivery.seconds = timezone.now(), time.monotonic() - started
    if answer and 200 <= answer.status < 300:
        delivery.state = WebhookDelivery.State.SENT
    return answer


def _handed_over(delivery: WebhookDelivery) -> bool:
    """Whether the next one may go: this one got through, or is given up."""
    answer = attempt(delivery)
    through = delivery.state == WebhookDelivery.State.SENT
    refused = answer is not None and 400 <= answer.status < 500 and answer.status not in RETRIABLE
    if refused and delivery.attempts >= REFUSALS and answer and answer.status != GONE:
        delivery.state = WebhookDelivery.State.DEAD
    # Only where it is still waiting: a replay or a disabling that came in between stands.
    columns = {
        name: getattr(delivery, name) for name in ("state", "attempts", "tried_at", "status", "detail", "seconds")
    }
    WebhookDelivery.objects.filter(pk=delivery.pk, state=WebhookDelivery.State.PENDING).update(**columns)
    if through:
        WebhookEndpoint.objects.filter(pk=delivery.endpoint_id).exclude(failures=0, failing_since=None).update(
            failures=0, failing_since=None
        )
        return True
    _failed(delivery, answer)
    if delivery.state == WebhookDelivery.State.DEAD:
        alerts.webhook(
            delivery.endpoint, f"step {delivery.message_id} was refused with {delivery.status} and is given up"
        )
        return True
    return False


def _failed(delivery: WebhookDelivery, answer: wire.Answer | None) -> None:
    now, endpoint = timezone.now(), delivery.endpoint
    rows = WebhookEndpoint.objects.filter(pk=endpoint.pk)
    if answer and answer.status == GONE:
        _disable(endpoint, WebhookEndpoint.Disabled.GONE)
        return
    rows.filter(failing_since=None).update(failing_since=now)
    failures, since = rows.values_list("failures", "failing_since").get()
    if since and now - since > LONG:
        _disable(endpoint, WebhookEndpoint.Disabled.SILENT)
        return
    again = delivery.state != WebhookDelivery.State.DEAD
    wait = _wait(failures, answer) if again else 0
    rows.update(failures=F("failures") + 1, next_attempt_at=now + timedelta(seconds=wait))
    log.warning("webhook %s, step %s: %s", endpoint.pk, delivery.message_id, delivery.status or delivery.detail)


def _wait(failures: int, answer: wire.Answer | None) -> float:
    backoff = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(failures, 20))
    asked = min(seconds_of(answer.retry_after), 24 * 3600) if answer and answer.status in (429, 503) else 0
    return max(asked, backoff * random.uniform(0.8, 1.0)) + random.uniform(0, 0.2 * backoff)  # noqa: S311 (jitter)


def _disable(endpoint: WebhookEndpoint, why: WebhookEndpoint.Disabled) -> None:
    """What waits stays: switched on again, it goes on where it was."""
    if WebhookEndpoint.objects.filter(pk=endpoint.pk, active=True).update(active=False, disabled_because=why):
        alerts.webhook(
            endpoint, f"it is disabled ({why.value}): it answers 410 Gone, or nothing got through for {LONG.days} days"
        )


def _next(endpoint_id: int) -> WebhookDelivery | None:
    rows = WebhookDelivery.objects.filter(
        endpoint=endpoint_id, endpoint__active=True, state=WebhookDelivery.State.PENDING, leaf__isnull=False
    )
    return rows.select_related("endpoint").order_by("leaf").first()


def _secrets(endpoint: WebhookEndpoint) -> list[str]:
    earlier = endpoint.earlier_secret and endpoint.earlier_until and endpoint.earlier_until > timezone.now()
    return [endpoint.secret, endpoint.earlier_secret] if earlier else [endpoint.secret]


def _held(endpoint_id: int) -> bool:
    """One conditional UPDATE, so that it holds on both engines and without Redis."""
    now = timezone.now()
    free = WebhookEndpoint.objects.filter(pk=endpoint_id, active=True, held_until__lte=now, next_attempt_at__lte=now)
    return bool(free.update(held_until=now + HELD))


def _still_ours(endpoint_id: int) -> bool:
    """For as long as the next delivery may take."""
    held = WebhookEndpoint.objects.filter(pk=endpoint_id, active=True)
    return bool(held.update(held_until=timezone.now() + HELD))
