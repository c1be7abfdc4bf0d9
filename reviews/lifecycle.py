"""The states of an application and what leads from one to another: the one picture of the process.

Nothing else decides whether a step is possible. Who may take it is ``policy``'s, doing it is ``workflow``'s;
``manage.py workflow_graph`` draws this table.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from django.utils.translation import gettext_lazy as _

from permits.models import Status


class By(StrEnum):
    APPLICANT = "applicant"
    OFFICIAL = "official"
    SYSTEM = "system"


@dataclass(frozen=True)
class Transition:
    action: str
    source: Status
    target: Status
    by: By
    # The kind of stage the application must stand at, if that matters.
    stage: str | None = None
    needs_reason: bool = False


class NotPossible(Exception):
    """The application isn't in a state from which this step leads anywhere."""

    def __init__(self, action: str, status: str) -> None:
        self.action, self.status = action, status
        super().__init__(
            _(
                "“%(action)s” is not possible: the application is “%(status)s” now. Reload the page to see where it stands."
            )
            % {"action": ACTIONS.get(action, action), "status": Status(status).label}
        )


S = Status
TRANSITIONS: tuple[Transition, ...] = (
    # filing
    Transition("submit", S.DRAFT, S.SUBMITTED, By.APPLICANT, stage="precheck"),
    Transition("submit", S.DRAFT, S.IN_REVIEW, By.APPLICANT, stage="countersign"),
    Transition("submit", S.DRAFT, S.IN_REVIEW, By.APPLICANT, stage="decision"),
    Transition("submit", S.DRAFT, S.RECORDED, By.APPLICANT, stage="none"),
    # a report is received at once; the office that it reaches says that it saw to it, and decides nothing
    Transition("submit", S.DRAFT, S.RECORDED, By.APPLICANT, stage="record"),
    Transition("acknowledge", S.RECORDED, S.RECORDED, By.OFFICIAL, stage="record"),
    # pre-check
    Transition("accept", S.SUBMITTED, S.IN_REVIEW, By.OFFICIAL, stage="precheck"),
    Transition("accept", S.CORRECTED, S.IN_REVIEW, By.OFFICIAL, stage="precheck"),
    Transition("correct", S.SUBMITTED, S.NEEDS_CORRECTION, By.OFFICIAL, stage="precheck", needs_reason=True),
    Transition("decline", S.SUBMITTED, S.DECLINED, By.OFFICIAL, stage="precheck", needs_reason=True),
    Transition("decline", S.CORRECTED, S.DECLINED, By.OFFICIAL, stage="precheck", needs_reason=True),
    Transition("answer_corrections", S.NEEDS_CORRECTION, S.CORRECTED, By.APPLICANT, stage="precheck"),
    # nobody said anything in time: the law says accepted (逾期不告知即为受理)
    Transition("deem_accepted", S.SUBMITTED, S.IN_REVIEW, By.SYSTEM, stage="precheck"),
    Transition("deem_accepted", S.CORRECTED, S.IN_REVIEW, By.SYSTEM, stage="precheck"),
    Transition("lapse", S.NEEDS_CORRECTION, S.LAPSED, By.SYSTEM, stage="precheck"),
    # countersign: opinions are gathered, the application moves on when the last one is in
    Transition("agree", S.IN_REVIEW, S.IN_REVIEW, By.OFFICIAL, stage="countersign"),
    Transition("disagree", S.IN_REVIEW, S.IN_REVIEW, By.OFFICIAL, stage="countersign", needs_reason=True),
    # decision
    Transition("approve", S.IN_REVIEW, S.APPROVED, By.OFFICIAL, stage="decision"),
    Transition("reject", S.IN_REVIEW, S.REJECTED, By.OFFICIAL, stage="decision", needs_reason=True),
    # the owner may take it back until it is decided
    Transition("withdraw", S.SUBMITTED, S.WITHDRAWN, By.APPLICANT),
    Transition("withdraw", S.NEEDS_CORRECTION, S.WITHDRAWN, By.APPLICANT),
    Transition("withdraw", S.CORRECTED, S.WITHDRAWN, By.APPLICANT),
    Transition("withdraw", S.IN_REVIEW, S.WITHDRAWN, By.APPLICANT),
)

FINAL = frozenset({S.APPROVED, S.REJECTED, S.DECLINED, S.WITHDRAWN, S.LAPSED, S.RECORDED})

ACTIONS = {
    "submit": _("Submit"),
    "accept": _("Accept"),
    "correct": _("Notify of corrections"),
    "decline": _("Decline to accept"),
    "answer_corrections": _("Answer corrections"),
    "deem_accepted": _("Deemed accepted"),
    "lapse": _("Lapse"),
    "agree": _("Agree"),
    "disagree": _("Disagree"),
    "approve": _("Approve"),
    "reject": _("Reject"),
    "withdraw": _("Withdraw"),
    "acknowledge": _("Seen to"),
}


def transition(action: str, status: str, stage: str) -> Transition:
    """The transition for ``action`` from ``status`` at a stage of kind ``stage``; raise ``NotPossible`` if none."""
    for row in TRANSITIONS:
        if row.action == action and row.source == status and row.stage in (None, stage):
            return row
    raise NotPossible(action, status)


def outcomes(status: str, stage: str) -> list[Transition]:
    """What an official can decide now: for the buttons of the review page."""
    return [row for row in TRANSITIONS if row.by == By.OFFICIAL and row.source == status and row.stage == stage]
