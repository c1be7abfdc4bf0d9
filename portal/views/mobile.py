"""The mobile number of an account: sent a code, kept once the code comes back. Only where text messages are set up."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import IntegrityError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from permits import spoken
from permits.codes import mobile as mobiles
from permits.secrets import decrypt, encrypt
from portal.forms import CodeForm, MobileForm
from portal.requests import SignedIn
from portal.throttle import allowed, client
from reviews import preferences
from reviews.notices import channels, choosing
from reviews.notices.channels import provider

SESSION = "mobile_code"
HOLDS = 600  # seconds
TRIES = 5
PER_HOUR = 5  # codes to an account, and to a number
PER_HOUR_FROM_ONE_ADDRESS = 30


@login_required
def mobile(request: SignedIn) -> HttpResponse:
    if choosing.SMS not in settings.NOTICE_CHANNELS:
        raise Http404
    step = request.POST.get("step") if request.method == "POST" else ""
    if step == "send":
        return _send(request)
    if step == "confirm":
        return _confirm(request)
    if step == "remove":
        preferences.keep_mobile(request.user, "")
        messages.success(request, _("The mobile number is removed."))
        return redirect("mobile")
    if "other" in request.GET:
        request.session.pop(SESSION, None)
    return _page(request)


def _send(request: SignedIn) -> HttpResponse:
    form = MobileForm(request.POST)
    if not form.is_valid():
        return _page(request, form=form, status=422)
    number = form.cleaned_data["mobile"]
    if not _may_be_sent(request, number):
        form.add_error("mobile", _("Too many codes were asked for. Wait an hour, then try again."))
        return _page(request, form=form, status=429)
    code = f"{secrets.randbelow(10**6):06d}"
    # Of a number that is another account's nothing is told and nothing sent; what the page says is the same.
    if preferences.has(request.user, number):
        language = spoken.language()
        try:
            provider.send_code(number, code, language)
        except (channels.Later, channels.Rejected, OSError):
            form.add_error(
                "mobile", _("The message could not be sent. Check the number, and try again in a few minutes.")
            )
            return _page(request, form=form, status=503)
    request.session[SESSION] = {
        "mobile": encrypt(number),
        "digest": _digest(number, code),
        "until": time.time() + HOLDS,
        "tries": 0,
    }
    return redirect("mobile")


def _confirm(request: SignedIn) -> HttpResponse:
    kept = _kept(request)
    form = CodeForm(request.POST)
    if kept and not form.is_valid():
        return _page(request, code_form=form, status=422)
    if kept:
        kept["tries"] += 1
        request.session[SESSION] = kept
        number = decrypt(kept["mobile"])
        if hmac.compare_digest(_digest(number, form.cleaned_data["code"]), kept["digest"]) and _keep(request, number):
            del request.session[SESSION]
            messages.success(request, _("The mobile number is confirmed."))
            return redirect("preferences")
        form.add_error("code", _("This is not the code that was sent. Check it, or ask for another one."))
    if _kept(request):
        return _page(request, code_form=form, status=422)
    messages.error(request, _("The code holds no more. Ask for another one."))
    return redirect("mobile")


def _keep(request: SignedIn, number: str) -> bool:
    try:
        preferences.keep_mobile(request.user, number)
    except IntegrityError:  # somebody else confirmed it meanwhile
        return False
    return True


def _kept(request: SignedIn) -> dict[str, Any] | None:
    """What was sent, while its code can still be entered."""
    kept: dict[str, Any] | None = request.session.get(SESSION)
    return kept if kept and kept["until"] > time.time() and kept["tries"] < TRIES else None


def _may_be_sent(request: SignedIn, number: str) -> bool:
    return (
        allowed("code-account", str(request.user.pk), limit=PER_HOUR, seconds=3600)
        and allowed("code-number", number, limit=PER_HOUR, seconds=3600)
        and allowed("code-address", client(request), limit=PER_HOUR_FROM_ONE_ADDRESS, seconds=3600)
    )


def _digest(number: str, code: str) -> str:
    return hmac.new(settings.SECRET_KEY.encode(), f"{number}:{code}".encode(), hashlib.sha256).hexdigest()


def _page(
    request: SignedIn, *, form: MobileForm | None = None, code_form: CodeForm | None = None, status: int = 200
) -> HttpResponse:
    kept = None if form else _kept(request)
    context = {
        "form": form or MobileForm(), "code_form": code_form or CodeForm(),
        "sent_to": mobiles.mask(decrypt(kept["mobile"])) if kept else "",
        "there": mobiles.mask(request.user.mobile) if request.user.mobile else "",
    }  # fmt: skip
    return render(request, "account/mobile.html", context, status=status)
