"""The catalogue, and what is needed before starting."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from permits import spoken
from permits.definition import Definition
from permits.edition_files import downloads, served, what_is_taken
from permits.models import Application, EditionFile, Service, Status
from permits.published import Open, index, open_services
from permits.searching import LONGEST, Found, Kind, Reason, highlighted
from portal.words import limit_in_words

MOST_SHOWN = 20
SUGGESTED = 6
WHERE: dict[Kind, Any] = {
    "title": _lazy("In its name"), "keyword": _lazy("Keyword"), "summary": _lazy("In its description"), "outcome": _lazy("What you get"),
    "material": _lazy("Material"), "section": _lazy("Part of the form"), "question": _lazy("Question of the form"),
    "answer": _lazy("Questions often asked"), "office": _lazy("Office and law"),
}  # fmt: skip


def catalogue(request: HttpRequest) -> HttpResponse:
    services, query = open_services(), _typed(request)
    context: dict[str, Any] = {"query": query, "help_line": settings.HELP_LINE}
    if not query:
        return render(request, "catalogue/catalogue.html", context | {"groups": by_audience(services)})
    search = index(services)
    found = search.search(query)[:MOST_SHOWN]
    context["found"] = [result(one) for one in found]
    if not found:
        context["groups"] = by_audience(services)
        context["tried"] = [(term, search.same_as(term)) for term in search.terms(query)]
        context["meant"] = search.meant(query)
    return render(request, "catalogue/catalogue.html", context)


def suggest(request: HttpRequest) -> HttpResponse:
    """While somebody types: the services that fit so far. Only a script asks for it; a form leads to ``catalogue``."""
    query = _typed(request)
    found = index(open_services()).search(query)[:SUGGESTED] if query else []
    response = render(request, "catalogue/suggestions.html", {"found": [result(one) for one in found], "query": query})
    response["Cache-Control"] = "private, max-age=60"
    patch_vary_headers(response, ["Cookie", "Accept-Language"])
    return response


def _typed(request: HttpRequest) -> str:
    return request.GET.get("q", "").replace("\x00", "").strip()[:LONGEST]


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
        "must_have": [r for r in definition.materials if r.required],
        "stages": [(stage, limit_in_words(stage.limit) if stage.limit else "", len(stage.departments)) for stage in definition.stages],
        "sample": [definition.field(key) for key in definition.outcome.shown_fields],
        "valid_days": definition.outcome.valid_days,
    }  # fmt: skip
    return render(request, "catalogue/service.html", context)


def edition_file(request: HttpRequest, slug: str, edition: int, name: str) -> FileResponse:
    """A form to download, or a picture of a good document. It never changes: another one has another edition."""
    found = get_object_or_404(EditionFile, version__service__slug=slug, version__edition=edition, name=name)
    response = served(found)
    response["Cache-Control"] = "public, max-age=86400"
    return response


def by_audience(services: list[Open]) -> list[dict[str, Any]]:
    """The cards of the services, those for enterprises and those for persons apart; a group that is empty left out."""
    words = {"enterprise": _("For enterprises"), "person": _("For residents")}
    groups = [
        {"title": title, "services": [card(slug, one) for slug, _digest, one in services if one.audience == audience]}
        for audience, title in words.items()
    ]
    return [group for group in groups if group["services"]]


def to_begin_with(services: list[Open]) -> list[str]:
    """A word of each service to begin a search with, in the reader's language; at most four."""
    chinese = spoken.language() == "zh"
    first = [next((word for word in one.keywords if word.isascii() != chinese), "") for _slug, _digest, one in services]
    return [word for word in dict.fromkeys(first) if word][:4]


def card(slug: str, definition: Definition) -> dict[str, Any]:
    return {
        "title": definition.title, "summary": definition.summary, "url": reverse("service", args=[slug]),
        "promised": limit_in_words(definition.limits.promised),
    }  # fmt: skip


def result(found: Found) -> dict[str, Any]:
    """A service that was found: its texts in pieces, each with whether it is what was looked for, and why it was found."""
    definition = found.definition
    return card(found.slug, definition) | {
        "title": highlighted(str(definition.title), found.words),
        "summary": highlighted(str(definition.summary), found.words),
        "why": [_why(reason) for reason in found.reasons[:3]],
    }


def _why(reason: Reason) -> dict[str, Any]:
    """In words: where it stands (with the text, where the card doesn't show it), and what was taken for it."""
    shown = reason.phrase.kind in ("title", "summary")
    text = [] if shown else highlighted(str(reason.phrase.said), [reason.word])
    taken = ""
    if reason.how == "synonym":
        taken = _("“%(typed)s” is often called “%(word)s”") % {"typed": reason.typed, "word": reason.word}
    elif reason.how == "near":
        taken = _("“%(typed)s” looks like “%(word)s”") % {"typed": reason.typed, "word": reason.word}
    return {"where": WHERE[reason.phrase.kind], "text": text, "taken": taken}
