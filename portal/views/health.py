"""Alive, and ready: for load balancers and for the one who starts the portal."""

from __future__ import annotations

from celery import current_app
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse


def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok", content_type="text/plain")


def readyz(request: HttpRequest) -> JsonResponse:
    """200 when database and broker answer, 503 with what doesn't."""
    faults = {}
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Exception as error:
        faults["database"] = type(error).__name__
    try:
        with current_app.connection_for_write() as link:
            link.ensure_connection(max_retries=1, timeout=2)
    except Exception as error:
        faults["broker"] = type(error).__name__
    return JsonResponse({"ready": not faults, "faults": faults}, status=503 if faults else 200)
