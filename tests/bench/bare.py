"""The least that a Django view can do with a file: receive it and hash it. Under the same gunicorn as the portal.

``/raw``: the body as it stands, as a piece of tus comes. ``/form``: the file of a form, by Django's own parser and upload handlers.
"""

from __future__ import annotations

import hashlib

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path

CHUNK = 128 * 1024


def raw(request: HttpRequest) -> HttpResponse:
    digest = hashlib.sha256()
    while chunk := request.read(CHUNK):
        digest.update(chunk)
    return HttpResponse(digest.hexdigest())


def form(request: HttpRequest) -> HttpResponse:
    digest = hashlib.sha256()
    for chunk in request.FILES["file"].chunks():
        digest.update(chunk)
    return HttpResponse(digest.hexdigest())


urlpatterns = [path("raw", raw), path("form", form)]
settings.configure(
    ROOT_URLCONF=__name__, ALLOWED_HOSTS=["127.0.0.1"], SECRET_KEY="of the bench", USE_TZ=True, MIDDLEWARE=[], INSTALLED_APPS=[],
    LOGGING_CONFIG=None,
)  # fmt: skip
application = get_wsgi_application()
