"""Help: short pages, one for each question that people have, in both languages."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from permits import spoken
from portal.help import TOPICS, topic
from reviews.models import Department

MOST_OFFICES = 60


def topics(request: HttpRequest) -> HttpResponse:
    return render(request, "help/help.html", {"topics": TOPICS, "line": settings.HELP_LINE})


def one(request: HttpRequest, slug: str) -> HttpResponse:
    found = topic(slug)
    if found is None:
        raise Http404
    language = spoken.language()
    context = {"topic": found, "topics": TOPICS, "text": f"help/{language}/{slug}.html"}
    if slug == "contact":
        offices = Department.objects.filter(active=True).order_by("region", "kind")[:MOST_OFFICES]
        context |= {
            "line": settings.HELP_LINE, "mail": settings.HELP_EMAIL, "hours": settings.HELP_HOURS,
            "offices": [str(office) for office in offices],
        }  # fmt: skip
    return render(request, "help/topic.html", context)
