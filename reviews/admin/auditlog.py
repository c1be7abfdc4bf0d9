"""The audit log for the audit administrator: read only, in sentences, with filters, and as a file with proofs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import chain, islice
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import TextFilter
from unfold.views import ChangeList

from permits.models import Application, User
from reviews import guidance, roles, times
from reviews.admin.access import ReadOnlyAdmin, who
from reviews.admin.queue import paging
from reviews.audit import archive, log, naming, reads, receipts, story, tree
from reviews.models import Archive, ArchivedStream, Checkpoint, Event, EventNote, Leaf

CHUNK = 200  # events that an export reads together
AFTER, BEFORE = "after", "before"


class ByActor(TextFilter):
    """Whole e-mail address or name: both are looked up before the log is, which keeps its index in use."""

    title = _("actor")
    parameter_name = "actor"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Event]) -> QuerySet[Event]:
        if not (said := (self.value() or "").strip()):
            return queryset
        people = User.objects.filter(Q(email__iexact=said) | Q(name=said)).values_list("pk", flat=True)
        return queryset.filter(actor__in=list(people[:100]))


class ByApplication(TextFilter):
    """Its steps, and who looked at it."""

    title = _("application number")
    parameter_name = "number"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Event]) -> QuerySet[Event]:
        if not (said := (self.value() or "").strip()):
            return queryset
        found = Application.objects.filter(number=said).first()
        return queryset.filter(stream__in=[log.stream_of(found), reads.stream_of(found), guidance.stream_of(found)]) if found else queryset.none()


class ByAction(admin.SimpleListFilter):
    title = _("action")
    parameter_name = "action"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return sorted(log.ACTIONS.items(), key=lambda item: str(item[1]))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Event]) -> QuerySet[Event]:
        return queryset.filter(action=self.value()) if self.value() in log.ACTIONS else queryset


class Since(TextFilter):
    """A day, ``2020-02-10``, or a moment, ``2020-02-10 09:00``; what is neither filters nothing."""

    title = _("from (day, or day and time)")
    parameter_name = "since"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Event]) -> QuerySet[Event]:
        moment = _moment(self.value())
        return queryset.filter(at__gte=moment) if moment else queryset


class Until(TextFilter):
    """The same; a day is in it."""

    title = _("until (day, or day and time)")
    parameter_name = "until"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Event]) -> QuerySet[Event]:
        moment = _moment(self.value(), end=True)
        return queryset.filter(at__lt=moment) if moment else queryset


def _moment(said: Any, *, end: bool = False) -> datetime | None:
    text = str(said or "").strip()
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    if end and len(text) <= len("2020-02-10"):
        found += timedelta(days=1)
    return timezone.make_aware(found) if timezone.is_naive(found) else found


class Log(ChangeList):
    """The latest first, by key: no page counts or skips rows, however far back it is."""

    def get_filters_params(self, params: Any = None) -> Any:
        for name in (AFTER, BEFORE):  # a page's key is no filter, and another filter begins at the beginning
            self.params.pop(name, None)
            self.filter_params.pop(name, None)
        return super().get_filters_params(params)

    def get_results(self, request: HttpRequest) -> None:
        after, before = request.GET.get(AFTER, ""), request.GET.get(BEFORE, "")
        page = paging.page(self.queryset, after=after, before=before, latest_first=True, by="at")
        _told(page.rows)
        self.result_list = page.rows
        self.result_count = self.full_result_count = len(page.rows)
        self.show_full_result_count = self.show_admin_actions = self.can_show_all = self.multi_page = False
        self.paginator = Paginator(page.rows, paging.SIZE)
        self.earlier = self.get_query_string({AFTER: page.after}) if page.after else ""
        self.filters = self.get_query_string()
        self.archived = _archived(request)
        self.only_looks = self.get_query_string({"action": reads.ACTION})
        number = request.GET.get(ByApplication.parameter_name, "").strip()
        filed = Application.objects.filter(number=number) if number else Application.objects.none()
        self.one_application = filed.values_list("pk", flat=True).first()  # whose originals may be taken out
        self.later = self.get_query_string({BEFORE: page.before}) if page.before else ""


def _archived(request: HttpRequest) -> ArchivedStream | None:
    """Where the earlier events of the one application lie that the reader filters by."""
    number = request.GET.get(ByApplication.parameter_name, "").strip()
    found = ArchivedStream.objects.filter(application__number=number) if number else ArchivedStream.objects.none()
    return found.select_related("archive", "application").first()


def _told(events: list[Any]) -> None:
    """Put each event's sentence to it, and whom or what it concerns: four queries, however many there are."""
    names = naming.Names.of(events)
    subjects = [event.stream.removeprefix(reads.PREFIX).removeprefix(guidance.PREFIX).partition(":") for event in events]
    asked = {kind: [key for each, _colon, key in subjects if each == kind and naming.is_person(key)]
             for kind in ("account", "application")}  # fmt: skip
    found: list[User | Application] = [
        *User.objects.filter(public_id__in=asked["account"]),
        *Application.objects.filter(public_id__in=asked["application"]).only("public_id", "number"),
    ]
    by_key = {str(each.public_id): each for each in found}
    for event, (_kind, _colon, key) in zip(events, subjects, strict=True):
        event.told = story.sentence(event, names)
        event.subject = by_key.get(key)
        event.role_words = naming.role_words(event.role, names.offices)


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    may_see = staticmethod(roles.is_audit_admin_request)
    list_display = ("time", "sentence", "concerns", "action_words")
    list_display_links = ("time",)
    list_select_related = ("actor", "application__version")
    list_filter = (ByActor, ByApplication, ByAction, Since, Until)
    list_filter_submit = True
    list_before_template = "admin/reviews/event/export.html"
    list_after_template = "admin/reviews/event/pages.html"
    sortable_by = ()
    ordering = ("-at", "-pk")
    fields = ("sentence", "words", "concerns", "stream", "seq", "action_words", "actor", "role_words", "time", "before", "after", "payload",
              "prev_hash", "hash", "place")  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Event]:
        return super().get_queryset(request).defer(
            "application__answers", "application__left_over", "application__version__source", "application__version__document"
        )  # fmt: skip

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.export)
        return [path("export.jsonl", view, name="reviews_event_export"), *super().get_urls()]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return Log

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        event = super().get_object(request, object_id, from_field)
        if event is not None:
            _told([event])
            note = EventNote.objects.filter(event=event).first()
            event.text = note.text if note else ""
            if event.text and event.subject:
                by = who(request)
                reads.note(by, event.subject, "words", role=roles.acting_as(by), event=f"{event.stream} #{event.seq}")
        return event

    @admin.display(description=_("Time"))
    def time(self, event: Event) -> str:
        return format_html('<time class="rv-time" datetime="{}">{}</time>', event.at.isoformat(), times.exact(event.at))

    @admin.display(description=_("Role"))
    def role_words(self, event: Any) -> str:
        return str(event.role_words)

    @admin.display(description=_("What happened"))
    def sentence(self, event: Any) -> str:
        return str(event.told)

    @admin.display(description=_("Words"))
    def words(self, event: Any) -> str:
        return event.text or "—"

    @admin.display(description=_("Subject"))
    def concerns(self, event: Any) -> str:
        """The application by its number, which leads to its whole story; the person behind an account's stream."""
        if isinstance(event.subject, User):
            return f"{event.subject} <{event.subject.email}>"
        number = event.subject.number if event.subject else None
        if not number:
            return str(event.stream)
        address = f"{reverse('admin:reviews_event_changelist')}?number={number}"
        return format_html('<a class="rv-number" href="{}">{}</a>', address, number)

    @admin.display(description=_("Action"))
    def action_words(self, event: Event) -> str:
        return log.label(event.action)

    @admin.display(description=_("Place in the sealed tree"))
    def place(self, event: Event) -> str:
        leaf = getattr(event, "leaf", None)
        return str(leaf.index) if leaf else str(_("not sealed yet"))

    def export(self, request: HttpRequest) -> HttpResponseBase:
        """What the filters leave, a JSON line each with its proof, in bounded memory; the checkpoint is the last line.

        Archived events are in it where it is of one application; else the last line names the archives that have them.
        """
        if not self.may_see(request):
            raise PermissionDenied
        found = (
            self.get_changelist_instance(request)
            .get_queryset(request)
            .order_by("at", "pk")
            .select_related("note", "leaf")
        )
        try:
            earlier = _earlier(_archived(request))
        except archive.NotArchived:
            messages.error(request, archive.OUT_OF_REACH)
            return redirect(f"{reverse('admin:reviews_event_changelist')}?{request.GET.urlencode()}")
        by = who(request)
        reads.exported(by, role=roles.acting_as(by), filters=request.GET.urlencode()[:500])
        response = StreamingHttpResponse(_lines(chain(earlier, found.iterator(CHUNK))), content_type="application/jsonl; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="audit-log-{timezone.localtime():%Y%m%d-%H%M}.jsonl"'
        response["Cache-Control"] = "private, no-store"
        return response


def _earlier(archived: ArchivedStream | None) -> list[Event]:
    """Out of its archive, with their leaves. Raise ``NotArchived``."""
    if archived is None:
        return []
    events = [event for event in archive.events_of(archived.application) if event.seq <= archived.last_seq]
    leaves = {leaf.event_id: leaf for leaf in Leaf.objects.filter(event_id__in=[event.pk for event in events])}
    for event in events:
        event._state.fields_cache["leaf"] = leaves.get(event.pk)  # as select_related leaves it
    return events


def _lines(events: Iterable[Event]) -> Iterator[str]:
    try:
        checkpoint: Checkpoint | None = tree.latest()
    except tree.NothingSealed:
        checkpoint = None
    rows = iter(events)
    while some := list(islice(rows, CHUNK)):
        for line in receipts.lines(some, checkpoint):
            yield json.dumps(line, ensure_ascii=False) + "\n"
    archives = list(Archive.objects.order_by("pk").values("name", "year", "events", "sha256"))
    last = {"checkpoint": checkpoint.note if checkpoint else None, "archives": archives}
    yield json.dumps(last, ensure_ascii=False) + "\n"
