"""manage.py seal_storage: every blob of the folder encrypted with the newest of STORAGE_KEYS."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from permits.intake import reading, sealed, storage
from permits.intake.blob_lock import lock_blob
from permits.intake.folder_blobs import FileBlobs


class Command(BaseCommand):
    help = (
        "Encrypt what is in the folder unencrypted, or with an earlier key, with the newest of STORAGE_KEYS. Stopped half-way it goes "
        "on where it was. When it has gone through, an earlier key may be taken away."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        blobs = storage.private_storage()
        if not isinstance(blobs, FileBlobs):
            raise CommandError("STORAGE_URL is no folder: on S3 the service encrypts (sse=… in STORAGE_URL)")
        if not sealed.wanted():
            raise CommandError("STORAGE_KEYS is empty: there is no key to encrypt with")
        done = passed = damaged = 0
        for blob in storage.listed():
            try:
                if blobs.sealed_with(blob.sha256) == sealed.newest_key_id():
                    passed += 1
                else:
                    self._seal(blob.sha256)
                    done += 1
            except FileNotFoundError:
                continue  # thrown away since it was listed
            except reading.Damaged as error:
                damaged += 1
                self.stderr.write(f"{error}: left as it is")
            except storage.StorageUnavailable as error:
                raise CommandError(
                    f"{error}. Put the key back into STORAGE_KEYS ({len(settings.STORAGE_KEYS)} there)."
                ) from error
        self.stdout.write(f"{done} blobs encrypted with the newest key, {passed} were already.")
        if damaged:
            raise CommandError(f"{damaged} blobs are damaged: run check_storage")

    def _seal(self, sha256: str) -> None:
        with transaction.atomic():
            lock_blob(sha256)  # nobody throws it away meanwhile, and finds it written again afterwards
            if storage.exists(sha256):
                with reading.opened(sha256) as content:
                    storage.put(content, over=True)
