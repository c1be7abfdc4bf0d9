"""What was typed outlives the session: a form posted by somebody whose session ended is kept until they sign in.

Encrypted, in the anonymous session, which Django carries over the log-in; put where it belongs when its page is opened
again by somebody who may see it. Each page has a place of its own, for people have several tabs open.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseBase, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _

from permits.secrets import decrypt, encrypt
from portal.requests import SignedIn
from portal.throttle import allowed, client

KEY = "typed"
MAX_BYTES = 200_000
MAX_PAGES = 5
PER_MINUTE = 20  # of one address


def signed_in(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """As ``login_required``; but what is posted without a session is kept, and ``take`` gives it to the view later."""

    @wraps(view)
    def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated:
            return view(cast(SignedIn, request), *args, **kwargs)
        kept = request.method == "POST" and _keep(request)
        to_login = redirect_to_login(request.get_full_path())
        if request.headers.get("HX-Request"):  # a form that saves itself: the page stays, and a line on it says so
            context = {"login": to_login.url, "state": request.POST.get("state", "")}
            return render(request, "filing/saved.html", context, status=401)
        if kept:
            messages.info(request, _("You were signed out. What you typed is kept: sign in, and it is there."))
        return to_login

    return inner


def take(request: HttpRequest) -> QueryDict | None:
    """What was posted to this very address before the log-in, once."""
    kept = dict(request.session.get(KEY, {}))
    token = kept.pop(request.get_full_path(), None)
    if token is None:
        return None
    request.session[KEY] = kept
    try:
        typed = QueryDict(decrypt(token), mutable=True)
    except ValueError:  # its key was dropped meanwhile
        return None
    typed.pop("autosave", None)  # a page is opened now, whoever posted then
    return typed


def typed(request: HttpRequest) -> QueryDict | None:
    """What is sent now; or what was typed before a log-in, with a word that it is here again, to be looked at and sent."""
    if request.method == "POST":
        return request.POST
    found = take(request)
    if found is not None:
        messages.success(request, _("You were signed out for a while. What you had typed is here again."))
    return found


def _keep(request: HttpRequest) -> bool:
    """Whether it could be kept."""
    text = request.POST.urlencode()
    # It makes a row in the database, of whoever asks: what one person types takes few.
    if len(text) > MAX_BYTES or not allowed("stash", client(request), limit=PER_MINUTE):
        return False
    kept = dict(request.session.get(KEY, {}))
    kept.pop(request.get_full_path(), None)
    kept[request.get_full_path()] = encrypt(text)
    request.session[KEY] = dict(list(kept.items())[-MAX_PAGES:])
    return True
