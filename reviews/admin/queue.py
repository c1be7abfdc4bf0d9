"""The queue: the tasks of one's own departments, by the time they are due."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.views import ChangeList

from reviews import calendars
from reviews.admin import review
from reviews.admin.access import ReadOnlyAdmin, is_official, who
from reviews.admin.due import time_left
from reviews.models import Task


class WhichTasks(admin.SimpleListFilter):
    """Open ones unless asked for others."""

    title = _("tasks")
    parameter_name = "which"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("open", _("Open")),
            ("mine", _("Mine")),
            ("unclaimed", _("Unclaimed")),
            ("overdue", _("Overdue")),
            ("closed", _("Closed")),
        ]

    def value(self) -> str:
        return super().value() or "open"

    def choices(self, changelist: Any) -> Any:
        for key, title in self.lookup_choices:
            yield {
                "selected": self.value() == key,
                "query_string": changelist.get_query_string({self.parameter_name: key}),
                "display": title,
            }

    def queryset(self, request: HttpRequest, queryset: QuerySet[Task]) -> QuerySet[Task]:
        match self.value():
            case "mine":
                return queryset.filter(state=Task.State.OPEN, claimed_by=who(request))
            case "unclaimed":
                return queryset.filter(state=Task.State.OPEN, claimed_by=None)
            case "overdue":
                return queryset.filter(state=Task.State.OPEN, due_at__lt=timezone.now())
            case "closed":
                return queryset.exclude(state=Task.State.OPEN)
            case _:
                return queryset.filter(state=Task.State.OPEN)


class Queue(ChangeList):
    """Reads the calendar once for all the rows of a page."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        calendar, now = calendars.current(), timezone.now()
        self.result_list = list(self.result_list)  # type: ignore[has-type]
        for task in self.result_list:
            task.time_left = time_left(task, now, calendar)
        self.tabs = [choice for spec in self.filter_specs for choice in spec.choices(self)]


@admin.register(Task)
class TaskAdmin(ReadOnlyAdmin):
    may_see = staticmethod(is_official)
    list_display = ("number", "enterprise", "service", "stage_column", "due", "claimed", "state")
    list_display_links = None
    list_filter = (WhichTasks,)
    list_select_related = ("application__enterprise", "application__applicant", "application__version", "claimed_by")
    list_before_template = "admin/reviews/task/tabs.html"
    list_fullwidth = True
    ordering = ("due_at", "pk")
    search_fields = ("application__number", "application__enterprise__name")
    search_help_text = _("Number or enterprise")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Task]:
        # The answers are of no use in a list, and each costs a decryption.
        return Task.objects.visible_to(who(request)).defer("application__answers", "application__version__source")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return Queue

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {"title": _("Queue"), **(extra_context or {})})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return redirect("admin:reviews_task_review", object_id)

    def get_urls(self) -> list[URLPattern]:
        def wrapped(view: Any) -> Any:
            return self.admin_site.admin_view(view)

        return [
            path("<int:pk>/review/", wrapped(self._review), name="reviews_task_review"),
            path("<int:pk>/claim/", wrapped(review.claim), name="reviews_task_claim"),
            path("<int:pk>/release/", wrapped(review.release), name="reviews_task_release"),
            *super().get_urls(),
        ]

    def _review(self, request: HttpRequest, pk: int) -> HttpResponse:
        return review.page(request, pk, {**self.admin_site.each_context(request), "opts": self.opts})

    @admin.display(description=_("Number"), ordering="application__number")
    def number(self, task: Task) -> str:
        url = reverse("admin:reviews_task_review", args=[task.pk])
        return format_html('<a class="rv-number" href="{}">{}</a>', url, task.application)

    @admin.display(description=_("Enterprise"))
    def enterprise(self, task: Task) -> Any:
        return task.application.enterprise or task.application.applicant

    @admin.display(description=_("Service"))
    def service(self, task: Task) -> str:
        return str(task.application.definition.title)

    @admin.display(description=_("Stage"))
    def stage_column(self, task: Task) -> str:
        return task.stage_label

    @admin.display(description=_("Due"), ordering="due_at")
    def due(self, task: Any) -> str:
        return format_html(
            '<span class="rv-duebox"><span class="rv-due rv-due-{}">{}</span> '
            '<time class="rv-when" datetime="{}">{}</time></span>',
            task.time_left.state, task.time_left.words, task.due_at.isoformat(),
            timezone.localtime(task.due_at).strftime("%Y-%m-%d %H:%M"),
        )  # fmt: skip

    @admin.display(description=_("Claimed by"))
    def claimed(self, task: Task) -> Any:
        return task.claimed_by or "—"
