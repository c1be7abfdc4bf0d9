"""Days and times as the reader's language writes them (portal/formats): in full in a sentence, in figures in a list."""

from __future__ import annotations

from datetime import datetime

from django.utils import formats, timezone


def moment(at: datetime) -> str:
    return formats.date_format(timezone.localtime(at), "DATETIME_FORMAT")


def short(at: datetime) -> str:
    return formats.date_format(timezone.localtime(at), "SHORT_DATETIME_FORMAT")


def exact(at: datetime) -> str:
    """To the second, for the record."""
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M:%S}"


def day(at: datetime) -> str:
    return formats.date_format(timezone.localtime(at), "DATE_FORMAT")
