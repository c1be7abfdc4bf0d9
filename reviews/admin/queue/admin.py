"""The queue's addresses in the admin."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path

from reviews.admin import authority, board, review, viewer
from reviews.admin.access import ReadOnlyAdmin, is_official, who
from reviews.admin.queue import bulk, page, saved
from reviews.models import Task


@admin.register(Task)
class TaskAdmin(ReadOnlyAdmin):
    """Its list is a page of our own: Django's counts the rows, and skips over those of earlier pages."""

    may_see = staticmethod(is_official)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Task]:
        """What Django's own pages, the history of a task among them, may find."""
        return Task.objects.visible_to(who(request))

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        self._check(request)
        return page.show(request, {**self._context(request), **(extra_context or {})})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not object_id.isdecimal():
            raise Http404
        return redirect("admin:reviews_task_review", object_id)

    def get_urls(self) -> list[URLPattern]:
        def wrapped(view: Any) -> Any:
            return self.admin_site.admin_view(view)

        def checked(view: Any) -> Any:
            def for_officials(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
                self._check(request)
                return view(request, *args, **kwargs)

            return wrapped(for_officials)

        def form(view: Any) -> Any:
            """It takes a form. Whoever comes by its address, as after a log-in in between, is led to the queue."""

            def posted(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
                return view(request, *args, **kwargs) if request.method == "POST" else redirect(page.back(request))

            return checked(posted)

        return [
            path("find/", form(page.find), name="reviews_task_find"),
            path("next/", form(page.next_task), name="reviews_task_next"),
            path("many/", form(self._many), name="reviews_task_many"),
            path("filters/save/", form(saved.save), name="reviews_savedfilter_save"),
            path("filters/<int:pk>/remove/", form(saved.remove), name="reviews_savedfilter_remove"),
            path("board/", wrapped(self._board), name="reviews_task_board"),
            path("board/<slug:table>.<slug:form>", wrapped(board.export), name="reviews_task_board_export"),
            path("<int:pk>/review/", wrapped(self._review), name="reviews_task_review"),
            path("<int:pk>/record.json", wrapped(review.proof), name="reviews_task_proof"),
            path("<int:pk>/authority/", wrapped(authority.document), name="reviews_task_authority"),
            path("<int:pk>/claim/", wrapped(review.claim), name="reviews_task_claim"),
            path("<int:pk>/release/", wrapped(self._release), name="reviews_task_release"),
            path("viewer/frame/", checked(viewer.frame), name="reviews_task_frame"),
            path("<int:pk>/viewer/", wrapped(self._viewer), name="reviews_task_viewer"),
            path("<int:pk>/viewer/find/", wrapped(viewer.find), name="reviews_task_find_text"),
            path("<int:pk>/viewer/file/<uuid:file>/", wrapped(viewer.content), name="reviews_task_content"),
            path("<int:pk>/viewer/text/<uuid:file>/", wrapped(viewer.text), name="reviews_task_text"),
            *super().get_urls(),
        ]

    def _check(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied

    def _context(self, request: HttpRequest) -> dict[str, Any]:
        return {**self.admin_site.each_context(request), "opts": self.opts}

    def _board(self, request: HttpRequest) -> HttpResponse:
        return board.page(request, self._context(request))

    def _many(self, request: HttpRequest) -> HttpResponse:
        return bulk.many(request, self._context(request))

    def _review(self, request: HttpRequest, pk: int) -> HttpResponse:
        context = {**self._context(request), "queue": page.back(request), "query": page.last_query(request)}
        return review.page(request, pk, context, onward=page.onward)

    def _viewer(self, request: HttpRequest, pk: int) -> HttpResponse:
        return viewer.page(request, pk, self._context(request))

    def _release(self, request: HttpRequest, pk: int) -> HttpResponse:
        return review.release(request, pk, page.back(request))
