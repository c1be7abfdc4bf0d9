"""What a system administrator looks after: offices, the calendar, enterprises, the outbox; and the auditor's log."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import TabularInline

from permits.codes import mobile, resident_id
from permits.models import Enterprise, Membership
from reviews import calendars, roles
from reviews.admin.access import OpsAdmin, ReadOnlyAdmin, is_ops, looks
from reviews.models import CalendarDay, Department


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
            words = ngettext(
                "%(count)d open application is counted with the calendar as it was: manage.py recompute_due_times",
                "%(count)d open applications are counted with the calendar as it was: manage.py recompute_due_times",
                waiting,
            )
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
    fields = readonly_fields = ("user", "role", "active", "all_services", "valid_from", "valid_until", "created_at")


@admin.register(Enterprise)
class EnterpriseAdmin(ReadOnlyAdmin):
    list_display = ("name", "uscc", "region", "industry", "size")
    search_fields = ("name", "uscc")
    ordering = ("name",)
    inlines = (MembershipInline,)
    fields = ("name", "uscc", "registered_address", "production_address", "region", "industry", "size",
              "legal_name", "masked_id_number", "masked_mobile", "created_at")  # fmt: skip

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        found = super().get_object(request, object_id, from_field)
        if found is not None and self.has_view_permission(request, found):
            looks(request, found, "enterprise")
        return found

    @admin.display(description=_("Legal representative's ID number"))
    def masked_id_number(self, enterprise: Enterprise) -> str:
        return resident_id.mask(enterprise.legal_id_number) if enterprise.legal_id_number else "—"

    @admin.display(description=_("Legal representative's mobile"))
    def masked_mobile(self, enterprise: Enterprise) -> str:
        return mobile.mask(enterprise.legal_mobile) if enterprise.legal_mobile else "—"
