"""What was typed outlives the session: a form posted by somebody whose session ended is kept until they sign in.

Encrypted, in the anonymous session, which Django carries over the log-in; put into the draft when the page is opened
again by somebody who may see it.
"""

from __future__ import annotations

import json
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import resolve_url

from permits.secrets import decrypt, encrypt

KEY = "typed"
MAX_BYTES = 200_000


def keep_and_sign_in(request: HttpRequest) -> HttpResponse:
    """Keep the posted form, and go to the log-in page, which comes back here."""
    text = request.POST.urlencode()
    if len(text) <= MAX_BYTES:
        request.session[KEY] = encrypt(json.dumps({"path": request.path, "form": text}))
    return HttpResponseRedirect(f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': request.path})}")


def take(request: HttpRequest) -> QueryDict | None:
    """What was posted to this very page before the log-in, once."""
    if KEY not in request.session:
        return None
    try:
        kept = json.loads(decrypt(request.session[KEY]))
    except ValueError:
        kept = {"path": request.path, "form": ""}
    if kept["path"] != request.path:
        return None
    del request.session[KEY]
    return QueryDict(kept["form"]) if kept["form"] else None
