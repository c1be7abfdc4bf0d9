"""Middleware of the site."""

from __future__ import annotations

from collections.abc import Callable

from csp.constants import SELF
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase, QueryDict
from django.middleware.gzip import GZipMiddleware
from django.utils import translation
from django.utils.cache import add_never_cache_headers
from django.utils.http import urlencode

from permits.intake import direct
from portal import maintenance
from portal.views import errors

ALWAYS = {"/healthz", "/readyz", "/metrics"}  # what looks after the portal looks at it then too
FORMS = {"application/x-www-form-urlencoded", "multipart/form-data"}


def pages_compressed(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Pages leave as gzip, whose length Django's own middleware blurs (BREACH). Files are sent as they are, with ranges."""
    gzip = GZipMiddleware(get_response)

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        page = response.get("Content-Type", "").startswith("text/html") and not response.streaming
        return gzip.process_response(request, response) if page else response

    return middleware


def closed_for_maintenance(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """503 to everybody while the portal is closed; before anything asks the database or reads what was sent."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        closed = maintenance.state()
        if closed is None or request.path_info in ALWAYS:
            return get_response(request)
        response = errors.alone(503, maintenance=True, until=closed["until"])
        response["Retry-After"] = str(closed["retry_after"])
        return response

    return middleware


def without_null_characters(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """U+0000 is a character of no text, and PostgreSQL can't store it, nor look for it: it is left out wherever it comes.

    The first to read the request: the session is looked for by a cookie, the form's token is compared. (In the names of
    files Django leaves it out itself; inside a file it is the file's affair.)
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        request.path_info, request.path = (path.replace("\0", "") for path in (request.path_info, request.path))
        for name, written in (("QUERY_STRING", "%00"), ("HTTP_COOKIE", "\\000")):
            text = request.META.get(name, "")
            while written in text:  # what is left may be one again: "%0%000"
                request.META[name] = text = text.replace(written, "")
        if request.content_type in FORMS:
            sent = [(key, value) for key, values in request.POST.lists() for value in values]
            if any("\0" in key or "\0" in value for key, value in sent):
                request.POST = QueryDict(urlencode(sent).replace("%00", ""))
        return get_response(request)

    return middleware


def language_of_the_account(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Where this browser has chosen no language, the account's is spoken."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if settings.LANGUAGE_COOKIE_NAME not in request.COOKIES and request.user.is_authenticated:
            translation.activate(request.user.language)
            request.LANGUAGE_CODE = translation.get_language() or settings.LANGUAGE_CODE
        return get_response(request)

    return middleware


def nothing_kept_of_the_signed_in(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Their pages are fetched anew each time: after signing out the back button shows nothing personal, and a form it
    brings back has what is saved by now instead of running into the other-window warning.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if request.user.is_authenticated and not response.has_header("Cache-Control"):
            add_never_cache_headers(response)
        return response

    return middleware


def storage_that_browsers_send_to(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Where files go to the storage itself, the pages that send them may reach it, and nothing else."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if request.path.startswith("/applications/") and direct.wanted():
            response._csp_update = {"connect-src": [SELF, direct.origin()]}  # type: ignore[attr-defined]
        return response

    return middleware
