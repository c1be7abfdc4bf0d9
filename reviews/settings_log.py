"""What a system administrator sets (a department, a day of the calendar) is saved together with its event.

GB/T 22239-2019 8.1.5.1: what system administrators do is audited.
"""

from __future__ import annotations

from typing import Any

from django.db import models, transaction
from django.utils import timezone

from permits.models import User
from reviews import roles
from reviews.audit import log


@transaction.atomic
def save(row: models.Model, *, by: User | None) -> None:
    """Save ``row``; the event names each column that changed, with the value before and after."""
    model = type(row)
    before: Any = model._default_manager.select_for_update().filter(pk=row.pk).first() if row.pk else None
    changed = {
        field.name: [_plain(before, field), _plain(row, field)]
        for field in model._meta.concrete_fields
        if not field.primary_key and (before is None or _plain(before, field) != _plain(row, field))
    }
    if not changed:
        return
    row.save()
    log.record(
        action="settings_changed", actor=by, role=roles.acting_as(by), at=timezone.now(),
        stream=f"{model._meta.model_name}:{row.pk}", before="" if before is None else "there", after="there",
        data=changed,
    )  # fmt: skip


def _plain(row: Any, field: Any) -> str | None:
    return None if row is None else field.value_to_string(row)
