"""Messages and call-backs at the desk: the list, a thread, a draft that its applicant lets the office look at; saved answers."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import ModelAdmin

from permits.models import Application
from reviews import guidance, policy, workflow
from reviews.admin import casefile, threads
from reviews.admin.access import ReadOnlyAdmin, is_official, looks, who
from reviews.models import CallbackRequest, Department, SavedAnswer, Side, Thread

REFUSALS = (policy.Refused, workflow.ReasonNeeded, workflow.NotSensible)


@admin.register(Thread)
class ThreadAdmin(ReadOnlyAdmin):
    """A thread has its application's key; one can begin where nothing was written yet."""

    may_see = staticmethod(is_official)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Thread]:
        return guidance.threads_of(who(request))

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return threads.show_list(request, self._context(request))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if not object_id.isdecimal():
            raise Http404
        return redirect("admin:reviews_thread_thread", object_id)

    def get_urls(self) -> list[URLPattern]:
        wrapped = self.admin_site.admin_view
        return [
            path("<int:pk>/thread/", wrapped(self.thread), name="reviews_thread_thread"),
            path("<int:pk>/draft/", wrapped(self.draft), name="reviews_thread_draft"),
            *super().get_urls(),
        ]

    def _context(self, request: HttpRequest) -> dict[str, Any]:
        return {**self.admin_site.each_context(request), "opts": self.opts}

    def thread(self, request: HttpRequest, pk: int) -> HttpResponse:
        application = _application(request, pk)
        if request.method != "POST":
            return self._show(request, application, {})
        typed = {
            name: request.POST.get(name, "")
            for name in ("do", "text", "note", "spoken_at", "saved", "key", "call", "last")
        }
        if typed["do"] == "insert":
            return self._show(request, application, typed | {"text": _inserted(request, application, typed)})
        try:
            done = _do(request, application, typed)
        except REFUSALS as refusal:
            status = 422 if isinstance(refusal, workflow.ReasonNeeded) else 409
            return self._show(request, application, typed, error=str(refusal), status=status)
        messages.success(request, done)
        return redirect("admin:reviews_thread_thread", pk)

    def _show(
        self,
        request: HttpRequest,
        application: Application,
        typed: dict[str, str],
        *,
        error: str = "",
        status: int = 200,
    ) -> HttpResponse:
        now = timezone.now()
        context = threads.context_of(request, application, now)
        try:
            guidance.check_answers(who(request), application, context["thread"], now)
            refused = ""
        except policy.Refused as refusal:
            refused = str(refusal)
        context |= {
            **self._context(request), "title": _("Conversation"), "is_fullwidth": "1", "application": application, "typed": typed,
            "error": error, "refused": refused, "key": typed.get("key") or uuid4(), "longest": guidance.LONGEST,
            "spoken_at": typed.get("spoken_at") or timezone.localtime(now).strftime("%Y-%m-%dT%H:%M"),
        }  # fmt: skip
        page = render(request, "admin/reviews/thread/thread.html", context, status=status)
        thread = context["thread"]
        looks(request, application, "thread", office=thread.department if thread else None)
        if thread and context["last"] and not refused:
            workflow.read_thread(thread, side=Side.OFFICE, up_to=context["last"])
        return page

    def draft(self, request: HttpRequest, pk: int) -> HttpResponse:
        application = _application(request, pk)
        try:
            application, post = workflow.look_at_draft(application.pk, official=who(request))
        except policy.Refused as refusal:
            messages.error(request, str(refusal))
            return redirect("admin:reviews_thread_thread", pk)
        context = {
            **self._context(request), "title": _("Draft, to be read only"), "is_fullwidth": "1", "application": application,
            "sections": casefile.sections(application), "consent": guidance.consent_of(application, timezone.now()),
            "materials": [(asked, [file for file in casefile.all_files(application) if file.requirement == asked.key
                                   and file.replaced_at is None]) for asked in application.definition.materials],
        }  # fmt: skip
        page = render(request, "admin/reviews/thread/draft.html", context)
        looks(request, application, "draft", office=post.department)
        return page


def _application(request: HttpRequest, pk: int) -> Application:
    rows = guidance.applications_of(who(request)).select_related("version", "enterprise", "applicant")
    return get_object_or_404(rows, pk=pk)


