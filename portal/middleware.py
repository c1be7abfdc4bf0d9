"""Middleware of the site."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase, QueryDict
from django.utils import translation
from django.utils.cache import add_never_cache_headers

FORMS = {"application/x-www-form-urlencoded", "multipart/form-data"}


def without_null_characters(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """U+0000 is a character of no text, and PostgreSQL can't store it: what comes with a copied text is left out."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if "%00" in (query := request.META.get("QUERY_STRING", "")):
            request.META["QUERY_STRING"] = query.replace("%00", "")
        # The check of the form's token, which comes next, would read it too.
        if request.content_type in FORMS and any("\0" in value for _key, values in request.POST.lists() for value in values):
            request.POST = QueryDict(request.POST.urlencode().replace("%00", ""))
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
