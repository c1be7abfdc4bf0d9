"""What the review page shows of a task: read here, in a fixed number of queries, and laid out in the template."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Prefetch
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from permits import checks, fieldtypes, groups
from permits.definition import FormField, Requirement, Text
from permits.forms import is_shown, values_of
from permits.models import Application, Check, Material, Promise, Status, User
from reviews import policy, times, workflow
from reviews.admin import authority, differences, history, same_files, threads
from reviews.audit import archive
from reviews.models import Advice, CorrectionItem, Decision, Department, Objection, Task


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
    same: list[same_files.Same] = field(default_factory=list)  # in the filings of others


@dataclass(frozen=True)
class Corrected:
    """A correction that was asked for: what stood there, what stands there now, and what the applicant says."""

    item: CorrectionItem
    title: str
    before: str
    now: str
    files_before: list[Material]
    files_now: list[Material]
    words: list[differences.Part] = field(default_factory=list)
    rows: list[differences.RowChange] = field(default_factory=list)
    is_list: bool = False

    @property
    def is_unchanged(self) -> bool:
        """A field or files that stand as they were sent: the applicant's words are the whole answer."""
        return self.before == self.now and self.files_before == self.files_now

    @property
    def where(self) -> str:
        """The place that was marked, in words."""
        return str(Text(**self.item.mark.place.words))


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


def materials(application: Application, user: User) -> list[Files]:
    """The current files under what they were asked for as, those that are missing included."""
    asked = _asked(application, CorrectionItem.Kind.MATERIAL)
    found = {each.key: Files(each, corrected=each.key in asked) for each in application.definition.materials}
    for material in all_files(application):
        if material.replaced_at is None and material.requirement in found:
            found[material.requirement].files.append(material)
    shown = [file for each in found.values() for file in each.files]
    for requirement, same in same_files.elsewhere(application, shown, user).items():
        found[requirement].same = same
    return list(found.values())


def all_files(application: Application) -> list[Material]:
    """Every file of the application, replaced ones too; read once."""
    if not hasattr(application, "_all_files"):
        files = list(application.materials.filter(check_state=Check.FINE).prefetch_related("parts"))
        for material in files:
            material.application = application
        application._all_files = files  # type: ignore[attr-defined]
    return application._all_files  # type: ignore[attr-defined]


def correction_items(application: Application) -> list[CorrectionItem]:
    if not hasattr(application, "_items"):
        items = CorrectionItem.objects.filter(notice__application=application).select_related("notice", "mark")
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
    definition, kinds = application.definition, CorrectionItem.Kind
    by_field = item.kind in (kinds.FIELD, kinds.ROW)
    defined = definition.field(item.key) if by_field else None
    if defined and defined.fields:
        changes = _changed_rows(application, item, defined)
        return Corrected(item, _title(str(defined.label), item), "", "", [], [], rows=changes, is_list=True)
    if defined:
        before = fieldtypes.display(defined, item.previous)
        now = fieldtypes.display(defined, application.answer(item.key))
        return Corrected(item, str(defined.label), before, now, [], [], differences.words(before, now))
    requirement = definition.requirement(item.key) if item.kind in (kinds.MATERIAL, kinds.ROW) else None
    if requirement:
        had = [by_digest[item.key, sha] for sha in item.previous or [] if (item.key, sha) in by_digest]
        return Corrected(item, _title(str(requirement.title), item), "", "", had, current[item.key])
    return Corrected(item, _("Other"), "", "", [], [])


def _title(title: str, item: CorrectionItem) -> str:
    return _("%(title)s, row %(row)d") % {"title": title, "row": item.row} if item.row else title


def _changed_rows(application: Application, item: CorrectionItem, group: FormField) -> list[differences.RowChange]:
    now = application.answers.get(group.key)
    if not item.row:
        return differences.rows(group, item.previous, now)
    rows = now if isinstance(now, list) else []
    stands = rows[item.row - 1] if len(rows) >= item.row else None
    return [] if stands == item.previous else [differences.row(group, item.row, item.previous, stands)]


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


@dataclass(frozen=True)
class Promised:
    promise: Promise
    title: str


