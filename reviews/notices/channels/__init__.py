"""How a notice gets to a person: one module a channel, all behind ``send``.

A channel is a function that takes a notice and returns a ``Receipt``, or raises: ``Rejected`` when trying again would
not help, ``Later`` when the provider says how long to wait, anything else when it may go better another time. It has to
bear being called twice for one notice: what the provider is given as ``key_of(notice)`` is the same each time.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from reviews.models import Notice
from reviews.notices.channels.kinds import Later, Receipt, Rejected, key_of

__all__ = ["Later", "Receipt", "Rejected", "key_of", "send"]


def send(notice: Notice) -> Receipt:
    """Hand a notice over. ``NOTICE_CHANNELS`` names the function for each channel."""
    path = settings.NOTICE_CHANNELS.get(notice.channel)
    if path is None:
        raise Rejected(f"no channel '{notice.channel}' is set up: see NOTICE_CHANNELS")
    receipt: Receipt = _channel(path)(notice)
    return receipt


@cache
def _channel(path: str) -> Any:
    return import_string(path)