def _do(request: HttpRequest, application: Application, typed: dict[str, str]) -> str:
    """One of the page's forms; return what was done, in words. Raise what the workflow raises."""
    official, pk = who(request), application.pk
    seen = int(typed["last"]) if typed["last"].isdecimal() and len(typed["last"]) < 19 else None
    match typed["do"]:
        case "claim":
            workflow.claim_thread(pk, official=official)
            return _("The question is in your hands now.")
        case "release":
            workflow.release_thread(pk, official=official)
            return _("The question is back with the office.")
        case "phone":
            at = _moment(typed["spoken_at"])
            workflow.answer(pk, official=official, text=typed["note"], key=typed["key"], seen=seen, spoken_at=at)
            return _("What was said by phone is on record, and the applicant can read it.")
        case "reached" | "missed" as outcome:
            call = _call(application, typed["call"])
            workflow.handle_call(call, official=official, reached=outcome == "reached", note=typed["note"])
            return _("The call is on record.")
        case "send":
            workflow.answer(pk, official=official, text=typed["text"], key=typed["key"], seen=seen)
            return _("Your answer was sent.")
    raise workflow.NotSensible(_("There is no such step. Reload the page."))


def _call(application: Application, public_id: str) -> UUID:
    try:
        return CallbackRequest.objects.get(public_id=UUID(public_id), application=application).public_id
    except (ValueError, CallbackRequest.DoesNotExist):
        raise workflow.NotSensible(_("There is no such call. Reload the page.")) from None


def _moment(text: str) -> datetime:
    """As ``datetime-local`` sends it, in the time of the portal."""
    try:
        at = parse_datetime(text)
    except ValueError:
        at = None
    if at is None:
        raise workflow.NotSensible(_("Give the day and the time of the call."))
    return timezone.make_aware(at) if timezone.is_naive(at) else at


def _inserted(request: HttpRequest, application: Application, typed: dict[str, str]) -> str:
    """What is typed, and behind it the saved answer in the applicant's language."""
    thread = Thread.objects.filter(pk=application.pk).first()
    mine = guidance.saved_answers(who(request), thread.department_id if thread else 0)
    found = mine.filter(pk=typed["saved"]).first() if typed["saved"].isdecimal() and len(typed["saved"]) < 19 else None
    text = typed["text"].strip()
    return "\n\n".join(filter(None, (text, found.text(application.applicant.language) if found else "")))


class SavedAnswerForm(forms.ModelForm):
    class Meta:
        model = SavedAnswer
        fields = ("title", "department", "text_zh", "text_en", "active")
        help_texts = {
            "department": gettext_lazy("Left empty, it is your own. A department's is kept by its supervisors.")
        }

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if not ((cleaned.get("text_zh") or "").strip() or (cleaned.get("text_en") or "").strip()):
            raise forms.ValidationError(_("Write the answer in one of the languages at least."))
        return cleaned


@admin.register(SavedAnswer)
class SavedAnswerAdmin(ModelAdmin):
    form = SavedAnswerForm
    list_display = ("title", "whose", "active")
    list_filter = ("active",)
    list_select_related = ("department",)
    ordering = ("title", "pk")
    search_fields = ("title",)
    actions = None
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[SavedAnswer]:
        mine = Q(owner=who(request)) | Q(department__in=Department.objects.ids_of(who(request)))
        return SavedAnswer.objects.filter(mine)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return is_official(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_official(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return is_official(request)

    def has_change_permission(self, request: HttpRequest, obj: SavedAnswer | None = None) -> bool:
        if obj is None or obj.owner_id == who(request).pk:
            return is_official(request)
        return obj.department_id in Department.objects.ids_headed_by(who(request))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "department":
            headed = Department.objects.ids_headed_by(who(request))
            kwargs["queryset"] = Department.objects.filter(pk__in=headed).order_by("pk")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: SavedAnswer, form: Any, change: bool) -> None:
        obj.owner = None if obj.department_id else who(request)
        workflow.save_answer(obj, by=who(request))

    @admin.display(description=gettext_lazy("Whose"))
    def whose(self, row: SavedAnswer) -> str:
        return str(row.department) if row.department else _("My own")
