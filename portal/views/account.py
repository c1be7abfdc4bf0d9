"""My account, on one page: what is known of somebody, and what they can do with it."""

from __future__ import annotations

import json

from allauth.account.decorators import reauthentication_required
from allauth.account.models import EmailAddress
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout, update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from permits.codes import mobile as mobiles
from portal.forms import ProfileForm
from portal.requests import SignedIn
from portal.throttle import allowed
from portal.views import errors
from portal.views.home import keep_language
from reviews import own_account
from reviews.enterprises import Refused
from reviews.notices import choosing


@login_required
def account(request: SignedIn) -> HttpResponse:
    form = ProfileForm(
        request.POST if request.method == "POST" else None,
        initial={"name": request.user.name, "language": request.user.language},
    )
    if request.method == "POST" and form.is_valid():
        own_account.rename(request.user, form.cleaned_data["name"])
        response = redirect("account")
        keep_language(request, response, form.cleaned_data["language"])
        messages.success(request, _("Saved."))
        return response
    context = {
        "form": form, "addresses": EmailAddress.objects.filter(user=request.user).order_by("-primary", "pk"),
        "mobile": mobiles.mask(request.user.mobile) if request.user.mobile else "",
        "by_text": choosing.SMS in settings.NOTICE_CHANNELS, "two_steps": is_mfa_enabled(request.user),
    }  # fmt: skip
    return render(request, "account/account.html", context, status=422 if form.errors else 200)


@login_required
def sign_out_elsewhere(request: SignedIn) -> HttpResponse:
    if request.method == "POST":
        own_account.end_other_sessions(request.user)
        update_session_auth_hash(request, request.user)
        messages.success(request, _("All other devices are signed out."))
    return redirect("account")


@login_required
def take_out(request: SignedIn) -> HttpResponse:
    """The account's data as one JSON file."""
    if request.method != "POST":
        return redirect("account")
    if not allowed("own-data", str(request.user.pk), limit=10, seconds=3600):
        return errors.too_many(request)
    text = json.dumps(own_account.take_out(request.user), ensure_ascii=False, indent=1, cls=DjangoJSONEncoder)
    response = HttpResponse(text, "application/json; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="my-data-{timezone.localdate():%Y%m%d}.json"'
    response["Cache-Control"] = "private, no-store"
    return response


@login_required
@reauthentication_required
def close(request: SignedIn) -> HttpResponse:
    """Shown what stands against it; closed once nothing does, by a button on that page."""
    obstacles = own_account.obstacles(request.user)
    if request.method != "POST" or obstacles:
        status = 409 if request.method == "POST" else 200
        return render(request, "account/close.html", {"obstacles": obstacles}, status=status)
    try:
        own_account.close(request.user)
    except Refused as refused:
        return render(request, "account/close.html", {"obstacles": [str(refused)]}, status=409)
    logout(request)
    messages.success(request, _("Your account is closed."))
    return redirect("home")
