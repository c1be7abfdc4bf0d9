"""Answers that officials keep for later: a department's are its supervisors' to keep, everybody has their own."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from permits.models import User
from reviews import policy, settings_log
from reviews.models import SavedAnswer
from reviews.workflow.errors import NotSensible


@transaction.atomic
def save_answer(row: SavedAnswer, *, by: User) -> SavedAnswer:
    """Save it, with the event that names what changed. Raise ``policy.Refused``, ``NotSensible``."""
    before = SavedAnswer.objects.select_for_update().filter(pk=row.pk).first() if row.pk else None
    for one in (row, before):
        if one and one.department_id:
            policy.check_supervisor(by, [one.department_id], timezone.now())
        elif one and one.owner_id != by.pk:
            raise policy.Refused("own_department", _("This saved answer is somebody else's."), by)
    if not (row.text_zh.strip() or row.text_en.strip()):
        raise NotSensible(_("Write the answer in one of the languages at least."))
    settings_log.save(row, by=by)
    return row
