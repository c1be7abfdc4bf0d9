"""How allauth makes and greets our accounts."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest
from django.urls import reverse

from reviews import policy


class AccountAdapter(DefaultAccountAdapter):
    def get_login_redirect_url(self, request: HttpRequest) -> str:
        user: Any = request.user
        if user.is_staff and not user.memberships.exists():
            # Who reviews begins with the queue; supervisors and ops with the overview.
            overview = policy.is_supervisor_request(request)
            return reverse("admin:index" if overview else "admin:reviews_task_changelist")
        return str(super().get_login_redirect_url(request))
