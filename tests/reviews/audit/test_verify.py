"""Whoever has every right on the database changes the record: ``verify_audit`` finds it, and says where."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from permits.models import Application, Material
from reviews import workflow
from reviews.audit import log, merkle, sealing, tree, triggers, unsealed, verify
from reviews.models import Checkpoint, Decision, Event, EventNote, Leaf, SealState
from reviews.workflow import erasing
from tests.cast import filled
from tests.reviews.steps import say

pytestmark = pytest.mark.django_db


@pytest.fixture
def application(cast) -> Application:
    """Approved, and sealed on the way: 3 checkpoints; and a draft, and a second application after it."""
    workflow.submit(filled(cast).pk, applicant=cast.owner)
    application = Application.objects.get(number__isnull=False)
    say(application, "street", cast.street, "accept", now=None)
    sealing.seal()
    for office, official in (("health", cast.health), ("industry", cast.industry)):
        say(application, office, official, "agree", now=None)
    sealing.seal()
    say(application, "bureau", cast.decider, "approve", reason="材料齐全", now=None)
    sealing.seal()
    other = filled(cast)
    workflow.submit(other.pk, applicant=cast.owner)
    workflow.withdraw(other.pk, applicant=cast.owner, reason="填错了")
    sealing.seal()
    filled(cast)
    application.refresh_from_db()
    # On PostgreSQL this moves in later transactions, and a test is a single one.
    SealState.objects.update(sealed_to=unsealed.newest())
    triggers.remove(connection)
    return application


def sql(statement: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def refusal(*options: str) -> str:
    """What the command says when it fails, on its last line."""
    with pytest.raises(CommandError) as caught:
        call_command("verify_audit", *options, stdout=io.StringIO(), stderr=io.StringIO())
    return str(caught.value)


def event(application: Application, seq: int) -> Event:
    return Event.objects.get(application=application, seq=seq)


def rewritten(event: Event, prev: str, **changes: Any) -> str:
    """Change what an event says, with everything that hangs on its text. Return its new hash."""
    body = json.loads(event.payload) | {"prev": prev} | changes
    payload = rfc8785.dumps(body)
    hash_ = hashlib.sha256(payload).hexdigest()
    columns = {name: body[name] for name in ("role", "before", "after", "action")}
    Event.objects.filter(pk=event.pk).update(payload=payload.decode(), prev_hash=prev, hash=hash_, **columns)
    return hash_


def rechained(application: Application, seq: int, **changes: Any) -> None:
    prev = event(application, seq).prev_hash
    for each in Event.objects.filter(application=application, seq__gte=seq).order_by("seq"):
        prev = rewritten(each, prev, **(changes if each.seq == seq else {}))
    Application.objects.filter(pk=application.pk).update(last_hash=prev)


def regrown() -> None:
    """Make the tree anew over what is there now; only the signatures can't be made anew."""
    peaks: list[bytes] = []
    made = {}
    for leaf in Leaf.objects.order_by("index").select_related("event"):
        hashes = merkle.append(peaks, leaf.index, merkle.leaf_hash(leaf.event.payload.encode()))
        Leaf.objects.filter(pk=leaf.pk).update(hashes=b"".join(hashes))
        made[leaf.index + 1] = list(peaks)
    for checkpoint in Checkpoint.objects.all():
        peaks = made[checkpoint.size]
        Checkpoint.objects.filter(pk=checkpoint.pk).update(peaks=b"".join(peaks), root_hash=merkle.root(peaks))


# --- nothing was changed -----------------------------------------------------------------------------------------------


def test_an_honest_log_holds(application, capsys):
    call_command("verify_audit")
    out = capsys.readouterr().out
    assert "The audit log holds." in out
    assert f"{Event.objects.count()} events (0 wait to be sealed), {Leaf.objects.count()} leaves, 4 checkpoints" in out


