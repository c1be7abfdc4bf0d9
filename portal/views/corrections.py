"""Answering a notice of corrections: only what is asked, beside what was sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from permits.checks import Problem
from permits.forms import DefinedForm, as_data
from permits.models import Application, Status
from portal import asked_page, asked_rows, asked_state, stash
from portal.asked import asked_of, open_notice
from portal.asked_state import Typed
from portal.group_buttons import rows_asked
from portal.requests import SignedIn
from reviews import lifecycle, workflow
from reviews.models import CorrectionNotice


@stash.signed_in
def corrections(request: SignedIn, public_id: UUID) -> HttpResponse:
    application = get_object_or_404(
        Application.objects.visible_to(request.user).select_related("version", "enterprise"), public_id=public_id
    )
    notice = open_notice(application)
    if application.status != Status.NEEDS_CORRECTION or notice is None:
        messages.info(request, _("No corrections are asked for at the moment."))
        return redirect(application)
    typed = request.POST if request.method == "POST" else stash.take(request)
    if typed is None:
        more = {request.GET["more"]: 1} if "more" in request.GET else {}
        return _show(request, application, notice, extra_rows=more)
    more_rows, typed = rows_asked(typed)
    kept = _keep(application, notice, typed)
    if kept.conflicts:
        return _show(request, application, notice, status=409, unsaved=kept)
    if request.method == "GET":  # typed before a log-in: kept, and sent when it is sent
        messages.success(request, _("You were signed out for a while. What you had typed is here again."))
        return _show(request, application, notice, status=200 if kept.good else 422)
    if more_rows:
        return redirect(reverse("corrections", args=[public_id]) + more_rows.where)
    if not kept.good:
        return _show(request, application, notice, status=422)
    if "save" in typed:
        messages.success(request, _("Saved. It is not sent yet."))
        return redirect("corrections", public_id=public_id)
    try:
        workflow.answer_corrections(application.pk, applicant=request.user, answers=kept.words)
    except workflow.Incomplete as error:
        return _show(request, application, notice, status=422, problems=error.problems)
    except lifecycle.NotPossible as error:
        messages.error(request, str(error))
        return redirect(application)
    messages.success(request, _("Your corrections were sent."))
    return redirect(application)


def _keep(application: Application, notice: CorrectionNotice, typed: QueryDict) -> Typed:
    """Save what was typed, whether it is right yet or not; but nothing over what somebody else saved meanwhile."""
    with transaction.atomic():
        locked = Application.objects.select_for_update(of=("self",)).select_related("version").get(pk=application.pk)
        asked = asked_of(locked, notice)
        form = DefinedForm(locked.definition, asked_page.fields_of(locked, asked), locked.answers, typed)
        mended = asked_rows.mend(locked, asked, typed)
        good = form.is_valid() and mended.good
        words = {str(item.public_id): typed.get(f"answer-{item.public_id}", "")[:2000] for item in asked.items}
        kept = Typed(asked_state.on_the_page(form.answers(), typed, asked.items), mended.answers, words, good)
        if locked.status == Status.NEEDS_CORRECTION:
            before = asked_state.state_of(locked, asked.items)
            stale = typed.get("state", "") not in ("", before)
            # A double click or a retry is stale too, but says what was saved: it goes on like the first.
            if stale and (found := asked_state.conflicts(locked, kept, asked.items)):
                application.answers = {**locked.answers, **kept.answers, **kept.rows}
                return replace(kept, conflicts=found, state=before)
            locked.answers = {**locked.answers, **kept.answers, **kept.rows}
            locked.save(update_fields=["answers", "updated_at"])
            for item in asked.items:
                item.answer = words[str(item.public_id)]
                item.save(update_fields=["answer"])
    application.answers = locked.answers
    return kept


def _show(
    request: SignedIn, application: Application, notice: CorrectionNotice, *,
    status: int = 200, problems: Iterable[Problem] = (), extra_rows: Mapping[str, int] | None = None,
    unsaved: Typed | None = None,
) -> HttpResponse:  # fmt: skip
    asked = asked_of(application, notice)
    state = unsaved.state if unsaved else asked_state.state_of(application, asked.items)
    for item in asked.items:
        item.answer = unsaved.words[str(item.public_id)] if unsaved else item.answer
    # What was tried is on the application by now, right or wrong; a form that is bound to it says what is wrong.
    tried = as_data(application.definition, application.answers) if status != 200 else None
    fields = asked_page.fields_of(application, asked)
    form = DefinedForm(application.definition, fields, application.answers, tried, extra_rows)
    mended = asked_rows.mend(application, asked) if status != 200 else None
    rows = asked_page.rows_of(application, asked, form, mended)
    context = {
        "application": application, "notice": notice, "rows": rows, "asked": asked.items, "section": "applications",
        "state": state, "conflicts": unsaved.conflicts if unsaved else [],
        "faults": asked_page.faults_of(rows, form, problems) if status != 200 else [],
    }  # fmt: skip
    return render(request, "tracking/corrections.html", context, status=status)
