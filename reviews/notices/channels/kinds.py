"""What a channel gives back, and the ways in which it can refuse."""

from __future__ import annotations

from dataclasses import dataclass

from reviews.models import Notice


@dataclass(frozen=True)
class Receipt:
    """The provider's word for it: ``provider_id`` is what a later delivery report will name."""

    detail: str
    provider_id: str = ""


class Rejected(Exception):
    """This notice will never go this way, for a reason of its own: no address, a number that doesn't exist."""


class Later(Exception):
    """The provider asks to wait (429 or 503 with Retry-After)."""

    def __init__(self, seconds: float, detail: str) -> None:
        self.seconds = seconds
        super().__init__(detail)


def key_of(notice: Notice) -> str:
    """The idempotency key: the same at every attempt, so that a provider that knows it sends once."""
    return f"notice-{notice.pk}.{notice.event_id}"
