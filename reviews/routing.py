"""Which department handles a stage: by kind, by region, and by what was answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from permits.codes import regions
from permits.definition import Stage, expression
from reviews.models import Department


class NobodyHandles(Exception):
    """No department of the kind is registered for the region or one above it."""

    def __init__(self, stage: Stage, kind: str, region: str) -> None:
        self.kind, self.region = kind, region
        super().__init__(
            _("No office is registered yet that handles “%(stage)s” in %(region)s, so the application can't be handed "
              "over. It is kept as a draft; please tell the approval bureau.")
            % {"stage": stage.title, "region": regions.full_name(region) or region}
        )  # fmt: skip


def departments_for(stage: Stage, *, region: str, values: Mapping[str, Any]) -> list[Department]:
    """The departments of a stage, in the definition's order. Raise ``NobodyHandles`` when one isn't registered."""
    kinds = []
    for handler in stage.departments:
        condition = expression(handler.when)
        if condition is None or condition.holds(values, when_unanswered=False):
            kinds.append(handler.department)
    if not kinds:
        raise NobodyHandles(stage, "", region)
    above = [region, *(place.code for place in reversed(regions.path(region)))]
    offices = Department.objects.filter(kind__in=kinds, region__in=above, active=True)
    nearest: dict[str, Department] = {}
    for office in sorted(offices, key=lambda office: above.index(office.region)):
        nearest.setdefault(office.kind, office)
    for kind in kinds:
        if kind not in nearest:
            raise NobodyHandles(stage, kind, region)
    return [nearest[kind] for kind in dict.fromkeys(kinds)]
