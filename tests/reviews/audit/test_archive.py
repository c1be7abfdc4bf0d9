"""Events of closed years go to the storage: what was proved stays provable, what was shown stays shown."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from permits.intake import storage
from permits.models import Application
from portal.timeline import timeline
from reviews import workflow
from reviews.audit import archive, merkle, receipts, sealing, tree, verify
from reviews.models import Archive, ArchivedStream, Decision, Event, EventNote, Leaf, Notice
from tests.cast import filled
from tests.reviews.steps import accepted, say

pytestmark = pytest.mark.django_db
YEAR = 2026
NEXT_YEAR = datetime(2027, 3, 1, tzinfo=UTC)


@pytest.fixture
def closed(cast) -> Application:
    """Approved long ago, sealed; beside it one that is still open, and a draft."""
    application = accepted(cast)
    for office, official in (("health", cast.health), ("industry", cast.industry)):
        say(application, office, official, "agree")
    say(application, "bureau", cast.decider, "approve", reason="材料齐全")
    accepted(cast)
    filled(cast)
    sealing.seal()
    application.refresh_from_db()
    return application


def archived() -> list[Archive]:
    return list(archive.archive_year(YEAR, now=NEXT_YEAR))


def test_a_closed_application_goes_and_everything_still_holds(closed, cast, settings, tmp_path):
    settings.AUDIT_ARCHIVE_URL = f"file://{tmp_path}/archive"
    shown, events = timeline(closed), Event.objects.count()
    rows = list(Event.objects.filter(application=closed).order_by("seq"))
    receipt = receipts.make(closed, shows=lambda _event: True, tells=lambda _event: True)
    leaves = {leaf.event_id: leaf.index for leaf in Leaf.objects.filter(event__in=rows)}
    [made] = archived()
    assert made.events == len(rows) == closed.last_seq
    assert Event.objects.count() == events - len(rows)
    assert not archived()  # nothing is left to archive
    report = verify.verify()
    assert not report.faults and report.events == events
    assert timeline(closed) == shown
    assert receipts.make(closed, shows=lambda _event: True, tells=lambda _event: True) == receipt
    assert receipts.sealed(closed) == (len(rows), 0)
    size = tree.latest().size
    for event in archive.events_of(closed):
        leaf = merkle.leaf_hash(event.payload.encode())
        proof = tree.inclusion_proof(leaves[event.pk], size)
        assert merkle.verify_inclusion(leaf, leaves[event.pk], size, proof, tree.latest().root)
    assert EventNote.objects.filter(text="材料齐全").exists()  # where it can be erased
    assert b"\xe6\x9d\x90" not in archive.read(made)


def test_what_happens_later_goes_on_with_the_chain(closed, cast, settings, tmp_path):
    settings.AUDIT_ARCHIVE_URL = f"file://{tmp_path}/archive"
    archived()
    before = tree.latest()
    workflow.revoke_permit(closed.permit.pk, official=cast.supervisor, reason="停产")
    sealing.seal()
    assert [event.seq for event in archive.events_of(closed)] == list(range(1, closed.last_seq + 2))
    for since in (None, before):
        report = verify.verify(since=since)
        assert not report.faults, report.first
    assert not archived()


def test_a_second_run_at_the_same_time_writes_nothing_and_the_log_verifies(closed, settings, tmp_path):
    settings.AUDIT_ARCHIVE_URL = f"file://{tmp_path}/archive"
    found = list(archive._closed(YEAR))  # what the second run read while the first held the rows
    assert archive._archived(YEAR, found, NEXT_YEAR)
    assert archive._archived(YEAR, found, NEXT_YEAR) is None
    assert Archive.objects.count() == 1 and len(list((tmp_path / "archive").rglob("*.gz"))) == 1
    assert not verify.verify().faults


def test_what_went_on_after_it_was_found_stays(closed, cast, settings, tmp_path):
    settings.AUDIT_ARCHIVE_URL = f"file://{tmp_path}/archive"
    found = list(archive._closed(YEAR))
    workflow.revoke_permit(closed.permit.pk, official=cast.supervisor, reason="停产")
    assert archive._archived(YEAR, found, NEXT_YEAR) is None  # the step isn't sealed
    assert not Archive.objects.exists() and not verify.verify().faults


def test_a_log_with_an_archive_of_no_events_verifies(closed, settings, tmp_path):
    """Two runs at once used to leave one, and its row is there for good."""
    settings.AUDIT_ARCHIVE_URL = f"file://{tmp_path}/archive"
    content = gzip.compress(b"\n", mtime=0)
    storage.keep(settings.AUDIT_ARCHIVE_URL, "audit/2026/events-00001.jsonl.gz", content)
    Archive.objects.create(
        name="audit/2026/events-00001.jsonl.gz", year=YEAR, sha256=hashlib.sha256(content).hexdigest(), events=0,
        at=NEXT_YEAR,
    )  # fmt: skip
    assert not verify.verify().faults
    [made] = archived()
    assert made.name == "audit/2026/events-00002.jsonl.gz" and not verify.verify().faults


def test_an_archive_is_on_disk_before_the_rows_go(closed, settings, tmp_path, monkeypatch):
    settings.AUDIT_ARCHIVE_URL = f"file://{tmp_path}/archive"
    forced, rows = [], []

    def noted(handle: int) -> None:
        forced.append(os.readlink(f"/proc/self/fd/{handle}"))
        rows.append(Event.objects.filter(application=closed).count())

    monkeypatch.setattr("os.fsync", noted)
    [made] = archived()
    folders = [tmp_path / "archive" / "audit" / "2026", tmp_path / "archive" / "audit", tmp_path / "archive", tmp_path]
    assert forced == [str(tmp_path / "archive" / made.name), *map(str, folders)]
    assert set(rows) == {made.events}


def erase(application: Application, seq: int) -> str:
    out = io.StringIO()
    call_command("erase_words", application.number, str(seq), "--reason", "依申请删除", stdout=out)
    return out.getvalue()


def test_words_of_an_archived_application_are_erased_once_and_the_log_verifies(closed, settings, tmp_path):
    settings.AUDIT_ARCHIVE_URL = f"file://{tmp_path}/archive"
    seq, before = closed.events.get(action="approved").seq, tree.latest()
    archived()
    assert "that they went is on record" in erase(closed, seq)
    assert not EventNote.objects.filter(text="材料齐全").exists()
    assert not Decision.objects.filter(reason="材料齐全").exists()
    assert not [each for each in Notice.objects.filter(application=closed) if each.params.get("reason")]
    closed.refresh_from_db()
    assert [event.seq for event in archive.events_of(closed)] == list(range(1, closed.last_seq + 1))
    assert archive.events_of(closed)[-1].action == "words_erased"
    assert not any(getattr(event, "note", None) and event.seq == seq for event in archive.events_of(closed))
    sealing.seal()
    for since in (None, before):
        assert not verify.verify(since=since).faults
    with pytest.raises(CommandError, match="erased already"):
        erase(closed, seq)
    with pytest.raises(CommandError, match="has no event 70"):
        erase(closed, 70)


def test_words_whose_archive_cannot_be_read_are_not_said_to_be_nowhere(closed, settings, tmp_path):
    settings.AUDIT_ARCHIVE_URL = f"file://{tmp_path}/archive"
    seq = closed.events.get(action="approved").seq
    [made] = archived()
    (tmp_path / "archive" / made.name).unlink()
    with pytest.raises(CommandError, match="is archived.*can't be read"):
        erase(closed, seq)
    assert EventNote.objects.filter(text="材料齐全").exists()


def test_a_year_that_is_not_over_stays(closed):
    with pytest.raises(archive.NotArchived, match="2026 is not over"):
        list(archive.archive_year(YEAR, now=datetime(2026, 12, 31, tzinfo=UTC)))
    with pytest.raises(CommandError, match="is not over"):
        call_command("archive_audit_log", "--year", "2999", stdout=io.StringIO())


def test_what_is_not_sealed_or_happened_later_stays(closed, cast):
    workflow.revoke_permit(
        closed.permit.pk, official=cast.supervisor, reason="停产", now=NEXT_YEAR - timedelta(days=30)
    )
    assert not archived()  # neither sealed nor of that year
    sealing.seal()
    assert not archived()


def test_nothing_is_archived_from_a_log_that_does_not_hold(closed):
    Application.objects.filter(pk=closed.pk).update(status="rejected")
    with pytest.raises(CommandError, match="does not hold.*its status is 'rejected'"):
        call_command("archive_audit_log", "--year", "2020", stdout=io.StringIO())


def test_an_archive_that_vanished_or_was_changed_is_missed(closed, settings, tmp_path):
    settings.AUDIT_ARCHIVE_URL = f"file://{tmp_path}/archive"
    [made] = archived()
    path = tmp_path / "archive" / made.name
    content = path.read_bytes()
    path.write_bytes(content[:-1] + b"x")
    said = verify.verify().faults
    assert "is not what was written" in said[0].words and f"application {closed.number}, events 1 to" in said[0].words
    path.unlink()
    assert "can't be read" in verify.verify().faults[0].words
    storage.keep(settings.AUDIT_ARCHIVE_URL, made.name, content)
    assert not verify.verify().faults


def test_only_what_is_recorded_as_archived_may_be_deleted(closed, settings, tmp_path):
    settings.AUDIT_ARCHIVE_URL = f"file://{tmp_path}/archive"
    archived()
    left = Event.objects.first()
    for statement in (
        f"DELETE FROM reviews_event WHERE id = {left.pk}",
        "DELETE FROM reviews_archivedstream",
        "UPDATE reviews_archive SET sha256 = ''",
    ):
        with pytest.raises(Exception, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    assert ArchivedStream.objects.count() == 1


def test_whoever_says_archived_and_deletes_is_found(closed):
    """The record of an archive lets rows go; the archive that isn't there says so."""
    forged = Archive.objects.create(name="audit/2026/forged", year=YEAR, sha256="0" * 64, events=7, at=NEXT_YEAR)
    last = Event.objects.filter(application=closed).latest("seq")
    ArchivedStream.objects.create(stream=last.stream, application=closed, archive=forged, last_seq=last.seq)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM reviews_event WHERE application_id = %s", [closed.pk])
    first = verify.verify().first
    assert first and "can't be read" in first.words and f"application {closed.number}" in first.words
