"""The audit log's latest checkpoint and the keys that verify it, for whoever wants to keep them: plain text, public."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from reviews.audit import checkpoints, tree

PLAIN = "text/plain; charset=utf-8"


@require_safe
@cache_control(public=True, max_age=10)  # sealing makes no more than one in ten seconds
def checkpoint(request: HttpRequest) -> HttpResponse:
    try:
        last = tree.latest()
    except tree.NothingSealed as error:
        return HttpResponse(f"{error}\n", content_type=PLAIN, status=404)
    response = HttpResponse(last.note, content_type=PLAIN)
    response["Access-Control-Allow-Origin"] = "*"  # a witness may read it from a page of its own
    return response


@require_safe
@cache_control(public=True, max_age=300)
def keys(request: HttpRequest) -> HttpResponse:
    """C2SP's verifier keys, a line each: the one that signs, then those rotated away."""
    lines = "".join(f"{key}\n" for key in checkpoints.verifier_keys())
    response = HttpResponse(lines, content_type=PLAIN)
    response["Access-Control-Allow-Origin"] = "*"
    return response
