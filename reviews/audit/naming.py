"""What the keys in an event stand for, in the reader's language: people, offices, stages, roles, rules, materials."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l

from permits.codes import regions
from permits.models import Enterprise, Status, User
from reviews import lifecycle, times
from reviews.audit import log
from reviews.models import Department, Event, Message, Official, Pause, RoleGrant

PEOPLE = ("to", "from", "holder", "expert", "on_behalf_of")
OFFICES = ("department", "departments", "asked")
LOOKS = {
    "review": _l("the application"),
    "draft": _l("the draft, as its applicant lets them"),
    "thread": _l("the messages with the applicant"),
    "authority": _l("the document of authority of the agent who filed it"),
    "file": _l("a file of the application"),
    "bundle": _l("all files of the application, taken out as a ZIP"),
    "file_search": _l("words in the files of the application"),
    "record": _l("the record of the application"),
    "permit": _l("the permit"),
    "enterprise": _l("the enterprise"),
    "account": _l("the account"),
    "mobile_search": _l("applications found by the end of a mobile number"),
    "words": _l("the words of an event"),
    "passages": _l("the passages at a gate"),
}
# Each rule that refuses a step, said of whoever it stood against. ``policy`` says the same to their face.
RULES = {
    "own_filing": _l("nobody handles what they filed or an enterprise they act for"),
    "conflict_of_interest": _l("nobody handles an enterprise or agent they are linked to"),
    "separate_decider": _l("who pre-checked an application does not take the final decision"),
    "two_persons": _l("two stages are decided by two persons"),
    "fresh_eyes": _l("who had a part in a decision does not look at it again"),
    "rank": _l("only a supervisor refuses an application at this stage"),
    "second_round": _l("corrections are asked for once, unless a supervisor allows more"),
    "own_department": _l("a task is for its own department"),
    "claimed": _l("somebody else has the task in hand"),
    "own_claim": _l("only the one who claimed a task, or a supervisor, releases it"),
    "own_application": _l("an application is for its own applicant"),
    "authorisation": _l("an agent acts while the authorisation holds, and in the services that it names"),
    "own_interest": _l("nobody ends a conflict of interest of their own"),
    "supervisor": _l("only a supervisor of the department does this"),
    "asked_person": _l("only the person who was asked answers"),
    "not_passed_on": _l("who stands in for a supervisor lets nobody stand in"),
    "owed_material": _l("nothing is approved while a material is owed"),
    "no_consent": _l("a draft is looked at only as long as its applicant lets the office"),
    "not_agreed": _l("nothing is approved before the departments agree"),
}
# The same of accounts and their rights: ``roles``, ``accounts``.
RULES_OF_RIGHTS = {
    "security_admin": _l("only a security administrator gives and takes rights"),
    "system_admin": _l("only a system administrator makes accounts and opens the review desk"),
    "own_rights": _l("nobody changes their own rights or account"),
    "apart": _l("one account never holds two of the three administrators, nor watches what it owns"),
    "no_posting": _l("an administrator is never posted to a department"),
    "inactive": _l("a deactivated account is given no rights"),
    "desk": _l("rights go to an account that a system administrator let in first"),
    "has_rights": _l("who holds a role or a posting is not shut out before it is ended"),
    "last_of_three": _l("the last of an administrator's role stays until there is a successor"),
}
# What can be tried that isn't an outcome of the process itself.
STEPS = {
    "claim": _l("Claim"),
    "release": _l("Release"),
    "keep_claim": _l("Keep a task in hand"),
    "reassign": _l("Give a task to somebody else"),
    "ask_advice": _l("Ask for an opinion"),
    "ask_second_round": _l("Ask for leave to send a second notice"),
    "allow_second_round": _l("Allow a second notice"),
    "extend": _l("Extend the statutory limit"),
    "revoke_permit": _l("Revoke a permit"),
    "correct_permit": _l("Correct a permit"),
    "start_renewal": _l("Renew a permit"),
    "delegate": _l("Let somebody stand in"),
    "end_delegation": _l("End a stand-in"),
    "declare_interest": _l("Record a conflict of interest"),
    "end_interest": _l("End a conflict of interest"),
    "rate": _l("Rate"),
    "follow_up_rating": _l("Follow up a rating"),
    "promise_material": _l("Promise a material"),
    "drop_promise": _l("Take a promise back"),
    "material_arrived": _l("Hand in an owed material"),
    "carry_draft": _l("Move a draft to the new edition"),
    "erase_words": _l("Erase words"),
    "take_original": _l("Take out the original of a file"),
    "erase_files": _l("Erase files"),
    "ask": _l("Write to the office"),
    "answer": _l("Write to the applicant"),
    "claim_thread": _l("Take a question in hand"),
    "release_thread": _l("Give a question back to the office"),
    "ask_call": _l("Ask to be called"),
    "cancel_call": _l("Cancel a call"),
    "handle_call": _l("Record a call"),
    "give_consent": _l("Let the office look at a draft"),
    "revoke_consent": _l("Let nobody look at a draft any more"),
    "look_at_draft": _l("Look at a draft"),
    "post": _l("Post to a department"),
    "grant": _l("Grant a role"),
    "revoke": _l("Take a role back"),
    "open": _l("Let in to the review desk"),
    "close": _l("Shut out of the review desk"),
    "activate": _l("Activate the account"),
    "deactivate": _l("Deactivate the account"),
    "appoint": _l("Let somebody check at a gate"),
}


@dataclass(frozen=True)
class Names:
    """People by public id, offices by kind and region: of some events."""

    people: Mapping[str, str] = field(default_factory=dict)
    offices: Mapping[tuple[str, str], str] = field(default_factory=dict)

    @classmethod
    def of(cls, events: Iterable[Event]) -> Names:
        """Asked by two queries, however many events there are. An application's event comes with its application."""
        ids, places = set(), set()
        for event in events:
            data = log.data_of(event)
            ids |= {str(data[key]) for key in PEOPLE if is_person(data.get(key))}
            places.update(_regions(event, data))
        people = User.objects.filter(public_id__in=ids) if ids else User.objects.none()
        offices = Department.objects.filter(region__in=places)
        return cls(
            {str(user.public_id): str(user) for user in people},
            {(each.kind, each.region): str(each) for each in offices},
        )

    def office(self, kind: str, event: Event, data: Mapping[str, Any]) -> str:
        """The nearest of that kind, as a stage is routed to it."""
        found = (self.offices.get((kind, region)) for region in _regions(event, data))
        return next((name for name in found if name), kind)


