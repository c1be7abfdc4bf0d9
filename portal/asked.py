"""What may be changed while corrections are asked for: what the notice names, and what doesn't fit it any more.

A first batch that is corrected puts the origins and the roster out of order, and a planned day passes while the clock
stands still: without these the applicant could not answer at all.
"""

from __future__ import annotations

from dataclasses import dataclass

from permits import checks
from permits.models import Application
from reviews import lifecycle
from reviews.models import CorrectionItem, CorrectionNotice


@dataclass(frozen=True)
class Asked:
    items: list[CorrectionItem]
    fields: set[str]
    materials: set[str]  # keys, as the fields


def owes(application: Application, key: str) -> bool:
    """Whether the material was accepted as missing and can still be handed in."""
    if application.status in lifecycle.FINAL or application.is_draft:
        return False
    return application.promises.owed().filter(requirement=key).exists()


def open_notice(application: Application) -> CorrectionNotice | None:
    unanswered = application.correction_notices.filter(answered_at=None)
    return unanswered.select_related("task__department").order_by("issued_at").last()


def asked_of(application: Application, notice: CorrectionNotice) -> Asked:
    items = list(notice.items.select_related("mark"))
    fields, materials = checks.out_of_order(application)
    rows = {item.key for item in items if item.kind == CorrectionItem.Kind.ROW}
    files = {requirement.key for requirement in application.definition.materials}
    return Asked(
        items,
        # A list of which rows are named is mended in these rows; what is out of order in it, as well.
        (fields - rows) | {item.key for item in items if item.kind == CorrectionItem.Kind.FIELD},
        materials | (rows & files) | {item.key for item in items if item.kind == CorrectionItem.Kind.MATERIAL},
    )
