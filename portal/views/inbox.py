"""The inbox: every notice to this account, in the language that is read now."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import get_language

from portal.requests import SignedIn
from reviews.models import Notice
from reviews.notices import texts


@login_required
def inbox(request: SignedIn) -> HttpResponse:
    mine = Notice.objects.inbox_of(request.user).select_related("recipient").order_by("-created_at", "-pk")
    page = Paginator(mine, 20).get_page(request.GET.get("page"))
    rows = [(notice, texts.render(notice, get_language()).subject) for notice in page]
    return render(request, "inbox/inbox.html", {"page": page, "rows": rows, "section": "inbox"})


@login_required
def open_notice(request: SignedIn, pk: int) -> HttpResponse:
    notice = get_object_or_404(Notice.objects.inbox_of(request.user).select_related("recipient"), pk=pk)
    if notice.read_at is None:
        notice.read_at = timezone.now()
        notice.save(update_fields=["read_at"])
    message = texts.render(notice, get_language())
    context = {"notice": notice, "message": message, "path": notice.params.get("path"), "section": "inbox"}
    return render(request, "inbox/notice.html", context)
