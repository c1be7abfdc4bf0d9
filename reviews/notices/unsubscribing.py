"""The signed address by which one turns off a group of mails without signing in (RFC 8058). It never expires."""

from __future__ import annotations

from django.conf import settings
from django.core import signing
from django.urls import reverse

from permits.models import User
from reviews.notices import choosing

_SIGNER = signing.Signer(salt="reviews.notices.unsubscribing")


def address(user: User, kind: str) -> str:
    """Empty for what can't be turned off."""
    if not choosing.can_turn_off(kind, choosing.EMAIL):
        return ""
    token = _SIGNER.sign_object([str(user.public_id), choosing.group_of(kind)])
    return settings.SITE_URL + reverse("unsubscribe", args=[token])


def read(token: str) -> tuple[str, str] | None:
    """The account's public id and the group; ``None`` when we never signed this."""
    try:
        public_id, group = _SIGNER.unsign_object(token)
    except (signing.BadSignature, ValueError):
        return None
    return (public_id, group) if group in choosing.GROUPS else None
