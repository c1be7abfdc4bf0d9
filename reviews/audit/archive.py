"""The events of applications that are long closed, out of the database and in a file; leaves and checkpoints stay.

A file is JSON lines, gzipped: an event each, application by application, ``{"id", "application", "payload"}``. There is
nothing personal in it: words stay in the database (``EventNote``), where they can be erased. What an event says besides its
payload follows from that. Its leaf's index is found by its id, so receipts and proofs go on working.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import logging
from collections.abc import Iterator
from datetime import datetime
from itertools import groupby, islice
from operator import attrgetter
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy

from permits.intake import storage
from permits.models import Application, User
from reviews.audit import chains, log
from reviews.models import Archive, ArchivedStream, Event, EventNote, Leaf

report = logging.getLogger(__name__)
APPLICATIONS = 5000  # of a file: some 50,000 events


OUT_OF_REACH = gettext_lazy(
    "The earlier steps lie in the archive, which can't be read just now. Nothing is lost; look again later."
)


class NotArchived(Exception):
    """The message says what stands against it."""


def archive_year(year: int, *, now: datetime | None = None) -> Iterator[Archive]:
    """Put the events of all applications that were closed in that year, or before it, into files and delete their rows.

    One file at a time, each in a transaction: stopped half-way it goes on where it was. Raise ``NotArchived`` when the year
    isn't over.
    """
    now = timezone.localtime(now or timezone.now())
    if year >= now.year:
        raise NotArchived(f"{year} is not over")
    while keys := list(_closed(year)[:APPLICATIONS]):
        if made := _archived(year, keys, now):
            yield made


def story_of(application: Application) -> tuple[list[Event], bool]:
    """What of the events can be read now, and whether that is all: an archive out of reach costs nobody the page."""
    try:
        return events_of(application), True
    except NotArchived:
        report.exception("application %s: its archived events can't be read", application.number)
        return list(application.events.select_related("note", "actor").order_by("seq")), False


def events_of(application: Application) -> list[Event]:
    """The events of an application in their order, from its archive and the database; with actors and notes.

    Raise ``NotArchived`` when its archive can't be read.
    """
    found = list(application.events.select_related("note", "actor").order_by("seq"))
    if not application.last_seq or (found and found[0].seq == 1):
        return found
    archived = ArchivedStream.objects.filter(application=application).select_related("archive").first()
    if archived is None:
        return found
    stream = log.stream_of(application)
    lines = [line for line in _lines(read(archived.archive)) if line["payload"]["stream"] == stream]
    keys = [line["id"] for line in lines]
    actors = {line["payload"]["actor"] for line in lines} - {None}
    people = {str(user.public_id): user for user in User.objects.filter(public_id__in=actors)}
    notes = {note.event_id: note for note in EventNote.objects.filter(event_id__in=keys)}
    events = [_event(line, application, people) for line in lines]
    for event in events:
        event._state.fields_cache["note"] = notes.get(event.pk)  # as select_related leaves it
    return [*events, *found]


def read(archive: Archive) -> bytes:
    """The file, as it was written. Raise ``NotArchived`` when it isn't there, or is another."""
    try:
        content = storage.read(_where(), archive.name)
    except (FileNotFoundError, storage.StorageUnavailable) as error:
        raise NotArchived(f"archive {archive.name} can't be read: {error}") from error
    if hashlib.sha256(content).hexdigest() != archive.sha256:
        raise NotArchived(f"archive {archive.name} is not what was written")
    return content


def rows(archive: Archive) -> Iterator[chains.Row]:
    """What an archive holds, as ``chains`` reads it from the database. Raise ``NotArchived``."""
    lines_left = _lines(read(archive))
    while lines := list(islice(lines_left, chains.CHUNK)):
        keys = [line["id"] for line in lines]
        leaves = {leaf.event_id: leaf for leaf in Leaf.objects.filter(event_id__in=keys)}
        notes = {note.event_id: note for note in EventNote.objects.filter(event_id__in=keys)}
        for line in lines:
            body, leaf, note = line["payload"], leaves.get(line["id"]), notes.get(line["id"])
            yield chains.Row(
                line["id"], body["stream"], body["seq"], line["application"], body["action"], body["actor"], body["role"],
                datetime.fromisoformat(body["at"]), body["before"], body["after"], line["text"], body["prev"],
                hashlib.sha256(line["text"].encode()).hexdigest(), note.salt if note else None, note.text if note else None,
                leaf.index if leaf else None, bytes(leaf.hashes) if leaf else None, leaf.stream if leaf else None,
                leaf.seq if leaf else None,
            )  # fmt: skip


