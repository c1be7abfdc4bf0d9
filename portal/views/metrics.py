"""``/metrics`` for Prometheus: what waits, what was given up, what is late. Figures of the database, not of one process.

Only for who has ``METRICS_TOKEN`` (``Authorization: Bearer …``, as ``authorization`` in a scrape config gives it); where
none is set there is no such page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hmac import compare_digest
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from permits.intake import checking
from reviews.notices import state
from reviews.webhooks import state as webhooks

NOTICES = {
    "waiting": ("portal_notices_waiting", "Notices that are not sent yet"),
    "oldest": ("portal_notices_oldest_seconds", "Age of the oldest notice that is not sent yet"),
    "overdue": ("portal_notices_overdue", "Notices that could have been tried a minute ago"),
    "dead": ("portal_notices_dead", "Notices that were given up"),
    "tried": ("portal_notice_tries_last_hour", "Tries to hand a notice over in the last hour"),
    "failed": ("portal_notice_failures_last_hour", "Tries of the last hour that failed"),
    "seconds": ("portal_notice_seconds_mean", "Mean seconds of a try in the last hour"),
    "closed": ("portal_notice_channel_closed", "1 while a channel is left alone because it failed too often"),
}

WEBHOOKS = {
    "active": ("portal_webhook_active", "1 while the endpoint is switched on"),
    "waiting": ("portal_webhook_waiting", "Steps that the endpoint was not told of yet"),
    "oldest": ("portal_webhook_oldest_seconds", "Age of the oldest step that the endpoint was not told of yet"),
    "unread": ("portal_webhook_unread", "Entries of the sealed log not looked through yet for the endpoint"),
    "dead": ("portal_webhook_dead", "Steps that the endpoint refused until they were given up"),
    "tried": ("portal_webhook_tries_last_hour", "Steps that were last tried in the last hour"),
    "failed": ("portal_webhook_failures_last_hour", "Those of them that did not get through"),
    "seconds": ("portal_webhook_seconds_mean", "Mean seconds of a try in the last hour"),
    "failures": ("portal_webhook_failures_in_a_row", "Tries in a row that failed"),
}


def metrics(request: HttpRequest) -> HttpResponse:
    token = settings.METRICS_TOKEN
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not token or not compare_digest(given.encode(), token.encode()):
        raise Http404
    registry = CollectorRegistry()
    registry.register(_Outbox())
    registry.register(_Webhooks())
    registry.register(_Materials())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class _Outbox(Collector):
    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield from _gauges(NOTICES, "channel", {each.channel: each for each in state.figures()})


class _Webhooks(Collector):
    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield from _gauges(WEBHOOKS, "endpoint", {f"{each.key} {each.name}": each for each in webhooks.figures()})


class _Materials(Collector):
    def collect(self) -> Iterator[GaugeMetricFamily]:
        found = checking.backlog()
        waiting = GaugeMetricFamily("portal_materials_waiting", "Files that are not checked yet", labels=["for"])
        waiting.add_metric(["worker"], found.checking)
        waiting.add_metric(["scanner"], found.held)
        age = (timezone.now() - found.oldest).total_seconds() if found.oldest else 0.0
        yield waiting
        yield GaugeMetricFamily(
            "portal_materials_oldest_seconds", "Age of the oldest file that is not checked yet", value=age
        )


def _gauges(metrics: Mapping[str, tuple[str, str]], label: str, rows: Mapping[str, Any]) -> Iterator[GaugeMetricFamily]:
    """A metric for each named attribute of the rows, which ``label`` tells apart."""
    for name, (metric, words) in metrics.items():
        family = GaugeMetricFamily(metric, words, labels=[label])
        for key, each in rows.items():
            family.add_metric([key], float(getattr(each, name)))
        yield family
