"""The sections of the form: shown, filled in, saved by a button or by themselves, and never overwritten in silence."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from permits import fieldtypes
from permits.definition import Section, expression
from permits.forms import DefinedForm, section_form, values_of
from permits.intake.materials import requirement_state
from permits.models import Application
from portal import stash
from portal.blocks import block, left_rows
from portal.group_buttons import rows_asked
from portal.requests import SignedIn
from portal.state import digest
from portal.views.filing import after_the_form, is_outdated, left_over, steps


@stash.signed_in
def fill(request: SignedIn, public_id: UUID, section: str) -> HttpResponse:
    """One section of the form. What is typed is kept whether it is right yet or not."""
    application = get_object_or_404(
        Application.objects.visible_to(request.user).select_related("version"), public_id=public_id
    )
    part = application.definition.section(section)
    if part is None:
        raise Http404
    if not application.is_draft:
        return _sent_already(request, application, part)
    typed = stash.typed(request)
    if typed is None:
        more = {request.GET["more"]: 1} if "more" in request.GET else {}
        return _show(
            request, application, part, section_form(application.definition, part, application.answers, None, more)
        )
    return _save(request, application, part, typed)


def _save(request: SignedIn, application: Application, part: Section, typed: Any) -> HttpResponse:
    rows, typed = rows_asked(typed)
    by_itself = "autosave" in typed
    with transaction.atomic():
        locked = Application.objects.select_for_update(of=("self",)).select_related("version").get(pk=application.pk)
        if not locked.is_draft:
            return _sent_already(request, locked, part)
        form = section_form(locked.definition, part, locked.answers, typed)
        good = form.is_valid()
        stale = typed.get("state", "") not in ("", state_of(locked, part))
        # A double click or a retry is stale too, but says what was saved: it goes on like the first.
        if stale and (conflicts := _conflicts(locked, part, form)):
            if by_itself:
                return _show_saved(request, locked, part, state=typed["state"], conflict=True)
            return _show(request, locked, part, form, conflicts=conflicts)
        locked.answers = {**locked.answers, **form.answers()}
        locked.save(update_fields=["answers", "updated_at"])
    if by_itself:
        return _show_saved(request, locked, part)
    if rows:
        return redirect(reverse("fill", args=[locked.public_id, part.key]) + rows.where)
    if not good:
        return _show(request, locked, part, form)
    for rule in form.warnings:
        messages.warning(request, str(rule.message))
    sections = locked.definition.sections
    following = sections[sections.index(part) + 1 :]
    if typed.get("then") == "check":
        return redirect("check", public_id=locked.public_id)
    if following:
        return redirect("fill", public_id=locked.public_id, section=following[0].key)
    return redirect(after_the_form(locked), public_id=locked.public_id)


def _sent_already(request: SignedIn, application: Application, part: Section) -> HttpResponse:
    if "autosave" in request.POST:
        return _show_saved(request, application, part, sent=True)
    messages.info(request, _("This application was sent already; it can't be changed here."))
    return redirect(application)


def _show_saved(
    request: SignedIn, application: Application, part: Section, *, state: str = "", conflict: bool = False,
    sent: bool = False,
) -> HttpResponse:  # fmt: skip
    """The answer to a form that saved itself: when, and the state it is at now."""
    context = {
        "state": state or state_of(application, part), "conflict": conflict, "sent": sent, "at": application.updated_at,
        "application": application,
    }  # fmt: skip
    return render(request, "filing/saved.html", context, status=409 if conflict or sent else 200)


def state_of(application: Application, part: Section) -> str:
    """A digest of what is stored of the section: a form that carries another one was opened before somebody saved."""
    stored = {field.key: application.answers.get(field.key) for field in part.fields}
    return digest(stored)


def _conflicts(application: Application, part: Section, form: DefinedForm) -> list[dict[str, Any]]:
    """Where what was typed here and what was saved elsewhere meanwhile differ."""
    typed = form.answers()
    return [
        {"label": field.label, "saved": fieldtypes.display(field, application.answers.get(field.key))}
        for field in part.fields
        if typed.get(field.key) != application.answers.get(field.key)
    ]


def _show(
    request: SignedIn, application: Application, part: Section, form: DefinedForm,
    conflicts: list[dict[str, Any]] | tuple[()] = (),
) -> HttpResponse:  # fmt: skip
    sections = application.definition.sections
    index = sections.index(part)
    context = {
        "application": application, "part": part, "form": form, "conflicts": conflicts, "section": "applications",
        "state": state_of(application, part), "steps": steps(application, part.key),
        "back": reverse("fill", args=[application.public_id, sections[index - 1].key]) if index else None,
        "files": _files(application, part, form),
        "outdated": is_outdated(application), "left_over": left_over(application),
        "left_files": left_rows(application),
        "to_check": "check" in (request.GET.get("then"), form.data.get("then")),
    }  # fmt: skip
    # 409: another tab was first; 422: something is to be mended. Either way everything typed is on the page.
    status = 409 if conflicts else 422 if form.is_bound and form.errors else 200
    return render(request, "filing/fill.html", context, status=status)


def _files(application: Application, part: Section, form: DefinedForm) -> list[dict[str, Any]]:
    """The uploads that this section asks for among its questions; the browser hides those whose condition fails."""
    wanted = {field.material: field for field in part.fields if field.material}
    if not wanted:
        return []
    values = values_of(application.definition, application.answers)
    found = []
    for state in requirement_state(application, values, with_hidden=True):
        field = wanted.get(state.requirement.key)
        if field is None:
            continue
        condition = expression(field.shown_if)
        shown_if = json.dumps(condition.as_json(form.elsewhere)) if condition else ""
        found.append(block(application, state) | {"field": field, "shown_if": shown_if})
    return found
