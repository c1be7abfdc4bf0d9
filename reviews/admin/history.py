"""The story of an application, each event in words: who, as what, in whose place, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from permits.models import Application, User
from reviews.audit import archive, log, naming
from reviews.models import Department, Event


@dataclass(frozen=True)
class Step:
    event: Event
    label: str
    actor: str
    role: str
    reason: str
    on_behalf_of: str = ""
    detail: str = ""


def read(application: Application, offices: dict[tuple[str, str], Department], *, refusals: bool) -> tuple[list[Step], bool]:
    """The steps, and whether they are all: the archive may be out of reach. In two queries, however long the story (an archived one takes three, and its file). What a rule refused is for supervisors to see (``refusals``)."""
    found, whole = archive.story_of(application)
    events = [(event, log.data_of(event)) for event in found if shows(event, refusals=refusals)]
    ids = {data[key] for _event, data in events for key in naming.PEOPLE if naming.is_person(data.get(key))}
    people = {str(user.public_id): str(user) for user in User.objects.filter(public_id__in=ids)}
    names = naming.Names(people, {place: str(office) for place, office in offices.items()})
    for event, _data in events:
        event.application = application
    return [_step(application, event, data, names) for event, data in events], whole


def shows(event: Event, *, refusals: bool) -> bool:
    return refusals or event.action != "refused"


def _step(application: Application, event: Event, data: dict[str, Any], names: naming.Names) -> Step:
    return Step(
        event, log.label(event.action), str(event.actor) if event.actor else "",
        naming.role_words(event.role, names.offices), event.note.text if hasattr(event, "note") else "",
        names.people.get(data.get("on_behalf_of") or "", ""), _detail(application, event, data, names),
    )  # fmt: skip


def _detail(application: Application, event: Event, data: dict[str, Any], names: naming.Names) -> str:
    """What the event says besides who and what, in a few words."""

    def said(*keys: str) -> list[str]:
        return [naming.value(event, data, key, names) for key in keys if data.get(key)]

    match event.action:
        case "refused":
            return ": ".join(said("step", "rule"))
        case "reassigned":
            return f"{names.people.get(data.get('from') or '', '—')} → {names.people.get(data['to'], '—')}"
        case "lease_expired":
            return "".join(said("holder"))
        case "advice_asked":
            return " · ".join(said("asked", "expert"))
        case "returned":
            return "".join(f"→ {stage}" for stage in said("to"))
        case "stage_opened":
            return f"{naming.state(event, event.after)}: {''.join(said('departments'))}"
        case "suspended" | "resumed":
            return "".join(said("kind"))
        case "deemed_agreed" | "deemed_accepted" | "escalated":
            return "".join(said("department"))
        case "reminded":
            share = [f"{data['per_cent']} %"] if data.get("per_cent") else []
            return " · ".join([*said("department", "requirement"), *share])
        case "owed_escalated" | "promise_met" | "promise_dropped":
            return "".join(said("requirement"))
        case "aftercheck_opened":
            return "".join(said("requirements"))
        case "permit_corrected" | "permit_revoked" | "permit_superseded":
            return " → ".join(filter(None, (data.get("permit"), data.get("by"))))
    return ""
