"""What ops look after: offices, postings, the outbox, the log."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline

from reviews.admin.access import OpsAdmin, ReadOnlyAdmin, is_ops
from reviews.audit import log
from reviews.models import Attempt, CalendarDay, Department, Event, Notice, Official


@admin.register(Department)
class DepartmentAdmin(OpsAdmin):
    list_display = ("name_zh", "name_en", "kind", "region", "active")
    list_filter = ("active", "kind")
    search_fields = ("name_zh", "name_en", "region")
    ordering = ("region", "kind")


@admin.register(Official)
class OfficialAdmin(OpsAdmin):
    list_display = ("user", "department", "role", "active")
    list_filter = ("role", "active")
    list_select_related = ("user", "department")
    search_fields = ("user__name", "user__email", "department__name_zh", "department__name_en")
    autocomplete_fields = ("user", "department")
    ordering = ("department__region", "department__kind", "pk")


@admin.register(CalendarDay)
class CalendarDayAdmin(OpsAdmin):
    list_display = ("date", "working", "note")
    ordering = ("-date",)


# What offices and supervisors are told; an applicant is told of events, by the events' own names.
OFFICE_NOTICES = {"new_task": _("New task"), "overdue": _("Overdue"), "bad_rating": _("Bad rating")}


class AttemptInline(TabularInline):
    model = Attempt
    extra = 0
    fields = readonly_fields = ("at", "ok", "detail", "seconds")
    ordering = ("pk",)

    def has_view_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return is_ops(request)

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    has_change_permission = has_delete_permission = has_add_permission


@admin.register(Notice)
class NoticeAdmin(ReadOnlyAdmin):
    list_display = ("kind_words", "addressee", "channel", "state", "attempts", "created_at", "sent_at")
    list_filter = ("state", "channel")
    list_select_related = ("recipient",)
    ordering = ("-pk",)
    inlines = (AttemptInline,)
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
        "read_at",
    )

    @admin.display(description=_("Kind"), ordering="kind")
    def kind_words(self, notice: Notice) -> str:
        return str(OFFICE_NOTICES.get(notice.kind) or log.label(notice.kind))

    @admin.display(description=_("Recipient"), ordering="recipient")
    def addressee(self, notice: Notice) -> str:
        return str(notice.recipient)


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    list_display = ("at", "stream_of", "position", "action_words", "actor", "role", "before", "after")
    list_select_related = ("actor",)
    list_filter = ("action",)
    search_fields = ("stream", "application__number")
    ordering = ("-pk",)
    fields = ("stream", "seq", "application", "action", "actor", "role", "at", "before", "after", "payload",
              "prev_hash", "hash")  # fmt: skip

    @admin.display(description=_("Belongs to"), ordering="stream")
    def stream_of(self, event: Event) -> str:
        return event.stream

    @admin.display(description=_("Step"))
    def position(self, event: Event) -> int:
        return event.seq

    @admin.display(description=_("Action"), ordering="action")
    def action_words(self, event: Event) -> str:
        return log.label(event.action)