def test_the_nightly_run_reads_what_is_new(application, cast):
    before = tree.latest()
    third = workflow.submit(filled(cast).pk, applicant=cast.owner)
    sealing.seal()
    new = Event.objects.filter(application=third).count()
    report = verify.verify(since=before)
    assert not report.faults
    assert (report.events, report.leaves) == (new, before.size + new)
    call_command("verify_audit", "--since", str(before.size), stdout=io.StringIO())
    call_command("verify_audit", "--since", "2026-01-01", stdout=io.StringIO())
    assert "not 'yesterday'" in refusal("--since", "yesterday")


def test_an_event_that_waits_to_be_sealed_is_no_fault_for_an_hour(application, cast):
    workflow.submit(filled(cast).pk, applicant=cast.owner)
    report = verify.verify()
    assert not report.faults and report.unsealed == 1
    assert not verify.verify(since=tree.latest()).faults


def test_words_that_were_erased_on_record_leave_the_log_valid(application):
    note = EventNote.objects.get(event__application=application)
    erasing.erase_words(note.event, reason="数据主体申请")
    assert not EventNote.objects.filter(text="材料齐全").exists()
    assert not Decision.objects.filter(reason="材料齐全").exists()
    assert not verify.verify().faults
    assert Event.objects.filter(application=application).last().action == "words_erased"


# --- an attacker with every right ------------------------------------------------------------------------------------

Attack = Callable[[Application], None]


def edits_a_column(application: Application) -> None:
    sql("UPDATE reviews_event SET role = 'official@bureau' WHERE application_id = %s AND seq = 3", application.pk)


def edits_the_text(application: Application) -> None:
    row = event(application, 3)
    sql("UPDATE reviews_event SET payload = replace(payload, %s, %s) WHERE id = %s", row.action, "rejected", row.pk)


def edits_the_text_and_its_hash(application: Application) -> None:
    rewritten(event(application, 3), event(application, 3).prev_hash, role="official@bureau")


def edits_who_did_it(application: Application) -> None:
    other = Application.objects.exclude(pk=application.pk).values_list("applicant_id", flat=True)[0]
    sql("UPDATE reviews_event SET actor_id = %s WHERE application_id = %s AND seq = 3", other, application.pk)


def edits_the_time(application: Application) -> None:
    earlier = event(application, 3).at - timedelta(hours=3)
    Event.objects.filter(application=application, seq=3).update(at=earlier)


def swaps_two_rows(application: Application) -> None:
    third, fourth = event(application, 3), event(application, 4)
    Event.objects.filter(pk=third.pk).update(seq=99)
    Event.objects.filter(pk=fourth.pk).update(seq=3)
    Event.objects.filter(pk=third.pk).update(seq=4)


def swaps_two_leaves(application: Application) -> None:
    third, fourth = event(application, 3).leaf, event(application, 4).leaf
    for index, to in ((third.pk, -1), (fourth.pk, third.pk), (-1, fourth.pk)):
        Leaf.objects.filter(pk=index).update(index=to)


def rechains(application: Application) -> None:
    rechained(application, 3, role="official@bureau")


def rechains_and_regrows_the_tree(application: Application) -> None:
    rechained(application, 3, role="official@bureau")
    regrown()


ON_THE_THIRD: dict[Attack, str] = {
    edits_a_column: "event 3 was changed: its columns",
    edits_the_text: "event 3 was changed: its text is not what was hashed",
    edits_the_text_and_its_hash: "event 3 was changed after it was sealed",
    edits_who_did_it: "event 3 was changed: who did it",
    edits_the_time: "event 3 was changed: its time",
    swaps_two_rows: "event 3 does not follow event 2",
    swaps_two_leaves: "event 4 stands before event 3 in the tree",
    rechains: "event 3 was changed after it was sealed",
    rechains_and_regrows_the_tree: "the tree is not what checkpoint",
}


@pytest.mark.parametrize("attack", ON_THE_THIRD, ids=lambda attack: attack.__name__)
def test_a_change_is_found_and_named(application, attack):
    attack(application)
    said = refusal()
    assert ON_THE_THIRD[attack] in said
    assert f"application {application.number}" in said
    assert "event 3" in said


