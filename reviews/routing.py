"""Which department handles a stage: by kind, by region, and by what was answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from permits.codes import regions
from permits.definition import expression
from permits.definition_process import Stage
from permits.ready import Ready
from reviews.models import Department


class NobodyHandles(Exception):
    """No department of the kind is registered for the region or one above it."""

    def __init__(self, what: str, kind: str, region: str) -> None:
        self.kind, self.region = kind, region
        super().__init__(
            _("No office is registered yet that handles “%(stage)s” in %(region)s. Please tell the approval bureau.")
            % {"stage": what, "region": regions.full_name(region) or region}
        )


def departments_for(stage: Stage, *, region: str, values: Mapping[str, Any]) -> list[Department]:
    """The departments of a stage, in the definition's order. Raise ``NobodyHandles`` when one isn't registered."""
    kinds = []
    for handler in stage.departments:
        condition = expression(handler.when)
        if condition is None or condition.holds(values, when_unanswered=False):
            kinds.append(handler.department)
    if not kinds:
        raise NobodyHandles(str(stage.title), "", region)
    return nearest(kinds, region, what=str(stage.title))


def nearest(kinds: list[str], region: str, *, what: str) -> list[Department]:
    """For each kind the department of the region itself, or of the nearest one above it. One query."""
    above = [region, *(place.code for place in reversed(regions.path(region)))]
    found: dict[str, Department] = {}
    for one in sorted(_offices(kinds=kinds, regions=above), key=lambda one: above.index(one.region)):
        found.setdefault(one.kind, one)
    for kind in kinds:
        if kind not in found:
            raise NobodyHandles(what, kind, region)
    return [found[kind] for kind in dict.fromkeys(kinds)]


@Ready
def _offices(*, kinds: list[str], regions: list[str]) -> QuerySet[Department]:
    return Department.objects.filter(kind__in=kinds, region__in=regions, active=True)
