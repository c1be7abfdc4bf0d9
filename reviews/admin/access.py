"""Who sees what in the admin: by posting, not by Django's permission rows; and nothing here is added or deleted."""

from __future__ import annotations

from typing import Any, cast

from django.http import HttpRequest
from unfold.admin import ModelAdmin

from permits.models import User
from reviews import policy


def who(request: HttpRequest) -> User:
    """The account behind a request to the admin, which lets nobody in without one."""
    return cast(User, request.user)


def is_official(request: HttpRequest) -> bool:
    return _once(request, "_is_official", policy.is_official_request)


def is_supervisor(request: HttpRequest) -> bool:
    return _once(request, "_is_supervisor", policy.is_supervisor_request)


def is_service_owner(request: HttpRequest) -> bool:
    return policy.is_service_owner_request(request)


def is_ops(request: HttpRequest) -> bool:
    return policy.is_ops_request(request)


def _once(request: HttpRequest, name: str, ask: Any) -> bool:
    """Asked of the database once a request: the menu asks it of every page again."""
    if not hasattr(request, name):
        setattr(request, name, request.user.is_authenticated and ask(request))
    return bool(getattr(request, name))


class ReadOnlyAdmin(ModelAdmin):
    """Looked at by those whom ``may_see`` lets in; changed by nobody. ``may_see`` is a function of the request."""

    may_see = staticmethod(is_ops)
    actions = None
    show_full_result_count = False
    list_per_page = 50

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.may_see(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may_see(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class OpsAdmin(ModelAdmin):
    """Kept by ops (superusers); nothing is deleted, what is past is made inactive."""

    show_full_result_count = False
    list_per_page = 50

    def has_module_permission(self, request: HttpRequest) -> bool:
        return is_ops(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_ops(request)

    has_change_permission = has_view_permission

    def has_add_permission(self, request: HttpRequest) -> bool:
        return is_ops(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
