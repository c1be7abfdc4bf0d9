"""Tell an endpoint again what happened since a day or moment."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from reviews.models import WebhookEndpoint
from reviews.webhooks import endpoints


class Command(BaseCommand):
    help = "Begin anew with the webhook deliveries of an endpoint since a moment: same order, same webhook-id."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--endpoint", required=True, help="its number or its name")
        parser.add_argument("--since", required=True, help="2026-11-26 or 2026-11-26T08:00, Beijing time")

    def handle(self, *args: Any, **options: Any) -> None:
        asked = options["endpoint"]
        found = {"pk": int(asked)} if asked.isascii() and asked.isdigit() else {"name": asked}
        rows = list(WebhookEndpoint.objects.filter(**found)[:2])
        if len(rows) != 1:
            there = ", ".join(f"{row.pk} {row.name}" for row in WebhookEndpoint.objects.order_by("pk"))
            raise CommandError(f"which endpoint is '{asked}'? There are: {there or 'none'}")
        try:
            since = parse_datetime(options["since"])
        except ValueError:
            since = None
        if since is None:
            raise CommandError(f"'{options['since']}' is no day and no moment: 2026-11-26 or 2026-11-26T08:00")
        if timezone.is_naive(since):
            since = timezone.make_aware(since)
        count = endpoints.replay(rows[0], since=since, by=None)
        self.stdout.write(f"{count} begin anew; beat sends them, and what was never told, within seconds")
        if not rows[0].active:
            self.stdout.write("the endpoint is switched off: they wait until it is switched on")
