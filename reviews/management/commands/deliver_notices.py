"""Deliver what waits in the outbox from this process, without a worker."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from reviews.models import Notice
from reviews.notices import outbox


class Command(BaseCommand):
    help = "Deliver waiting notices now, from this process; --dead also those that were given up."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dead", action="store_true", help="try again what was given up")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["dead"]:
            Notice.objects.filter(state=Notice.State.DEAD).update(
                state=Notice.State.PENDING, attempts=0, next_attempt_at=timezone.now()
            )
        sent = failed = 0
        tried: set[int] = set()
        while ids := [pk for pk in outbox.left_behind() if pk not in tried]:
            tried.update(ids)
            for pk in ids:
                if outbox.deliver(pk):
                    sent += 1
                else:
                    failed += 1
        self.stdout.write(f"{sent} delivered, {failed} not")
        if failed:
            raise CommandError("some could not be delivered: see the attempts of each notice in the review desk")