def promised(application: Application) -> list[Promised]:
    found = []
    for promise in application.promises.all():
        asked = application.definition.requirement(promise.requirement)
        found.append(Promised(promise, str(asked.title) if asked else promise.requirement))
    return found


@dataclass(frozen=True)
class Opinion:
    """What a department said, or hasn't said yet."""

    task: Task
    decision: Decision | None
    late: bool
    advice: Advice | None


@dataclass(frozen=True)
class Round:
    """A stage where departments are heard together: its rule in words."""

    title: str
    rule: str
    silence: str


def opinions(application: Application, now: datetime) -> list[Opinion]:
    """Every department's tasks with what they decided, in one query."""
    related = ("department", "decision__official", "decision__on_behalf_of", "advice__expert", "advice__asked_by",
               "objection", "claimed_by")  # fmt: skip
    found = []
    for task in application.tasks.select_related(*related).order_by("pk"):
        task.application = application
        ended = task.closed_at or now
        stands_still = task.state == Task.State.OPEN and application.status == Status.SUSPENDED
        late = task.state != Task.State.CANCELLED and ended > task.due_at and not stands_still
        found.append(Opinion(task, getattr(task, "decision", None), late, getattr(task, "advice", None)))
    return found


def countersign_rule(task: Task, heard: list[Opinion]) -> Round | None:
    """The rule of the stage that the application stands at, when departments are heard together there: of so many as the
    answers leave.
    """
    stage = task.application.definition.stage(task.application.stage)
    if stage is None or stage.kind != "countersign":
        return None
    now = ("countersign", stage.key, task.application.round)
    of = sum((each.task.kind, each.task.stage, each.task.round) == now for each in heard)
    n = min(stage.quorum or 0, of)
    rule = {
        "opinion": _("The opinions bind nobody: all are heard, and the decider who approves against one says why."),
        "all": _("All departments must agree."),
        "any": _("One department that agrees is enough."),
        "quorum": ngettext("%(n)d of %(of)d department must agree.", "%(n)d of %(of)d departments must agree.", of)
        % {"n": n, "of": of},
    }[stage.agreement]
    silence = ""
    if stage.silence == "agrees" and task.silent_at:
        when = times.moment(task.silent_at)
        silence = _("Silence counts as agreement after %(time)s.") % {"time": when}
    elif stage.silence == "agrees":
        silence = _("Silence counts as agreement once the time is over.")
    return Round(str(stage.title), rule, silence)


def beside(task: Task) -> dict[str, Any]:
    """What a task beside the stages is about: the question, the objection, or the pledge."""
    if task.kind == "advice":
        asked = Advice.objects.select_related("asked_by", "expert", "asked_for__department").get(task=task)
        return {"advice": asked}
    if task.kind == "objection":
        related = ("filed_by", "against__official", "against__task__department")
        return {"objection": Objection.objects.select_related(*related).get(task=task)}
    return {}


def heads(task: Task, user: User) -> bool:
    """Whether the user is a supervisor where the task lies."""
    return policy.post_in(user, task.department_id, timezone.now(), supervisor=True) is not None


def read(task: Task, user: User) -> dict[str, Any]:
    application = task.application
    offices = {(office.kind, office.region): office for office in Department.objects.all()}
    promises = promised(application)
    checked = task.stage.removeprefix("aftercheck:") if task.kind == "aftercheck" else ""
    steps, whole = history.read(application, offices, refusals=heads(task, user))
    heard = opinions(application, timezone.now())
    return {
        "agent": authority.of(application),
        "sections": sections(application),
        "materials": materials(application, user),
        "corrections": corrections(application),
        "history": steps,
        "history_lacks": "" if whole else archive.OUT_OF_REACH,
        "earlier": earlier_filings(application, user),
        "opinions": heard,
        "countersign": countersign_rule(task, heard),
        "promises": promises,
        "pledge": next((each for each in promises if each.promise.requirement == checked), None) if checked else None,
        "warnings": checks.warnings(application),
        "may_take_originals": workflow.may_take_originals(user, application, timezone.now()),
        "thread": threads.card(application, timezone.now()),
        **beside(task),
    }
