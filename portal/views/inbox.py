"""The inbox: every notice to this account, in the language that is read now; and how many are unread, asked by pages."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import Resolver404, resolve
from django.utils import timezone
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from permits.models import Application
from portal.context import unread_of
from portal.next_steps import listed, steps_of
from portal.requests import SignedIn
from reviews.models import Notice
from reviews.notices import texts
from reviews.threads import day_words


@dataclass(frozen=True)
class Way:
    """The one link of a notice: to what it is about."""

    url: str
    words: str


@login_required
def inbox(request: SignedIn) -> HttpResponse:
    mine = Notice.objects.inbox_of(request.user)
    show = "unread" if request.GET.get("show") == "unread" else ""
    if show:
        mine = mine.filter(read_at=None)
    page = Paginator(mine.select_related("recipient").order_by("-created_at", "-pk"), 20).get_page(
        request.GET.get("page")
    )
    days = groupby(page, lambda notice: timezone.localdate(notice.created_at))
    context = {
        "page": page, "show": show, "section": "inbox",
        "days": [(day_words(day), [(notice, _message(notice).subject) for notice in told]) for day, told in days],
    }  # fmt: skip
    return render(request, "inbox/inbox.html", context)


@login_required
def open_notice(request: SignedIn, pk: int) -> HttpResponse:
    notice = get_object_or_404(Notice.objects.inbox_of(request.user).select_related("recipient"), pk=pk)
    if notice.read_at is None:
        notice.read_at = timezone.now()
        notice.save(update_fields=["read_at"])
    path = str(notice.params.get("path") or "")
    message = _message(notice)
    mine = listed(request.user).filter(pk=notice.application_id).first() if notice.application_id else None
    context = {
        "notice": notice, "message": message, "section": "inbox",
        # A mail ends with the address of what it is about; here that is the button.
        "body": message.body.removesuffix(f"{settings.SITE_URL}{path}").rstrip() if path else message.body,
        "application": mine, "way": _way(path, mine) if path else None,
    }  # fmt: skip
    return render(request, "inbox/notice.html", context)


def _way(path: str, application: Application | None) -> Way:
    """Where it leads; for an application to what is to be done about it now, which may be something else than then."""
    name = _name_of(path)
    if application is not None and name in ("application", "corrections"):
        (step,) = steps_of([application])
        if step.url and step.tone in ("action", "ok"):
            return Way(step.url, step.text)
        return Way(application.get_absolute_url(), _("Open the application"))
    words = {
        "thread": _("Read and answer"), "enterprise": _("Open the enterprise"), "enterprises": _("Open my enterprises"),
        "invitation": _("Look at the invitation"), "admin:reviews_task_review": _("Open the task"),
    }  # fmt: skip
    return Way(path, words.get(name, _("Look at it")))


def _name_of(path: str) -> str:
    try:
        return resolve(urlsplit(path).path).view_name
    except Resolver404:
        return ""


@login_required
def short_link(request: SignedIn, pk: int) -> HttpResponse:
    """The address in a text message, which has no room for a longer one: it leads where the notice says."""
    notice = get_object_or_404(Notice, pk=pk, recipient=request.user)
    return redirect(notice.params.get("path") or "inbox")


@login_required
def read_all(request: SignedIn) -> HttpResponse:
    if request.method == "POST":
        Notice.objects.unread_of(request.user).update(read_at=timezone.now())
        messages.success(request, _("All notices are marked as read."))
    return redirect("inbox")


def unread(request: HttpRequest) -> HttpResponseBase:
    """The number on the bell, for a page that stays open: one count, and nothing (304) as long as it is the same."""
    if not request.user.is_authenticated:
        # What a script asks is never led to the log-in, which it would put into the page.
        return HttpResponse(status=401) if request.headers.get("HX-Request") else redirect_to_login(request.path)
    count = unread_of(request.user)
    etag = f'"{request.user.public_id.hex[:8]}-{count}-{get_language()}"'
    response = get_conditional_response(request, etag=etag)
    if response is None:
        response = render(request, "inbox/unread.html", {"unread_notices": count})
    response["ETag"], response["Cache-Control"] = etag, "private, no-cache"
    patch_vary_headers(response, ["Cookie"])
    return response


def _message(notice: Notice) -> texts.Message:
    """What it says; of a kind that the portal has no words for any more, that it is one."""
    try:
        return texts.render(notice, get_language())
    except texts.Unreadable:
        return texts.Message(_("Notice"), "")
