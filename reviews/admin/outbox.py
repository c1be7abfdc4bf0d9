"""The outbox for the system administrator: how each channel is doing, every notice, and every try to deliver it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from reviews.admin import kinds
from reviews.admin.access import ReadOnlyAdmin
from reviews.admin.ops import InlineToLookAt
from reviews.models import Attempt, Notice
from reviews.notices import kick, outbox, state


class AttemptInline(InlineToLookAt):
    model = Attempt
    fields = readonly_fields = ("at", "ok", "detail", "provider_id", "seconds")
    ordering = ("pk",)


@admin.register(Notice)
class NoticeAdmin(ReadOnlyAdmin):
    list_display = ("kind_words", "addressee", "channel", "state", "attempts", "created_at", "sent_at")
    list_filter = ("state", "channel")
    list_select_related = ("recipient",)
    ordering = ("-pk",)
    inlines = (AttemptInline,)
    actions = ("try_again",)
    list_before_template = "admin/reviews/notice/state.html"
    # What it says (`params`) holds personal data and is of no use in finding out why it didn't arrive.
    fields = (
        "kind_words",
        "addressee",
        "channel",
        "state",
        "attempts",
        "created_at",
        "next_attempt_at",
        "sent_at",
        "delivered_at",
        "provider_id",
        "read_at",
    )

    @admin.display(description=_("Kind"), ordering="kind")
    def kind_words(self, notice: Notice) -> str:
        return kinds.name(notice.kind)

    @admin.display(description=_("Recipient"), ordering="recipient")
    def addressee(self, notice: Notice) -> str:
        return str(notice.recipient)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        shown = [(Notice.Channel(each.channel).label, each) for each in state.figures()]
        return super().changelist_view(request, {**(extra_context or {}), "figures": shown})

    @admin.action(description=_("Try again what was given up"))
    def try_again(self, request: HttpRequest, chosen: QuerySet[Notice]) -> None:
        ids = outbox.revive(chosen)
        kick.deliver(ids)
        words = ngettext("%(count)d notice is tried again.", "%(count)d notices are tried again.", len(ids))
        messages.success(request, words % {"count": len(ids)})