def value(event: Event, data: Mapping[str, Any], key: str, names: Names) -> str:
    """What ``data`` says under ``key``, in words."""
    said = data[key]
    if key == "fields" and isinstance(said, list):
        return listed(_field(event, str(each)) for each in said)
    if isinstance(said, list) and key in (*OFFICES, "requirements"):
        single = {"departments": "department", "requirements": "requirement"}.get(key, key)
        return listed(value(event, {**data, single: each}, single, names) for each in said)
    if is_person(said):
        return names.people.get(said, "—")
    if not isinstance(said, str):
        return "—" if said is None else str(said)
    match key:
        case "what":
            return str(LOOKS.get(said, said))
        case "rule":
            return str({**RULES, **RULES_OF_RIGHTS}.get(said, said))
        case "step":
            return str({**STEPS, **lifecycle.ACTIONS}.get(said, said))
        case "way":
            return str(Message.Kind(said).label) if said in Message.Kind.values else said
        case "kind":
            return str(Pause.Kind(said).label) if said in Pause.Kind.values else said
        case "requirement":
            asked = event.application.definition.requirement(said) if event.application else None
            return str(asked.title) if asked else said
        case "from" | "until":
            return moment(said)
        case "stage" | "to":
            return state(event, said)
    return names.office(said, event, data) if key in OFFICES else said


def _field(event: Event, key: str) -> str:
    """Of an application's form, as it was filed; else of an enterprise's record."""
    if event.application:
        field = event.application.definition.field(key)
        return str(field.label) if field else key
    return _column(Enterprise, key)


def _column(model: type[Model], key: str) -> str:
    try:
        return str(getattr(model._meta.get_field(key), "verbose_name", key))
    except FieldDoesNotExist:
        return key


def state(event: Event, key: str) -> str:
    """Of an event's ``before`` and ``after``: a stage, a role or a status."""
    if not key:
        return "—"
    stage = event.application.definition.stage(key) if event.application else None
    if stage:
        return str(stage.title)
    beside = {"objection": _("Objection"), "aftercheck": _("Check of a pledge")}.get(key.partition(":")[0])
    choices = {**dict(RoleGrant.Role.choices), **dict(Official.Role.choices), **dict(Status.choices)}
    return str(beside or choices.get(key, key))


def columns(event: Event, data: Mapping[str, Any]) -> str:
    """Which settings an event changed, by the names that their form has."""
    try:
        model = apps.get_model("reviews", event.stream.partition(":")[0])
    except LookupError:
        return listed(data) or "—"
    return listed(_column(model, each) for each in data) or "—"


def who(event: Event, names: Names) -> str:
    if event.actor is None:
        return _("The system")
    return f"{event.actor} ({role_words(event.role, names.offices)})" if event.role else str(event.actor)


def role_words(role: str, offices: Mapping[tuple[str, str], Any]) -> str:
    """``reviewer@street:360924`` in words; so too the roles of an account, ``system_admin+service_owner``."""
    name, _at, office = role.partition("@")
    if not office:
        plain = {"applicant": _("Applicant"), "owner": _("Owner"), "agent": _("Agent"), "system": _("System"), "official": _("Official"), "superuser": _("Superuser"),
                 "command_line": _("Command line")}  # fmt: skip
        granted = dict(RoleGrant.Role.choices)
        return listed(str(plain.get(each) or granted.get(each, each)) for each in name.split("+"))
    kind, _colon, region = office.partition(":")
    words = _("Official") if name == "official" else str(dict(Official.Role.choices).get(name, name))
    return f"{words} · {offices.get((kind, region), office)}"


def is_person(said: Any) -> bool:
    """The key of a stage is told from the public id of a person by its form."""
    return isinstance(said, str) and len(said) == 36 and said.count("-") == 4


def listed(words: Iterable[str]) -> str:
    return _(", ").join(words)


def moment(text: str) -> str:
    """An ISO time, as it is shown; anything else as it stands."""
    try:
        return times.moment(datetime.fromisoformat(text))
    except ValueError:
        return text


def _regions(event: Event, data: Mapping[str, Any]) -> list[str]:
    """Where an office that the event names is to be looked for: the nearest first."""
    said = str(data.get("region") or "")
    acting = event.role.partition("@")[2].rpartition(":")[2]
    filed = event.application.region if event.application else ""
    above = [place.code for place in reversed(regions.path(filed))] if filed else []
    return [region for region in (said, filed, *above, acting) if region]
