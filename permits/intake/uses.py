"""Which rows need which blobs: asked before one is thrown away, and when rows and blobs are compared."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Any

from django.db.models import Max, Min, Model, Q

from permits.models import (
    Check,
    EditionDraftFile,
    EditionFile,
    Material,
    MaterialPart,
    Membership,
    Permit,
    PermitCorrection,
)

AT_ONCE = 2000  # digests of a table


@dataclass(frozen=True)
class Use:
    """A table that names blobs: in which column, how long they are, and which of its rows have none."""

    model: type[Model]
    column: str = "sha256"
    size: str = "size"
    but: Q = Q(pk=None)  # noqa: RUF009 - never changed

    @property
    def rows(self) -> Any:
        return self.model._default_manager.exclude(self.but).exclude(**{self.column: ""})


USES = (
    Use(Material, but=Q(check_state=Check.REFUSED) | Q(erased_at__isnull=False)),
    Use(MaterialPart),
    Use(Permit, "pdf_sha256", "pdf_size"),
    Use(PermitCorrection, "pdf_sha256", ""),
    Use(EditionFile),
    Use(EditionDraftFile),
    Use(Membership, "document_sha256", "document_size"),
)


@dataclass(frozen=True)
class Needed:
    """A blob that a row needs. ``size`` is 0 where the row doesn't say; ``by`` names one of the rows: ``material 17``."""

    sha256: str
    size: int
    by: str


def is_used(sha256: str) -> bool:
    return any(use.rows.filter(**{use.column: sha256}).exists() for use in USES)


def needed(after: str = "", until: str = "") -> Iterator[Needed]:
    """Every blob that a row needs, once, in the order of the digests: greater than ``after``, less than ``until``.

    However many rows there are, a few thousand are in memory; each query begins where the last one ended.
    """
    merged = heapq.merge(*(_of(use, after, until) for use in USES), key=attrgetter("sha256"))
    for sha256, same in groupby(merged, attrgetter("sha256")):
        first, *others = same
        yield Needed(sha256, max(first.size, *(each.size for each in others), 0), first.by)


def _of(use: Use, after: str, until: str) -> Iterator[Needed]:
    name = str(use.model._meta.model_name)
    rows = use.rows.filter(**{f"{use.column}__lt": until}) if until else use.rows
    while True:
        said = {"first": Min("pk")} | ({"length": Max(use.size)} if use.size else {})
        found = rows.filter(**{f"{use.column}__gt": after}).order_by(use.column).values(use.column).annotate(**said)
        some = list(found[:AT_ONCE])
        for row in some:
            yield Needed(row[use.column], row.get("length") or 0, f"{name} {row['first']}")
        if len(some) < AT_ONCE:
            return
        after = some[-1][use.column]
