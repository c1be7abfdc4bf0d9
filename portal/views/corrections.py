"""Answering a notice of corrections: only what is asked, beside what was sent."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from permits import fieldtypes
from permits.forms import DefinedForm, values_of
from permits.intake.materials import requirement_state
from permits.models import Application, Status
from portal.requests import SignedIn
from portal.views.materials import block
from reviews import lifecycle, told, workflow
from reviews.models import CorrectionItem


@login_required
def corrections(request: SignedIn, public_id: UUID) -> HttpResponse:
    application = get_object_or_404(
        Application.objects.visible_to(request.user).select_related("version", "enterprise"), public_id=public_id
    )
    if application.status != Status.NEEDS_CORRECTION:
        messages.info(request, _("No corrections are asked for at the moment."))
        return redirect(application)
    notice = application.correction_notices.filter(answered_at=None).latest("issued_at")
    items = list(notice.items.all())
    keys = {item.key for item in items if item.kind == CorrectionItem.Kind.FIELD}
    fields = [field for field in application.definition.fields() if field.key in keys]
    if request.method != "POST":
        return _show(
            request, application, notice, items, DefinedForm(application.definition, fields, application.answers)
        )
    form = DefinedForm(application.definition, fields, application.answers, request.POST)
    good = form.is_valid()
    words = {str(item.public_id): request.POST.get(f"answer-{item.public_id}", "")[:2000] for item in items}
    with transaction.atomic():  # kept whether it is right yet or not
        locked = Application.objects.select_for_update(of=("self",)).get(pk=application.pk)
        if locked.status == Status.NEEDS_CORRECTION:
            locked.answers = {**locked.answers, **form.answers()}
            locked.save(update_fields=["answers", "updated_at"])
            for item in items:
                item.answer = words[str(item.public_id)]
                item.save(update_fields=["answer"])
    application.answers = locked.answers
    if not good:
        return _show(request, application, notice, items, form, status=422)
    if "save" in request.POST:
        messages.success(request, _("Saved. It is not sent yet."))
        return redirect("corrections", public_id=public_id)
    try:
        workflow.answer_corrections(application.pk, applicant=request.user, answers=words)
    except workflow.Incomplete as error:
        return _show(request, application, notice, items, form, status=422, problems=error.problems)
    except lifecycle.NotPossible as error:
        messages.error(request, str(error))
        return redirect(application)
    messages.success(request, _("Your corrections were sent."))
    return redirect(application)


def _show(
    request: SignedIn, application: Application, notice: Any, items: list[CorrectionItem], form: DefinedForm, *,
    status: int = 200, problems: Any = (),
) -> HttpResponse:  # fmt: skip
    states = {
        state.requirement.key: state
        for state in requirement_state(application, values_of(application.definition, application.answers))
    }
    unanswered = {problem.key for problem in problems if problem.place == "correction"}
    rows = []
    for item in items:
        field = application.definition.field(item.key) if item.kind == CorrectionItem.Kind.FIELD else None
        state = states.get(item.key) if item.kind == CorrectionItem.Kind.MATERIAL else None
        title = told.item_title(application, item.kind, item.key)
        rows.append({
            "item": item, "title": title["zh"] if request.LANGUAGE_CODE.startswith("zh") else title["en"],
            "field": form[field.key] if field else None,
            "previous": fieldtypes.display(field, item.previous) if field else "",
            "block": block(application, state) if state else None,
            "unanswered": str(item.public_id) in unanswered,
        })  # fmt: skip
    context = {
        "application": application, "notice": notice, "rows": rows, "form": form, "section": "applications",
        "problems": [problem for problem in problems if problem.place != "correction"], "unanswered": len(unanswered),
    }  # fmt: skip
    return render(request, "tracking/corrections.html", context, status=status)
