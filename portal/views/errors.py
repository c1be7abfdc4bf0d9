"""What is shown when something goes wrong."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import get_template
from django.views.decorators.csrf import requires_csrf_token


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "400.html", status=400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "403.html", status=403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "404.html", status=404)


@requires_csrf_token
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return render(request, "403_csrf.html", status=403)


def server_error(request: HttpRequest, *args: Any) -> HttpResponse:
    """Without context: nothing here may fail again. A program gets a problem (RFC 9457), as from the rest of the API."""
    if request.path.startswith("/api/"):
        said = b'{"type": "about:blank", "title": "Internal Server Error", "status": 500}'
        return HttpResponse(said, status=500, content_type="application/problem+json")
    return HttpResponse(get_template("500.html").render({}), status=500)


def too_many(request: HttpRequest) -> HttpResponse:
    response = render(request, "429.html", status=429)
    response["Retry-After"] = "60"
    return response
