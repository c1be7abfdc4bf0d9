"""The page of the queue."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from permits.models import ServiceVersion, User
from reviews import calendars, policy, workflow
from reviews.admin.access import is_supervisor, looks, who
from reviews.admin.due import time_left
from reviews.admin.queue import filters, paging
from reviews.admin.queue.choice import SUPERVISORS_VIEWS, Choice
from reviews.models import SavedFilter, Task

QUEUE = "admin:reviews_task_changelist"
LAST = "queue"  # in the session: the address of the queue as it was looked at last, from its "?" on
VIEWS = {
    "todo": gettext_lazy("To do"),
    "mine": gettext_lazy("Mine"),
    "unclaimed": gettext_lazy("Unclaimed"),
    "all": gettext_lazy("All of the department"),
    "closed": gettext_lazy("Closed"),
}
DUE = [
    ("overdue", gettext_lazy("Overdue")),
    ("today", gettext_lazy("Due today")),
    ("week", gettext_lazy("Due within 7 days")),
]
# Of no use in a list: the answers, and what would have to be decrypted row by row.
DEFERRED = (
    "application__answers", "application__left_over", "application__applicant__mobile",
    "application__enterprise__legal_id_number", "application__enterprise__legal_mobile", "claimed_by__mobile",
)  # fmt: skip


def show(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    official, choice, now = who(request), Choice.read(request.GET.dict()), timezone.now()
    if choice.mobile:
        looks(request, official, "mobile_search")
    view = filters.tasks_of(choice, official)
    _keep_in_mind(request)
    page = paging.page(
        with_what_is_shown(filters.narrowed(view, choice, now)),
        after=request.GET.get("after", ""), before=request.GET.get("before", ""), latest_first=choice.latest_first,
    )  # fmt: skip
    context = {
        **context,
        "title": _("Queue"),
        "choice": choice,
        "tabs": _tabs(request, choice),
        "due_options": DUE,
        "options": filters.options(choice, official),
        "rows": _with_bars(dressed(page.rows, now), official),
        "previous": address(choice, before=page.before) if page.before else "",
        "next": address(choice, after=page.after) if page.after else "",
        "whole_view": address(Choice(which=choice.which)),
        "without_mobile": address(choice.without("mobile")),
        "without_enterprise": address(choice.without("enterprise")),
        "searched_only_a_part": filters.MOST_COMPARED if filters.searched_only_a_part(view, choice, now) else 0,
        "saved": [
            (each, address(Choice.read(QueryDict(each.query).dict())), each.query == choice.query)
            for each in SavedFilter.objects.filter(user=official).order_by("name")[: SavedFilter.MOST]
        ],
        "can_be_taken": choice.which != "closed",
        "is_fullwidth": "1",
    }
    return render(request, "admin/reviews/task/queue.html", context)


def address(choice: Choice, **key: Any) -> str:
    pairs = [choice.query, *(f"{name}={value}" for name, value in key.items())]
    query = "&".join(filter(None, pairs))
    return reverse(QUEUE) + (f"?{query}" if query else "")


def with_what_is_shown(tasks: QuerySet[Task]) -> QuerySet[Task]:
    related = ("application__enterprise", "application__applicant", "claimed_by")
    return tasks.select_related(*related).defer(*DEFERRED)


def dressed(rows: list[Task], now: datetime) -> list[Any]:
    """The rows with what they show beside their columns; a query for the editions and one for the calendar."""
    shown: list[Any] = rows
    editions = ServiceVersion.objects.defer("source").in_bulk({row.application.version_id for row in rows})
    calendar = calendars.current()
    for row in shown:
        row.application.version = editions[row.application.version_id]
        row.time_left = time_left(row, now, calendar)
        row.place = filters.region_name(row.application.region)
        row.is_returned = filters.is_returned(row)
    return shown


def _with_bars(rows: list[Any], official: User) -> list[Any]:
    """Those that are in nobody's hands, with the rule that keeps them from this official."""
    bars = policy.barred(official, [row for row in rows if row.state == Task.State.OPEN and not row.claimed_by_id])
    for row in rows:
        row.barred = bars.get(row.pk, "")
    return rows


def _tabs(request: HttpRequest, choice: Choice) -> list[tuple[Any, str, bool]]:
    """Another view keeps the filters."""
    supervisor = is_supervisor(request)
    return [
        (title, address(Choice.read({**choice.__dict__, "which": which})), which == choice.which)
        for which, title in VIEWS.items()
        if supervisor or which not in SUPERVISORS_VIEWS
    ]


def find(request: HttpRequest) -> HttpResponse:
    """The filter form. It is posted so that a mobile's digits come into no address, log or history: a digest does."""
    return redirect(address(Choice.read(request.POST.dict())))


def next_task(request: HttpRequest) -> HttpResponse:
    """Claim the most urgent task of what is filtered, and go to it."""
    return _to_the_next(request, chosen(request))


def _to_the_next(request: HttpRequest, choice: Choice) -> HttpResponse:
    official, now = who(request), timezone.now()
    task = workflow.claim_next(
        official=official,
        among=lambda tasks: filters.narrowed(tasks, choice, now),
        since=_time(request.POST.get("shown_at", "")),
    )
    if task is None:
        messages.info(request, _("There is no task here that is free for you to take."))
        return redirect(address(choice))
    messages.success(request, _("%(number)s is in your hands now.") % {"number": task.application})
    return redirect("admin:reviews_task_review", task.pk)


# --- the queue as it was looked at last: where a review page leads back to, with its filters --------------------------


def _keep_in_mind(request: HttpRequest) -> None:
    looked_at = request.GET.urlencode()[:1000]
    if request.session.get(LAST, "") != looked_at:
        request.session[LAST] = looked_at


def _last(request: HttpRequest) -> Any:
    return QueryDict(request.session.get(LAST, "")).dict()


def back(request: HttpRequest) -> str:
    """The address of the queue as it was looked at last."""
    looked_at = _last(request)
    keys = {name: looked_at[name] for name in ("after", "before") if paging.Key.read(looked_at.get(name, ""))}
    return address(Choice.read(looked_at), **keys)


def last_query(request: HttpRequest) -> str:
    return Choice.read(_last(request)).query


def onward(request: HttpRequest) -> HttpResponse:
    """After a decision: back to the queue, or to the next task of it where that was asked for."""
    if request.POST.get("then") != "next":
        return redirect(back(request))
    return _to_the_next(request, Choice.read(_last(request)))


def chosen(request: HttpRequest) -> Choice:
    """What the queue was filtered by when the form on it was sent."""
    return Choice.read(QueryDict(request.POST.get("query", "")[:1000]).dict())


def _time(text: str) -> datetime | None:
    try:
        at = parse_datetime(text)
    except ValueError:
        return None
    return at if at and timezone.is_aware(at) else None
