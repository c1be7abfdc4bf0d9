"""The page on which a notice of corrections is answered: a place for each thing that is asked, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.safestring import SafeString
from django.utils.translation import pgettext

from permits import fieldtypes, groups
from permits.checks import Problem
from permits.definition import FormField, Text
from permits.forms import DefinedForm, GroupBlock, values_of
from permits.intake.materials import requirement_state
from permits.models import Application, Material
from portal import asked_rows, places
from portal.asked import Asked
from portal.blocks import block
from reviews import told, workflow
from reviews.models import CorrectionItem

Blocks = dict[str, dict[str, Any]]  # by the key of the material: portal.blocks
UPLOADED = (CorrectionItem.Kind.MATERIAL, CorrectionItem.Kind.ROW)


@dataclass(frozen=True)
class Fault:
    text: str
    url: str = ""


def fields_of(application: Application, asked: Asked) -> list[FormField]:
    return [field for field in application.definition.fields() if field.key in asked.fields]


def rows_of(
    application: Application, asked: Asked, form: DefinedForm, mended: asked_rows.Mended | None
) -> list[dict[str, Any]]:
    """First what is typed, then what is uploaded: a file is sent by a form of its own, which can't stand within another."""
    values = values_of(application.definition, application.answers)
    blocks = {state.requirement.key: block(application, state) for state in requirement_state(application, values)}
    rows = [*_named(application, asked, form, mended, blocks), *_beside(application, asked, form, blocks)]
    rows.sort(key=lambda row: row["uploaded"])
    for number, row in enumerate(rows, 1):
        row["number"] = number
    return rows


def faults_of(rows: list[dict[str, Any]], form: DefinedForm, problems: Iterable[Problem]) -> list[Fault]:
    """In the order of the page, each with the place where it is mended; what has none on this page comes last."""
    problems = list(problems)
    unanswered = {problem.key: problem for problem in problems if problem.place == "correction"}
    found: list[Fault] = []
    for row in rows:
        here = f"#{row['anchor']}"
        if row["field"]:
            found += _of_field(row["field"])
        for cell in row["cells"]:
            if cell.wrong:
                found.append(Fault(_said(f"{row['title']}, {cell.column.label}", cell.wrong), f"#{cell.bound.auto_id}"))
        found += [Fault(each, here) for each in row["elsewhere"]]
        files = row["block"]["requirement"].key if row["block"] else None
        for problem in problems:
            if problem.place == "material" and problem.key == files:
                found.append(Fault(_said(problem.title, problem.message), here))
        if row["item"] and (missing := unanswered.get(str(row["item"].public_id))):
            row["unanswered"] = True
            found.append(Fault(_said(row["title"], missing.message), here))
    found += [Fault(str(error)) for error in form.non_field_errors()]
    shown = {row["block"]["requirement"].key for row in rows if row["block"]}
    for problem in problems:
        # The form says the problems of its fields itself.
        is_here = problem.field in form.fields if problem.place == "section" else problem.key in shown
        if problem.place != "correction" and not is_here:
            found.append(Fault(_said(problem.title, problem.message)))
    return found


def _named(
    application: Application, asked: Asked, form: DefinedForm, mended: asked_rows.Mended | None, blocks: Blocks
) -> Iterator[dict[str, Any]]:
    """One for each thing that the notice asks for."""
    marked = places.shown(application, asked.items)
    as_sent = asked_rows.as_sent(application, asked.items)
    where: dict[str, str] = {}
    for item in asked.items:
        field = application.definition.field(item.key) if item.kind == CorrectionItem.Kind.FIELD else None
        place = marked.get(item.pk)
        title = told.item_title(application, item.kind, item.key, item.row, place.mark.place if place else None)
        anchor = f"item-{item.public_id}"
        found = blocks.get(item.key) if item.kind in UPLOADED else None
        # Two rows of one sheet are mended in one upload.
        above = where.get(item.key, "") if found else ""
        if found and not above:
            where[item.key] = anchor
        changed = workflow.changed(application, item)
        yield _row(
            anchor, Text(**title), item=item, place=place, bound=form[field.key] if field else None, form=form,
            application=application, block=None if above else found, above=above, uploaded=found is not None,
            done="changed" if changed else "explained" if item.answer else "",
            previous=fieldtypes.display(field, item.previous) if field and field.type != "group" else "",
            previous_rows=groups.table(field, item.previous, limit=20) if field and field.type == "group" else None,
            previous_files=_files_before(application, item) if found and changed and not above else [],
            as_sent=as_sent.get(item.pk, []),
            cells=asked_rows.cells(application, asked, item, mended) if item.kind == CorrectionItem.Kind.ROW else [],
            elsewhere=asked_rows.elsewhere(item, mended),
        )  # fmt: skip


def _beside(application: Application, asked: Asked, form: DefinedForm, blocks: Blocks) -> Iterator[dict[str, Any]]:
    """One for each thing that the notice doesn't name, and that has to be mended all the same."""
    named = {(item.kind, item.key) for item in asked.items}
    named |= {(CorrectionItem.Kind.MATERIAL, item.key) for item in asked.items if item.kind == CorrectionItem.Kind.ROW}
    for field in fields_of(application, asked):
        if (CorrectionItem.Kind.FIELD, field.key) not in named:
            yield _row(f"beside-{field.key}", field.label, bound=form[field.key], form=form, application=application)
    for key, files in blocks.items():
        if key in asked.materials and (CorrectionItem.Kind.MATERIAL, key) not in named:
            yield _row(f"beside-{key}", files["requirement"].title, block=files, uploaded=True)


def _row(
    anchor: str, title: Text, *, bound: forms.BoundField | None = None, form: DefinedForm | None = None,
    application: Application | None = None, uploaded: bool = False, **more: Any,
) -> dict[str, Any]:  # fmt: skip
    group = SafeString("")
    if bound is not None and form is not None and form.defined[bound.name].type == "group":
        # crispy lays out a list of rows by a block of its own.
        group = SafeString(GroupBlock(bound.name).render(form, {"application": application}))
    return {
        "anchor": anchor, "title": title, "item": None, "place": None, "field": bound, "block": None, "above": "",
        "done": "", "unanswered": False, "as_sent": [], "cells": [], "elsewhere": [], "uploaded": uploaded,
        "group": group,
    } | more  # fmt: skip


def _files_before(application: Application, item: CorrectionItem) -> list[Material]:
    """The files that the notice was about, by their digests, when others have come in their place."""
    digests = item.previous if isinstance(item.previous, list) else []
    files = application.materials.filter(requirement=item.key, sha256__in=[str(each) for each in digests])
    return list({file.sha256: file for file in files.order_by("-pk")}.values())


def _of_field(bound: forms.BoundField) -> list[Fault]:
    url = f"#{bound.id_for_label or f'{bound.auto_id}_0'}"
    return [
        Fault(words if error.code == "unanswered" else _said(str(bound.label), words), url)
        for error in bound.errors.as_data()
        for words in [" ".join(error.messages)]
    ]


def _said(what: Text | str, wrong: str) -> str:
    what = str(what)
    colon = " " if what.endswith(("?", "？")) else pgettext("between a field's name and its error", ": ")
    return f"{what}{colon}{wrong}"
