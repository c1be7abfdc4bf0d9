"""Draft editions in the admin: the list, a new one, the page that publishes one or sets its time."""

from __future__ import annotations

import difflib
from datetime import datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from permits.definition_file import DefinitionError
from permits.definition_words import in_words
from permits.intake.materials import discard
from permits.models import EditionDraft, Service, ServiceVersion
from reviews import drafting, editions, publishing, times
from reviews.admin import draft_editor, draft_files
from reviews.admin.access import ReadOnlyAdmin, is_service_owner, who

MAX_FILE = 1024 * 1024
SHANGHAI = ZoneInfo("Asia/Shanghai")


@admin.register(EditionDraft)
class EditionDraftAdmin(ReadOnlyAdmin):
    """A draft's own page is the editor; what can be done to it stands there."""

    may_see = staticmethod(is_service_owner)
    list_display = ("name", "base", "state", "saved_by", "saved_at")
    list_select_related = ("service__current", "base__service", "saved_by", "published_version__service")
    ordering = ("-saved_at",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return is_service_owner(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_service_owner(request) and (obj is None or obj.open)

    def delete_model(self, request: HttpRequest, obj: EditionDraft) -> None:
        uploaded = list(obj.files.values_list("sha256", flat=True))
        super().delete_model(request, obj)
        for sha256 in uploaded:
            transaction.on_commit(partial(discard, sha256))

    @admin.display(description=gettext_lazy("Draft edition"))
    def name(self, draft: EditionDraft) -> str:
        return draft_editor.name_of(draft)

    @admin.display(description=gettext_lazy("State"))
    def state(self, draft: EditionDraft) -> str:
        return state_of(draft)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        return start(request)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        return draft_editor.edit(request, _draft(request, object_id))

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("<int:pk>/frame/", view(frame), name="permits_editiondraft_frame"),
            path("<int:pk>/files/", view(files), name="permits_editiondraft_files"),
            path("<int:pk>/publish/", view(publish), name="permits_editiondraft_publish"),
            path("<int:pk>/unschedule/", view(unschedule), name="permits_editiondraft_unschedule"),
            path("<int:pk>/export/", view(export), name="permits_editiondraft_export"),
        ]
        # Before the session check of the admin: a page that saves itself isn't sent to the log-in page.
        changed = [path("<path:object_id>/change/", draft_editor.signed_in(view(self.change_view)),
                        name="permits_editiondraft_change")]  # fmt: skip
        return own + changed + super().get_urls()


def state_of(draft: EditionDraft) -> str:
    if draft.published_version is not None:
        return _("published as %(edition)s") % {"edition": draft.published_version}
    if draft.publish_at is not None:
        at = times.short(draft.publish_at)
        return _("to be published %(time)s (Beijing time)") % {"time": at}
    return _("not published as scheduled") if draft.refused_at else _("being written")


def _draft(request: HttpRequest, pk: Any) -> EditionDraft:
    if not is_service_owner(request):
        raise PermissionDenied
    if not str(pk).isdecimal():
        raise Http404
    related = ("service__current__service", "base__service", "saved_by", "scheduled_by", "published_version__service")
    return get_object_or_404(EditionDraft.objects.select_related(*related), pk=pk)


# --- A new draft -----------------------------------------------------------------------------------------------


class StartForm(forms.Form):
    edition = forms.ModelChoiceField(
        ServiceVersion.objects.none(), required=False, label=gettext_lazy("Begin with the edition in force of"),
        empty_label=gettext_lazy("— none: with the TOML below —"),
    )  # fmt: skip
    file = forms.FileField(required=False, label=gettext_lazy("A TOML file"))
    source = forms.CharField(
        required=False, strip=False, label=gettext_lazy("Or TOML, pasted"), widget=forms.Textarea(attrs={"rows": 10})
    )

    def __init__(self, edition: ServiceVersion | None, data: Any = None, files: Any = None) -> None:
        super().__init__(data, files, initial={"edition": edition})
        in_force = Service.objects.filter(current__isnull=False).values_list("current", flat=True)
        wanted = {*in_force, *([edition.pk] if edition else [])}
        choice = self.fields["edition"]
        choice.queryset = ServiceVersion.objects.filter(pk__in=wanted).select_related("service")  # type: ignore[attr-defined]
        choice.label_from_instance = lambda version: f"{version.definition.title} ({version})"  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or {}
        if typed.get("file"):
            typed["source"] = self._text(typed["file"])
        if not typed.get("edition") and not (typed.get("source") or "").strip() and not self.errors:
            raise forms.ValidationError(_("Choose an edition, or give a TOML text to begin with."))
        return typed

    def _text(self, file: Any) -> str:
        if file.size > MAX_FILE:
            raise forms.ValidationError(_("This file is larger than 1 MB; a definition is smaller."))
        try:
            return str(file.read().decode("utf-8"))
        except UnicodeDecodeError as error:
            raise forms.ValidationError(_("This file is not UTF-8 text. Save it as UTF-8 and try again.")) from error


def start(request: HttpRequest) -> HttpResponse:
    if not is_service_owner(request):
        raise PermissionDenied
    asked = request.GET.get("edition", "")
    edition = ServiceVersion.objects.filter(pk=asked).select_related("service").first() if asked.isdecimal() else None
    form = StartForm(edition, *((request.POST, request.FILES) if request.method == "POST" else ()))
    if request.method == "POST" and form.is_valid():
        try:
            pasted = form.cleaned_data["source"]
            base = None if pasted.strip() else form.cleaned_data["edition"]
            draft = drafting.start(by=who(request), base=base, source=pasted)
        except drafting.TooLong as error:
            form.add_error("source", str(error))
        else:
            return HttpResponseRedirect(reverse("admin:permits_editiondraft_change", args=[draft.pk]))
    context = {**admin.site.each_context(request), "form": form, "title": _("New draft edition"),
               "opts": EditionDraft._meta}  # fmt: skip
    page = "admin/permits/editiondraft/start.html"
    return render(request, page, context, status=422 if form.errors else 200)


# --- Published, now or later -----------------------------------------------------------------------------------


class PublishForm(forms.Form):
    when = forms.ChoiceField(
        choices=[("now", gettext_lazy("At once")), ("later", gettext_lazy("At a set time"))], widget=forms.RadioSelect,
        label=gettext_lazy("When"), initial="now",
    )  # fmt: skip
    at = forms.CharField(
        required=False, label=gettext_lazy("Time (Beijing time)"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
    )  # fmt: skip
    revision = forms.IntegerField(widget=forms.HiddenInput)
    against = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or {}
        if typed.get("when") == "later":
            try:
                typed["at"] = timezone.make_aware(datetime.fromisoformat(typed.get("at", "").strip()), SHANGHAI)
            except ValueError:
                self.add_error("at", _("Write the time as 2026-03-01 09:00."))
        return typed


def publish(request: HttpRequest, pk: int) -> HttpResponse:
    """What publishing would change and mean; then it is published as it was seen, or a time is set for it."""
    draft = _draft(request, pk)
    if request.method != "POST":
        return _publish_page(request, draft)
    form = PublishForm(request.POST)
    if not form.is_valid():
        return _publish_page(request, draft, form, status=422)
    typed = form.cleaned_data
    seen: dict[str, Any] = {"by": who(request), "revision": typed["revision"], "against": typed["against"]}
    try:
        if typed["when"] == "later":
            draft = editions.schedule(draft.pk, at=typed["at"], **seen)
            messages.success(request, state_of(draft))
        else:
            version = editions.publish_draft(draft.pk, **seen)
            messages.success(request, _("%(edition)s is in force for new applications.") % {"edition": version})
    except editions.LookAgain as error:
        return _publish_page(request, _draft(request, pk), form, error=str(error), status=409)
    except (editions.NotPublished, drafting.Closed) as error:
        return _publish_page(request, _draft(request, pk), form, error=str(error), status=422)
    except DefinitionError:
        return _publish_page(request, _draft(request, pk), form, status=422)
    except ValueError as error:
        form.add_error("at", str(error))
        return _publish_page(request, draft, form, status=422)
    return HttpResponseRedirect(reverse("admin:permits_editiondraft_change", args=[draft.pk]))


def _publish_page(
    request: HttpRequest, draft: EditionDraft, form: PublishForm | None = None, *, error: str = "", status: int = 200
) -> HttpResponse:
    try:
        meaning: publishing.Preview | None = publishing.preview(draft.source, files_of=draft)
        faults: list[Any] = []
    except DefinitionError as found:
        meaning, faults = None, [(fault, in_words(fault.message)) for fault in found.found[:20]]
    current = meaning.current if meaning else None
    seen = {"revision": draft.revision, "against": current.pk if current else ""}
    # What is confirmed next is what this page shows, and not what the page before it showed.
    form = PublishForm({**form.data.dict(), **seen}) if form and form.is_bound else PublishForm(initial=seen)  # type: ignore[attr-defined]
    context = {
        **admin.site.each_context(request), "draft": draft, "form": form, "error": error, "faults": faults,
        "meaning": meaning, "losing": _losing(meaning), "title": _("Publish the draft"), "opts": EditionDraft._meta,
        "overtaken": bool(current and draft.base_id != current.pk), "current": current,
        "lines": _text_diff(current.source, draft.source) if current else [], "state": state_of(draft),
        "name": draft_editor.name_of(draft),
    }  # fmt: skip
    return render(request, "admin/permits/editiondraft/publish.html", context, status=status)


def _losing(meaning: publishing.Preview | None) -> list[tuple[str, int]]:
    """The questions whose answers would no longer fit, in their words, and in how many drafts."""
    if meaning is None or meaning.current is None:
        return []
    asked = {field.key: str(field.label) for field in meaning.current.definition.fields()}
    return [(asked.get(key, key), count) for key, count in sorted(meaning.losing.items())]


def _text_diff(before: str, after: str, limit: int = 600) -> list[tuple[str, str]]:
    """The lines of the TOML that differ, with one line of what stands around them; (sign, text)."""
    found = difflib.unified_diff(before.splitlines(), after.splitlines(), n=1, lineterm="")
    return [(line[:1], line[1:]) for line in list(found)[2 : limit + 2]]


@require_POST
def unschedule(request: HttpRequest, pk: int) -> HttpResponse:
    draft = _draft(request, pk)
    try:
        editions.cancel_schedule(draft.pk, by=who(request))
        messages.success(request, _("The schedule is cancelled; the draft can be changed again."))
    except editions.NotPublished as error:
        messages.error(request, str(error))
    return HttpResponseRedirect(reverse("admin:permits_editiondraft_change", args=[pk]))


def export(request: HttpRequest, pk: int) -> HttpResponse:
    """The TOML as it was saved last, right or wrong."""
    draft = _draft(request, pk)
    name = f"{drafting.slug_of(draft.source) or 'service'}-draft-{draft.pk}.toml"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(draft.source.encode(), "application/toml", headers=headers)


def files(request: HttpRequest, pk: int) -> HttpResponse:
    return draft_files.page(request, _draft(request, pk))


def frame(request: HttpRequest, pk: int) -> HttpResponse:
    return draft_editor.frame(request, _draft(request, pk))
