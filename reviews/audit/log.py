"""Write an event, and read an application's story back.

Each stream's events form a hash chain: an event's ``hash`` is SHA-256 over its canonical JSON (RFC 8785), which
contains the hash of the event before it. The caller holds the lock of the application's row, so a chain never forks;
a unique constraint on (stream, seq) stands behind that.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import rfc8785
from django.utils.translation import gettext_lazy as _

from permits.models import Application, User
from permits.ready import insert
from reviews.audit.chains import digest as digest
from reviews.audit.chains import first_broken_link as first_broken_link
from reviews.models import Event, EventNote

ACTIONS = {
    "submitted": _("Submitted"),
    "accepted": _("Accepted"),
    "corrections_requested": _("Corrections requested"),
    "corrections_answered": _("Corrections answered"),
    "declined": _("Not accepted"),
    "deemed_accepted": _("Deemed accepted: nobody objected in time"),
    "agreed": _("Agreed"),
    "disagreed": _("Disagreed"),
    "stage_opened": _("Passed on"),
    "approved": _("Approved"),
    "service_rolled_back": _("Earlier edition put in force"),
    "acknowledged": _("Seen to by the office"),
    "rejected": _("Rejected"),
    "withdrawn": _("Withdrawn"),
    "lapsed": _("Lapsed: corrections were not answered in time"),
    "recorded": _("Recorded on arrival"),
    "claimed": _("Claimed"),
    "released": _("Released"),
    "escalated": _("Overdue: escalated to the supervisor"),
    "permit_revoked": _("Permit revoked"),
    "rated": _("Rated"),
    "rating_followed_up": _("Rating followed up"),
    "service_published": _("Service published"),
    "edition_scheduled": _("Publication of an edition scheduled"),
    "edition_unscheduled": _("Scheduled publication cancelled"),
    "edition_refused": _("Scheduled edition was not published"),
    "access_requested": _("Access asked for"),
    "access_granted": _("Access granted"),
    "access_refused": _("Access refused"),
    "enterprise_registered": _("Enterprise registered"),
    "enterprise_changed": _("Enterprise's record changed"),
    "authorised": _("Agent authorised"),
    "authority_kept": _("Document of authority handed in"),
    "authorisation_ended": _("Authorisation ended"),
    "authorisation_expired": _("Authorisation ran out"),
    "authorisation_reminded": _("Reminded of the end of an authorisation"),
    "member_left": _("Left the enterprise"),
    "owner_made": _("Made an owner"),
    "owner_ended": _("No owner any more"),
    "agent_invited": _("Invited to act for the enterprise"),
    "invitation_accepted": _("Invitation accepted"),
    "invitation_declined": _("Invitation declined"),
    "invitation_withdrawn": _("Invitation withdrawn"),
    "refused": _("Refused by a rule"),
    "lease_expired": _("Left alone: back in the queue"),
    "reassigned": _("Given to somebody else"),
    "delegated": _("Somebody stands in during leave"),
    "delegation_ended": _("Nobody stands in any more"),
    "advice_asked": _("Opinion asked for"),
    "advised": _("Opinion given"),
    "returned": _("Returned to an earlier stage"),
    "deemed_agreed": _("Deemed to agree: no answer in time"),
    "reminded": _("Reminded"),
    "second_round_asked": _("Second notice of corrections asked for"),
    "second_round_allowed": _("Second notice of corrections allowed"),
    "suspended": _("Special procedure begun: the clock stands still"),
    "resumed": _("Special procedure ended: the clock goes on"),
    "extended": _("Statutory limit extended"),
    "promised": _("Material promised"),
    "promise_dropped": _("Promise of a material no longer needed"),
    "promise_met": _("Owed material handed in"),
    "owed_escalated": _("Owed material at risk: escalated"),
    "terminated": _("Terminated: an owed material did not come"),
    "aftercheck_opened": _("Check of a pledge opened"),
    "pledge_confirmed": _("The pledge holds"),
    "pledge_false": _("The pledge is false"),
    "permit_corrected": _("Permit corrected"),
    "permit_superseded": _("Permit superseded by a renewed one"),
    "objected": _("Objection filed"),
    "upheld": _("Decision upheld"),
    "overturned": _("Decision set aside"),
    "interest_declared": _("Conflict of interest declared"),
    "interest_ended": _("Conflict of interest ended"),
    "due_times_recomputed": _("Due times computed again"),
    "role_granted": _("Role granted"),
    "role_revoked": _("Role taken back"),
    "posted": _("Posted to a department"),
    "posting_changed": _("Role of a posting changed"),
    "posting_ended": _("Posting ended"),
    "account_made": _("Account made"),
    "account_activated": _("Account activated"),
    "account_deactivated": _("Account deactivated"),
    "desk_opened": _("Let in to the review desk"),
    "desk_closed": _("Shut out of the review desk"),
    "superuser_revoked": _("No superuser any more"),
    "settings_changed": _("Settings changed"),
    "words_erased": _("Words of an event erased"),
    "notice_text_published": _("Wording of a notice published"),
    "notice_text_tested": _("Wording of a notice sent as a test"),
    "digest_sent": _("Morning summaries sent"),
    "looked": _("Looked at"),
    "name_changed": _("Name of the account changed"),
    "sessions_ended": _("Signed out on all other devices"),
    "own_data_taken": _("Own data taken out"),
    "account_closed": _("Account closed by its owner"),
    "mobile_confirmed": _("Mobile number confirmed"),
    "mobile_removed": _("Mobile number removed"),
    "log_exported": _("Audit log taken out"),
    "original_taken": _("Original of a file taken out"),
    "erasure_announced": _("Applicant told that files will be erased"),
    "draft_discarded": _("Draft thrown away"),
    "files_erased": _("Files erased: kept long enough"),
    "message_sent": _("Message sent"),
    "thread_claimed": _("Question taken in hand"),
    "thread_escalated": _("Answer late: the supervisor was told"),
    "thread_released": _("Question given back to the office"),
    "call_asked": _("Call asked for"),
    "call_cancelled": _("Call not wanted any more"),
    "call_done": _("Called"),
    "call_missed": _("Called, not reached"),
    "consent_given": _("Office may look at the draft"),
    "consent_revoked": _("Office may look at the draft no more"),
    "thread_erased": _("Words of messages erased: kept long enough"),
    "gate_made": _("Gate made"),
    "gate_changed": _("Gate changed"),
    "gate_given": _("Lets somebody check at a gate"),
    "gate_taken": _("Lets somebody check at a gate no more"),
    "scans_pruned": _("Passages at a gate deleted: kept long enough"),
}

# The event of each outcome that an official decides; silence is one too.
EVENT_OF = {
    "accept": "accepted", "correct": "corrections_requested", "decline": "declined", "agree": "agreed",
    "disagree": "disagreed", "approve": "approved", "reject": "rejected", "acknowledge": "acknowledged",
    "return": "returned", "advise": "advised", "uphold": "upheld", "overturn": "overturned",
    "confirm": "pledge_confirmed", "found_false": "pledge_false",
}  # fmt: skip


def stream_of(application: Application) -> str:
    return f"application:{application.public_id}"


@dataclass(frozen=True)
class Entry:
    """An event that isn't written yet, and the words that go with it."""

    event: Event
    note: EventNote | None


