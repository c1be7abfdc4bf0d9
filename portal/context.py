"""What every page knows."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from reviews.models import Notice


def page(request: HttpRequest) -> dict[str, Any]:
    def unread() -> int:
        user = getattr(request, "user", None)
        if user is None or not user.is_authenticated:
            return 0
        return Notice.objects.inbox_of(user).filter(read_at=None).count()

    return {"demo": settings.DEMO, "unread_notices": SimpleLazyObject(unread)}
