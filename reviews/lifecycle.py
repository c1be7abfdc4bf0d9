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
    # The kind of task that an official ends with it, if that isn't a task of the stage; "" for none at all.
    task: str | None = None
    # For a return: the kind of stage that it goes back to.
    to: str | None = None

    @property
    def ends(self) -> str | None:
        """The kind of task that this ends."""
        return self.stage if self.task is None else self.task


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
    # everything is told at once; a second notice needs a supervisor's word, see ``policy``
    Transition("correct", S.CORRECTED, S.NEEDS_CORRECTION, By.OFFICIAL, stage="precheck", needs_reason=True),
    Transition("decline", S.SUBMITTED, S.DECLINED, By.OFFICIAL, stage="precheck", needs_reason=True),
    Transition("decline", S.CORRECTED, S.DECLINED, By.OFFICIAL, stage="precheck", needs_reason=True),
    Transition("answer_corrections", S.NEEDS_CORRECTION, S.CORRECTED, By.APPLICANT, stage="precheck"),
    # nobody said anything in time: the law says accepted (逾期不告知即为受理)
    Transition("deem_accepted", S.SUBMITTED, S.IN_REVIEW, By.SYSTEM, stage="precheck"),
    Transition("deem_accepted", S.CORRECTED, S.IN_REVIEW, By.SYSTEM, stage="precheck"),
    Transition("lapse", S.NEEDS_CORRECTION, S.LAPSED, By.SYSTEM, stage="precheck"),
    # countersign: opinions are gathered, the application moves on when they are all in or settle it
    Transition("agree", S.IN_REVIEW, S.IN_REVIEW, By.OFFICIAL, stage="countersign"),
    Transition("disagree", S.IN_REVIEW, S.IN_REVIEW, By.OFFICIAL, stage="countersign", needs_reason=True),
    Transition("deem_agreed", S.IN_REVIEW, S.IN_REVIEW, By.SYSTEM, stage="countersign"),
    Transition("return", S.IN_REVIEW, S.SUBMITTED, By.OFFICIAL, stage="countersign", needs_reason=True, to="precheck"),
    Transition(
        "return", S.IN_REVIEW, S.IN_REVIEW, By.OFFICIAL, stage="countersign", needs_reason=True, to="countersign"
    ),
    # decision
    Transition("approve", S.IN_REVIEW, S.APPROVED, By.OFFICIAL, stage="decision"),
    Transition("reject", S.IN_REVIEW, S.REJECTED, By.OFFICIAL, stage="decision", needs_reason=True),
    Transition("return", S.IN_REVIEW, S.SUBMITTED, By.OFFICIAL, stage="decision", needs_reason=True, to="precheck"),
    Transition("return", S.IN_REVIEW, S.IN_REVIEW, By.OFFICIAL, stage="decision", needs_reason=True, to="countersign"),
    # 特别程序: experts look at it, a hearing is held; the tasks stay open and the clock stands still
    Transition("suspend", S.IN_REVIEW, S.SUSPENDED, By.OFFICIAL, stage="countersign", needs_reason=True, task=""),
    Transition("suspend", S.IN_REVIEW, S.SUSPENDED, By.OFFICIAL, stage="decision", needs_reason=True, task=""),
    Transition("resume", S.SUSPENDED, S.IN_REVIEW, By.OFFICIAL, task=""),
    # an opinion that does not decide
    Transition("advise", S.SUBMITTED, S.SUBMITTED, By.OFFICIAL, needs_reason=True, task="advice"),
    Transition("advise", S.CORRECTED, S.CORRECTED, By.OFFICIAL, needs_reason=True, task="advice"),
    Transition("advise", S.IN_REVIEW, S.IN_REVIEW, By.OFFICIAL, needs_reason=True, task="advice"),
    Transition("advise", S.SUSPENDED, S.SUSPENDED, By.OFFICIAL, needs_reason=True, task="advice"),
    # 容缺: a material that was accepted as missing was not handed in
    Transition("terminate", S.SUBMITTED, S.TERMINATED, By.SYSTEM),
    Transition("terminate", S.CORRECTED, S.TERMINATED, By.SYSTEM),
    Transition("terminate", S.NEEDS_CORRECTION, S.TERMINATED, By.SYSTEM),
    Transition("terminate", S.IN_REVIEW, S.TERMINATED, By.SYSTEM),
    Transition("terminate", S.SUSPENDED, S.TERMINATED, By.SYSTEM),
    # 告知承诺: what was pledged is checked after the approval
    Transition("confirm", S.APPROVED, S.APPROVED, By.OFFICIAL, task="aftercheck"),
    Transition("found_false", S.APPROVED, S.APPROVED, By.OFFICIAL, needs_reason=True, task="aftercheck"),
    # 异议: the applicant objects to a refusal, and somebody else looks at it again
    Transition("object", S.DECLINED, S.OBJECTED, By.APPLICANT, stage="precheck", needs_reason=True),
    Transition("object", S.REJECTED, S.OBJECTED, By.APPLICANT, stage="decision", needs_reason=True),
    Transition("uphold", S.OBJECTED, S.DECLINED, By.OFFICIAL, stage="precheck", needs_reason=True, task="objection"),
    Transition("uphold", S.OBJECTED, S.REJECTED, By.OFFICIAL, stage="decision", needs_reason=True, task="objection"),
    Transition("overturn", S.OBJECTED, S.SUBMITTED, By.OFFICIAL, stage="precheck", needs_reason=True, task="objection"),
    Transition("overturn", S.OBJECTED, S.IN_REVIEW, By.OFFICIAL, stage="decision", needs_reason=True, task="objection"),
    # the owner may take it back until it is decided
    Transition("withdraw", S.SUBMITTED, S.WITHDRAWN, By.APPLICANT),
    Transition("withdraw", S.NEEDS_CORRECTION, S.WITHDRAWN, By.APPLICANT),
    Transition("withdraw", S.CORRECTED, S.WITHDRAWN, By.APPLICANT),
    Transition("withdraw", S.IN_REVIEW, S.WITHDRAWN, By.APPLICANT),
    Transition("withdraw", S.SUSPENDED, S.WITHDRAWN, By.APPLICANT),
)

