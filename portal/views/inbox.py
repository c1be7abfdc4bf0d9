"""The inbox: every notice to this account, in the language that is read now; and how many are unread, asked by pages."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from portal.context import unread_of
from portal.requests import SignedIn
from reviews.models import Notice
from reviews.notices import texts


@login_required
def inbox(request: SignedIn) -> HttpResponse:
    mine = Notice.objects.inbox_of(request.user).select_related("recipient").order_by("-created_at", "-pk")
    page = Paginator(mine, 20).get_page(request.GET.get("page"))
    rows = [(notice, _message(notice).subject) for notice in page]
    return render(request, "inbox/inbox.html", {"page": page, "rows": rows, "section": "inbox"})


@login_required
def open_notice(request: SignedIn, pk: int) -> HttpResponse:
    notice = get_object_or_404(Notice.objects.inbox_of(request.user).select_related("recipient"), pk=pk)
    if notice.read_at is None:
        notice.read_at = timezone.now()
        notice.save(update_fields=["read_at"])
    message = _message(notice)
    context = {"notice": notice, "message": message, "path": notice.params.get("path"), "section": "inbox"}
    return render(request, "inbox/notice.html", context)


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
