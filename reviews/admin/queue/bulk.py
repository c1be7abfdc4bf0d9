"""Several tasks at once: claimed, or decided in the applicant's favour after a list of them was confirmed.

Each task is its own step with its own transaction and event; what a rule or somebody else's decision stands against is
told in its row, and the others go on. All of it may be sent twice: what was done already stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from permits.models import Promise, User
from reviews import lifecycle, workflow
from reviews.admin.access import who
from reviews.admin.queue.page import address, chosen, dressed, with_what_is_shown
from reviews.admin.review import REFUSALS
from reviews.models import Decision, Task
from reviews.workflow import countersigning, queueing

MOST = 100
# What is decided without words, by the kind of task.
FAVOURABLE = {"precheck": "accept", "countersign": "agree", "decision": "approve", "record": "acknowledge"}


@dataclass
class Row:
    """A task of the list, and what can be done or was done about it, in words."""

    task: Any
    outcome: str = ""
    words: str = ""
    good: bool = False

    @property
    def outcome_label(self) -> Any:
        return lifecycle.ACTIONS[self.outcome]


def many(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """``action`` is claim, approve (shows the list) or approve-confirmed; ``task`` the ids."""
    ids = _ids(request)
    if not ids:
        messages.warning(request, _("Select at least one task."))
        return redirect(address(chosen(request)))
    tasks = dressed(list(_tasks(request, ids)), timezone.now())
    official = who(request)
    match request.POST.get("action"):
        case "claim":
            rows = [_tried(task, lambda pk: workflow.claim(pk, official=official), _claimed) for task in tasks]
            return _page(request, context, _("Claimed"), done=rows, missing=len(ids) - len(tasks))
        case "approve":
            possible, not_so = _sorted(tasks, official)
            return _page(
                request, context, _("Approve the selected tasks"), possible=possible, not_so=not_so,
                missing=len(ids) - len(tasks),
            )  # fmt: skip
        case "approve-confirmed":
            rows = [_decided(task, official) for task in tasks]
            return _page(request, context, _("Decided"), done=rows, missing=len(ids) - len(tasks))
    return redirect(address(chosen(request)))


def _ids(request: HttpRequest) -> list[int]:
    ids = [int(pk) for pk in request.POST.getlist("task") if pk.isdecimal() and len(pk) < 19]
    return list(dict.fromkeys(ids))[:MOST]


def _tasks(request: HttpRequest, ids: list[int]) -> Any:
    """Those that the official sees; any other does not exist."""
    return with_what_is_shown(Task.objects.visible_to(who(request)).filter(pk__in=ids).order_by("due_at", "pk"))


def _page(request: HttpRequest, context: dict[str, Any], title: str, **what: Any) -> HttpResponse:
    choice = chosen(request)
    context = {**context, "title": title, "choice": choice, "back": address(choice), "is_fullwidth": "1", **what}
    if "done" in what:
        context["good"] = sum(row.good for row in what["done"])
    return render(request, "admin/reviews/task/bulk.html", context)


def _sorted(tasks: list[Task], official: User) -> tuple[list[Row], list[Row]]:
    """What can be decided as it stands, and what can't, with why. As many queries for a hundred tasks as for one.

    What it says is a help: each task is looked at again, under its lock, when it is decided.
    """
    ids = [task.pk for task in tasks]
    own = _among(ids, queueing.kept_from(official))
    elsewhere = _among(ids, queueing.decided_elsewhere(official))
    acts_as = queueing.acts_as(official)
    applications = [task.application_id for task in tasks]
    against = countersigning.against().filter(task__application__in=applications)
    disagreed = set(against.values_list("task__application", flat=True))
    owing = set(Promise.objects.owed().filter(application__in=applications).values_list("application", flat=True))
    possible, not_so = [], []
    for task in tasks:
        outcome = FAVOURABLE.get(task.kind, "")
        if task.state != Task.State.OPEN:
            not_so.append(Row(task, words=_("It is closed by now.")))
        elif task.claimed_by_id and task.claimed_by_id not in acts_as:
            not_so.append(Row(task, words=_("%(name)s has it in hand.") % {"name": task.claimed_by}))
        elif task.pk in own:
            words = _("You filed it, or are linked to those who did; somebody else has to handle it.")
            not_so.append(Row(task, words=words))
        elif task.pk in elsewhere and task.application.definition.two_persons:
            not_so.append(Row(task, words=_("You decided an earlier stage of it, so somebody else decides this one.")))
        elif not _is_possible(outcome, task.application.status):
            not_so.append(Row(task, words=_("It can't be decided from a list: open it.")))
        elif outcome == "approve" and task.application_id in disagreed:
            not_so.append(Row(task, words=_("A department disagreed: open it.")))
        elif outcome == "approve" and task.application_id in owing:
            not_so.append(Row(task, words=_("A material that was accepted as missing has not come yet.")))
        else:
            possible.append(Row(task, outcome))
    return possible, not_so


def _among(ids: list[int], condition: Any) -> set[int]:
    return set(Task.objects.filter(condition, pk__in=ids).values_list("pk", flat=True))


def _is_possible(outcome: str, status: str) -> bool:
    return any(row.action == outcome and row.source == status and not row.needs_reason for row in lifecycle.TRANSITIONS)


def _decided(task: Task, official: User) -> Row:
    outcome = FAVOURABLE.get(task.kind)
    if outcome is None:
        return Row(task, words=_("It can't be decided from a list: open it."))
    return _tried(task, lambda pk: workflow.decide(pk, official=official, outcome=outcome), _was_decided)


def _tried(task: Task, step: Callable[[int], Any], done: Callable[[Any], str]) -> Row:
    try:
        result = step(task.pk)
    except REFUSALS as refusal:
        return Row(task, words=str(refusal))
    return Row(task, words=done(result), good=True)


def _claimed(task: Task) -> str:
    return _("In your hands now.")


def _was_decided(decision: Decision) -> str:
    at = timezone.localtime(decision.decided_at).strftime("%H:%M:%S")
    return _("“%(outcome)s” is decided, %(time)s.") % {"outcome": decision.get_outcome_display(), "time": at}
