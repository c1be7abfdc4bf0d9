"""What search engines are told: ``PUBLIC_INDEXING`` says what they may list."""

from __future__ import annotations

from xml.sax.saxutils import escape

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from permits.models import Service
from portal.openapi.finding import site

# Somebody's, or of no use to anybody who searches. The pages that verify a permit aren't here: they say "noindex"
# themselves, which only a robot that may fetch them can read.
PRIVATE = (
    "/accounts/", "/admin/", "/api/v1/", "/applications/", "/audit/", "/enterprises/", "/inbox/", "/language/", "/metrics", "/n/",
    "/notices/", "/register.csv", "/track/", "/unsubscribe/",
)  # fmt: skip
MOST_SERVICES = 500


@require_safe
@cache_control(public=True, max_age=3600)
def robots(request: HttpRequest) -> HttpResponse:
    if settings.PUBLIC_INDEXING == "nothing":
        lines = ["User-agent: *", "Disallow: /"]
    else:
        closed = [*PRIVATE, *([] if settings.PUBLIC_INDEXING == "register" else [reverse("register")])]
        lines = ["User-agent: *", *(f"Disallow: {path}" for path in closed), f"Sitemap: {site(reverse('sitemap'))}"]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


@require_safe
@cache_control(public=True, max_age=3600)
def sitemap(request: HttpRequest) -> HttpResponse:
    """The pages that are about nobody; none where nothing may be listed."""
    paths: list[str] = []
    if settings.PUBLIC_INDEXING != "nothing":
        slugs = Service.objects.filter(current__isnull=False, open=True).order_by("slug").values_list("slug", flat=True)
        paths = [
            *map(reverse, ("home", "catalogue", "verify", "api")),
            *(reverse("service", args=[slug]) for slug in slugs[:MOST_SERVICES]),
        ]
    if settings.PUBLIC_INDEXING == "register":
        paths.append(reverse("register"))
    urls = "".join(f"<url><loc>{escape(site(path))}</loc></url>" for path in paths)
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{urls}</urlset>\n'
    return HttpResponse(text, content_type="application/xml; charset=utf-8")
