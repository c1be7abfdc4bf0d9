"""The first page, and the language."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views import i18n

from portal.views.catalogue import cards


def home(request: HttpRequest) -> HttpResponse:
    return render(request, "home.html", {"services": cards("")})


def set_language(request: HttpRequest) -> HttpResponseBase:
    """Django's own view; the account remembers the language for its notices."""
    response = i18n.set_language(request)
    language = request.POST.get("language", "")
    if request.method == "POST" and request.user.is_authenticated and language in dict(settings.LANGUAGES):
        request.user.language = language
        request.user.save(update_fields=["language"])
    return response
