"""What a system administrator looks after: offices, the calendar, enterprises, the outbox; and the auditor's log."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline

from permits.codes import mobile, resident_id
from permits.models import Enterprise, Membership, User
from reviews import calendars, roles
from reviews.admin.access import OpsAdmin, ReadOnlyAdmin, is_ops
from reviews.audit import log
from reviews.models import CalendarDay, Department, Event


@admin.register(Department)
class DepartmentAdmin(OpsAdmin):
    may_look = staticmethod(roles.is_security_admin_request)  # who posts people to them
    list_display = ("name_zh", "name_en", "kind", "region", "active")
    list_filter = ("active", "kind")
    search_fields = ("name_zh", "name_en", "region")
    ordering = ("region", "kind")


@admin.register(CalendarDay)
class CalendarDayAdmin(OpsAdmin):
    list_display = ("date", "working", "note")
    ordering = ("-date",)

    def save_model(self, request: HttpRequest, obj: CalendarDay, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if waiting := calendars.open_ones_counted_otherwise():
            words = _("%(count)d open applications are counted with the calendar as it was: manage.py recompute_due_times")
            messages.warning(request, words % {"count": waiting})


class InlineToLookAt(TabularInline):
    extra = 0

    def has_view_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return is_ops(request)

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    has_change_permission = has_delete_permission = has_add_permission


class MembershipInline(InlineToLookAt):
    model = Membership
    fields = readonly_fields = ("user", "role", "active", "created_at")


@admin.register(Enterprise)
class EnterpriseAdmin(ReadOnlyAdmin):
    list_display = ("name", "uscc", "region", "industry", "size")
    search_fields = ("name", "uscc")
    ordering = ("name",)
    inlines = (MembershipInline,)
    fields = ("name", "uscc", "registered_address", "production_address", "region", "industry", "size",
              "legal_name", "masked_id_number", "masked_mobile", "created_at")  # fmt: skip

    @admin.display(description=_("Legal representative's ID number"))
    def masked_id_number(self, enterprise: Enterprise) -> str:
        return resident_id.mask(enterprise.legal_id_number) if enterprise.legal_id_number else "—"

    @admin.display(description=_("Legal representative's mobile"))
    def masked_mobile(self, enterprise: Enterprise) -> str:
        return mobile.mask(enterprise.legal_mobile) if enterprise.legal_mobile else "—"


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    may_see = staticmethod(roles.is_audit_admin_request)
    list_display = ("at", "stream_of", "position", "action_words", "actor", "role", "before", "after")
    list_select_related = ("actor",)
    list_filter = ("action",)
    search_fields = ("stream", "application__number")
    ordering = ("-pk",)
    fields = ("stream", "about", "seq", "application", "action", "actor", "role", "at", "before", "after", "payload",
              "prev_hash", "hash")  # fmt: skip
    readonly_fields = ("about",)

    @admin.display(description=_("Belongs to"), ordering="stream")
    def stream_of(self, event: Event) -> str:
        return event.stream

    @admin.display(description=_("Step"))
    def position(self, event: Event) -> int:
        return event.seq

    @admin.display(description=_("Action"), ordering="action")
    def action_words(self, event: Event) -> str:
        return log.label(event.action)

    @admin.display(description=_("Concerns"))
    def about(self, event: Any) -> str:
        """The person behind an account's stream, which names nobody by itself."""
        kind, _colon, public_id = event.stream.partition(":")
        user = User.objects.filter(public_id=public_id).first() if kind == "account" else None
        return f"{user.name} <{user.email}>" if user else "—"
