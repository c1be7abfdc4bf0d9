"""The story of an application, each event in words: who, as what, in whose place, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from permits.models import Application, User
from reviews import lifecycle, policy
from reviews.audit import archive, log, naming
from reviews.models import Department, Event, Pause

PEOPLE = ("on_behalf_of", "to", "from", "holder", "expert")


@dataclass(frozen=True)
class Step:
    event: Event
    label: str
    actor: str
    role: str
    reason: str
    on_behalf_of: str = ""
    detail: str = ""


def read(application: Application, offices: dict[tuple[str, str], Department], *, refusals: bool) -> list[Step]:
    """In two queries, however long the story (an archived one takes three, and its file). What a rule refused is for supervisors to see (``refusals``)."""
    found = archive.events_of(application)
    events = [(event, log.data_of(event)) for event in found if shows(event, refusals=refusals)]
    ids = {data[key] for _event, data in events for key in PEOPLE if naming.is_person(data.get(key))}
    people = {str(user.public_id): str(user) for user in User.objects.filter(public_id__in=ids)}
    return [_step(application, event, data, people, offices) for event, data in events]


def shows(event: Event, *, refusals: bool) -> bool:
    return refusals or event.action != "refused"


def _step(
    application: Application, event: Event, data: dict[str, Any], people: dict[str, str],
    offices: dict[tuple[str, str], Department],
) -> Step:  # fmt: skip
    return Step(
        event, log.label(event.action), str(event.actor) if event.actor else "", naming.role_words(event.role, offices),
        event.note.text if hasattr(event, "note") else "", people.get(data.get("on_behalf_of") or "", ""),
        _detail(application, event.action, data, people, offices),
    )  # fmt: skip


def _detail(
    application: Application, action: str, data: dict[str, Any], people: dict[str, str],
    offices: dict[tuple[str, str], Department],
) -> str:  # fmt: skip
    match action:
        case "refused":
            step = lifecycle.ACTIONS.get(data["step"], data["step"])
            return f"{step}: {RULES.get(data['rule'], data['rule'])}"
        case "reassigned":
            return f"{people.get(data.get('from') or '', '—')} → {people.get(data['to'], '—')}"
        case "lease_expired":
            return people.get(data.get("holder") or "", "")
        case "advice_asked":
            named = next(
                (str(office) for (kind, _r), office in offices.items() if kind == data["asked"]), data["asked"]
            )
            return f"{named} · {people[data['expert']]}" if data.get("expert") in people else named
        case "returned":
            stage = application.definition.stage(data.get("to", ""))
            return f"→ {stage.title}" if stage else ""
        case "suspended" | "resumed":
            return str(dict(Pause.Kind.choices).get(data.get("kind", ""), ""))
        case "deemed_agreed":
            return next((str(o) for (kind, _r), o in offices.items() if kind == data.get("department")), "")
        case "permit_corrected" | "permit_revoked" | "permit_superseded":
            return " → ".join(filter(None, (data.get("permit"), data.get("by"))))
    return ""


RULES: dict[str, Any] = {rule: words for rule, _holds, words in policy.RULES} | policy.RANK
