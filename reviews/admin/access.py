"""Who sees what in the admin: by posting and role, not by Django's permission rows; and nothing is deleted here."""

from __future__ import annotations

from typing import Any, cast

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from unfold.admin import ModelAdmin

from permits.models import Application, Enterprise, User
from reviews import policy, roles, settings_log
from reviews.audit import reads
from reviews.models import Department, Task


def who(request: HttpRequest) -> User:
    """The account behind a request to the admin, which lets nobody in without one."""
    return cast(User, request.user)


def is_official(request: HttpRequest) -> bool:
    return _once(request, "_is_official", policy.is_official_request)


def is_supervisor(request: HttpRequest) -> bool:
    return _once(request, "_is_supervisor", policy.is_supervisor_request)


def is_service_owner(request: HttpRequest) -> bool:
    return roles.is_service_owner_request(request)


def is_ops(request: HttpRequest) -> bool:
    """The system administrator."""
    return roles.is_system_admin_request(request)


def own_tasks(request: HttpRequest) -> QuerySet[Task]:
    """The tasks that exist for this official: those of their departments. Any other is not found."""
    related = ("application__version", "application__enterprise", "application__applicant", "department", "claimed_by")
    return Task.objects.visible_to(who(request)).select_related(*related)


def at_the_queue(request: HttpRequest) -> bool:
    """For the menu: the board's address lies below the queue's, and has an entry of its own."""
    queue = reverse("admin:reviews_task_changelist")
    return request.path.startswith(queue) and not request.path.startswith(reverse("admin:reviews_task_board"))


def looks(request: HttpRequest, subject: Application | Enterprise | User, what: str, *, office: Department | None = None,
          **data: str) -> None:  # fmt: skip
    """Put on record that the one behind the request looks at somebody's data: before it is shown, or it isn't."""
    role = f"official@{office.kind}:{office.region}" if office else "official"
    reads.note(who(request), subject, what, role=role, **data)


def _once(request: HttpRequest, name: str, ask: Any) -> bool:
    """Asked of the database once a request: the menu asks it of every page again."""
    if not hasattr(request, name):
        setattr(request, name, request.user.is_authenticated and ask(request))
    return bool(getattr(request, name))


class ReadOnlyAdmin(ModelAdmin):
    """Looked at by those whom ``may_see`` lets in; changed by nobody. ``may_see`` is a function of the request."""

    may_see = staticmethod(is_ops)
    actions: Any = None
    show_full_result_count = False
    list_per_page = 50

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Without a way to a history of changes: nothing is changed here, so it would be empty."""
        return super().changeform_view(request, object_id, form_url, {"show_history": False, **(extra_context or {})})

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
    """Kept by the system administrator, each change with its event; nothing is deleted, what is past is made inactive.

    Those whom ``may_look`` lets in see it.
    """

    may_look = staticmethod(is_ops)
    actions = None
    show_full_result_count = False
    list_per_page = 50

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_ops(request) or self.may_look(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_ops(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return is_ops(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        settings_log.save(obj, by=who(request))