def _closed(year: int) -> QuerySet[Any, int]:
    """The applications whose story ended by then and is sealed whole; keys."""
    after = timezone.make_aware(datetime(year + 1, 1, 1), timezone.get_current_timezone())  # noqa: DTZ001
    events = Event.objects.filter(application=OuterRef("pk"))
    open_yet = events.filter(leaf=None) | events.filter(at__gte=after)
    found = Application.objects.filter(closed_at__lt=after, archived=None).filter(Exists(events), ~Exists(open_yet))
    return found.order_by("closed_at", "pk").values_list("pk", flat=True)


@transaction.atomic
def _archived(year: int, keys: list[int], now: datetime) -> Archive | None:
    """``None`` when nothing is left of these: another run was faster, or they went on since they were found."""
    # Held, so that none gets another event meanwhile; who waits for one goes on with an application that has no rows.
    list(Application.objects.select_for_update(of=("self",)).filter(pk__in=keys).order_by("pk").values_list("pk"))
    # Asked again, for whoever held them before may have archived them, or added a step. A statement of its own: it sees
    # what was committed while the one above waited.
    still = Application.objects.filter(pk__in=_closed(year).filter(pk__in=keys), last_seq__gt=0)
    closed = {application.pk: application for application in still}
    if not closed:
        return None
    events = Event.objects.filter(application__in=closed).order_by("application_id", "seq")
    lines, streams, gone = [], [], []
    for key, group in groupby(events.iterator(chains.CHUNK), attrgetter("application_id")):
        story, application = list(group), closed[key]
        if story[-1].seq != application.last_seq or story[-1].hash != application.last_hash:
            raise NotArchived(
                f"application {application.number}: its chain does not end as it should; run verify_audit"
            )
        lines += [
            json.dumps({"id": event.pk, "application": application.pk, "payload": event.payload}, ensure_ascii=False)
            for event in story
        ]
        streams.append(ArchivedStream(stream=story[0].stream, application=application, last_seq=story[-1].seq))
        gone += [event.pk for event in story]
    content = gzip.compress(("\n".join(lines) + "\n").encode(), mtime=0)
    number = Archive.objects.filter(year=year).count() + 1
    archive = Archive(
        name=f"audit/{year}/events-{number:05d}.jsonl.gz", year=year, sha256=hashlib.sha256(content).hexdigest(),
        events=len(gone), at=now,
    )  # fmt: skip
    storage.keep(_where(), archive.name, content)
    read(archive)  # before anything goes
    archive.save(force_insert=True)
    for each in streams:
        each.archive = archive
    ArchivedStream.objects.bulk_create(streams)
    for first in range(0, len(gone), 500):
        Event.objects.filter(pk__in=gone[first : first + 500])._raw_delete(
            "default"
        )  # the triggers know these; Django would refuse
    return archive


def _lines(content: bytes) -> Iterator[dict[str, Any]]:
    for line in gzip.decompress(content).splitlines():
        if not line:  # two runs at once used to write a file of no events; its row can't be taken back
            continue
        found = json.loads(line)
        yield {"id": found["id"], "application": found["application"], "text": found["payload"],
               "payload": json.loads(found["payload"])}  # fmt: skip


def _event(line: dict[str, Any], application: Application, people: dict[str, User]) -> Event:
    body = line["payload"]
    event = Event(
        pk=line["id"], stream=body["stream"], seq=body["seq"], application=application, action=body["action"],
        actor=people.get(body["actor"] or ""), role=body["role"], at=datetime.fromisoformat(body["at"]),
        before=body["before"], after=body["after"], payload=line["text"], prev_hash=body["prev"],
        hash=hashlib.sha256(line["text"].encode()).hexdigest(),
    )  # fmt: skip
    event._state.adding = False
    return event


def _where() -> str:
    return settings.AUDIT_ARCHIVE_URL or settings.STORAGE_URL
