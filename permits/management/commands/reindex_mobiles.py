"""manage.py reindex_mobiles: after a new SECRET_KEY, applications are found by a mobile's last four digits again."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from permits import mobiles
from permits.models import Application, Status, User


class Command(BaseCommand):
    help = "Write the digests of mobiles anew: after SECRET_KEY was changed, nothing is found by them."

    def handle(self, *args: Any, **options: Any) -> None:
        count = 0
        sent = Application.objects.exclude(status=Status.DRAFT).order_by("pk").values_list("pk", flat=True)
        for pk in sent.iterator(1000):
            with transaction.atomic():
                rows = Application.objects.select_related("version", "enterprise", "applicant")
                mobiles.index(rows.select_for_update(of=("self",)).get(pk=pk))
            count += 1
        accounts = User.objects.exclude(mobile_index=None)
        for user in accounts.order_by("pk").iterator(1000):
            user.save(update_fields=["mobile_index"])
        self.stdout.write(f"{count} applications and {accounts.count()} accounts indexed")
