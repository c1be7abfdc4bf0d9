"""The review page of a task, and the three things an official does there: claim, release, decide."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from permits.models import Status
from reviews import calendars, clock, lifecycle, policy, workflow
from reviews.admin import acts, casefile, history, viewer
from reviews.admin.access import looks, own_tasks, who
from reviews.admin.due import time_left
from reviews.admin.typed import Typed, possible_items
from reviews.audit import archive, receipts
from reviews.models import Decision, Event, Task
from reviews.routing import NobodyHandles

REFUSALS = (
    workflow.AlreadyDecided,
    policy.Refused,
    lifecycle.NotPossible,
    workflow.ReasonNeeded,
    workflow.NotSensible,
    NobodyHandles,
)


def page(
    request: HttpRequest, pk: int, context: dict[str, Any], *, onward: Callable[[HttpRequest], HttpResponse]
) -> HttpResponse:
    """``onward`` says where one goes after a decision."""
    task = get_object_or_404(own_tasks(request), pk=pk)
    if request.method != "POST":
        keep_in_hand(request, task)
        return show(request, task, context, Typed(items=possible_items(task.application)))
    if "act" in request.POST:
        return act(request, task, context)
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
            to_stage=typed.to_stage if typed.outcome == "return" else "",
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
    return onward(request)


def act(request: HttpRequest, task: Task, context: dict[str, Any]) -> HttpResponse:
    """One of the small acts beside the decision. Refused, its form comes back open, with its words in it."""
    name, choice, text = (request.POST.get(key, "") for key in ("act", "choice", "text"))
    try:
        done = acts.take(name, task, who(request), choice=choice, text=text)
    except REFUSALS as refusal:
        task = get_object_or_404(own_tasks(request), pk=task.pk)
        given = {"name": name, "choice": choice, "text": text, "error": str(refusal)}
        status = 422 if isinstance(refusal, workflow.ReasonNeeded | workflow.NotSensible) else 409
        typed = Typed(items=possible_items(task.application))
        return show(request, task, context, typed, status=status, given=given)
    messages.success(request, done)
    return redirect("admin:reviews_task_review", task.pk)


def keep_in_hand(request: HttpRequest, task: Task) -> None:
    """Its holder is at work on it: the lease begins anew once less than half of it is left."""
    if task.state != Task.State.OPEN or task.claimed_by_id != who(request).pk or task.lease_until is None:
        return
    now, calendar = timezone.now(), calendars.current()
    limit = clock.Limit.parse(task.application.definition.limits.claim)
    whole = clock.working_time_between(now, clock.due(now, limit, calendar), calendar)
    if clock.working_time_between(now, task.lease_until, calendar) * 2 >= whole:
        return
    if workflow.keep_claim(task.pk, official=who(request)):
        task.refresh_from_db(fields=["lease_until"])


def seen(task: Task) -> str:
    """The state of a task as a page shows it: tells a page that was opened before something happened."""
    return f"{task.state}:{task.claimed_by_id or ''}:{task.application.status}"


def show(
    request: HttpRequest, task: Task, context: dict[str, Any], typed: Typed, *, error: str = "", status: int = 200,
    stale: bool = False, given: dict[str, str] | None = None,
) -> HttpResponse:  # fmt: skip
    application = task.application
    context = {
        **context,
        **casefile.read(task, who(request)),
        **(possible := _what_can_be_done(request, task)),
        **viewer.beside_the_form(task, marks=any(each["value"] == "correct" for each in possible["outcomes"])),
        "title": format_lazy("{} · {}", application.number or "", task.stage_label),
        "task": task,
        "application": application,
        "left": time_left(task, timezone.now(), calendars.current()),
        "decision": Decision.objects.filter(task=task).select_related("official", "on_behalf_of").first(),
        "acts": (forms := _acts(task, request, given or {})),
        # An act that was possible when the page was opened, and isn't any more: its words are not lost.
        "act_lost": given if given and given["name"] not in [each.name for each in forms] else None,
        "typed": typed,
        "items_by_kind": [
            (title, typed.of(kind))
            for kind, title in (
                ("field", _("Form")),
                ("material", _("Materials")),
                ("row", _("Rows of lists")),
                ("other", _("Other")),
            )
            if typed.of(kind)
        ],
        "error": error,
        "stale": stale,
        "seen": seen(task),
        "shown_at": timezone.now(),
        "is_fullwidth": "1",
    }
    page = render(request, "admin/reviews/task/review.html", context, status=status)
    looks(request, application, "review", office=task.department)
    return page


def _acts(task: Task, request: HttpRequest, given: dict[str, str]) -> list[acts.Act]:
    forms = acts.possible(task, who(request))
    for each in forms:
        if each.name == given.get("name"):
            each.choice, each.text, each.error = given["choice"], given["text"], given["error"]
    return forms


def _what_can_be_done(request: HttpRequest, task: Task) -> dict[str, Any]:
    """The buttons, and in words why one isn't there."""
    if task.state != Task.State.OPEN:
        return {"outcomes": [], "forbidden": [], "can_claim": False, "can_release": False, "refused": ""}
    possible = {
        row.action: row for row in lifecycle.outcomes(task.application.status, task.application.stage_kind, task.kind)
    }
    refused = acts.refused(policy.check_decide, who(request), task, timezone.now())
    refused = refused or acts.refused(policy.check_advises, who(request), task)
    stops = {action: "" if refused else _stops(action, request, task) for action in possible}
    return {
        # Who reads the words: all that can be decided is the office's own affair, or some of it is, or none.
        "internal": sorted(lifecycle.INTERNAL & set(possible)),
        "only_internal": set(possible) <= lifecycle.INTERNAL,
        "outcomes": []
        if refused
        else [
            {"value": action, "label": lifecycle.ACTIONS[action], "needs_reason": row.needs_reason}
            for action, row in possible.items()
            if not stops[action]
        ],
        "forbidden": [(lifecycle.ACTIONS[action], words) for action, words in stops.items() if words],
        "earlier_stages": task.application.definition.stages_before(task.stage),
        "refused": refused,
        "stands_still": task.application.status == Status.SUSPENDED and not possible,
        "can_claim": task.claimed_by_id is None and not refused,
        "can_release": bool(task.claimed_by_id)
        and not acts.refused(policy.check_release, who(request), task, timezone.now()),
    }


