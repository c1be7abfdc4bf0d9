"""The permit itself, in the mail that tells of it: ``PERMITS_BY_MAIL``.

Not a pass: who holds it and their photo go through no mailbox. What is revoked or renewed by now isn't sent either. The mail
goes without when the print can't be had; the address in it leads there all the same.
"""

from __future__ import annotations

import logging

from django.conf import settings

from permits import prints
from permits.models import Permit
from reviews.models import Notice

log = logging.getLogger(__name__)

KINDS = frozenset({"approved", "permit_corrected"})
BIGGEST = 5 * 1024 * 1024  # bytes; mail servers refuse large mails, and a print has about 100 kB


def permit_of(notice: Notice) -> tuple[str, bytes] | None:
    """Its name as a file, and the signed PDF."""
    if not settings.PERMITS_BY_MAIL or notice.kind not in KINDS or notice.application_id is None:
        return None
    permits = Permit.objects.filter(application=notice.application_id, state=Permit.State.VALID, person__isnull=True)
    permit = permits.first()
    if permit is None:
        return None
    try:
        file = prints.opened(permit)
    except Exception:  # whatever is wrong with the print, the applicant is told what was decided
        log.exception("the mail of permit %s goes without it", permit.number)
        return None
    if file is None or permit.pdf_size > BIGGEST:
        return None
    with file:
        return f"{permit.number}.pdf", file.read()
