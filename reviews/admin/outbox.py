"""The outbox for the system administrator: how each channel is doing, every notice, and every try to deliver it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from reviews import times
from reviews.admin import kinds
from reviews.admin.access import ReadOnlyAdmin
from reviews.admin.ops import InlineToLookAt
from reviews.models import Attempt, Notice
from reviews.notices import kick, outbox, state

COLUMNS = (
    "kind", "channel", "state", "attempts", "created_at", "next_attempt_at", "sent_at", "delivered_at", "provider_id",
    "read_at",
)  # fmt: skip


class AttemptInline(InlineToLookAt):
    model = Attempt
    verbose_name_plural = _("Every try")
    hide_title = True
    fields = readonly_fields = ("tried_at", "went_through", "what_was_said", "took")
    ordering = ("pk",)

    @admin.display(description=_("Tried"))
    def tried_at(self, attempt: Attempt) -> str:
        return _when(attempt.at)

    @admin.display(description=_("Went through"), boolean=True)
    def went_through(self, attempt: Attempt) -> bool:
        return attempt.ok

    @admin.display(description=_("What was said"))
    def what_was_said(self, attempt: Attempt) -> str:
        return attempt.detail or "—"

    @admin.display(description=_("Milliseconds"))
    def took(self, attempt: Attempt) -> int:
        return round(attempt.seconds * 1000)


@admin.register(Notice)
class NoticeAdmin(ReadOnlyAdmin):
    list_display = ("kind_words", "about", "addressee", "channel", "state", "attempts", "created_at", "sent_at")
    list_filter = ("state", "channel")
    list_per_page = 50
    search_fields = ("application__number", "recipient__name")
    search_help_text = _("Number of the application, or name of the recipient")
    ordering = ("-pk",)
    inlines = (AttemptInline,)
    actions = ("try_again",)
    list_before_template = "admin/reviews/notice/state.html"
    # What it says (`params`) holds personal data and is of no use in finding out why it didn't arrive.
    fields = (
        "kind_words", "about", "addressee", "channel", "state", "attempts", "created_at", "next_try", "sent_at",
        "delivered_at", "providers_name", "read",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Notice]:
        related = Notice.objects.select_related("recipient", "application")
        return related.only(*COLUMNS, "recipient__name", "application__number")

    @admin.display(description=_("Kind"), ordering="kind")
    def kind_words(self, notice: Notice) -> str:
        return kinds.name(notice.kind)

    @admin.display(description=_("Recipient"), ordering="recipient")
    def addressee(self, notice: Notice) -> str:
        return str(notice.recipient)

    @admin.display(description=_("Number"), ordering="application__number")
    def about(self, notice: Notice) -> str:
        return (notice.application.number if notice.application else "") or "—"

    @admin.display(description=_("Next try"))
    def next_try(self, notice: Notice) -> str:
        return _when(notice.next_attempt_at if notice.state in (Notice.State.PENDING, Notice.State.SENDING) else None)

    @admin.display(description=_("What the provider calls it"))
    def providers_name(self, notice: Notice) -> str:
        return notice.provider_id or "—"

    @admin.display(description=_("Read"))
    def read(self, notice: Notice) -> str:
        return _when(notice.read_at)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        shown = [(Notice.Channel(each.channel).label, each) for each in state.figures()]
        return super().changelist_view(request, {**(extra_context or {}), "figures": shown})

    @admin.action(description=_("Try again what was given up"))
    def try_again(self, request: HttpRequest, chosen: QuerySet[Notice]) -> None:
        ids = outbox.revive(chosen)
        kick.deliver(ids)
        words = ngettext("%(count)d notice is tried again.", "%(count)d notices are tried again.", len(ids))
        messages.success(request, words % {"count": len(ids)})


def _when(at: datetime | None) -> str:
    """To the second, on the reader's clock."""
    return times.exact(at) if at else "—"
