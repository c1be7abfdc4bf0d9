"""Deliver what waits in the outbox from this process, without a worker."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from reviews.notices import delivery, outbox


class Command(BaseCommand):
    help = "Deliver waiting notices now, from this process."

    def handle(self, *args: Any, **options: Any) -> None:
        sent = failed = 0
        tried: set[int] = set()
        while ids := [pk for pk in outbox.left_behind() if pk not in tried]:
            tried.update(ids)
            through = delivery.deliver(ids)
            sent, failed = sent + through, failed + len(ids) - through
        self.stdout.write(f"{sent} delivered, {failed} not")
        if failed:
            raise CommandError("some could not be delivered: see the attempts of each notice in the review desk")
