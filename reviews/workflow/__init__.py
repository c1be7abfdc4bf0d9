"""The only writers of a status: each function is one step of the process, one transaction, safe to call twice.

Each locks the application's row first, asks ``policy`` who may, asks ``lifecycle`` whether it is possible, writes the
decision, moves the application, opens the next tasks, appends the event and puts the notices into the outbox. All of
that is committed together, or none of it is. Views, admin, commands and Celery tasks only call these.
"""

from reviews.workflow.corrections import Correction, answer_corrections
from reviews.workflow.deciding import decide
from reviews.workflow.errors import AlreadyDecided, Incomplete, ReasonNeeded
from reviews.workflow.filing import carry_draft, submit, withdraw
from reviews.workflow.handling import claim, release
from reviews.workflow.issuing import revoke_permit
from reviews.workflow.queueing import claim_next
from reviews.workflow.ratings import follow_up_rating, rate
from reviews.workflow.step import APPLICANT_ROLE, SYSTEM_ROLE
from reviews.workflow.timers import deem_accepted, escalate, lapse

__all__ = [
    "APPLICANT_ROLE",
    "SYSTEM_ROLE",
    "AlreadyDecided",
    "Correction",
    "Incomplete",
    "ReasonNeeded",
    "answer_corrections",
    "carry_draft",
    "claim",
    "claim_next",
    "decide",
    "deem_accepted",
    "escalate",
    "follow_up_rating",
    "lapse",
    "rate",
    "release",
    "revoke_permit",
    "submit",
    "withdraw",
]
