"""What the review page shows of a task: read here, in a fixed number of queries, and laid out in the template."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Prefetch
from django.utils.translation import gettext as _

from permits import checks, fieldtypes, groups
from permits.definition import FormField, Requirement
from permits.forms import is_shown, values_of
from permits.models import Application, Material, User
from reviews.audit import log
from reviews.models import CorrectionItem, Department, Event, Official, Task


@dataclass(frozen=True)
class Row:
    field: FormField
    value: str
    corrected: bool
    table: dict[str, Any] | None = None  # of a group


@dataclass
class Files:
    requirement: Requirement
    files: list[Material] = field(default_factory=list)
    corrected: bool = False


@dataclass(frozen=True)
class Corrected:
    """A correction that was asked for: what stood there, what stands there now, and what the applicant says."""

    item: CorrectionItem
    title: str
    before: str
    now: str
    files_before: list[Material]
    files_now: list[Material]


@dataclass(frozen=True)
class Step:
    event: Event
    label: str
    actor: str
    role: str
    reason: str


@dataclass(frozen=True)
class Earlier:
    application: Application
    task: Task | None


def sections(application: Application) -> list[tuple[Any, list[Row]]]:
    """The form by sections, in the words of the edition it was filed with; personal numbers masked."""
    definition, answers = application.definition, application.answers
    values = values_of(definition, answers)
    asked = _asked(application, CorrectionItem.Kind.FIELD)
    return [
        (section, [
            Row(each, fieldtypes.display(each, answers.get(each.key)), each.key in asked,
                groups.table(each, answers.get(each.key), limit=200) if each.fields else None)
            for each in section.fields if is_shown(each, values) and each.type != "file"
        ])
        for section in definition.sections
    ]  # fmt: skip


def materials(application: Application) -> list[Files]:
    """The current files under what they were asked for as, those that are missing included."""
    asked = _asked(application, CorrectionItem.Kind.MATERIAL)
    found = {each.key: Files(each, corrected=each.key in asked) for each in application.definition.materials}
    for material in all_files(application):
        if material.replaced_at is None and material.requirement in found:
            found[material.requirement].files.append(material)
    return list(found.values())


def all_files(application: Application) -> list[Material]:
    """Every file of the application, replaced ones too; read once."""
    if not hasattr(application, "_all_files"):
        files = list(application.materials.all())
        for material in files:
            material.application = application
        application._all_files = files  # type: ignore[attr-defined]
    return application._all_files  # type: ignore[attr-defined]


def correction_items(application: Application) -> list[CorrectionItem]:
    if not hasattr(application, "_items"):
        items = CorrectionItem.objects.filter(notice__application=application).select_related("notice")
        application._items = list(items)  # type: ignore[attr-defined]
    return application._items  # type: ignore[attr-defined]


def _asked(application: Application, kind: str) -> set[str]:
    return {item.key for item in correction_items(application) if item.kind == kind}


def corrections(application: Application) -> list[Corrected]:
    by_digest: dict[tuple[str, str], Material] = {}
    current: dict[str, list[Material]] = defaultdict(list)
    for material in all_files(application):
        by_digest[material.requirement, material.sha256] = material
        if material.replaced_at is None:
            current[material.requirement].append(material)
    return [_corrected(application, item, by_digest, current) for item in correction_items(application)]


def _corrected(
    application: Application, item: CorrectionItem, by_digest: dict[tuple[str, str], Material],
    current: dict[str, list[Material]],
) -> Corrected:  # fmt: skip
    definition = application.definition
    defined = definition.field(item.key) if item.kind == CorrectionItem.Kind.FIELD else None
    if defined:
        before = fieldtypes.display(defined, item.previous)
        now = fieldtypes.display(defined, application.answer(item.key))
        return Corrected(item, str(defined.label), before, now, [], [])
    requirement = definition.requirement(item.key) if item.kind == CorrectionItem.Kind.MATERIAL else None
    if requirement:
        had = [by_digest[item.key, sha] for sha in item.previous or [] if (item.key, sha) in by_digest]
        return Corrected(item, str(requirement.title), "", "", had, current[item.key])
    return Corrected(item, _("Other"), "", "", [], [])


def history(application: Application) -> list[Step]:
    offices = {(office.kind, office.region): office for office in Department.objects.all()}
    events = application.events.select_related("actor", "note").order_by("seq")
    return [
        Step(
            event, log.label(event.action), str(event.actor) if event.actor else "", role_words(event.role, offices),
            event.note.text if hasattr(event, "note") else "",
        )
        for event in events
    ]  # fmt: skip


def role_words(role: str, offices: dict[tuple[str, str], Department]) -> str:
    """``reviewer@street:360924`` in words."""
    name, _at, office = role.partition("@")
    if not office:
        return {"applicant": _("Applicant"), "system": _("System")}.get(name, name)
    kind, _colon, region = office.partition(":")
    words = str(dict(Official.Role.choices).get(name, name))
    return f"{words} · {offices.get((kind, region), office)}"


def earlier_filings(application: Application, user: User) -> list[Earlier]:
    """The latest others of the same enterprise; those that passed the reader's own department with their task."""
    if application.enterprise_id is None:
        return []
    seen = Prefetch("tasks", Task.objects.visible_to(user).order_by("-pk"), to_attr="seen_tasks")
    others = (
        Application.objects.filter(enterprise=application.enterprise_id, number__isnull=False)
        .exclude(pk=application.pk)
        .select_related("version", "permit")
        .defer("answers", "version__source")
        .prefetch_related(seen)
        .order_by("-created_at")[:10]
    )
    return [Earlier(other, other.seen_tasks[0] if other.seen_tasks else None) for other in others]


def opinions(application: Application) -> list[Task]:
    """The other departments' tasks with what they decided."""
    return list(application.tasks.select_related("department", "decision__official").order_by("pk"))


def read(task: Task, user: User) -> dict[str, Any]:
    application = task.application
    for each in (others := opinions(application)):
        each.application = application
    return {
        "sections": sections(application),
        "materials": materials(application),
        "corrections": corrections(application),
        "history": history(application),
        "earlier": earlier_filings(application, user),
        "opinions": others,
        "warnings": checks.warnings(application),
    }
