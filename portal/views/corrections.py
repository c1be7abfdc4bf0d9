"""Answering a notice of corrections: only what is asked, beside what was sent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from permits import fieldtypes
from permits.checks import Problem
from permits.definition import Text
from permits.forms import DefinedForm, as_data, values_of
from permits.intake.materials import requirement_state
from permits.models import Application, Status
from portal import asked_rows, places, stash
from portal.asked import Asked, asked_of, open_notice
from portal.blocks import block
from portal.requests import SignedIn
from reviews import lifecycle, told, workflow
from reviews.models import CorrectionItem, CorrectionNotice


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
        return _show(request, application, notice)
    words, good = _keep(application, notice, typed)
    if request.method == "GET":  # typed before a log-in: kept, and sent when it is sent
        messages.success(request, _("You were signed out for a while. What you had typed is here again."))
        return _show(request, application, notice, status=200 if good else 422)
    if not good:
        return _show(request, application, notice, status=422)
    if "save" in typed:
        messages.success(request, _("Saved. It is not sent yet."))
        return redirect("corrections", public_id=public_id)
    try:
        workflow.answer_corrections(application.pk, applicant=request.user, answers=words)
    except workflow.Incomplete as error:
        return _show(request, application, notice, status=422, problems=error.problems)
    except lifecycle.NotPossible as error:
        messages.error(request, str(error))
        return redirect(application)
    messages.success(request, _("Your corrections were sent."))
    return redirect(application)


def _keep(application: Application, notice: CorrectionNotice, typed: QueryDict) -> tuple[dict[str, str], bool]:
    """Save what was typed, whether it is right yet or not; give the words to each item, and whether it is right."""
    with transaction.atomic():
        locked = Application.objects.select_for_update(of=("self",)).select_related("version").get(pk=application.pk)
        asked = asked_of(locked, notice)
        form = DefinedForm(locked.definition, _fields(locked, asked), locked.answers, typed)
        mended = asked_rows.mend(locked, asked, typed)
        good = form.is_valid() and mended.good
        words = {str(item.public_id): typed.get(f"answer-{item.public_id}", "")[:2000] for item in asked.items}
        if locked.status == Status.NEEDS_CORRECTION:
            locked.answers = {**locked.answers, **form.answers(), **mended.answers}
            locked.save(update_fields=["answers", "updated_at"])
            for item in asked.items:
                item.answer = words[str(item.public_id)]
                item.save(update_fields=["answer"])
    application.answers = locked.answers
    return words, good


def _fields(application: Application, asked: Asked) -> list[Any]:
    return [field for field in application.definition.fields() if field.key in asked.fields]


def _show(
    request: SignedIn, application: Application, notice: CorrectionNotice, *,
    status: int = 200, problems: Iterable[Problem] = (),
) -> HttpResponse:  # fmt: skip
    asked = asked_of(application, notice)
    # What was tried is on the application by now, right or wrong; a form that is bound to it says what is wrong.
    tried = as_data(application.definition, application.answers) if status != 200 else None
    form = DefinedForm(application.definition, _fields(application, asked), application.answers, tried)
    mended = asked_rows.mend(application, asked) if status != 200 else None
    unanswered = {problem.key for problem in problems if problem.place == "correction"}
    context = {
        "application": application, "notice": notice, "form": form, "section": "applications",
        "rows": [*_rows(application, asked, form, unanswered, mended), *_rows_beside(application, asked, form)],
        # The form says the problems of its fields itself.
        "problems": [
            problem for problem in problems
            if problem.place == "material" or (problem.place == "section" and problem.field not in asked.fields)
        ], "unanswered": len(unanswered),
    }  # fmt: skip
    return render(request, "tracking/corrections.html", context, status=status)


def _rows(
    application: Application, asked: Asked, form: DefinedForm, unanswered: set[str], mended: asked_rows.Mended | None
) -> list[dict[str, Any]]:
    """One for each thing that the notice asks for."""
    blocks = _blocks(application)
    marked = places.shown(application, asked.items)
    rows = []
    for item in asked.items:
        field = application.definition.field(item.key) if item.kind == CorrectionItem.Kind.FIELD else None
        is_row = item.kind == CorrectionItem.Kind.ROW
        with_file = is_row or item.kind == CorrectionItem.Kind.MATERIAL
        place = marked.get(item.pk)
        title = told.item_title(application, item.kind, item.key, item.row, place.mark.place if place else None)
        rows.append({
            "item": item, "title": Text(**title), "place": place,
            "field": form[field.key] if field else None,
            "previous": fieldtypes.display(field, item.previous) if field else "",
            # Two rows of one sheet are mended in one upload.
            "block": blocks.pop(item.key, None) if with_file else None,
            "as_sent": asked_rows.as_sent(application, item) if is_row else [],
            "cells": asked_rows.cells(application, asked, item, mended) if is_row else [],
            "elsewhere": asked_rows.elsewhere(item, mended) if is_row else [],
            "unanswered": str(item.public_id) in unanswered,
        })  # fmt: skip
    return rows


def _rows_beside(application: Application, asked: Asked, form: DefinedForm) -> list[dict[str, Any]]:
    """One for each thing that the notice doesn't name, and that has to be mended all the same."""
    named = {(item.kind, item.key) for item in asked.items}
    named |= {(CorrectionItem.Kind.MATERIAL, item.key) for item in asked.items if item.kind == CorrectionItem.Kind.ROW}
    fields = [
        {"title": field.label, "field": form[field.key]}
        for field in _fields(application, asked)
        if (CorrectionItem.Kind.FIELD, field.key) not in named
    ]
    materials = [
        {"title": files["requirement"].title, "block": files}
        for key, files in _blocks(application).items()
        if key in asked.materials and (CorrectionItem.Kind.MATERIAL, key) not in named
    ]
    return [*fields, *materials]


def _blocks(application: Application) -> dict[str, dict[str, Any]]:
    values = values_of(application.definition, application.answers)
    return {state.requirement.key: block(application, state) for state in requirement_state(application, values)}
