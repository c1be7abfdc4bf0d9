"""Sealing: what waits goes into the tree, once, in order, signed; and the proofs that come out of it hold."""

from __future__ import annotations

import re
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections, transaction
from django.utils import timezone

from reviews.audit import checkpoints, log, merkle, sealing, tree, triggers, unsealed
from reviews.models import Checkpoint, Event, Leaf, SealState


def happen(count: int, stream: str = "service:one") -> list[Event]:
    return [
        log.record(action="rated", actor=None, role="system", at=timezone.now(), stream=stream) for _ in range(count)
    ]


def leaves_are_the_events() -> bool:
    """Every event has the leaf of its payload, and the indices have no gap."""
    leaves = list(Leaf.objects.select_related("event").order_by("index"))
    return [leaf.index for leaf in leaves] == list(range(Event.objects.count())) and all(
        leaf.hash == merkle.leaf_hash(leaf.event.payload.encode())
        and (leaf.stream, leaf.seq) == (leaf.event.stream, leaf.event.seq)
        for leaf in leaves
    )


def settle() -> None:
    """Seal until nothing can be waiting any more: soon, once no older transaction is open anywhere in the cluster."""
    deadline = time.monotonic() + 30
    while sealing.waits() and time.monotonic() < deadline:
        sealing.seal()
        time.sleep(0.05)
    assert not sealing.waits()


@pytest.mark.django_db
def test_what_waits_is_sealed_once_and_signed():
    happen(3)
    assert sealing.seal() == 3
    assert sealing.seal() == 0
    happen(2)
    assert sealing.seal() == 2
    assert leaves_are_the_events()
    assert list(Checkpoint.objects.values_list("size", flat=True)) == [3, 5]
    last = tree.latest()
    note = checkpoints.read(last.note)
    assert (note.size, note.root, note.at) == (5, last.root, last.at)
    assert last.root == tree.root(5) == merkle.root(last.hashes)


@pytest.mark.django_db
def test_nothing_is_sealed_yet():
    with pytest.raises(tree.NothingSealed):
        tree.latest()
    assert sealing.seal() == 0