def test_a_dropped_event_is_missed(application):
    row = event(application, 3)
    sql("DELETE FROM reviews_notice WHERE event_id = %s", row.pk)
    sql("DELETE FROM reviews_event WHERE id = %s", row.pk)
    assert f"application {application.number}, event 3: it was sealed (leaf {row.leaf.pk}), and is missing" in refusal()


def drop_newest(application: Application) -> None:
    """The approval is undone: the events, and everything that hangs on them."""
    rows = list(Event.objects.filter(application=application, seq__gte=7).values_list("pk", flat=True))
    assert len(rows) == 1
    for table in ("reviews_attempt WHERE notice_id IN (SELECT id FROM reviews_notice WHERE event_id = %s)",
                  "reviews_notice WHERE event_id = %s", "reviews_eventnote WHERE event_id = %s",
                  "reviews_event WHERE id = %s"):  # fmt: skip
        sql(f"DELETE FROM {table}", rows[0])
    last = Event.objects.filter(application=application).latest("seq")
    Application.objects.filter(pk=application.pk).update(last_seq=last.seq, last_hash=last.hash)


def test_the_newest_events_are_missed_by_their_leaves(application):
    drop_newest(application)
    said = refusal()
    assert f"application {application.number}, event 7" in said and "is missing" in said


def test_the_newest_events_are_missed_before_they_are_sealed_too(application, cast):
    third = workflow.submit(filled(cast).pk, applicant=cast.owner)
    workflow.withdraw(third.pk, applicant=cast.owner)
    sql("DELETE FROM reviews_notice WHERE application_id = %s", third.pk)
    sql("DELETE FROM reviews_event WHERE application_id = %s AND seq = 2", third.pk)
    said = refusal()
    assert f"application {third.number}" in said and "event 2 is missing: its newest events were dropped" in said


def test_the_newest_leaves_and_events_are_missed_by_the_checkpoint(application):
    drop_newest(application)
    other = Application.objects.exclude(pk=application.pk).get(status="withdrawn")
    last = Leaf.objects.latest("index")
    Leaf.objects.filter(pk=last.pk).delete()
    said = refusal()
    assert "is missing" in said
    assert any(
        "the newest were dropped" in fault.words and f"application {other.number}" in fault.words
        for fault in verify.verify().faults
    )


def test_an_event_in_the_middle_is_found(application):
    """Those behind it are moved up by one, and the chain is made anew."""
    for each in Event.objects.filter(application=application, seq__gte=3).order_by("-seq"):
        Event.objects.filter(pk=each.pk).update(seq=each.seq + 1)
    second = event(application, 2)
    forged = log.compose(
        action="agreed", actor=None, role="official@health", at=second.at, stream=second.stream, seq=3,
        prev_hash=second.hash, application=application,
    ).event  # fmt: skip
    forged.save()
    prev = forged.hash
    for each in Event.objects.filter(application=application, seq__gt=3).order_by("seq"):
        prev = rewritten(each, prev, seq=each.seq)
    Application.objects.filter(pk=application.pk).update(last_seq=each.seq, last_hash=prev)
    said = refusal()
    assert f"application {application.number}: event 4 was changed after it was sealed" in said


def test_an_event_that_is_dated_back_is_found_when_it_is_sealed(application, cast):
    """Also a clock that was turned back: the checkpoint before it says what time it was."""
    third = workflow.submit(filled(cast).pk, applicant=cast.owner, now=timezone.now() - timedelta(days=1))
    sealing.seal()
    said = refusal()
    assert f"application {third.number}: event 1 is dated" in said and "a clock was turned back" in said


def test_a_checkpoint_of_a_clock_turned_back_is_found(application, cast):
    third = workflow.submit(filled(cast).pk, applicant=cast.owner)
    sealing.seal(now=timezone.now() - timedelta(days=1))
    said = refusal()
    assert "was signed before checkpoint" in said and f"application {third.number}, event 1" in said


