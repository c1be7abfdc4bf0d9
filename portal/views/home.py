"""The first page, and the language."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views import i18n

from permits.published import open_services
from portal.next_steps import things_to_do
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
        request.user.language = language
        request.user.save(update_fields=["language"])
    return response


def style(request: HttpRequest) -> HttpResponse:
    """The components side by side, for those who build pages (DEBUG only)."""
    return render(request, "style.html")
