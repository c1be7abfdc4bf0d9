"""The open API: GET only, from any site, no account; errors are problems as of RFC 9457."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from pydantic import ValidationError

from permits.credentials import listing
from permits.definition_words import in_words
from portal.openapi import answers, calls, document, finding
from portal.throttle import allowed, client, seconds_left

PER_MINUTE = 120
METHODS = "GET, HEAD, OPTIONS"


def addresses() -> list[URLPattern]:
    found = [path(call.route, serve(call), name=call.name) for call in calls.CALLS]
    return [
        path("api/", page, name="api"),
        *found,
        path("api/v1/openapi.json", openapi, name="api_openapi"),
        path("api/<path:rest>", nowhere, name="api_nowhere"),
    ]


def serve(call: calls.Call) -> Callable[..., HttpResponseBase]:
    def view(request: HttpRequest, **of_the_path: str) -> HttpResponseBase:
        return _answered(request, lambda: _called(request, call, of_the_path))

    return csrf_exempt(view)


@csrf_exempt
def openapi(request: HttpRequest) -> HttpResponseBase:
    def made() -> HttpResponse:
        text = json.dumps(document.document(), ensure_ascii=False, indent=1)
        return HttpResponse(text, content_type="application/json; charset=utf-8")

    return _answered(request, made)


@csrf_exempt
def nowhere(request: HttpRequest, rest: str) -> HttpResponseBase:
    return _answered(request, lambda: problem(request, 404, "not-found", _("This API has no such address.")))


@require_safe
@cache_control(public=True, max_age=0, must_revalidate=True)
def page(request: HttpRequest) -> HttpResponse:
    """The calls for people, from the same declarations."""
    known = {
        "bad-parameter": _("400: a parameter is not known or not right; “errors” names each."),
        "not-found": _("404: there is no such thing, or it is not public."),
        "method": _("405: only GET and HEAD are answered."),
        "too-many": _("429: more than %(n)d requests a minute from your network. “Retry-After” says how many seconds to wait.")
        % {"n": PER_MINUTE},
    }  # fmt: skip
    context = {"calls": calls.CALLS, "others": calls.OTHERS, "problems": known, "site": finding.site(""),
               "states": listing.STATES, "limit": PER_MINUTE}  # fmt: skip
    return render(request, "register/api.html", context)


def problem(request: HttpRequest, status: int, kind: str, detail: str, errors: Any = ()) -> HttpResponse:
    titles = {"bad-parameter": _("A parameter is not right"), "not-found": _("Not found"),
              "method": _("Method not allowed"), "too-many": _("Too many requests"), "fault": _("Something went wrong")}  # fmt: skip
    said = answers.Problem(
        type=f"{finding.site('/api/')}#{kind}", title=titles[kind], status=status, detail=detail,
        instance=request.get_full_path()[:500], errors=list(errors),
    )  # fmt: skip
    text = said.model_dump_json(exclude_defaults=True)
    response = HttpResponse(text, status=status, content_type="application/problem+json; charset=utf-8")
    response["Cache-Control"] = "no-store"
    return _open(response)


def _answered(request: HttpRequest, make: Callable[[], HttpResponse]) -> HttpResponseBase:
    if request.method == "OPTIONS":
        response = HttpResponse(status=204)
        response["Access-Control-Allow-Methods"] = response["Allow"] = METHODS
        response["Access-Control-Allow-Headers"] = "If-None-Match"
        response["Access-Control-Max-Age"] = "86400"
        return _open(response)
    if request.method not in ("GET", "HEAD"):
        response = problem(request, 405, "method", _("Only GET and HEAD are answered."))
        response["Allow"] = METHODS
        return response
    if not allowed("api", client(request), limit=PER_MINUTE):
        wait = seconds_left()
        response = problem(request, 429, "too-many", _("Come again in %(n)d seconds.") % {"n": wait})
        response["Retry-After"] = str(wait)
        return response
    response = make()
    if response.status_code != 200:
        return response
    response["ETag"] = etag = f'"{hashlib.sha256(response.content).hexdigest()[:32]}"'
    response["Cache-Control"] = "public, max-age=60"
    return _open(get_conditional_response(request, etag=etag, response=response) or response)


def _called(request: HttpRequest, call: calls.Call, of_the_path: dict[str, str]) -> HttpResponse:
    twice = [name for name, values in request.GET.lists() if len(values) > 1]
    if twice:
        return _bad(
            request, [answers.ParameterFault(parameter=name[:60], detail=_("is given twice")) for name in twice]
        )
    try:
        query = call.query.model_validate(request.GET.dict())
        made = call.make(query, **of_the_path)
    except ValidationError as error:
        return _bad(request, [_fault(each) for each in error.errors()])
    except finding.BadCursor:
        return _bad(request, [answers.ParameterFault(parameter="cursor", detail=_("is no place in the register"))])
    except finding.NotThere:
        return problem(request, 404, "not-found", _("There is no such thing, or it is not public."))
    response = HttpResponse(made.model_dump_json(exclude_unset=True), content_type="application/json; charset=utf-8")
    if following := getattr(made, "next", None):
        response["Link"] = f'<{following}>; rel="next"'
    return response


def _bad(request: HttpRequest, faults: list[answers.ParameterFault]) -> HttpResponse:
    return problem(request, 400, "bad-parameter", _("Nothing was looked for: see “errors”."), faults)


def _fault(error: Any) -> answers.ParameterFault:
    name = ".".join(map(str, error["loc"]))[:60]
    if error["type"] == "extra_forbidden":
        return answers.ParameterFault(parameter=name, detail=_("this parameter is not known"))
    return answers.ParameterFault(parameter=name, detail=in_words(error["msg"].removeprefix("Value error, ")))


def _open(response: HttpResponseBase) -> Any:
    """Open data: any site's page may read it. No search engine lists it: it is for programs."""
    response["Access-Control-Allow-Origin"] = "*"
    response["Access-Control-Expose-Headers"] = "ETag, Link, Retry-After"
    response["X-Robots-Tag"] = "noindex"
    return response
