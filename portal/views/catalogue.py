"""The catalogue, and what is needed before starting."""

from __future__ import annotations

from typing import Any

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from permits.definition import Definition
from permits.edition_files import downloads, served, what_is_taken
from permits.models import Application, EditionFile, Service, Status
from portal.words import limit_in_words


def catalogue(request: HttpRequest) -> HttpResponse:
    query = request.GET.get("q", "").strip()[:80]
    return render(request, "catalogue/catalogue.html", {"services": cards(query), "query": query})


def service(request: HttpRequest, slug: str) -> HttpResponse:
    found = get_object_or_404(Service.objects.select_related("current"), slug=slug)
    if found.current is None:
        raise Http404
    draft = None
    if request.user.is_authenticated:
        mine = Application.objects.visible_to(request.user).filter(version__service=found, status=Status.DRAFT)
        draft = mine.order_by("-updated_at").first()
    definition = found.definition
    context = {
        "service": found, "definition": definition, "draft": draft, "section": "catalogue",
        "promised": limit_in_words(definition.limits.promised),
        "statutory": limit_in_words(definition.limits.statutory),
        "requirements": [(r, what_is_taken(r), downloads(found.current, r)) for r in definition.materials],
    }  # fmt: skip
    return render(request, "catalogue/service.html", context)


def edition_file(request: HttpRequest, slug: str, edition: int, name: str) -> FileResponse:
    """A form to download, or a picture of a good document. It never changes: another one has another edition."""
    found = get_object_or_404(EditionFile, version__service__slug=slug, version__edition=edition, name=name)
    response = served(found)
    response["Cache-Control"] = "public, max-age=86400"
    return response


def cards(query: str) -> list[dict[str, Any]]:
    """The services one can apply for, those that fit ``query`` only."""
    services = Service.objects.filter(current__isnull=False, open=True).select_related("current").order_by("pk")[:200]
    found = []
    for item in services:
        definition = item.definition
        if query and query.casefold() not in _words(definition):
            continue
        found.append({
            "title": definition.title, "summary": definition.summary, "url": reverse("service", args=[item.slug]),
            "promised": limit_in_words(definition.limits.promised),
        })  # fmt: skip
    return found


def _words(definition: Definition) -> str:
    texts = (definition.title, definition.summary)
    return " ".join([*(f"{t.zh} {t.en}" for t in texts), *definition.keywords]).casefold()
