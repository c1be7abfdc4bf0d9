"""What was corrected may say that other offices handle it: the case goes there, or its applicant hears that there are none."""

from __future__ import annotations

from collections.abc import Iterable

from permits.checks import Problem
from permits.definition import Definition, expression
from permits.forms import values_of
from permits.models import Application, Promise
from reviews import routing
from reviews.models import CorrectionItem, Department
from reviews.workflow import filing
from reviews.workflow.errors import Incomplete
from reviews.workflow.step import Step


def offices_by_answer(step: Step, asked: Iterable[CorrectionItem]) -> list[Department]:
    """The offices of the stage that it stands at, by what is answered now; none where nothing that was ``asked`` bears on
    who handles it. The columns that routing, lists and permits read follow the answers.

    Raise ``Incomplete`` where this stage, a later one, or a pledge has no office there: it would be stuck on the way.
    """
    application = step.application
    definition = application.definition
    values = values_of(definition, application.answers)
    before = (application.region, application.industry)
    filing.write_place(application, values)
    moved = before != (application.region, application.industry)
    if not moved and not _bears_on_routing(definition) & {item.key for item in asked}:
        return []  # an office that was closed meanwhile is no reason to refuse an answer that has nothing to do with it
    pledged = application.promises.filter(kind=Promise.Kind.PLEDGE).values_list("requirement", flat=True)
    try:
        filing.check_everybody_is_there(application, values, pledged=list(pledged))
        return routing.departments_for(step.stage, region=application.region, values=values)
    except routing.NobodyHandles as nobody:
        raise Incomplete([_nobody_there(application, nobody)]) from nobody


def _bears_on_routing(definition: Definition) -> set[str]:
    conditions = [expression(handler.when) for stage in definition.stages for handler in stage.departments]
    return {name for condition in conditions if condition for name in condition.names}


def _nobody_there(application: Application, nobody: routing.NobodyHandles) -> Problem:
    """Said of the question for the region; its form finds nothing wrong with it, so it is no problem of a section."""
    key = application.definition.region_field
    field = application.definition.field(key)
    return Problem("office", key, key, str(field.label) if field else "", str(nobody))