@pytest.mark.django_db
def test_proofs_of_a_stored_tree_hold_at_every_size_in_few_reads(monkeypatch, django_assert_max_num_queries):
    monkeypatch.setattr(sealing, "BATCH", 7)
    happen(30)
    assert sealing.seal() == 30
    assert list(Checkpoint.objects.values_list("size", flat=True)) == [7, 14, 21, 28, 30]
    roots = {size: tree.root(size) for size in range(1, 31)}
    leaves = {leaf.index: leaf.hash for leaf in Leaf.objects.all()}
    for size in (1, 13, 28, 30):
        for index in {0, size // 2, size - 1}:
            with django_assert_max_num_queries(2):
                proof = tree.inclusion_proof(index, size)
            assert merkle.verify_inclusion(leaves[index], index, size, proof, roots[size])
        for old in {1, size // 2 + 1, size}:
            proof = tree.consistency_proof(old, size)
            assert merkle.verify_consistency(old, roots[old], size, roots[size], proof)


@pytest.mark.django_db
def test_the_command_prints_the_checkpoint(capsys):
    happen(1)
    call_command("seal_audit_log")
    out = capsys.readouterr().out
    assert "1 events sealed; the tree has 1 leaves" in out and tree.latest().note in out


@pytest.mark.django_db
def test_a_clock_that_was_turned_back_is_said_in_the_log(caplog):
    happen(1)
    sealing.seal()
    happen(1)
    sealing.seal(now=timezone.now() - timedelta(days=1))
    assert "it was turned back" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_two_sealers_at_once_make_one_tree(monkeypatch):
    monkeypatch.setattr(sealing, "BATCH", 5)
    happen(40)
    faults: list[Exception] = []

    def run() -> None:
        try:
            sealing.seal()
        except Exception as error:
            faults.append(error)
        finally:
            connections.close_all()

    sealers = [threading.Thread(target=run) for _ in range(3)]
    for each in sealers:
        each.start()
    for each in sealers:
        each.join()
    assert not faults
    assert leaves_are_the_events()
    assert tree.latest().size == 40 and tree.latest().root == tree.root(40)


@pytest.mark.production  # SQLite can't tell who holds a row
@pytest.mark.django_db(transaction=True)
def test_a_worker_does_not_stand_behind_another_sealer():
    happen(2)
    SealState.objects.get_or_create(pk=1)
    left: list[int] = []

    def worker() -> None:
        try:
            left.append(sealing.seal(wait=False))
        finally:
            connections.close_all()

    with transaction.atomic():
        SealState.objects.select_for_update().get(pk=1)
        other = threading.Thread(target=worker)
        other.start()
        other.join(20)
        assert left == [0]
    assert sealing.seal(wait=False) == 2


@pytest.mark.production  # writers of SQLite are serial: nothing commits late
@pytest.mark.django_db(transaction=True)
def test_an_event_that_commits_late_is_sealed_late_and_never_passed_over():
    wrote, go = threading.Event(), threading.Event()

    def slow() -> None:
        try:
            with transaction.atomic():
                happen(1, "service:slow")
                wrote.set()
                go.wait(10)
        finally:
            connections.close_all()

    writer = threading.Thread(target=slow)
    writer.start()
    wrote.wait(10)
    for _ in range(4):  # the others go on, and are sealed past the one that hangs
        happen(1)
        sealing.seal()
    assert tree.latest().size == 4
    go.set()
    writer.join()
    assert sealing.seal() == 1
    assert leaves_are_the_events()
    assert Leaf.objects.get(stream="service:slow").index == 4
    happen(1)
    settle()
    assert leaves_are_the_events() and SealState.objects.get().sealed_to == unsealed.newest()


@pytest.mark.production  # SQLite has no transaction numbers
@pytest.mark.django_db(transaction=True)
def test_after_a_restore_into_another_cluster_sealing_begins_to_count_again():
    happen(1)
    sealing.seal()
    SealState.objects.update(seen_xid=2**40, seen_to=10**9)
    happen(1)
    settle()
    assert leaves_are_the_events()


@pytest.mark.parametrize("table", ["reviews_event", "reviews_leaf", "reviews_checkpoint"])
@pytest.mark.parametrize(
    "word",
    [
        "UPDATE {} SET {} = {}",
        "DELETE FROM {}",
        pytest.param("TRUNCATE {} CASCADE", marks=pytest.mark.production),  # SQLite has none
    ],
)
@pytest.mark.django_db
def test_the_database_refuses_to_change_the_record(table, word):
    happen(2)
    sealing.seal()
    connection.check_constraints()
    column = "note" if table == "reviews_checkpoint" else "stream"
    with pytest.raises(Exception, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(word.format(table, column, column))
    assert leaves_are_the_events() and tree.latest().size == 2


@pytest.mark.production  # SQLite has no roles
@pytest.mark.django_db
def test_the_role_of_the_docs_can_do_its_work_and_change_no_record():
    """As docs/operations.md gives it, and with the triggers gone."""
    text = (Path(settings.BASE_DIR) / "docs" / "operations.md").read_text(encoding="utf-8")
    [statements] = re.findall(r"```sql\n(CREATE ROLE portal_app.*?)```", text, re.DOTALL)
    triggers.remove(connection)
    with connection.cursor() as cursor:
        cursor.execute(statements.replace("portal_app", "portal_app_of_a_test"))
        cursor.execute("SET LOCAL ROLE portal_app_of_a_test")
        happen(2)
        assert sealing.seal() == 2
        connection.check_constraints()
        for statement in (
            "UPDATE reviews_event SET stream = stream", "DELETE FROM reviews_leaf", "TRUNCATE reviews_checkpoint",
            "UPDATE reviews_checkpoint SET note = note", "DELETE FROM reviews_event", "INSERT INTO reviews_archivedstream DEFAULT VALUES",
            "DROP TABLE reviews_leaf", "ALTER TABLE reviews_event DISABLE TRIGGER ALL",
        ):  # fmt: skip
            with pytest.raises(Exception, match="permission denied|must be owner"), transaction.atomic():
                cursor.execute(statement)
        cursor.execute("RESET ROLE")
    assert leaves_are_the_events()
