"""What the events say an application is, against what the tables say: status, stage, numbers, decisions, permits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef

from permits.models import Application, Material, Permit, Status
from reviews.audit import log
from reviews.audit.chains import People, Row
from reviews.audit.log import EVENT_OF
from reviews.models import Decision, Event

PREFIX = "application:"
# These say before and after of something else than the application's status.
OF_SOMETHING_ELSE = {"stage_opened", "permit_revoked", "permit_superseded"}
ACTION_OF = EVENT_OF | {"silent": "deemed_agreed"}
DECIDING = set(ACTION_OF.values())

Decided = tuple[str, str, datetime, str]  # action, who, when, stage


@dataclass
class Story:
    """An application as its events tell it, gathered event by event."""

    public_id: str
    status: str = Status.DRAFT
    stage: str = ""
    number: str | None = None
    submitted_at: datetime | None = None
    decisions: dict[Decided, tuple[int, str | None]] = field(
        default_factory=dict
    )  # to seq, and words if they are there
    answers: tuple[int, str] | None = None  # the event by which they were last sent, and their digest
    files: dict[str, int] = field(default_factory=dict)  # their salted digests, to the event by which each was sent
    revoked: dict[str, int] = field(default_factory=dict)  # permits, to seq
    wordless: dict[int, None] = field(default_factory=dict)  # events whose words are not there
    erased: set[int] = field(default_factory=set)  # events whose words were erased on record
    seq: int = 0
    hash: str = ""
    application: int | None = None

    def hear(self, row: Row, body: dict[str, Any]) -> str:
        """Take the next event; say in words what doesn't fit the ones before, "" when all does."""
        self.seq, self.hash, self.application = row.seq, row.hash, row.application
        data = body.get("data", {})
        if "reason" in body and row.salt is None:
            self.wordless[row.seq] = None
        if row.action == "words_erased":
            self.erased.add(data.get("seq"))
        elif row.action == "stage_opened":
            self.stage = row.after
        elif row.action == "permit_revoked":
            self.revoked[data.get("permit", "")] = row.seq
        if "answers" in data:
            self.answers, self.files = (row.seq, data["answers"]), {}  # the salt is another from here on
        self.files |= dict.fromkeys(data.get("files", ()), row.seq)
        if row.action in DECIDING:
            key = (row.action, row.actor or "", row.at, data.get("stage", ""))
            self.decisions[key] = (row.seq, row.text if "reason" in body else "")
        if row.action in OF_SOMETHING_ELSE or not row.after:
            return ""
        before, self.status = self.status, row.after
        if row.action == "submitted":
            self.number, self.submitted_at = data.get("number"), row.at
        return (
            "" if row.before == before else f"event {row.seq} begins at '{row.before}', the one before left '{before}'"
        )


def differences(stories: list[Story], people: People | None = None) -> Iterator[tuple[str, int, str]]:
    """Where the tables say something else than the events: public id, event, words. A few queries for all of them."""
    names = (
        "pk",
        "public_id",
        "number",
        "status",
        "stage",
        "submitted_at",
        "last_seq",
        "last_hash",
        "answers",
        "answers_salt",
    )
    rows = Application.objects.filter(public_id__in=[story.public_id for story in stories]).values(*names)
    found = {str(row["public_id"]): row for row in rows}
    keys = [row["pk"] for row in found.values()]
    decided, permits, files = _decisions(keys, people or People()), _permits(keys), _files(keys)
    for story in stories:
        row = found.get(story.public_id)
        if row is None:
            yield story.public_id, story.seq, "it has events, and is not in the table of applications"
            continue
        for seq, words in (
            *_of_row(story, row),
            *_of_decisions(story, decided[row["pk"]]),
            *_of_permits(story, permits[row["pk"]]),
            *_of_files(story, row["answers_salt"], files[row["pk"]]),
        ):
            yield story.public_id, seq, words
        for seq in story.wordless:
            if seq not in story.erased:
                yield story.public_id, seq, f"the words of event {seq} are gone, and no erasure is on record"