def test_a_tree_that_was_cut_back_leaves_events_that_nobody_seals(application):
    """The leaves and checkpoints of an old copy, and the state of sealing with them."""
    old = Checkpoint.objects.order_by("size")[1]
    Leaf.objects.filter(index__gte=old.size).delete()
    Checkpoint.objects.filter(size__gt=old.size).delete()
    assert "is not in the tree" in refusal()
    SealState.objects.update(sealed_to=Event.objects.get(leaf=old.size - 1).pk)
    verify_later = verify.timezone.now() + timedelta(hours=2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(verify.timezone, "now", lambda: verify_later)
        said = refusal()
    assert f"application {application.number}: event 7" in said and "the tree was cut back" in said


@pytest.fixture
def witnessed(application, tmp_path) -> str:
    path = Path(tmp_path / "checkpoint.txt")
    path.write_text(tree.latest().note, encoding="utf-8")
    return str(path)


def old_database(size: int) -> None:
    """Everything is as it was at an old checkpoint: rows, leaves, checkpoints. Nothing inside gives it away."""
    kept = list(Leaf.objects.filter(index__lt=size).values_list("event_id", flat=True))
    gone = Event.objects.exclude(pk__in=kept)
    with connection.cursor() as cursor:
        for pk in gone.values_list("pk", flat=True):
            cursor.execute("DELETE FROM reviews_notice WHERE event_id = %s", [pk])
            cursor.execute("DELETE FROM reviews_eventnote WHERE event_id = %s", [pk])
            cursor.execute("DELETE FROM reviews_event WHERE id = %s", [pk])
    Leaf.objects.filter(index__gte=size).delete()
    Checkpoint.objects.filter(size__gt=size).delete()
    for each in Application.objects.exclude(status="draft"):
        last = Event.objects.filter(application=each).order_by("seq").last()
        if last is None:
            Application.objects.filter(pk=each.pk).update(status="draft", number=None, submitted_at=None, last_seq=0)
        else:
            Application.objects.filter(pk=each.pk).update(
                status="in_review", stage="countersign", last_seq=last.seq, last_hash=last.hash
            )
    Decision.objects.exclude(decided_at__in=Event.objects.values("at")).delete()


def test_a_stolen_old_database_is_found_by_the_witness_alone(application, cast, witnessed):
    size = Checkpoint.objects.order_by("size")[0].size
    old_database(size)
    assert not verify.verify().faults  # in itself it is a log that holds
    said = refusal("--against", witnessed)
    last = event(application, Leaf.objects.latest("index").event.seq)
    assert "the log was cut back" in said
    assert f"application {application.number}, event {last.seq}" in said


def test_an_old_database_that_grew_again_is_found_by_the_witness(application, cast, witnessed):
    size = Checkpoint.objects.order_by("size")[0].size
    old_database(size)
    for _ in range(8):  # larger than what the witness saw, and signed with the present key
        workflow.submit(filled(cast).pk, applicant=cast.owner)
    sealing.seal()
    assert not verify.verify().faults
    said = refusal("--against", witnessed)
    assert "it was rewritten" in said and f"application {application.number}, event 1" in said


def test_what_the_witness_keeps_proves_that_the_log_was_only_added_to(application, cast, witnessed, capsys):
    call_command("verify_audit", "--against", witnessed)
    workflow.submit(filled(cast).pk, applicant=cast.owner)
    sealing.seal()
    call_command("verify_audit", "--against", witnessed)
    assert capsys.readouterr().out.count("1 witnessed") == 2


def test_a_forged_witness_is_said_to_be_one(application, witnessed, tmp_path):
    path = Path(witnessed)
    path.write_text(path.read_text(encoding="utf-8").replace("\nat 20", "\nat 19"), encoding="utf-8")
    assert "is not over this text" in refusal("--against", witnessed)
    assert "can't be read" in refusal("--against", str(tmp_path / "nothing"))


def test_a_forged_checkpoint_is_no_signature(application):
    last = tree.latest()
    Checkpoint.objects.filter(pk=last.pk).update(note=last.note.replace(last.note.splitlines()[2], "A" * 43 + "="))
    assert f"checkpoint {last.size} is not this log's" in refusal()


@pytest.mark.parametrize(
    ("table", "change", "words"),
    [
        ("permits_application", "status = 'rejected'", "its status is 'rejected' in the table, 'approved' after event"),
        ("permits_application", "stage = 'precheck'", "its stage is 'precheck' in the table"),
        ("permits_application", "number = '360924-20200101-000001-X'", "its number was"),
        ("reviews_decision", "outcome = 'reject'", "(approved) is not in the table, or says something else there"),
        ("reviews_decision", "reason = '人情'", "(approved) has other words in the table"),
        ("permits_permit", "state = 'revoked', revoked_at = issued_at", "is revoked by the table"),
        ("reviews_eventnote", "text = '人情'", "event 7 was changed: its words"),
    ],
)
def test_the_tables_say_what_the_events_say(application, table, change, words):
    decision = Decision.objects.get(task__application=application, outcome="approve")
    note = EventNote.objects.get(event__application=application)
    key = {"permits_application": application.pk, "reviews_decision": decision.pk, "reviews_eventnote": note.pk}
    key["permits_permit"] = application.permit.pk
    sql(f"UPDATE {table} SET {change} WHERE id = %s", key[table])
    said = refusal()
    assert words in said
    application.refresh_from_db()
    assert f"application {application.number}" in said


def test_answers_that_were_changed_behind_the_logs_back_are_found(application):
    row = Application.objects.get(pk=application.pk)
    Application.objects.filter(pk=row.pk).update(answers={**row.answers, "headcount": 9999})
    report = verify.verify()
    assert report.first and application.number in report.first.words
    assert "its answers are not those that were sent by event 1" in report.first.words


def test_words_that_vanished_without_a_record_are_missed(application):
    EventNote.objects.filter(event__application=application).delete()
    assert "the words of event 7 are gone, and no erasure is on record" in refusal()


def test_an_application_without_any_event_is_missed(application, cast):
    third = workflow.submit(filled(cast).pk, applicant=cast.owner)
    sql("DELETE FROM reviews_notice WHERE application_id = %s", third.pk)
    sql("DELETE FROM reviews_event WHERE application_id = %s", third.pk)
    assert f"application {third.number}: it was filed, and has no event 1" in refusal()


def test_the_command_erases_words_once(application):
    number = application.number
    call_command("erase_words", number, "7", "--reason", "依申请删除", stdout=io.StringIO())
    with pytest.raises(CommandError, match="erased already"):
        call_command("erase_words", number, "7", "--reason", "依申请删除")
    with pytest.raises(CommandError, match="has no event 70"):
        call_command("erase_words", number, "70", "--reason", "依申请删除")
    assert not verify.verify().faults


def test_no_personal_data_stands_in_an_event(application, cast):
    """Of the people and the enterprise of the application, of who acts, and of what they wrote."""
    words = {"材料齐全", "填错了"}
    for user in (cast.owner, cast.street, cast.health, cast.industry, cast.decider):
        words |= {user.email}
    words |= {str(value) for value in application.answers.values() if isinstance(value, str) and len(value) > 3} - {
        application.region
    }
    for row in Event.objects.all():
        found = [word for word in words if word in row.payload]
        assert not found, (row, found)


def test_a_file_that_was_exchanged_or_dropped_behind_the_logs_back_is_found(application):
    file = application.materials.first()
    assert not verify.verify().faults
    Material.objects.filter(pk=file.pk).update(sha256="0" * 64)
    report = verify.verify()
    assert report.first and application.number in report.first.words
    assert "1 of the files that were sent by event 1 is not on record, or not the same" in report.first.words
    Material.objects.filter(pk=file.pk).update(sha256=file.sha256, replaced_at=timezone.now())
    assert not verify.verify().faults  # another took its place: it stays on record
    Material.objects.filter(pk=file.pk).delete()
    assert "files that were sent by event 1" in verify.verify().first.words
