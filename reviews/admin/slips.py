"""勘误: a slip in an issued permit is put right: its printed fields with what they say now, and the reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.forms import BoundField
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from permits.forms import as_data, section_form
from permits.models import Permit
from reviews import policy, times, workflow
from reviews.admin.access import looks, who

BACK = "admin:permits_permit_changelist"


@dataclass(frozen=True)
class Printed:
    bound: BoundField
    typed: Any
    changed: bool


def page(model_admin: Any, request: HttpRequest, permit: Permit) -> HttpResponse:
    fields, error, reason = _fields(permit, request), "", request.POST.get("reason", "")
    if request.method == "POST":
        changes = {field.bound.name: field.typed for field in fields if field.changed}
        try:
            workflow.correct_permit(permit.pk, official=who(request), changes=changes, reason=reason)
        except (policy.Refused, workflow.ReasonNeeded, workflow.NotSensible) as refusal:
            error = str(refusal)
        else:
            messages.success(request, _("%(number)s is corrected; it is printed anew.") % {"number": permit})
            return redirect(BACK)
    context = {
        **model_admin.admin_site.each_context(request), "opts": model_admin.opts, "fields": fields, "reason": reason,
        "title": _("Correct %(number)s") % {"number": permit}, "error": error, "back": reverse(BACK),
        "earlier": permit.corrections.select_related("corrected_by").order_by("-corrected_at"),
    }  # fmt: skip
    looks(request, permit.application, "permit")
    return render(request, "admin/reviews/task/slip.html", context, status=422 if error else 200)


def _fields(permit: Permit, request: HttpRequest) -> list[Printed]:
    """The printed fields, as the form itself asks for them; each knows whether something else was typed."""
    application = permit.application
    definition = application.definition
    printed = set(definition.outcome.printed_fields)
    stands = as_data(definition, application.answers)
    typed = {**stands, **{key: request.POST.getlist(key) if isinstance(stands.get(key), list) else request.POST[key]
                          for key in printed if key in request.POST}}  # fmt: skip
    found = []
    for section in definition.sections:
        form = section_form(definition, section, application.answers, typed)
        for bound in form:
            if bound.name not in printed:
                continue
            stood = stands.get(bound.name, "")
            found.append(Printed(bound, typed.get(bound.name, ""), typed.get(bound.name, "") != stood))
    return found


def earlier_words(permit: Permit) -> str:
    """When it was corrected, and by whom; "—" for never."""
    rows = permit.corrections.select_related("corrected_by").order_by("corrected_at")
    return "; ".join(f"{times.short(row.corrected_at)} · {row.corrected_by}" for row in rows) or "—"
