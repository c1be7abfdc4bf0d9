"""Gates, kept by the system administrator; who checks there, said by the security administrator; who came through."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminTextInputWidget

from permits.models import User
from reviews import gates, roles
from reviews.admin.access import OpsAdmin, is_ops, who
from reviews.admin.accounts import RightsAdmin
from reviews.admin.webhooks import service_choices
from reviews.audit import reads
from reviews.models import Gate, GateChecker

SHOWN = 200  # of the latest passages


def watches(request: HttpRequest) -> bool:
    """Whom the passages are for: the system administrator and the auditor, each look on record."""
    return is_ops(request) or roles.is_audit_admin_request(request)


class GateForm(forms.ModelForm):
    services = forms.MultipleChoiceField(
        label=gettext_lazy("Services"), required=False, widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=gettext_lazy("Permits of which services open it; none chosen means all."), choices=service_choices,
    )  # fmt: skip

    class Meta:
        model = Gate
        fields = ("name_zh", "name_en", "region", "services", "keep_days", "active")

    def clean_region(self) -> str:
        region: str = self.cleaned_data["region"]
        if not (region.isascii() and region.isdigit() and len(region) in (6, 9, 12)):
            raise forms.ValidationError(_("A region's code has 6, 9 or 12 digits."), code="region")
        return region


@admin.register(Gate)
class GateAdmin(OpsAdmin):
    form = GateForm
    may_look = staticmethod(roles.is_gates_request)
    list_display = ("name_zh", "name_en", "region", "keep_days", "active", "passages_link")
    list_filter = ("active",)
    ordering = ("name_zh", "pk")
    fields = ("name_zh", "name_en", "region", "services", "keep_days", "active", "passages_link")
    readonly_fields = ("passages_link",)

    def save_model(self, request: HttpRequest, obj: Gate, form: Any, change: bool) -> None:
        gates.save(obj, by=who(request))

    @admin.display(description=gettext_lazy("Passages"))
    def passages_link(self, gate: Gate) -> str:
        if gate.pk is None:
            return "—"
        url = reverse("admin:reviews_gate_passages", args=[gate.pk])
        return format_html('<a class="rv-link" href="{}">{}</a>', url, _("Passages at %(gate)s") % {"gate": gate})

    def get_urls(self) -> list[URLPattern]:
        passages = never_cache(self.admin_site.admin_view(self.passages))
        return [path("<int:pk>/passages/", passages, name="reviews_gate_passages"), *super().get_urls()]

    def passages(self, request: HttpRequest, pk: int) -> HttpResponse:
        if not watches(request):
            raise Http404
        gate = get_object_or_404(Gate, pk=pk)
        by = who(request)
        reads.note(by, gate, "passages", role=roles.acting_as(by))
        context = {
            **self.admin_site.each_context(request), "opts": self.opts, "title": _("Passages at %(gate)s") % {"gate": gate},
            "gate": gate, "scans": gates.latest(gate, limit=SHOWN), "hours": gates.by_hour(gate), "days": gates.by_day(gate),
        }  # fmt: skip
        return render(request, "admin/reviews/gate/passages.html", context)


class GateCheckerForm(forms.ModelForm):
    """Whose account it is, is typed: nobody is offered a list of applicants."""

    by: User
    email = forms.EmailField(label=gettext_lazy("E-mail address"), widget=UnfoldAdminTextInputWidget, required=False)

    class Meta:
        model = GateChecker
        fields = ("gate", "active")

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or {}
        if not self.instance.pk:
            self.instance.user = self._account(typed.get("email", ""))
        try:
            with roles.refusals_on_record(self.instance.user, by=self.by, doing="appoint"):
                roles.check_assigner(self.by, self.instance.user)
        except roles.Refused as refusal:
            raise forms.ValidationError(str(refusal), code=refusal.rule) from refusal
        return typed

    def _account(self, email: str) -> User:
        found = User.objects.filter(email__iexact=email, is_active=True).first() if email else None
        if found is None:
            raise forms.ValidationError({"email": _("There is no active account with this e-mail address.")})
        return found

    def validate_unique(self) -> None:
        """Appointed again is appointed: ``gates.appoint``."""


@admin.register(GateChecker)
class GateCheckerAdmin(RightsAdmin):
    form = GateCheckerForm
    list_display = ("user", "gate", "active", "created_at")
    list_filter = ("active", "gate")
    list_select_related = ("user", "gate")
    search_fields = ("user__name", "user__email", "gate__name_zh", "gate__name_en")
    ordering = ("gate__name_zh", "pk")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("user", "gate", "active") if obj else ("email", "gate")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("user", "gate") if obj else ()

    def save_model(self, request: HttpRequest, obj: GateChecker, form: Any, change: bool) -> None:
        if not obj.active:
            gates.dismiss(obj, by=who(request))
            return
        made = gates.appoint(obj.user, obj.gate, by=who(request))
        obj.__dict__.update(made.__dict__)
