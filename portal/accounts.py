"""How allauth makes and greets our accounts."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest
from django.urls import reverse


class AccountAdapter(DefaultAccountAdapter):
    def get_login_redirect_url(self, request: HttpRequest) -> str:
        user: Any = request.user
        if user.is_staff and not user.memberships.exists():
            return reverse("admin:index")
        return str(super().get_login_redirect_url(request))
