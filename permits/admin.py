"""Accounts, enterprises and services in the admin: for ops."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from permits.codes import mobile, resident_id
from permits.models import Enterprise, Membership, User

if admin.site.is_registered(Group):
    admin.site.unregister(Group)  # what somebody may do comes from memberships and postings


def _is_ops(request: HttpRequest) -> bool:
    return bool(request.user.is_active and request.user.is_superuser)


class OpsMayLook:
    """Seen by ops, changed by nobody."""

    actions = None
    show_full_result_count = False
    list_per_page = 50

    def has_module_permission(self, request: HttpRequest) -> bool:
        return _is_ops(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _is_ops(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class NewUserForm(UserCreationForm):
    class Meta:
        model = User
        fields = ("email", "name")


class UserForm(UserChangeForm):
    class Meta:
        model = User
        fields = "__all__"
        field_classes: dict[str, type] = {}


@admin.register(User)
class UserAdmin(DjangoUserAdmin, ModelAdmin):
    form = UserForm
    add_form = NewUserForm
    change_password_form = AdminPasswordChangeForm
    actions = None
    list_display = ("email", "name", "is_staff", "is_superuser", "is_active", "date_joined")
    list_filter = ("is_staff", "is_superuser", "is_active")
    search_fields = ("email", "name")
    ordering = ("-date_joined",)
    show_full_result_count = False
    list_per_page = 50
    filter_horizontal = ()
    readonly_fields = ("masked_mobile", "date_joined", "last_login")
    fieldsets = (
        (None, {"fields": ("email", "name", "password", "language", "masked_mobile")}),
        (_("Access"), {"fields": ("is_active", "is_staff", "is_superuser")}),
        (_("Dates"), {"fields": ("date_joined", "last_login")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "name", "is_staff", "usable_password", "password1", "password2")}),)

    @admin.display(description=_("Mobile"))
    def masked_mobile(self, user: User) -> str:
        return mobile.mask(user.mobile) if user.mobile else "—"

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        obj.email = obj.email.lower()
        super().save_model(request, obj, form, change)
        # An address that ops typed is vouched for; without this the account couldn't log in.
        address, _new = EmailAddress.objects.get_or_create(user=obj, email=obj.email)
        address.verified = True
        address.save()
        address.set_as_primary()


class MembershipInline(OpsMayLook, TabularInline):
    model = Membership
    extra = 0
    fields = readonly_fields = ("user", "role", "active", "created_at")


@admin.register(Enterprise)
class EnterpriseAdmin(OpsMayLook, ModelAdmin):
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
