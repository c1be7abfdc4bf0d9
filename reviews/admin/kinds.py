"""What each kind of notice is called, for officials: most as the event that it tells of."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from reviews.audit import log

NAMES = {
    "new_task": _("New task"),
    "overdue": _("Overdue"),
    "message_waiting": _("Question of an applicant"),
    "message_answered": _("Answer to a question"),
    "invited": _("Invitation to act for an enterprise"),
    "invitation_answered": _("Invitation answered"),
    "authorisation_ends_soon": _("Authorisation ends soon"),
    "draft_to_be_erased": _("Files of a draft are to be erased"),
    "draft_erased": _("Files of a draft erased"),
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
