"""The public board: how many filings, how long they take, how satisfied one is; nothing of anybody's."""

from __future__ import annotations

import csv
import hashlib
from io import StringIO
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.translation import get_language
from django.views.decorators.http import condition, require_safe

from reviews import public_board
from reviews import public_steps as steps
from reviews.admin.plots import columns, plot
from reviews.public_board import Asked

SECONDS = 300  # as often as it is counted anew


def _version(request: HttpRequest, **more: Any) -> str:
    """Changes when it was counted anew, on another day, in another language and for another account; nothing else is on it."""
    user = request.user.pk if request.user.is_authenticated else ""
    known = (
        public_board.counted_at(),
        timezone.localdate(),
        get_language(),
        user,
        request.get_full_path(),
        request.COOKIES.get("csrftoken"),
    )
    return f'"{hashlib.sha256(repr(known).encode()).hexdigest()[:32]}"'


@require_safe
@condition(etag_func=_version)
def page(request: HttpRequest) -> HttpResponse:
    found = public_board.figures(Asked.read(request.GET))
    tables = [public_board.table(found, of) for of in ("service", "region", found.asked.per)]
    context = {
        "found": found, "asked": found.asked, "k": steps.K, "query": request.GET.urlencode(),
        "parts": [
            (public_board.with_something(each), columns(each)) if each.key == found.asked.per else (each, plot(each))
            for each in tables
        ],
        "total": [
            (public_board.head(key), public_board.within(n) if key in ("median", "most") else n, key in ("on_time", "satisfied"))
            for key, n in found.total.items()
        ],
    }  # fmt: skip
    response = render(request, "public_board/board.html", context)
    # The frame knows who is signed in: each browser keeps its own.
    patch_cache_control(response, private=True, max_age=60)
    patch_vary_headers(response, ["Cookie", "Accept-Language"])
    return response


@require_safe
@condition(etag_func=_version)
def take(request: HttpRequest, form: str) -> HttpResponse:
    """The same rows as a file: ``csv``, or ``json`` with what they are."""
    found = public_board.figures(Asked.read(request.GET))
    rows = [
        {"of": kind, "code": code, "name": name, **{key: _plain(numbers.get(key)) for key in public_board.HEADS}}
        for kind, code, name, numbers in found.rows
    ]
    if form == "json":
        response: HttpResponse = JsonResponse(
            {
                "counted_at": found.counted_at, "steps_of": steps.K, "since": found.since, "per": found.asked.per,
                "service": found.asked.service, "region": found.asked.region, "rows": rows,
            },
            json_dumps_params={"ensure_ascii": False},
        )  # fmt: skip
    elif form == "csv":
        out = StringIO("\ufeff")
        out.seek(1)
        writer = csv.DictWriter(out, ["of", "code", "name", *public_board.HEADS])
        writer.writeheader()
        writer.writerows(rows)
        response = HttpResponse(out.getvalue(), "text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="figures-{timezone.localdate():%Y%m%d}.csv"'
    else:
        raise Http404
    patch_cache_control(response, public=True, max_age=SECONDS)
    patch_vary_headers(response, ["Cookie", "Accept-Language"])
    return response


def _plain(cell: public_board.Cell) -> public_board.Cell:
    """Hours that have no bound are a word in a file."""
    return f">{steps.BOUNDS[-1]}" if cell == float("inf") else cell
