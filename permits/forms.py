"""A definition becomes a Django form, a section at a time, with a crispy layout.

Nothing typed is lost: ``answers()`` gives what was entered whether or not it is right yet, so that a draft keeps it.
Fields that are not shown are neither asked, checked nor kept; the server decides, the browser only helps.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Div, Field, Layout, LayoutObject
from django import forms
from django.core.exceptions import ValidationError
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from permits import fieldtypes, groups
from permits.definition import Definition, FormField, Rule, Section, expression

MAX_TEXT = 20_000  # what a draft keeps of one field, right or wrong


def values_of(definition: Definition, answers: Mapping[str, Any]) -> dict[str, Any]:
    """The answers as expressions see them: typed, and without those that are not shown."""
    values = {field.key: fieldtypes.from_json(field, answers.get(field.key)) for field in definition.fields()}
    return without_hidden(definition, values)


def without_hidden(definition: Definition, values: dict[str, Any]) -> dict[str, Any]:
    """Set hidden fields to ``None``, and then those that hang on them, until nothing changes any more."""
    conditional = [field for field in definition.fields() if field.shown_if]
    in_rows = [field for field in definition.fields() if any(column.shown_if for column in field.fields)]
    for _round in range(len(conditional) + len(in_rows) + 1):
        hidden = [f.key for f in conditional if values.get(f.key) is not None and not is_shown(f, values)]
        if _round and not hidden:
            break
        values = {**values, **dict.fromkeys(hidden)}
        values |= {g.key: groups.rows_without_hidden(g, values[g.key], values) for g in in_rows if values.get(g.key)}
    return values


def kept_answers(definition: Definition, answers: Mapping[str, Any]) -> dict[str, Any]:
    """The answers as they are stored for good: without what is hidden, questions and columns of rows alike."""
    values = values_of(definition, answers)
    kept = {key: answers[key] for key, value in values.items() if value is not None}
    for group in definition.fields():
        if group.key in kept and any(column.shown_if for column in group.fields):
            shown = values[group.key]
            kept[group.key] = [
                {key: value for key, value in row.items() if seen.get(key) is not None or group.column(key) is None}
                for row, seen in zip(kept[group.key], shown, strict=True) if isinstance(row, dict)
            ]  # fmt: skip
    return kept


def defaults(definition: Definition) -> dict[str, Any]:
    """What a new draft begins with, of whomever it is."""
    return {
        field.key: [field.default] if field.type == "multichoice" else field.default
        for field in definition.fields() if field.default is not None
    }  # fmt: skip


def is_shown(field: FormField, values: Mapping[str, Any]) -> bool:
    condition = expression(field.shown_if)
    return condition is None or condition.holds(values, when_unanswered=False)


def is_required(field: FormField, values: Mapping[str, Any]) -> bool:
    condition = expression(field.required_if)
    return field.required or (condition is not None and condition.holds(values, when_unanswered=False))


def broken_rules(definition: Definition, values: Mapping[str, Any], *, level: str) -> list[Rule]:
    """The rules that don't hold. One that stands on an unanswered field holds: that field has its own message."""
    found = []
    for rule in definition.rules:
        condition = expression(rule.check)
        if rule.level == level and condition and not condition.holds(values, when_unanswered=True):
            found.append(rule)
    return found


