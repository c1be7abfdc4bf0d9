"""Why somebody who may act for an enterprise does not see this page: their authorisation ran out, or doesn't cover it.

Asked only where something was not found, so that it costs nothing elsewhere. Who left, or whose authorisation an owner
ended, is told no more than a stranger.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from permits.models import Application, Membership


def why(request: HttpRequest) -> dict[str, Any] | None:
    """The membership, and which limit stands against it: ``expired``, ``coming`` or ``service``."""
    match = request.resolver_match
    public_id = match.kwargs.get("public_id") if match else None
    user = getattr(request, "user", None)
    if public_id is None or user is None or not user.is_authenticated or match is None:
        return None
    mine = Membership.objects.filter(user=user, active=True).select_related("enterprise")
    if match.route.startswith("applications/"):
        found = mine.filter(
            enterprise__applications__public_id=public_id, enterprise__applications__discarded_at=None
        ).first()
    elif match.route.startswith("enterprises/"):
        found = mine.filter(enterprise__public_id=public_id).first()
    else:
        return None
    if found is None:
        return None
    if found.state in ("expired", "coming"):
        return {"membership": found, "limit": found.state}
    if match.route.startswith("applications/") and not found.all_services:
        seen = Application.objects.visible_to(user).filter(public_id=public_id)
        return None if seen.exists() else {"membership": found, "limit": "service"}
    return None
