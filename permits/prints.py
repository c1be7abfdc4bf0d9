"""The signed print of a permit, for whoever downloads it or is sent it."""

from __future__ import annotations

import logging

from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import File

from permits import credentials
from permits.intake import mending, reading
from permits.models import Permit

log = logging.getLogger(__name__)


def opened(permit: Permit) -> File | None:
    """As it is kept, made here and now when need be; nothing when it can't be signed at the moment.

    Raise ``StorageUnavailable``.
    """
    if not permit.pdf_sha256:  # the worker hasn't got to it yet
        try:
            credentials.store_pdf(permit)
        except (credentials.NotSigned, ImproperlyConfigured) as error:
            log.error("permit %s waits to be printed: %s", permit.number, error)
            return None
    try:
        return reading.opened(permit.pdf_sha256)
    except reading.Damaged as damaged:  # what was signed first is the content: it is printed anew
        log.error("the print of permit %s: %s; it is printed anew", permit.number, damaged)
        if not mending.mend(permit.pdf_sha256):
            return None
        permit.refresh_from_db()
        return reading.opened(permit.pdf_sha256)
