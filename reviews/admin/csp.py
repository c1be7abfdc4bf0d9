"""The admin's menus run on Alpine, which evaluates expressions written in attributes, so its pages need a wider CSP.

Only pages of the admin get it; scripts still come from this site only, and inline scripts stay refused.
"""

from __future__ import annotations

from collections.abc import Callable

from csp.constants import SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.http import HttpRequest, HttpResponse

WIDER = {"script-src": [SELF, UNSAFE_EVAL], "style-src": [SELF, UNSAFE_INLINE], "frame-src": [SELF]}


def wider_csp_for_the_admin(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware; it stands after (inside) ``csp.middleware.CSPMiddleware``."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        match = request.resolver_match
        if match is not None and "admin" in match.app_names:
            response._csp_replace = WIDER  # type: ignore[attr-defined]
        return response

    return middleware
