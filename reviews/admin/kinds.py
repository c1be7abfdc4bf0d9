"""What each kind of notice is called, for officials: most as the event that it tells of."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from reviews.audit import log

NAMES = {
    "new_task": _("New task"),
    "overdue": _("Overdue"),
    "answer_late": _("Answer late"),
    "bad_rating": _("Bad rating"),
    "accepted_owing": _("Accepted with materials missing"),
    "corrections_due_soon": _("Corrections are due soon"),
    "owed_reminder": _("Owed materials are due soon"),
    "owed_at_risk": _("Owed materials at risk"),
    "terminated_office": _("Terminated: told to the office"),
    "reminder": _("Reminder of a task"),
    "digest": _("Summary every working morning"),
    "edition_published": _("Edition published on time"),
}


def name(kind: str) -> str:
    return str(NAMES.get(kind) or log.label(kind))
