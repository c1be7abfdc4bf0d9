"""The review page of a task, and the three things an official does there: claim, release, decide."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from permits.forms import is_shown, values_of
from permits.models import Application
from reviews import calendars, lifecycle, policy, workflow
from reviews.admin import casefile
from reviews.admin.access import who
from reviews.admin.due import time_left
from reviews.models import CorrectionItem, Decision, Task
from reviews.routing import NobodyHandles

FREE_LINES = 3
REFUSALS = (
    workflow.AlreadyDecided,
    policy.Refused,
    lifecycle.NotPossible,
    workflow.ReasonNeeded,
    workflow.NotSensible,
    NobodyHandles,
)


def own_tasks(request: HttpRequest) -> QuerySet[Task]:
    """The tasks that exist for this official: those of their departments. Any other is not found."""
    related = ("application__version", "application__enterprise", "application__applicant", "department", "claimed_by")
    return Task.objects.visible_to(who(request)).select_related(*related)


@dataclass
class Item:
    """A line of the correction editor: something that can be asked to be corrected, and what was typed about it."""

    kind: str
    key: str
    title: str
    text: str = ""
    ticked: bool = False

    @property
    def name(self) -> str:
        return f"{self.kind}-{self.key}"

    @property
    def chosen(self) -> bool:
        return self.ticked or bool(self.text.strip())


@dataclass
class Typed:
    """What the official typed and chose, good or not: it comes back with every message."""

    outcome: str = ""
    reason: str = ""
    items: list[Item] = field(default_factory=list)

    @classmethod
    def read(cls, data: QueryDict, application: Application) -> Typed:
        items = possible_items(application)
        for item in items:
            item.text = data.get(f"text-{item.name}", "").strip()
            item.ticked = item.name in data.getlist("fix")
        return cls(data.get("outcome", ""), data.get("reason", "").strip(), items)

    @property
    def corrections(self) -> list[workflow.Correction]:
        return [
            workflow.Correction(item.kind, "" if item.kind == "other" else item.key, item.text)
            for item in self.items
            if item.chosen
        ]

    @property
    def anything(self) -> bool:
        return bool(self.reason or any(item.chosen for item in self.items))


def possible_items(application: Application) -> list[Item]:
    definition = application.definition
    values = values_of(definition, application.answers)
    kinds = CorrectionItem.Kind
    fields = [
        Item(kinds.FIELD.value, each.key, str(each.label)) for each in definition.fields() if is_shown(each, values)
    ]
    materials = [Item(kinds.MATERIAL.value, each.key, str(each.title)) for each in definition.materials]
    free = [Item(kinds.OTHER.value, str(n), _("Something else (%d)") % n) for n in range(1, FREE_LINES + 1)]
    return [*fields, *materials, *free]


def page(request: HttpRequest, pk: int, context: dict[str, Any]) -> HttpResponse:
    task = get_object_or_404(own_tasks(request), pk=pk)
    if request.method != "POST":
        return show(request, task, context, Typed(items=possible_items(task.application)))
    typed = Typed.read(request.POST, task.application)
    if not typed.outcome:
        return show(request, task, context, typed, error=_("Choose what you decide."), status=422)
    try:
        decision = workflow.decide(
            task.pk,
            official=who(request),
            outcome=typed.outcome,
            reason=typed.reason,
            corrections=typed.corrections if typed.outcome == "correct" else (),
        )
    except REFUSALS as refusal:
        # Shown as it stands now, which may be other than when the page was opened.
        task = get_object_or_404(own_tasks(request), pk=pk)
        status = 422 if isinstance(refusal, workflow.ReasonNeeded) else 409
        stale = request.POST.get("seen") != seen(task)
        return show(request, task, context, typed, error=str(refusal), status=status, stale=stale)
    outcome = decision.get_outcome_display()
    messages.success(
        request, _("%(number)s: “%(outcome)s” is decided.") % {"number": task.application, "outcome": outcome}
    )
    return redirect("admin:reviews_task_changelist")


def seen(task: Task) -> str:
    """The state of a task as a page shows it: tells a page that was opened before something happened."""
    return f"{task.state}:{task.claimed_by_id or ''}:{task.application.status}"


def show(
    request: HttpRequest, task: Task, context: dict[str, Any], typed: Typed, *, error: str = "", status: int = 200,
    stale: bool = False,
) -> HttpResponse:  # fmt: skip
    application = task.application
    context = {
        **context,
        **casefile.read(task, who(request)),
        **_what_can_be_done(request, task),
        "title": format_lazy("{} · {}", application.number or "", task.stage_label),
        "task": task,
        "application": application,
        "left": time_left(task, timezone.now(), calendars.current()),
        "decision": Decision.objects.filter(task=task).select_related("official").first(),
        "typed": typed,
        "items_by_kind": [
            (title, [item for item in typed.items if item.kind == kind])
            for kind, title in (("field", _("Form")), ("material", _("Materials")), ("other", _("Other")))
        ],
        "error": error,
        "stale": stale,
        "seen": seen(task),
        "is_fullwidth": "1",
    }
    return render(request, "admin/reviews/task/review.html", context, status=status)


def _what_can_be_done(request: HttpRequest, task: Task) -> dict[str, Any]:
    """The buttons, and in words why one isn't there."""
    if task.state != Task.State.OPEN:
        return {"outcomes": [], "can_claim": False, "can_release": False, "refused": ""}
    possible = [
        {"value": row.action, "label": lifecycle.ACTIONS[row.action], "needs_reason": row.needs_reason}
        for row in lifecycle.outcomes(task.application.status, _stage_kind(task), task.kind)
    ]
    refused = _refusal(policy.check_decide, request, task)
    return {
        "outcomes": [] if refused else possible,
        "refused": refused,
        "can_claim": task.claimed_by_id is None and not refused,
        "can_release": bool(task.claimed_by_id) and not _refusal(policy.check_release, request, task),
    }


def _stage_kind(task: Task) -> str:
    stage = task.application.definition.stage(task.application.stage)
    return stage.kind if stage else "none"


def _refusal(check: Any, request: HttpRequest, task: Task) -> str:
    try:
        check(who(request), task)
    except policy.Refused as refusal:
        return str(refusal)
    return ""


@require_POST
def claim(request: HttpRequest, pk: int) -> HttpResponse:
    task = get_object_or_404(own_tasks(request), pk=pk)
    try:
        workflow.claim(task.pk, official=who(request))
    except REFUSALS as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("%(number)s is in your hands now.") % {"number": task.application})
    return redirect("admin:reviews_task_review", pk)


@require_POST
def release(request: HttpRequest, pk: int) -> HttpResponse:
    task = get_object_or_404(own_tasks(request), pk=pk)
    try:
        workflow.release(task.pk, official=who(request))
    except REFUSALS as refusal:
        messages.error(request, str(refusal))
        return redirect("admin:reviews_task_review", pk)
    messages.success(request, _("%(number)s is back in the queue.") % {"number": task.application})
    return redirect("admin:reviews_task_changelist")
