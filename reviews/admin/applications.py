"""Applications, permits and ratings, for officials: looked at, and the few things a supervisor does to them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import Exists, OuterRef, Prefetch, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from permits.models import Application, Permit
from reviews import policy, times, workflow
from reviews.admin import originals, slips
from reviews.admin.access import ReadOnlyAdmin, is_official, is_supervisor, who
from reviews.models import Department, Rating, Task


def handled_by(request: HttpRequest, outer: str) -> Exists:
    """Whether the departments of the reader had a task of it."""
    return Exists(Task.objects.visible_to(who(request)).filter(application=OuterRef(outer)))


def words_page(
    model_admin: Any, request: HttpRequest, *, title: str, facts: list[tuple[Any, Any]], label: str, button: str,
    act: Any, done: str, back: str, refusals: tuple[type[Exception], ...] = (policy.Refused, workflow.ReasonNeeded),
) -> HttpResponse:  # fmt: skip
    """A page that asks for words and does one thing with them; what was typed comes back with a refusal."""
    text, error = request.POST.get("text", ""), ""
    if request.method == "POST":
        try:
            act(text)
        except refusals as refusal:
            error = str(refusal)
        else:
            messages.success(request, done)
            return redirect(back)
    context = {
        **model_admin.admin_site.each_context(request), "opts": model_admin.opts, "title": title, "facts": facts,
        "label": label, "button": button, "text": text, "error": error, "back": reverse(back),
    }  # fmt: skip
    return render(request, "admin/reviews/task/words.html", context, status=422 if error else 200)


@admin.register(Application)
class ApplicationAdmin(ReadOnlyAdmin):
    may_see = staticmethod(is_official)
    list_display = ("number_link", "holder", "service", "status_words", "submitted_at", "due_at")
    list_display_links = None
    list_filter = ("status",)
    list_select_related = ("enterprise", "version")
    ordering = ("-submitted_at", "-pk")
    search_fields = ("number", "enterprise__name")
    search_help_text = _("Number or enterprise")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Application]:
        mine = Prefetch("tasks", Task.objects.visible_to(who(request)).order_by("-pk"), to_attr="seen_tasks")
        found = Application.objects.filter(handled_by(request, "pk"), number__isnull=False)
        return found.defer("answers", "version__source").prefetch_related(mine)

    def get_urls(self) -> list[URLPattern]:
        originals = self.admin_site.admin_view(self.originals)
        return [path("<int:pk>/originals/", originals, name="permits_application_originals"), *super().get_urls()]

    def originals(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        return originals.page(self, request, pk)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        application = self.get_object(request, object_id)
        if application is None:
            raise Http404
        return redirect("admin:reviews_task_review", application.seen_tasks[0].pk)

    @admin.display(description=_("Number"), ordering="number")
    def number_link(self, application: Any) -> str:
        url = reverse("admin:reviews_task_review", args=[application.seen_tasks[0].pk])
        return format_html('<a class="rv-number" href="{}">{}</a>', url, application.number)

    @admin.display(description=_("Enterprise"), ordering="enterprise__name")
    def holder(self, application: Application) -> Any:
        return application.enterprise or "—"

    @admin.display(description=_("Service"))
    def service(self, application: Application) -> str:
        return str(application.definition.title)

    @admin.display(description=_("Status"), ordering="status")
    def status_words(self, application: Application) -> str:
        return application.status_label


@admin.register(Permit)
class PermitAdmin(ReadOnlyAdmin):
    may_see = staticmethod(is_official)
    list_display = ("number", "enterprise", "state", "issued_at", "valid_until", "revoke_link", "correct_link")
    list_filter = ("state",)
    list_select_related = ("application__enterprise",)
    ordering = ("-issued_at", "-pk")
    search_fields = ("number", "application__number", "application__enterprise__name")
    fields = ("number", "application_link", "enterprise", "state", "issued_at", "valid_until", "revoked_at",
              "corrected_at", "superseded_by", "earlier_versions", "key_id", "pdf_sha256")  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Permit]:
        found = Permit.objects.filter(handled_by(request, "application")).defer("application__answers")
        headed = Department.objects.ids_headed_by(who(request))
        decided = Task.objects.filter(application=OuterRef("application"), kind="decision", state=Task.State.DONE)
        mine = decided.filter(department__in=headed)
        return found.annotate(may_revoke=Exists(mine))

    def get_urls(self) -> list[URLPattern]:
        revoke = self.admin_site.admin_view(self.revoke)
        correct = self.admin_site.admin_view(self.correct)
        return [
            path("<int:pk>/revoke/", revoke, name="permits_permit_revoke"),
            path("<int:pk>/correct/", correct, name="permits_permit_correct"),
            *super().get_urls(),
        ]

    def correct(self, request: HttpRequest, pk: int) -> HttpResponse:
        permit = get_object_or_404(self.get_queryset(request), pk=pk, may_revoke=True, state=Permit.State.VALID)
        return slips.page(self, request, permit)

    def revoke(self, request: HttpRequest, pk: int) -> HttpResponse:
        permit = get_object_or_404(self.get_queryset(request), pk=pk, may_revoke=True)
        return words_page(
            self, request, title=gettext("Revoke %(number)s") % {"number": permit.number},
            facts=[(_("Enterprise"), self.enterprise(permit)), (_("State"), permit.get_state_display())],
            label=gettext("Reason"), button=gettext("Revoke"),
            act=lambda text: workflow.revoke_permit(permit.pk, official=who(request), reason=text),
            done=gettext("%(number)s is revoked.") % {"number": permit.number}, back="admin:permits_permit_changelist",
        )  # fmt: skip

    @admin.display(description=_("Enterprise"))
    def enterprise(self, permit: Permit) -> Any:
        return permit.application.enterprise or "—"

    @admin.display(description=_("Application"))
    def application_link(self, permit: Permit) -> str:
        url = reverse("admin:permits_application_change", args=[permit.application_id])
        return format_html('<a class="rv-number" href="{}">{}</a>', url, permit.application)

    @admin.display(description=_("Earlier versions"))
    def earlier_versions(self, permit: Permit) -> str:
        return slips.earlier_words(permit)

    @admin.display(description=_("Correct"))
    def correct_link(self, permit: Any) -> str:
        if permit.state != Permit.State.VALID or not permit.may_revoke:
            return "—"
        url = reverse("admin:permits_permit_correct", args=[permit.pk])
        return format_html('<a class="rv-link" href="{}">{}</a>', url, gettext("Correct"))

    @admin.display(description=_("Revoke"))
    def revoke_link(self, permit: Any) -> str:
        if permit.state != Permit.State.VALID or not permit.may_revoke:
            return "—"
        url = reverse("admin:permits_permit_revoke", args=[permit.pk])
        return format_html('<a class="rv-link" href="{}">{}</a>', url, gettext("Revoke"))


@admin.register(Rating)
class RatingAdmin(ReadOnlyAdmin):
    """Of one's own department. Who rated is never shown."""

    may_see = staticmethod(is_supervisor)
    list_display = ("score_words", "comment", "created_at", "office", "follow_up_state")
    list_display_links = None
    list_filter = ("score",)
    list_select_related = ("department",)
    ordering = ("-created_at", "-pk")
    fields = ("score", "comment", "created_at", "office", "follow_up_due_at", "followed_up_at", "follow_up")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Rating]:
        return Rating.objects.filter(department__in=Department.objects.ids_headed_by(who(request)))

    def get_urls(self) -> list[URLPattern]:
        follow_up = self.admin_site.admin_view(self.follow_up_page)
        return [path("<int:pk>/follow-up/", follow_up, name="reviews_rating_follow_up"), *super().get_urls()]

    def follow_up_page(self, request: HttpRequest, pk: int) -> HttpResponse:
        rating = get_object_or_404(self.get_queryset(request), pk=pk, followed_up_at=None)
        return words_page(
            self, request, title=gettext("Follow up a rating"),
            facts=[(_("Score"), rating.get_score_display()), (_("Comment"), rating.comment or "—")],
            label=gettext("What was done about it"), button=gettext("Record the follow-up"),
            act=lambda text: workflow.follow_up_rating(rating.pk, official=who(request), text=text),
            done=gettext("The follow-up is on record."), back="admin:reviews_rating_changelist",
        )  # fmt: skip

    @admin.display(description=_("Score"), ordering="score")
    def score_words(self, rating: Rating) -> str:
        return f"{rating.score} · {rating.get_score_display()}"

    @admin.display(description=_("Department"), ordering="department")
    def office(self, rating: Rating) -> Any:
        return rating.department or "—"

    @admin.display(description=_("Follow-up"), ordering="follow_up_due_at")
    def follow_up_state(self, rating: Rating) -> str:
        if rating.followed_up_at:
            return gettext("done")
        if not rating.follow_up_due_at:
            return "—"
        url = reverse("admin:reviews_rating_follow_up", args=[rating.pk])
        day = times.day(rating.follow_up_due_at)
        return format_html('<a class="rv-link" href="{}">{}</a>', url, gettext("Record by %(day)s") % {"day": day})
