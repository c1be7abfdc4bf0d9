"""What is shown when something goes wrong.

400, 403, 404 and 429 are pages of the site. 413, 500 and 503 stand alone (``alone``): they need no database, no session
and no other file, so they look right when the rest has fallen, and a proxy can serve them too (``write_error_pages``).
"""

from __future__ import annotations

import base64
import hashlib
import sys
from http import HTTPStatus
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import get_template
from django.views.decorators.csrf import requires_csrf_token

from portal import lapsed

ALONE = (413, 500, 503)
SOON = 60  # seconds after which a fault of ours is worth another try
MB = 1024 * 1024


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if isinstance(exception, RequestDataTooBig):
        return alone(413)
    return render(request, "400.html", status=400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "403.html", status=403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if limit := lapsed.why(request):
        return render(request, "enterprises/not_authorised.html", limit, status=403)
    return render(request, "404.html", status=404)


@requires_csrf_token
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return render(request, "403_csrf.html", status=403)


def server_error(request: HttpRequest, *args: Any) -> HttpResponse:
    """500; 503 where it is the database that is away or busy, for then the same request is worth another try. A program gets a
    problem (RFC 9457), as from the rest of the API."""
    away = isinstance(sys.exc_info()[1], (OperationalError, InterfaceError))
    status = 503 if away else 500
    response = _problem(status) if request.path.startswith("/api/") else alone(status)
    if away:
        response["Retry-After"] = str(SOON)
    return response


def _problem(status: int) -> HttpResponse:
    said = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status}
    return JsonResponse(said, status=status, content_type="application/problem+json")


def too_many(request: HttpRequest) -> HttpResponse:
    response = render(request, "429.html", status=429)
    response["Retry-After"] = "60"
    return response


def alone(status: int, **words: Any) -> HttpResponse:
    """A page that leans on nothing: in both languages, its style within it, its CSP allowing that style alone."""
    style = (Path(settings.BASE_DIR) / "static" / "css" / "error.css").read_text()
    page = get_template(f"{status}.html").render(
        {"style": style, "file_mb": f"{settings.UPLOAD_MAX_BYTES / MB:g}",
         "form_mb": f"{settings.DATA_UPLOAD_MAX_MEMORY_SIZE / MB:g}", **words}
    )  # fmt: skip
    response = HttpResponse(page, status=status)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    response["Content-Security-Policy"] = f"default-src 'none'; style-src 'sha256-{digest}'; frame-ancestors 'self'"
    response["Cache-Control"] = "no-store"
    return response
