"""The first page, and the language."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import translation
from django.views import i18n

from permits.models import User
from permits.published import open_services
from portal.next_steps import things_to_do
from portal.requests import SignedIn
from portal.views.catalogue import by_audience, to_begin_with


def home(request: HttpRequest) -> HttpResponse:
    services = open_services()
    context: dict[str, Any] = {"groups": by_audience(services), "popular": to_begin_with(services)}
    if request.user.is_authenticated:
        context["things"] = things_to_do(request.user)
    return render(request, "home.html", context)


def set_language(request: HttpRequest) -> HttpResponseBase:
    """Django's own view; the account remembers the language for its notices."""
    response = i18n.set_language(request)
    language = request.POST.get("language", "")
    if request.method == "POST" and request.user.is_authenticated and language in dict(settings.LANGUAGES):
        _remember(request.user, language)
    return response


def keep_language(request: SignedIn, response: HttpResponseBase, language: str) -> None:
    """On the account, and in this browser, where one may have been chosen before."""
    _remember(request.user, language)
    translation.activate(language)
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME, language, max_age=settings.LANGUAGE_COOKIE_AGE, path=settings.LANGUAGE_COOKIE_PATH,
        domain=settings.LANGUAGE_COOKIE_DOMAIN, secure=settings.LANGUAGE_COOKIE_SECURE,
        httponly=settings.LANGUAGE_COOKIE_HTTPONLY, samesite=settings.LANGUAGE_COOKIE_SAMESITE,
    )  # fmt: skip


def _remember(user: User, language: str) -> None:
    user.language = language
    user.save(update_fields=["language"])
