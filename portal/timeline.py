"""What has happened to an application, as its applicant is shown it, and whether its clock runs."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from permits.models import Application, Status
from reviews import lifecycle, workflow
from reviews.audit import archive, log
from reviews.models import Event, Pause

# What the applicant is shown of the log; the rest (who claimed it and when) is the office's own affair.
SHOWN = {
    "submitted", "accepted", "corrections_requested", "corrections_answered", "declined", "deemed_accepted", "agreed",
    "disagreed", "approved", "rejected", "withdrawn", "lapsed", "recorded", "permit_revoked", "suspended", "resumed",
    "extended", "returned", "deemed_agreed", "terminated", "objected", "upheld", "overturned", "permit_corrected",
    "permit_superseded", "promise_met", "promise_dropped", "pledge_confirmed", "due_times_recomputed", "files_erased",
}  # fmt: skip
BAD = {"declined", "rejected", "lapsed", "permit_revoked", "disagreed", "terminated", "upheld"}
WITHOUT_REASON = {log.EVENT_OF[outcome] for outcome in lifecycle.INTERNAL}
STOPPED = {Status.NEEDS_CORRECTION, Status.SUSPENDED}
SOON = 3600  # seconds


def shows(event: Event) -> bool:
    return event.action in SHOWN


def tells(event: Event) -> bool:
    """Whether the applicant reads the words that go with it."""
    return shows(event) and event.action not in WITHOUT_REASON


def due_state(application: Application) -> str:
    """For the due chip: nothing when nothing is due, ``stopped`` while the time doesn't count."""
    if application.is_closed or application.due_at is None or application.status == Status.OBJECTED:
        return ""
    if application.status in STOPPED:
        return "stopped"
    left = (application.due_at - timezone.now()).total_seconds()
    return "late" if left < 0 else "soon" if left < SOON else "ok"


def timeline(application: Application) -> list[dict[str, Any]]:
    """What has happened; where it stands, and what is to come, is drawn by ``stages``."""
    offices = {task.department.kind: str(task.department) for task in application.tasks.select_related("department")}
    found: list[dict[str, Any]] = []
    events, whole = archive.story_of(application)
    if not whole:
        found.append({"title": archive.OUT_OF_REACH, "state": "error"})
    for event in events:
        if not shows(event):
            continue
        note = getattr(event, "note", None) if tells(event) else None
        found.append({
            "title": _title(application, event), "at": timezone.localtime(event.at), "who": _who(event, offices),
            "reason": note.text if note else "", "state": "error" if event.action in BAD else "done",
            "note": _note(event), "action": event.action,
        })  # fmt: skip
    return found


def _title(application: Application, event: Event) -> str:
    if event.action in ("approved", "rejected") and event.after:
        wording = application.definition.outcome.wording.get(event.after)
        return str(wording) if wording else str(Status(event.after).label)
    if event.action == "returned":
        return _("Looked at once more by an earlier office; there is nothing for you to do")
    return log.label(event.action)


def _note(event: Event) -> str:
    """What goes with it in a word: which procedure, which permit."""
    data = log.data_of(event)
    if event.action in ("suspended", "resumed") and data.get("kind") in Pause.Kind.values:
        return str(Pause.Kind(data["kind"]).label)
    if event.action == "permit_superseded":
        return str(data.get("permit", ""))
    return ""


def _who(event: Event, offices: dict[str, str]) -> str:
    """The applicant by name; of officials, the office that the role names."""
    if event.role == workflow.APPLICANT_ROLE:
        return event.actor.name if event.actor else ""
    if "@" not in event.role:
        return _("System")
    kind = event.role.split("@")[1].split(":")[0]
    return offices.get(kind, kind)
