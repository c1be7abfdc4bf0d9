"""The only writers of a status: each function is one step of the process, one transaction, safe to call twice.

Each locks the application's row first, asks ``policy`` who may, asks ``lifecycle`` whether it is possible, writes the
decision, moves the application, opens the next tasks, appends the event and puts the notices into the outbox. All of
that is committed together, or none of it is. Views, admin, commands and Celery tasks only call these.
"""

from reviews.workflow.advising import ask_advice
from reviews.workflow.callbacks import ask_call, cancel_call, handle_call
from reviews.workflow.consents import give_consent, look_at_draft, revoke_consent
from reviews.workflow.corrections import (
    Correction,
    allow_second_round,
    answer_corrections,
    ask_second_round,
    changed,
)
from reviews.workflow.countersigning import check_agreed, deem_agreed
from reviews.workflow.deciding import decide
from reviews.workflow.discarding import discard_draft
from reviews.workflow.erasing_files import announce_erasure, erase_files
from reviews.workflow.erasing_threads import erase_thread
from reviews.workflow.errors import AlreadyDecided, Incomplete, NotSensible, ReasonNeeded
from reviews.workflow.filing import carry_draft, submit, withdraw
from reviews.workflow.handling import claim, delegate, end_delegation, expire_claim, keep_claim, reassign, release
from reviews.workflow.interests import declare_interest, end_interest
from reviews.workflow.issuing import correct_permit, renewable_from, revoke_permit, start_renewal
from reviews.workflow.late_answers import escalate_thread
from reviews.workflow.messages import AnsweredMeanwhile, answer, ask, claim_thread, read_thread, release_thread
from reviews.workflow.objections import object_to, objection_until
from reviews.workflow.originals import may_take_originals, take_original
from reviews.workflow.pauses import extend, resume, suspend
from reviews.workflow.promises import (
    check_nothing_owed,
    drop_promise,
    material_arrived,
    promise_material,
    remind_owing,
    terminate,
)
from reviews.workflow.queueing import claim_next
from reviews.workflow.ratings import follow_up_rating, rate
from reviews.workflow.recounting import recompute_due_times
from reviews.workflow.saved_answers import save_answer
from reviews.workflow.step import APPLICANT_ROLE, SYSTEM_ROLE
from reviews.workflow.timers import deem_accepted, escalate, lapse, remind, warn_of_lapse

__all__ = [
    "APPLICANT_ROLE",
    "SYSTEM_ROLE",
    "AlreadyDecided",
    "AnsweredMeanwhile",
    "Correction",
    "Incomplete",
    "NotSensible",
    "ReasonNeeded",
    "allow_second_round",
    "announce_erasure",
    "answer",
    "answer_corrections",
    "ask",
    "ask_advice",
    "ask_call",
    "ask_second_round",
    "cancel_call",
    "carry_draft",
    "changed",
    "check_agreed",
    "check_nothing_owed",
    "claim",
    "claim_next",
    "claim_thread",
    "correct_permit",
    "decide",
    "declare_interest",
    "deem_accepted",
    "deem_agreed",
    "delegate",
    "discard_draft",
    "drop_promise",
    "end_delegation",
    "end_interest",
    "erase_files",
    "erase_thread",
    "escalate",
    "escalate_thread",
    "expire_claim",
    "extend",
    "follow_up_rating",
    "give_consent",
    "handle_call",
    "keep_claim",
    "lapse",
    "look_at_draft",
    "material_arrived",
    "may_take_originals",
    "object_to",
    "objection_until",
    "promise_material",
    "rate",
    "read_thread",
    "reassign",
    "recompute_due_times",
    "release",
    "release_thread",
    "remind",
    "remind_owing",
    "renewable_from",
    "resume",
    "revoke_consent",
    "revoke_permit",
    "save_answer",
    "start_renewal",
    "submit",
    "suspend",
    "take_original",
    "terminate",
    "warn_of_lapse",
    "withdraw",
]
