"""What one is told and how: chosen on a page of the account, or turned off by the link in a mail, without signing in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from permits.models import User
from portal.requests import SignedIn
from reviews.models import Notice
from reviews.notices import choosing, unsubscribing
from reviews.preferences import choose


@dataclass(frozen=True)
class Row:
    """A group of notices as it stands on the page: its channels as (name in the form, label, is it on)."""

    rule: choosing.Group
    always: list[str]
    open: list[tuple[str, str, bool]]


@login_required
def preferences(request: SignedIn) -> HttpResponse:
    user = request.user
    if request.method == "POST":
        wanted = {
            (group, channel): f"{group}.{channel}" in request.POST
            for group in choosing.concerning(user.is_staff)
            for channel in _possible(user, group)
        }
        choose(user, wanted)
        messages.success(request, _("Saved. It holds from the next notice on."))
        return redirect("preferences")
    context = {
        "rows": [_row(user, group) for group in choosing.concerning(user.is_staff)],
        "by_text": choosing.SMS in settings.NOTICE_CHANNELS,
        "by_wechat": choosing.WECHAT in settings.NOTICE_CHANNELS,
        "no_mobile": user.mobile_index is None,
    }
    return render(request, "account/preferences.html", context)


@csrf_exempt  # the mail program that posts here has no page of ours, and no cookie; the address is signed
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Looking at the address changes nothing, since machines look into mails; a POST does (RFC 8058)."""
    meant = unsubscribing.read(token)
    user = User.objects.filter(public_id=meant[0]).first() if meant else None
    if meant is None or user is None:
        return render(request, "account/unsubscribe.html", {"unknown": True}, status=404)
    context: dict[str, Any] = {"label": choosing.GROUPS[meant[1]].label, "done": ""}
    if request.method == "POST":
        again = "again" in request.POST
        choose(user, {(meant[1], choosing.EMAIL): again})
        context["done"] = "again" if again else "off"
    return render(request, "account/unsubscribe.html", context)


def _possible(user: User, group: str) -> list[str]:
    return choosing.possible(group, user.mobile_index is not None, settings.NOTICE_CHANNELS)


def _row(user: User, group: str) -> Row:
    rule, possible = choosing.GROUPS[group], _possible(user, group)
    labels = {channel: str(Notice.Channel(channel).label) for channel in possible}
    return Row(
        rule,
        always=[labels[channel] for channel in possible if channel in rule.fixed],
        open=[
            (f"{group}.{channel}", labels[channel], choosing.is_on(group, channel, user.notice_choices))
            for channel in possible
            if channel not in rule.fixed
        ],
    )
