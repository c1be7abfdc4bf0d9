"""How allauth makes and greets our accounts."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest
from django.urls import reverse

from reviews import gates, policy


class AccountAdapter(DefaultAccountAdapter):
    def get_login_redirect_url(self, request: HttpRequest) -> str:
        user: Any = request.user
        if user.is_staff and not user.memberships.exists():
            # Who reviews begins with the queue; supervisors, administrators and service owners with the overview.
            queue = policy.is_official_request(request) and not policy.is_supervisor_request(request)
            return reverse("admin:reviews_task_changelist" if queue else "admin:index")
        if not user.memberships.exists() and gates.gates_of(user).exists():
            return reverse("gates")
        return str(super().get_login_redirect_url(request))
