"""Services and their editions: seen as an applicant sees them, taken out as TOML, put in force again."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import TabularInline

from permits import comparing
from permits.edition_files import downloads, what_is_taken
from permits.forms import defaults, section_form
from permits.models import Service, ServiceVersion
from reviews import publishing, roles
from reviews.admin.access import ReadOnlyAdmin


class EditionInline(TabularInline):
    model = ServiceVersion
    fk_name = "service"
    extra = 0
    show_change_link = True
    fields = readonly_fields = ("edition", "published_at", "published_by", "digest")
    ordering = ("-edition",)

    def has_view_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return roles.is_services_request(request)

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    has_change_permission = has_delete_permission = has_add_permission


@admin.register(Service)
class ServiceAdmin(ReadOnlyAdmin):
    may_see = staticmethod(roles.is_services_request)
    list_display = ("slug", "name", "edition", "open")
    list_select_related = ("current",)
    inlines = (EditionInline,)
    fields = ("slug", "open", "current")

    @admin.display(description=gettext_lazy("Service"))
    def name(self, service: Service) -> str:
        return str(service.definition.title) if service.current else "—"

    @admin.display(description=gettext_lazy("Edition"))
    def edition(self, service: Service) -> Any:
        return service.current.edition if service.current else "—"


class RollBackForm(forms.Form):
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=500, widget=forms.Textarea(attrs={"rows": 3}))


@admin.register(ServiceVersion)
class ServiceVersionAdmin(ReadOnlyAdmin):
    may_see = staticmethod(roles.is_services_request)
    list_display = ("service", "edition", "published_at", "published_by", "in_force")
    list_select_related = ("service", "published_by")
    ordering = ("service__slug", "-edition")
    fields = ("service", "edition", "in_force", "published_at", "published_by", "digest", "pages", "shown_source")
    readonly_fields = ("pages", "in_force")

    @admin.display(description=gettext_lazy("In force"), boolean=True)
    def in_force(self, version: ServiceVersion) -> bool:
        return version.service.current_id == version.pk

    @admin.display(description=gettext_lazy("What can be done"))
    def pages(self, version: ServiceVersion) -> str:
        return format_html(
            '<a href="{}">{}</a> · <a href="{}">{}</a> · <a href="{}">{}</a> · <a href="{}?edition={}">{}</a>',
            _address("preview", version), _("See it as an applicant does"),
            _address("export", version), _("Take it out as TOML"),
            _address("roll_back", version), _("Put this edition in force"),
            reverse("admin:permits_editiondraft_add"), version.pk, _("Begin a draft with it"),
        )  # fmt: skip

    @admin.display(description=gettext_lazy("Source"))
    def shown_source(self, version: ServiceVersion) -> str:
        return format_html('<pre class="rv-source" tabindex="0">{}</pre>', version.source)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("<int:pk>/preview/", view(preview), name="permits_serviceversion_preview"),
            path("<int:pk>/export/", view(export), name="permits_serviceversion_export"),
            path("<int:pk>/roll-back/", view(roll_back), name="permits_serviceversion_roll_back"),
        ]
        return own + super().get_urls()


def _address(name: str, version: ServiceVersion) -> str:
    return reverse(f"admin:permits_serviceversion_{name}", args=[version.pk])


def _edition(request: HttpRequest, pk: int) -> ServiceVersion:
    if not roles.is_services_request(request):
        raise Http404
    return get_object_or_404(ServiceVersion.objects.select_related("service__current"), pk=pk)


def preview(request: HttpRequest, pk: int) -> HttpResponse:
    """Every section of the form with its labels, help and conditions; nothing can be sent from here."""
    version = _edition(request, pk)
    definition = version.definition
    answers = defaults(definition)
    parts = [(part, section_form(definition, part, answers, preview=True)) for part in definition.sections]
    materials = [(each, what_is_taken(each), downloads(version, each)) for each in definition.materials]
    context = {"version": version, "definition": definition, "parts": parts, "materials": materials}
    return render(request, "admin/permits/serviceversion/preview.html", context)


def export(request: HttpRequest, pk: int) -> HttpResponse:
    """The TOML as it was published, to the byte."""
    version = _edition(request, pk)
    name = f"{version.service.slug}-v{version.edition}.toml"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(version.source.encode(), "application/toml", headers=headers)


def roll_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for a reason, show what changes for new applications, and put the edition in force."""
    if not roles.is_service_owner_request(request):
        raise Http404
    version = _edition(request, pk)
    service = version.service
    form = RollBackForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        publishing.roll_back(
            service.pk, edition=version.edition, by=request.user, reason=form.cleaned_data["reason"]  # type: ignore[arg-type]
        )  # fmt: skip
        messages.success(request, _("%(edition)s is in force for new applications.") % {"edition": version})
        return HttpResponseRedirect(reverse("admin:permits_serviceversion_change", args=[pk]))
    current = service.current
    context = {
        **admin.site.each_context(request), "version": version, "form": form, "title": _("Put an edition in force"),
        "changes": comparing.changes(current.definition, version.definition) if current else [],
        "opts": ServiceVersion._meta,
    }  # fmt: skip
    return render(request, "admin/permits/serviceversion/roll_back.html", context, status=422 if form.errors else 200)
