"""The desk's first page: what waits for whoever looks at it, by the roles they have, and nothing of others.

Each part is asked for its own role, in a fixed number of queries; numbers of tasks are those of the queue's own filters,
which they lead to.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, F, Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from permits.models import EditionDraft, Service, Status, StorageFault, User
from reviews import board, roles
from reviews.admin.access import is_ops, is_service_owner, is_supervisor, who
from reviews.admin.plots import plot
from reviews.admin.queue import filters
from reviews.admin.queue.choice import Choice
from reviews.admin.queue.page import address, dressed, with_what_is_shown
from reviews.audit import unsealed
from reviews.board import Table
from reviews.models import Checkpoint, Department, Event, Heartbeat, Official, RoleGrant, Task, WebhookEndpoint
from reviews.notices import state

LISTED = 5
RECENT = timedelta(days=30)
ALIVE = timedelta(minutes=3)


@dataclass(frozen=True)
class Tile:
    """A number, where it leads to, and whether it is good to see."""

    label: str
    value: Any
    url: str = ""
    tone: str = ""  # ok, warn, bad


@dataclass(frozen=True)
class Part:
    title: str
    key: str
    tiles: list[Tile]
    lists: list[tuple[str, list[Task], str]] = field(default_factory=list)  # title, tasks, words when there are none
    load: Table | None = None
    plot: Any = ""
    next_task: bool = False
    note: str = ""


def overview(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Called by the admin's first page."""
    now, user = timezone.now(), who(request)
    supervisor = is_supervisor(request)
    parts = []
    if ids := Department.objects.ids_of(user):
        parts.append(_work(user, ids, now, supervisor=supervisor))
    if is_ops(request):
        parts.append(_running(now))
    if roles.is_security_admin_request(request):
        parts.append(_accounts())
    if roles.is_audit_admin_request(request):
        parts.append(_log(now))
    if is_service_owner(request):
        parts.append(_services(now))
    return {**context, "leads_to_board": supervisor, "parts": parts, "query": ""}


def _work(user: User, ids: list[int], now: datetime, *, supervisor: bool) -> Part:
    def tile(label: str, choice: Choice, tone: str = "") -> Tile:
        count = filters.narrowed(filters.tasks_of(choice, user), choice, now).order_by().count()
        return Tile(label, count, address(choice), tone if count else "")

    tiles = [
        tile(_("In hand"), Choice(which="mine")),
        tile(_("Open to be claimed"), Choice(which="unclaimed")),
        tile(_("Due today or overdue"), Choice(due="today"), "warn"),
        tile(_("Overdue"), Choice(due="overdue"), "bad"),
        tile(_("Came back"), Choice(returned="1"), "warn"),
    ]
    mine = list(with_what_is_shown(filters.tasks_of(Choice(which="mine"), user)).order_by("due_at", "pk")[:LISTED])
    lists = [(_("My work, due next"), mine, _("You have nothing in hand."))]
    if supervisor:
        headed = Department.objects.ids_headed_by(user)
        late = (
            Task.objects.open()
            .filter(department__in=headed, due_at__lt=now)
            .exclude(application__status=Status.SUSPENDED)
        )
        oldest = list(with_what_is_shown(late).order_by("due_at", "pk")[:LISTED])
        lists.append((_("Late, the oldest first"), oldest, _("Nothing is overdue.")))
        closed = Task.objects.filter(
            department__in=headed, state=Task.State.DONE, kind__in=board.STAGES, closed_at__gte=now - RECENT
        ).aggregate(all=Count("pk"), kept=Count("pk", filter=Q(closed_at__lte=F("due_at"))))
        share = f"{100 * closed['kept'] / closed['all']:.1f} %" if closed["all"] else "—"
        to_board = reverse("admin:reviews_task_board")
        tiles += [
            Tile(_("Last 30 days: on time"), share, to_board),
            Tile(_("Decided in 30 days"), closed["all"], to_board),
        ]
    dressed([task for _title, tasks, _none in lists for task in tasks], now)
    load = _load(ids, now)
    return Part(_("What waits for you"), "work", tiles, lists, load, plot(load), next_task=True)