# An approved application may have checks of its pledges open, and is decided all the same.
FINAL = frozenset({S.APPROVED, S.REJECTED, S.DECLINED, S.WITHDRAWN, S.LAPSED, S.RECORDED, S.TERMINATED})

# Words that one office writes to another: on record, and not the applicant's to read.
INTERNAL = frozenset({"return", "advise", "confirm", "found_false", "acknowledge"})

# Nobody owes anything meanwhile: it is over, or an objection to its end is looked at.
AT_REST = FINAL | {S.OBJECTED}

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
    "return": _("Return to an earlier stage"),
    "suspend": _("Begin a special procedure"),
    "resume": _("End the special procedure"),
    "advise": _("Give an opinion"),
    "deem_agreed": _("Deemed to agree"),
    "terminate": _("Terminate"),
    "confirm": _("The pledge holds"),
    "found_false": _("The pledge is false"),
    "object": _("Object"),
    "uphold": _("Uphold the decision"),
    "overturn": _("Set the decision aside"),
}


def transition(action: str, status: str, stage: str, *, task: str | None = None, to: str | None = None) -> Transition:
    """The transition for ``action`` from ``status`` at a stage of kind ``stage``; raise ``NotPossible`` if none.

    ``task``: the kind of task that an official ends with it. ``to``: for a return, the kind of stage it goes back to.
    """
    for row in TRANSITIONS:
        if row.action != action or row.source != status or row.stage not in (None, stage):
            continue
        if row.to == to and (task is None or (row.by == By.OFFICIAL and row.ends == task)):
            return row
    raise NotPossible(action, status)


def outcomes(status: str, stage: str, task: str) -> list[Transition]:
    """What an official can decide now on a task of kind ``task``: for the buttons of the review page."""
    return [
        row
        for row in TRANSITIONS
        if row.by == By.OFFICIAL and row.source == status and row.stage in (None, stage) and row.ends == task
    ]
