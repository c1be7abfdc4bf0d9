"""What the desk shows of threads: the list by what waits, the card on a review page, one thread with its forms."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from permits.models import Application, ServiceVersion, User
from reviews import calendars, clock, guidance, threads
from reviews.admin.access import is_supervisor, who
from reviews.admin.due import TimeLeft, span_words
from reviews.admin.queue import paging
from reviews.models import CallbackRequest, Department, Message, Side, Task, Thread

VIEWS = {
    "waiting": gettext_lazy("Unanswered"),
    "mine": gettext_lazy("Mine"),
    "late": gettext_lazy("Waiting too long"),
    "calls": gettext_lazy("Calls to make"),
    "answered": gettext_lazy("Already answered"),
}
LIST = "admin:reviews_thread_changelist"
CARD = 3  # messages on a review page
DEFERRED = (
    "application__answers", "application__left_over", "application__applicant__mobile",
    "application__enterprise__legal_id_number", "application__enterprise__legal_mobile",
)  # fmt: skip


def show_list(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """Pages by key. The time that a row is ordered by is the one that it is shown with."""
    official, now = who(request), timezone.now()
    view = request.GET.get("view", "waiting")
    view = view if view in VIEWS else "waiting"
    rows, by = _rows(view, official, now)
    office = request.GET.get("office", "")
    if office.isascii() and office.isdigit() and len(office) < 19:
        rows = rows.filter(department=int(office))
    page = paging.page(
        rows, after=request.GET.get("after", ""), before=request.GET.get("before", ""), by=by, latest_first=by == "last_at",
    )  # fmt: skip
    context = {
        **context, "title": _("Messages and call-backs"), "is_fullwidth": "1", "view": view, "by": by,
        "rows": _dressed(page.rows, now), "office": office,
        "tabs": [(title, f"{reverse(LIST)}?view={key}", key == view) for key, title in VIEWS.items()
                 if key != "late" or is_supervisor(request)],
        "offices": Department.objects.filter(pk__in=Department.objects.ids_of(official)).order_by("pk"),
        "previous": _address(view, office, before=page.before) if page.before else "",
        "next": _address(view, office, after=page.after) if page.after else "",
    }  # fmt: skip
    return render(request, "admin/reviews/thread/list.html", context)


def _rows(view: str, official: User, now: datetime) -> tuple[QuerySet[Any], str]:
    related = ("application__enterprise", "application__applicant", "department")
    if view == "calls":
        offices = Department.objects.ids_of(official)
        calls = CallbackRequest.objects.filter(department__in=offices, state=CallbackRequest.State.OPEN)
        return calls.select_related(*related).defer(*DEFERRED), "starts_at"
    found = guidance.threads_of(official).select_related(*related, "claimed_by").defer(*DEFERRED, "claimed_by__mobile")
    match view:
        case "answered":
            return found.filter(due_at=None), "last_at"
        case "mine":
            return found.filter(due_at__isnull=False, claimed_by=official, claimed_until__gt=now), "due_at"
        case "late":
            headed = Department.objects.ids_headed_by(official)
            if not headed:
                raise PermissionDenied("what waits too long is shown to supervisors")
            return found.filter(due_at__lt=now, department__in=headed), "due_at"
    return found.filter(due_at__isnull=False), "due_at"


def _dressed(rows: list[Any], now: datetime) -> list[Any]:
    """With what they show beside their columns: two queries for the editions and the calendar."""
    editions = ServiceVersion.objects.defer("source").in_bulk({row.application.version_id for row in rows})
    calendar = calendars.current()
    for row in rows:
        row.application.version = editions[row.application.version_id]
        row.wait = waits(getattr(row, "due_at", None), now, calendar)
        row.held = isinstance(row, Thread) and row.is_claimed(now)
    return rows


def waits(due_at: datetime | None, now: datetime, calendar: clock.WorkCalendar) -> TimeLeft | None:
    """How much working time is left for an answer."""
    if due_at is None:
        return None
    left = clock.remaining(now, due_at, calendar)
    if now > due_at:
        return TimeLeft("late", _("Late by %(span)s") % {"span": span_words(-left)} if left else _("Waiting too long"))
    return TimeLeft("ok", _("%(span)s left") % {"span": span_words(left)})


def _address(view: str, office: str, **key: Any) -> str:
    pairs = [
        f"view={view}",
        *([f"office={office}"] if office else []),
        *(f"{name}={value}" for name, value in key.items()),
    ]
    return f"{reverse(LIST)}?{'&'.join(pairs)}"


@dataclass(frozen=True)
class Card:
    """What a review page says of the thread."""

    rows: list[Message]
    unread: int
    wait: TimeLeft | None
    call: CallbackRequest | None


def card(application: Application, now: datetime) -> Card:
    """Four queries, whatever was written; two where nothing was."""
    thread = Thread.objects.filter(pk=application.pk).first()
    call = application.callbacks.filter(state=CallbackRequest.State.OPEN).first()
    if thread is None:
        return Card([], 0, None, call)
    last = list(thread.messages.select_related("author", "department").order_by("-pk")[:CARD])[::-1]
    unread = thread.messages.filter(side=Side.APPLICANT, read_at=None).count()
    return Card(last, unread, waits(thread.due_at, now, calendars.current()), call)


def context_of(request: HttpRequest, application: Application, now: datetime) -> dict[str, Any]:
    """One thread: what was said, what can be done, and with which saved answers."""
    official = who(request)
    thread = Thread.objects.select_related("department", "claimed_by").filter(pk=application.pk).first()
    before = request.GET.get("before", "")
    shown, more = threads.latest(application, int(before) if before.isdecimal() and len(before) < 19 else None)
    consent = guidance.consent_of(application, now)
    task = Task.objects.visible_to(official).filter(application=application).order_by("-pk").first()
    return {
        "thread": thread, "days": threads.by_days(shown, threads.looks(application) if consent else []),
        "earlier": shown[0].pk if more else None, "before": before, "last": shown[-1].pk if shown and not before else 0,
        "shown": shown, "consent": consent, "task": task,
        "call": application.callbacks.filter(state=CallbackRequest.State.OPEN).first(),
        "wait": waits(thread.due_at, now, calendars.current()) if thread else None,
        "held": thread is not None and thread.is_claimed(now),
        "saved": guidance.saved_answers(official, thread.department_id if thread else task.department_id if task else 0)[:200],
    }  # fmt: skip