def _load(ids: list[int], now: datetime) -> Table:
    """What is open in the user's departments, by service and by when it is due."""
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    late = Q(due_at__lt=now) & ~Q(application__status=Status.SUSPENDED)
    found = Task.objects.open().filter(department__in=ids).order_by().values(slug=F(board.SLUG)).annotate(
        late=Count("pk", filter=late), today=Count("pk", filter=~late & Q(due_at__lt=midnight)), all=Count("pk"),
    )  # fmt: skip
    counts = {row["slug"]: row for row in found}
    services = (
        Service.objects.filter(slug__in=counts).exclude(current=None).select_related("current").defer("current__source")
    )
    rows: list[list[board.Cell]] = [
        [str(each.definition.title), row["all"] - row["late"] - row["today"], row["today"], row["late"]]
        for each in services.order_by("slug")
        if (row := counts[each.slug])
    ]
    head = [_("Service"), _("Later"), _("Due today"), _("Overdue")]
    return Table("load", _("Open tasks by service"), head, rows, bars=(1, 2, 3), stacked=True)


def _running(now: datetime) -> Part:
    """What ``doctor`` asks that the database knows; the rest it asks of the machine."""
    channels = state.figures()
    waiting, dead = sum(each.waiting for each in channels), sum(each.dead for each in channels)
    overdue = sum(each.overdue for each in channels)
    beat = Heartbeat.objects.filter(name="worker").first()
    alive = beat is not None and beat.at > now - ALIVE
    worker = (
        _("seen %(at)s") % {"at": f"{timezone.localtime(beat.at):%H:%M}"}
        if beat and alive
        else _("not seen for some minutes")
    )
    faults = StorageFault.objects.count()
    off = WebhookEndpoint.objects.filter(active=False).count()
    outbox, hooks = reverse("admin:reviews_notice_changelist"), reverse("admin:reviews_webhookendpoint_changelist")
    tiles = [
        Tile(_("Worker"), worker, "", "ok" if alive else "bad"),
        Tile(_("Notices that wait"), waiting, outbox, "warn" if overdue else ""),
        Tile(_("Notices given up"), dead, outbox, "bad" if dead else ""),
        Tile(_("Files lost or damaged"), faults, "", "bad" if faults else ""),
        Tile(_("Webhooks switched off"), off, hooks, "warn" if off else ""),
    ]
    return Part(_("The running of the portal"), "running", tiles,
                note=_("The whole check is %(command)s on the server.") % {"command": "manage.py doctor"})  # fmt: skip


def _accounts() -> Part:
    at_the_desk = User.objects.filter(is_staff=True, is_active=True, is_superuser=False)
    posted, granted = Official.objects.filter(active=True), RoleGrant.objects.all()
    bare = at_the_desk.exclude(pk__in=posted.values("user")).exclude(pk__in=granted.values("user")).count()
    tiles = [
        Tile(_("Accounts at the review desk without any right"), bare, reverse("admin:permits_user_changelist"), "warn" if bare else ""),
        Tile(_("Postings"), posted.count(), reverse("admin:reviews_official_changelist")),
        Tile(_("Roles"), granted.count(), reverse("admin:reviews_rolegrant_changelist")),
        Tile(_("Accounts switched off"), User.objects.filter(is_active=False).count(), reverse("admin:permits_user_changelist")),
    ]  # fmt: skip
    return Part(_("Accounts and rights"), "accounts", tiles)


def _log(now: datetime) -> Part:
    oldest, waiting = unsealed.backlog()
    last = Checkpoint.objects.order_by("-size").values_list("at", flat=True).first()
    events = reverse("admin:reviews_event_changelist")
    refused = Event.objects.filter(action="refused", at__gte=now - timedelta(days=7)).count()
    tiles = [
        Tile(
            _("Entries that wait to be sealed"),
            waiting,
            events,
            "bad" if oldest and oldest < now - timedelta(minutes=5) else "",
        ),
        Tile(
            _("Last checkpoint"),
            f"{timezone.localtime(last):%m-%d %H:%M}" if last else _("none yet"),
            reverse("audit_checkpoint"),
        ),
        Tile(_("Refusals by a rule in 7 days"), refused, f"{events}?action=refused"),
    ]
    return Part(_("Audit log"), "log", tiles)


def _services(now: datetime) -> Part:
    drafts = EditionDraft.objects.filter(published_version=None).aggregate(
        all=Count("pk"), timed=Count("pk", filter=Q(publish_at__isnull=False)), refused=Count("pk", filter=Q(refused_at__isnull=False))
    )  # fmt: skip
    listed = reverse("admin:permits_editiondraft_changelist")
    tiles = [
        Tile(_("Draft editions under way"), drafts["all"], listed),
        Tile(_("To be published"), drafts["timed"], listed),
        Tile(_("Not published on time"), drafts["refused"], listed, "bad" if drafts["refused"] else ""),
        Tile(_("Services open"), Service.objects.filter(open=True).exclude(current=None).count(), reverse("admin:permits_service_changelist")),
    ]  # fmt: skip
    return Part(_("Services"), "services", tiles)