def _stops(action: str, request: HttpRequest, task: Task) -> str:
    """The rule that stands against this one outcome, said before it is pressed."""
    if action == "approve":
        owed = acts.refused(workflow.check_nothing_owed, task.application, who(request))
        return owed or acts.refused(workflow.check_agreed, task.application, who(request))
    if action in policy.REFUSING or action == "correct":
        words = acts.refused(policy.check_decide, who(request), task, timezone.now(), action)
        if words and action == "correct":
            return acts.asked_already(task) or words
        return words
    return ""


@require_safe
def proof(request: HttpRequest, pk: int) -> HttpResponse:
    """The receipt of what this official's page shows as the story of the application."""
    task = get_object_or_404(own_tasks(request), pk=pk)
    heads = casefile.heads(task, who(request))

    def shows(event: Event) -> bool:
        return history.shows(event, refusals=heads)

    try:
        receipt = receipts.make(task.application, shows=shows, tells=shows)
    except archive.NotArchived:
        messages.error(request, archive.OUT_OF_REACH)
        return redirect("admin:reviews_task_review", pk)
    if receipt is None:
        messages.info(request, _("The record is sealed within seconds. Try again in a moment."))
        return redirect("admin:reviews_task_review", pk)
    looks(request, task.application, "record", office=task.department)
    return receipts.as_file(receipt)


def claim(request: HttpRequest, pk: int) -> HttpResponse:
    task = get_object_or_404(own_tasks(request), pk=pk)
    if request.method != "POST":  # as after a log-in in between
        return redirect("admin:reviews_task_review", pk)
    try:
        workflow.claim(task.pk, official=who(request))
    except REFUSALS as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("%(number)s is in your hands now.") % {"number": task.application})
    return redirect("admin:reviews_task_review", pk)


def release(request: HttpRequest, pk: int, back: str) -> HttpResponse:
    """``back`` is the address of the queue."""
    task = get_object_or_404(own_tasks(request), pk=pk)
    if request.method != "POST":
        return redirect("admin:reviews_task_review", pk)
    try:
        workflow.release(task.pk, official=who(request))
    except REFUSALS as refusal:
        messages.error(request, str(refusal))
        return redirect("admin:reviews_task_review", pk)
    messages.success(request, _("%(number)s is back in the queue.") % {"number": task.application})
    return redirect(back)