class DefinedForm(forms.Form):
    """The fields of a section (or those named in ``only``), bound to an application's answers."""

    use_required_attribute = False  # the server's messages say more than the browser's, in the reader's language

    def __init__(
        self,
        definition: Definition,
        fields: list[FormField],
        answers: Mapping[str, Any],
        data: Mapping[str, Any] | None = None,
        extra_rows: Mapping[str, int] | None = None,
        *,
        preview: bool = False,
    ) -> None:
        self.preview = preview
        self.definition = definition
        self.defined = {field.key: field for field in fields if field.type != "file"}
        self.earlier = answers
        self.extra_rows = extra_rows or {}
        self.checked: dict[str, groups.Checked] = {}
        fields = list(self.defined.values())
        initial = {key: fieldtypes.to_form(field, answers.get(key)) for key, field in self.defined.items()}
        super().__init__(data, initial=initial)
        for field in fields:
            self.fields[field.key] = fieldtypes.form_field(field)

    @cached_property
    def helper(self) -> FormHelper:
        """The layout; only a form that is shown needs it."""
        helper = FormHelper()
        helper.form_tag = False
        helper.disable_csrf = True
        helper.layout = Layout(*[self._row(field) for field in self.defined.values()])
        return helper

    def _row(self, field: FormField) -> Div:
        condition = expression(field.shown_if)
        css = "pp-field" + (" pp-field--optional" if not (field.required or field.required_if) else "")
        inner = GroupBlock(field.key) if field.type == "group" else Field(field.key)
        if condition is None or (self.preview and condition.names - set(self.defined)):
            return Div(inner, css_class=css)
        return Div(inner, css_class=css, data_shown_if=json.dumps(condition.as_json(self.elsewhere)))

    @cached_property
    def elsewhere(self) -> dict[str, Any]:
        """What the other sections say: the browser has no control to look at for it."""
        values = values_of(self.definition, self.earlier)
        return {key: value for key, value in values.items() if key not in self.defined}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        typed = {key: cleaned.get(key) for key in self.defined}
        flat = {k: (None if v in ("", []) else v) for k, v in typed.items() if self.defined[k].type != "group"}
        values = values_of(self.definition, self.earlier) | flat
        values = without_hidden(self.definition, values)
        values |= self._clean_groups(cleaned, values)
        for key, field in self.defined.items():
            if not is_shown(field, values):
                self.errors.pop(key, None)
                cleaned[key] = None
            elif key not in self.errors:
                self._check_answered(field, values)
        shown_here = {key for key, field in self.defined.items() if is_shown(field, values)}
        for rule in broken_rules(self.definition, values, level="error"):
            target = next((key for key in rule.fields if key in shown_here), None)
            if target and target not in self.errors:
                self.add_error(target, str(rule.message))
        self.warnings = [
            rule for rule in broken_rules(self.definition, values, level="warning") if set(rule.fields) & shown_here
        ]
        return cleaned

    def _clean_groups(self, cleaned: dict[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
        """Check the rows of each group; give what expressions see of them."""
        seen = {}
        for key, field in self.defined.items():
            if field.type != "group":
                continue
            rows = cleaned.get(key)
            if rows == fieldtypes.KEPT or (isinstance(rows, list) and len(rows) > groups.TYPED_AT_MOST):
                # These came from a sheet, and were checked when it was read.
                stored = self.earlier.get(key) if rows == fieldtypes.KEPT else rows
                checked = groups.Checked(kept=stored if isinstance(stored, list) else [])
            else:
                checked = groups.check(field, rows or [], values)
            self.checked[key] = checked
            cleaned[key] = checked.kept or None
            seen[key] = fieldtypes.from_json(field, checked.kept)
            if is_shown(field, values):
                for message in [*checked.whole, *map(str, checked.faults[: groups.MAX_TOLD])]:
                    self.add_error(key, message)
        return seen

    def _check_answered(self, field: FormField, values: Mapping[str, Any]) -> None:
        answered = values.get(field.key) is not None
        if field.must_be is not None and values.get(field.key) is not field.must_be:
            self.add_error(
                field.key,
                ValidationError(_("Tick this box: without the pledge the application can't be sent."), "pledge"),
            )
        elif not answered and is_required(field, values):
            self.add_error(
                field.key, ValidationError(_("Please fill in “%(label)s”.") % {"label": field.label}, "unanswered")
            )

    def answers(self) -> dict[str, Any]:
        """What was entered: normalised where it is right, as typed where it is not. Call after ``is_valid()``."""
        kept: dict[str, Any] = {}
        for key in self.defined:
            if key in self.checked:
                kept[key] = self.checked[key].kept if self._keeps(key) else None
            elif key in self.cleaned_data and key not in self.errors:
                kept[key] = fieldtypes.to_json(self.cleaned_data[key])
            else:
                raw = self[key].data
                kept[key] = _bounded(raw)
        return kept

    def _keeps(self, key: str) -> bool:
        """Rows with faults stay in the draft; those of a group that is not shown don't."""
        return key in self.errors or self.cleaned_data.get(key) is not None

    def rows(self, key: str) -> list[Mapping[str, Any]]:
        """The rows of a group as they are to be shown now."""
        stored = self.checked[key].kept if key in self.checked else self.initial.get(key)
        return [row for row in stored if isinstance(row, dict)] if isinstance(stored, list) else []


def _bounded(raw: Any) -> Any:
    if isinstance(raw, list):
        return [_bounded(one) for one in raw[:100] if isinstance(one, str)]
    return raw[:MAX_TEXT].replace("\0", "") if isinstance(raw, str) else raw


class GroupBlock(LayoutObject):
    """A group on the page: its rows to type into, or, when they came from a long sheet, to read."""

    template = "filing/group.html"

    def __init__(self, key: str) -> None:
        self.key = key

    def render(self, form: DefinedForm, context: Any, template_pack: Any = None, **kwargs: Any) -> str:
        group, rows = form.defined[self.key], form.rows(self.key)
        laid_out: set[str] = getattr(form, "rendered_fields", set())  # crispy's own book-keeping, while it lays out a form
        laid_out.add(self.key)
        whole = groups.is_read_only(group, len(rows))
        faults = form.checked[self.key].faults if self.key in form.checked else []
        return render_to_string(self.template, {
            "group": group, "bound": form[self.key], "whole": whole, "count": len(rows),
            "table": groups.table(group, rows, limit=20) if whole else None,
            "rows": [] if whole else groups.page_rows(group, rows, faults, extra=form.extra_rows.get(self.key, 0), known=form.elsewhere),
            "blank": groups.row_cells(group, "NEW", {}, [], form.elsewhere),
            # Faults of cells stand beside their cells.
            "errors": [error for error in form.errors.get(self.key, []) if error not in {str(f) for f in faults}],
            "application": context.get("application"),
        })  # fmt: skip


def section_form(
    definition: Definition, section: Section, answers: Mapping[str, Any], data: Mapping[str, Any] | None = None,
    extra_rows: Mapping[str, int] | None = None, *, preview: bool = False,
) -> DefinedForm:  # fmt: skip
    """``preview``: nobody's form; a question that hangs on another section is shown."""
    return DefinedForm(definition, list(section.fields), answers, data, extra_rows, preview=preview)


def as_data(definition: Definition, answers: Mapping[str, Any]) -> dict[str, Any]:
    """The answers as a browser would post them: to check a saved draft by the very same form."""
    data = {}
    for field in definition.fields():
        value = fieldtypes.to_form(field, answers.get(field.key))
        if isinstance(value, bool):
            value = "on" if value else None
        if value is not None:
            data[field.key] = value if isinstance(value, list) else str(value)
    return data
