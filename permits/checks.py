"""Is an application complete? The same answer for the check page, the submission and the answered corrections."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from permits.expressions import parse as parse_expression
from permits.forms import as_data, broken_rules, section_form, values_of
from permits.intake.materials import RequirementState, requirement_state
from permits.models import Application, Check


@dataclass(frozen=True)
class Problem:
    """Something to be mended before the application can be sent: where it is, and what to do."""

    place: str  # "section" or "material"; of an answered notice "correction" or "office" too
    key: str  # the section's or the requirement's key
    field: str
    title: str
    message: str


def problems(application: Application) -> list[Problem]:
    """Everything that stands against sending the application, in the order of the form."""
    return [*_in_the_form(application), *_in_the_materials(application)]


def warnings(application: Application) -> list[str]:
    values = values_of(application.definition, application.answers)
    return [str(rule.message) for rule in broken_rules(application.definition, values, level="warning")]


def out_of_order(application: Application) -> tuple[set[str], set[str]]:
    """Keys of the fields, and of the materials, in which its problems can be mended.

    More than the problems themselves name: four numbers that don't add up can be mended in each of them.
    """
    definition = application.definition
    found = problems(application)
    fields = {problem.field for problem in found if problem.place == "section"}
    materials = {problem.key for problem in found if problem.place == "material"}
    for rule in broken_rules(definition, values_of(definition, application.answers), level="error"):
        fields |= parse_expression(rule.check).names
    fields |= {wanted.roster_rows for wanted in definition.materials if wanted.roster_rows and wanted.key in materials}
    return fields, materials


def _in_the_form(application: Application) -> list[Problem]:
    definition = application.definition
    data = as_data(definition, application.answers)
    found = []
    for section in definition.sections:
        form = section_form(definition, section, application.answers, data)
        for key, messages in form.errors.items():
            field = form.defined.get(key)
            title = str(field.label) if field else str(section.title)
            found.append(Problem("section", section.key, key, title, str(messages[0])))
    return found


def _in_the_materials(application: Application) -> list[Problem]:
    values = values_of(application.definition, application.answers)
    found = []
    for state in requirement_state(application, values):
        title = str(state.requirement.title)
        message = _unchecked(state) or ("" if state.satisfied else _("Please upload “%(title)s”.") % {"title": title})
        message = message or _miscounted(application, state, values)
        if message:
            found.append(Problem("material", state.requirement.key, state.requirement.key, title, message))
    return found


def _unchecked(state: RequirementState) -> str:
    """What is being checked yet would be lost if it were sent now; what was refused is missed only where it is needed."""
    for file in state.others:
        if file.check_state == Check.CHECKING:
            return _("“%(file)s” is being checked. It takes a moment; then try again.") % {"file": file.original_name}
        if file.check_state == Check.HELD:
            return _("“%(file)s” waits for the virus scanner, which is away. It is checked as soon as it is back; you needn't "
                     "stay here.") % {"file": file.original_name}  # fmt: skip
    if not state.satisfied and state.others:
        refused = state.others[-1]
        return _("“%(file)s” was refused: %(why)s") % {"file": refused.original_name, "why": refused.why}
    return ""


def _miscounted(application: Application, state: RequirementState, values: Mapping[str, Any]) -> str:
    """A roster has as many rows as the form says there are people."""
    counted = application.definition.field(state.requirement.roster_rows or "")
    if counted is None or not state.files or values.get(counted.key) in (None, state.rows):
        return ""
    return ngettext(
        "The roster has %(rows)d row, but “%(label)s” says %(count)s. Mend the roster or the form.",
        "The roster has %(rows)d rows, but “%(label)s” says %(count)s. Mend the roster or the form.", state.rows,
    ) % {
        "rows": state.rows, "label": counted.label, "count": values[counted.key],
    }  # fmt: skip
