"""Send checkpoints to other offices, so that nobody can rewrite the log without them: ``AUDIT_WITNESSES``.

``file:///folder``, ``s3://…`` (both as ``STORAGE_URL`` has them)
    an object ``checkpoint-SIZE.txt`` each
``mailto:office@example.gov.cn``
    a mail each
``https://…``
    a POST of the text each

What the other office keeps is what ``manage.py verify_audit --against`` takes.
"""

from __future__ import annotations

import logging
import smtplib
import urllib.error
import urllib.request
from datetime import timedelta
from hashlib import sha256
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMessage
from django.utils import timezone

from permits.intake import storage
from reviews.audit import tree
from reviews.models import Checkpoint, Heartbeat

logger = logging.getLogger(__name__)
TIMEOUT = 10  # seconds
SCHEMES = ("file", "s3", "mailto", "https", "http")
FAILURES = (OSError, storage.StorageUnavailable, smtplib.SMTPException, ImproperlyConfigured, ValueError)


def push() -> dict[str, str]:
    """Send the latest checkpoint to every witness that hasn't got it; what went wrong, by witness.

    One that can't be reached stops none of the others, and is tried again next time.
    """
    try:
        last = tree.latest()
    except tree.NothingSealed:
        return {}
    faults = {}
    for address in settings.AUDIT_WITNESSES:
        told = last_told(address)
        if told is not None and told >= last.size:
            continue
        try:
            _send(address, last)
        except FAILURES as error:
            faults[shown(address)] = str(error)
            logger.error("the witness %s did not get checkpoint %s: %s", shown(address), last.size, error)
        else:
            Heartbeat.objects.update_or_create(name=_name(address), defaults={"at": last.at, "size": last.size})
    return faults


def last_told(address: str) -> int | None:
    """The size of the checkpoint that a witness got last. Not its time: a clock that was ahead goes back, a log only grows."""
    return Heartbeat.objects.filter(name=_name(address)).values_list("size", flat=True).first()


def late(after: timedelta) -> list[str]:
    """The witnesses that lack a checkpoint which is older than that."""
    old = Checkpoint.objects.filter(at__lt=timezone.now() - after).order_by("-size").first()
    if old is None:
        return []
    told = {address: last_told(address) for address in settings.AUDIT_WITNESSES}
    return [shown(address) for address, size in told.items() if size is None or size < old.size]


def shown(address: str) -> str:
    """An address without the secrets that may be in it."""
    parts = urlsplit(address)
    return (
        f"{parts.scheme}:{parts.path}"
        if parts.scheme == "mailto"
        else f"{parts.scheme}://{parts.hostname or ''}{parts.path}"
    )


def _name(address: str) -> str:
    return f"witness:{sha256(address.encode()).hexdigest()[:24]}"


def _send(address: str, last: Checkpoint) -> None:
    scheme = urlsplit(address).scheme
    if scheme in ("file", "s3"):
        storage.keep(address, f"checkpoint-{last.size:012d}.txt", last.note.encode())
    elif scheme == "mailto":
        subject = f"{settings.AUDIT_ORIGIN}: checkpoint {last.size}"
        EmailMessage(subject, last.note, to=[unquote(urlsplit(address).path)]).send()
    elif scheme in ("http", "https"):
        request = urllib.request.Request(  # noqa: S310 (the scheme was looked at)
            address, data=last.note.encode(), headers={"Content-Type": "text/plain; charset=utf-8"}, method="POST"
        )
        with urllib.request.urlopen(request, timeout=TIMEOUT):  # noqa: S310
            pass
    else:
        raise ImproperlyConfigured(f"AUDIT_WITNESSES: '{scheme}' is none of {', '.join(SCHEMES)}")