def without_events() -> Iterator[str]:
    """The public ids of applications that were filed, and of which the log knows nothing."""
    events = Event.objects.filter(application=OuterRef("pk"))
    filed = Application.objects.exclude(status=Status.DRAFT).filter(~Exists(events), archived=None)
    yield from map(str, filed.values_list("public_id", flat=True).iterator())


def _of_row(story: Story, row: dict[str, Any]) -> Iterator[tuple[int, str]]:
    if row["last_seq"] > story.seq:
        yield story.seq + 1, f"event {story.seq + 1} is missing: its newest events were dropped"
    elif (row["last_seq"], row["last_hash"]) != (story.seq, story.hash):
        yield story.seq, f"its chain ends with event {row['last_seq']} by the table, with event {story.seq} by the log"
    if story.application != row["pk"]:
        yield story.seq, "its events belong to another application by the table"
    for what, told in (("status", story.status), ("stage", story.stage or row["stage"])):
        if row[what] != told:
            yield story.seq, f"its {what} is '{row[what]}' in the table, '{told}' after event {story.seq}"
    if story.number and row["number"] != story.number:
        yield story.seq, f"its number was {story.number} when it was filed"
    # While corrections are asked for, the applicant is at work on them.
    if story.answers and row["status"] != Status.NEEDS_CORRECTION:
        seq, digest = story.answers
        if log.answers_digest(row["answers_salt"], row["answers"]) != digest:
            yield seq, f"its answers are not those that were sent by event {seq}"
    if row["submitted_at"] != story.submitted_at:
        yield story.seq, "it was filed at another time by the table"


def _of_decisions(story: Story, decided: dict[Decided, str]) -> Iterator[tuple[int, str]]:
    for key, (seq, words) in story.decisions.items():
        reason = decided.pop(key, None)
        if reason is None:
            yield seq, f"the decision of event {seq} ({key[0]}) is not in the table, or says something else there"
        elif words is not None and seq not in story.erased and reason != words:
            yield seq, f"the decision of event {seq} ({key[0]}) has other words in the table"
    for action, _who, at, _stage in decided:
        yield story.seq, f"a decision ({action}, {at:%Y-%m-%d %H:%M:%S} UTC) is in the table, and no event tells of it"


def _of_permits(story: Story, permits: dict[str, str]) -> Iterator[tuple[int, str]]:
    for number, seq in story.revoked.items():
        if permits.pop(number, "") != Permit.State.REVOKED:
            yield seq, f"permit {number} was revoked by event {seq}, and is not by the table"
    for number, state in permits.items():
        if state == Permit.State.REVOKED:
            yield story.seq, f"permit {number} is revoked by the table, and no event tells of it"


def _of_files(story: Story, salt: str, files: list[str]) -> Iterator[tuple[int, str]]:
    """Every file that was sent is still on record, even where another took its place; without the salt nothing is said."""
    there = {log.digest(salt, sha256) for sha256 in files} if salt and story.files else set()
    lost = [seq for digest, seq in story.files.items() if digest not in there] if salt else []
    for seq in sorted(set(lost)):
        count = lost.count(seq)
        yield (
            seq,
            f"{count} of the files that were sent by event {seq} {'is' if count == 1 else 'are'} not on record, or not the same",
        )


def _files(applications: Iterable[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = defaultdict(list)
    for application, sha256 in Material.objects.filter(application__in=applications).values_list(
        "application_id", "sha256"
    ):
        found[application].append(sha256)
    return found


def _decisions(applications: Iterable[int], people: People) -> dict[int, dict[Decided, str]]:
    found: dict[int, dict[Decided, str]] = defaultdict(dict)
    rows = Decision.objects.filter(task__application__in=applications).values_list(
        "task__application_id", "outcome", "official_id", "decided_at", "task__stage", "reason"
    )
    for application, outcome, official, at, stage, reason in rows:
        found[application][ACTION_OF[outcome], people[official] if official else "", at, stage] = reason
    return found


def _permits(applications: Iterable[int]) -> dict[int, dict[str, str]]:
    found: dict[int, dict[str, str]] = defaultdict(dict)
    rows = Permit.objects.filter(application__in=applications).values_list("application_id", "number", "state")
    for application, number, state in rows:
        found[application][number] = state
    return found
