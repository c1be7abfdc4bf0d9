"""What every page knows."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from permits.models import User
from reviews.models import Notice

MANY = 100  # more are shown as 99+


def unread_of(user: User) -> int:
    """How many notices wait to be read, up to ``MANY``: what the bell on every page says."""
    return Notice.objects.unread_of(user)[:MANY].count()


def page(request: HttpRequest) -> dict[str, Any]:
    def unread() -> int:
        user = getattr(request, "user", None)
        if user is None or not user.is_authenticated:
            return 0
        return unread_of(user)

    return {"demo": settings.DEMO, "site_url": settings.SITE_URL, "unread_notices": SimpleLazyObject(unread)}
