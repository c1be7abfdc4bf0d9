"""Where providers of text messages and WeChat messages report what became of them. For programs: JSON in and out."""

from __future__ import annotations

import json
from datetime import datetime

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from reviews.models import DeliveryReport
from reviews.notices import reports
from reviews.notices.channels import provider, signing

LONGEST = 16 * 1024  # bytes


@csrf_exempt  # it is no browser's, and signed
@require_POST
def report(request: HttpRequest, channel: str) -> HttpResponse:
    """``{"id": …, "status": "delivered" | "failed", "at": …, "code": …}``, signed as ``signing`` has it.

    202 when it is kept, also for a message that nobody knows, and for a status that says nothing final; the same again is
    200. 401 for a signature that doesn't fit, 413, 400 for what is no report.
    """
    how = settings.NOTICE_PROVIDERS.get(channel)
    if how is None:
        raise Http404
    body = request.read(LONGEST + 1)
    if len(body) > LONGEST:
        return _answer(413, "too long")
    given = (request.headers.get(name, "") for name in ("X-Timestamp", "Idempotency-Key", "X-Signature"))
    timestamp, key, signature = given
    try:
        signing.verify(how["report_secret"], timestamp, key, body, signature)
    except signing.BadSignature as error:
        return _answer(401, str(error))
    try:
        said = json.loads(body)
        provider_id, status = str(said["id"]), str(said["status"])
    except (ValueError, KeyError, TypeError):
        return _answer(400, "it is no report: id and status are asked for")
    if not 0 < len(provider_id) <= 200 or "\0" in provider_id:
        return _answer(400, "id has 1 to 200 characters")
    if status not in DeliveryReport.Status.values:
        return _answer(202, "nothing final, so nothing is kept")
    new = reports.take(channel, provider_id, status, _moment(said.get("at")), provider.code_of(said))
    return _answer(202 if new else 200, "taken" if new else "known already")


def _moment(text: object) -> datetime:
    """When the provider says it was; now, when it doesn't say so or says it without a zone."""
    try:
        at = parse_datetime(str(text))
    except ValueError:
        at = None
    return at if at and at.tzinfo else timezone.now()


def _answer(status: int, words: str) -> JsonResponse:
    return JsonResponse({"result": words}, status=status)
