"""manage.py allow_direct_uploads: pages of this site may send files to the bucket themselves (its CORS rules)."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from permits.intake import direct
from permits.intake.storage import StorageUnavailable


class Command(BaseCommand):
    help = "Set the bucket's CORS rules so that browsers on SITE_URL may PUT parts of files. Replaces the rules it has."

    def handle(self, *args: Any, **options: Any) -> None:
        if not direct.wanted():
            raise CommandError("STORAGE_URL is no S3 service with direct=1: files come through the portal, nothing to allow")
        try:
            direct.allow_from([settings.SITE_URL])
        except StorageUnavailable as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"pages of {settings.SITE_URL} may send files to the bucket")