def compose(
    *,
    action: str,
    actor: User | None,
    role: str,
    at: datetime,
    stream: str,
    seq: int,
    prev_hash: str,
    application: Application | None = None,
    before: str = "",
    after: str = "",
    reason: str = "",
    data: dict[str, Any] | None = None,
) -> Entry:
    """Event ``seq`` of ``stream``, which follows the one whose hash is ``prev_hash``.

    ``data`` holds plain JSON values and no personal data; ``reason`` goes into the log as a salted digest only.
    """
    if action not in ACTIONS:
        raise ValueError(f"'{action}' is not a registered audit action")
    salt = secrets.token_hex(16) if reason else ""
    body: dict[str, Any] = {
        "stream": stream,
        "seq": seq,
        "action": action,
        "actor": str(actor.public_id) if actor else None,
        "role": role,
        "at": at.astimezone(UTC).isoformat(timespec="microseconds"),
        "before": before,
        "after": after,
        "data": data or {},
        "prev": prev_hash,
    }
    if reason:
        body["reason"] = digest(salt, reason)
    payload = rfc8785.dumps(body)
    event = Event(
        stream=stream, seq=seq, application=application, action=action, actor=actor, role=role, at=at,
        before=before, after=after, payload=payload.decode(), prev_hash=prev_hash,
        hash=hashlib.sha256(payload).hexdigest(),
    )  # fmt: skip
    return Entry(event, EventNote(event=event, salt=salt, text=reason) if reason else None)


def write(entries: list[Entry]) -> None:
    """Write events in one statement, and their words in another."""
    insert([entry.event for entry in entries])
    insert([entry.note for entry in entries if entry.note], keys=False)


def record(
    *,
    action: str,
    actor: User | None,
    role: str,
    at: datetime,
    stream: str,
    before: str = "",
    after: str = "",
    reason: str = "",
    data: dict[str, Any] | None = None,
) -> Event:
    """Append an event to the stream of something that is no application: a service, an account, an enterprise.

    Inside the transaction of what it records, and under the lock of its row. An application's events are written by
    ``reviews.workflow`` alone, which holds the application and knows where its chain has got to.
    """
    last = Event.objects.filter(stream=stream).order_by("-seq").values_list("seq", "hash").first()
    seq, prev_hash = (last[0] + 1, last[1]) if last else (1, "")
    entry = compose(
        action=action, actor=actor, role=role, at=at, stream=stream, seq=seq, prev_hash=prev_hash, before=before,
        after=after, reason=reason, data=data,
    )  # fmt: skip
    write([entry])
    return entry.event


def answers_digest(salt: str, answers: Mapping[str, Any]) -> str:
    """How the answers of an application stand in the events by which they were sent: keys sorted, without blanks."""
    return digest(salt, json.dumps(answers, ensure_ascii=False, sort_keys=True, separators=(",", ":")))


def was_refused_just_now(stream: str, actor: User, data: dict[str, Any]) -> bool:
    """Whether the stream ends with this very refusal: what is tried over and over is said once."""
    last = Event.objects.filter(stream=stream).order_by("-seq").first()
    return bool(last and last.action == "refused" and last.actor_id == actor.pk and data_of(last) == data)


def data_of(event: Event) -> dict[str, Any]:
    """What an event says beside its columns."""
    data: dict[str, Any] = json.loads(event.payload)["data"]
    return data


def label(action: str) -> str:
    return str(ACTIONS.get(action, action))
