"""The audit log: what it costs a step, how fast it is sealed, verified and proved from, and what other logs cost.

Sealing and verifying are held against the least that could be done with the same rows: read by the ORM, one SHA-256 each.
Their seconds are those of a core: what this process and its server's process computed, whatever else the machine did.
"""

from __future__ import annotations

import hashlib
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any

from django.db import connection
from django.utils import timezone

from permits.models import Application
from reviews import workflow
from reviews.audit import log, merkle, sealing, tree, triggers, verify
from reviews.models import Checkpoint, Decision, Event, EventNote, Leaf, SealState, Task
from tests.bench.client import Clients, computed
from tests.bench.measure import Result, in_turn
from tests.bench.prepared import Copies, settled, the_cast
from tests.cast import filled
from tests.run import ROOT

PACKAGES = Path(os.environ.get("BENCH_PACKAGES") or Path(sys.prefix) / "bench")
STEPS = (  # what an application of the model case leaves in the log: action, before, after, stage, words
    ("submitted", "draft", "submitted", "", ""),
    ("accepted", "submitted", "in_review", "precheck", ""),
    ("stage_opened", "precheck", "countersign", "", ""),
    ("agreed", "in_review", "in_review", "countersign", "符合防控要求，同意。"),
    ("agreed", "in_review", "in_review", "countersign", ""),
    ("stage_opened", "countersign", "decision", "", ""),
    ("approved", "in_review", "approved", "decision", "材料齐全，予以备案。"),
)
OUTCOMES = {"accepted": "accept", "agreed": "agree", "approved": "approve"}
LEAVES = 1_000_000


def measure(rounds: int, folder: Path) -> list[Result]:
    full = rounds > 1
    return [
        *_rates(rounds, applications=3000 if full else 30),
        *_proofs(LEAVES if full else 1000),
        *_on_against_off(rounds),
        *_beside_others(rounds),
    ]


# --- sealing and verifying ---------------------------------------------------------------------------------------------


def _rates(rounds: int, *, applications: int) -> list[Result]:
    _stories(applications)
    count = Event.objects.count()
    settled()

    def bare() -> float:
        began = computed()
        for _pk, payload in Event.objects.order_by("pk").values_list("pk", "payload").iterator(2000):
            hashlib.sha256(payload.encode()).digest()
        return count / (computed() - began)

    def sealed() -> float:
        _unsealed()
        began = computed()
        if sealing.seal() != count:
            raise RuntimeError("not everything was sealed")
        return count / (computed() - began)

    def verified() -> float:
        began = computed()
        report = verify.verify()
        if report.faults or report.events != count:
            raise RuntimeError(f"the bench's own log does not hold: {report.first}")
        return count / (computed() - began)

    sealed()
    figures = in_turn({"bare": bare, "seal": sealed, "verify": verified}, rounds)
    return [
        Result("sealing", figures["seal"], "events/s of a core", target="≥ 5000"),
        Result("verifying", figures["verify"], "events/s of a core", target="≥ 20000"),
        Result("sealing, bare hash and read", figures["seal"], "events/s", figures["bare"]),
        Result("verifying, bare hash and read", figures["verify"], "events/s", figures["bare"]),
    ]


def _unsealed() -> None:
    """Take the tree away, as nothing but a bench can."""
    triggers.remove(connection)
    for table in (Leaf, Checkpoint, SealState):
        table.objects.all().delete()
    triggers.install(connection)
    settled()


def _stories(count: int) -> None:
    """Approved applications with their whole record, copied from one that was submitted."""
    cast = the_cast()
    sample = workflow.submit(filled(cast).pk, applicant=cast.owner)
    task = sample.tasks.get()
    officials = {"accepted": cast.street, "agreed": cast.health, "approved": cast.decider}
    for first in range(0, count, 500):
        applications, tasks, entries, decisions = [], [], [], []
        for number in range(first, min(first + 500, count)):
            application = Application(
                number=f"360924-bench-{number:06d}", version=sample.version, enterprise=sample.enterprise,
                applicant=sample.applicant, status="approved", stage="decision", answers=sample.answers,
                region=sample.region, submitted_at=sample.submitted_at, closed_at=sample.submitted_at, due_at=sample.due_at,
            )  # fmt: skip
            applications.append(application)
            at = sample.submitted_at
            for seq, (action, before, after, stage, words) in enumerate(STEPS, 1):
                actor = officials.get(action, cast.owner if seq == 1 else None)
                data: dict[str, Any] = {"stage": stage} if stage else {}
                if seq == 1:
                    data = {"number": application.number}
                entry = log.compose(
                    action=action, actor=actor, role="official@bureau:reviewer", at=at, stream=log.stream_of(application),
                    seq=seq, prev_hash=application.last_hash, application=application, before=before, after=after,
                    reason=words, data=data,
                )  # fmt: skip
                application.last_seq, application.last_hash = seq, entry.event.hash
                entries.append(entry)
                if action in OUTCOMES:
                    done = Task(
                        application=application, stage=stage, kind=stage, department=task.department, state=Task.State.DONE,
                        opened_at=at, closed_at=at, due_at=task.due_at, remind_at=None,
                    )  # fmt: skip
                    tasks.append(done)
                    decisions.append(
                        Decision(task=done, official=actor, outcome=OUTCOMES[action], reason=words, decided_at=at)
                    )
                at += timedelta(microseconds=1000)
        for rows in (applications, tasks, [each.event for each in entries], decisions):
            type(rows[0]).objects.bulk_create(rows)
        EventNote.objects.bulk_create(entry.note for entry in entries if entry.note)


# --- proofs ------------------------------------------------------------------------------------------------------------


def _proofs(size: int) -> list[Result]:
    """A tree of that many leaves over events that aren't there: what a proof reads is leaves and a checkpoint."""
    _unsealed()
    peaks: list[bytes] = []
    for first in range(0, size, 20_000):
        rows = []
        for index in range(first, min(first + 20_000, size)):
            hashes = b"".join(merkle.append(peaks, index, merkle.leaf_hash(b"%d" % index)))
            rows.append(Leaf(index=index, event_id=10**9 + index, stream="bench", seq=index, hashes=hashes))
        Leaf.objects.bulk_create(rows)
    root = merkle.root(peaks)
    Checkpoint.objects.create(size=size, peaks=b"".join(peaks), root_hash=root, note="", key_id="", at=timezone.now())
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE reviews_leaf")
    most, slowest = 0, 0.0
    for index in {0, 1, size // 3, size // 2, size - 2, size - 1, *range(7, size, max(size // 200, 1))}:
        read: list[Any] = []
        began = time.monotonic()
        proof = merkle.inclusion_proof(index, size, _counting(size, read))
        slowest = max(slowest, time.monotonic() - began)
        if not merkle.verify_inclusion(merkle.leaf_hash(b"%d" % index), index, size, proof, root):
            raise RuntimeError(f"the proof of leaf {index} does not hold")
        most = max(most, len(read) + 1)  # the checkpoint is one more
    name = f"proof in a tree of {size:,} leaves"
    _unsealed()
    return [
        Result(f"{name}, rows read beyond log2(n)", most - math.log2(size), "rows", target="≤ 2"),
        Result(f"{name}, slowest", slowest * 1000, "ms"),
    ]


def _counting(size: int, read: list[Any]):
    """The reader of ``tree``, which also notes which leaves it asks for."""
    reader, stored = tree._Reader(size), tree.stored

    def asked(nodes):
        def noted(wanted):
            read.extend({merkle.completed_by(node) for node in wanted})
            return stored(wanted)

        tree.stored = noted
        try:
            return reader(nodes)
        finally:
            tree.stored = stored

    return asked


# --- what it costs -----------------------------------------------------------------------------------------------------


def _on_against_off(rounds: int) -> list[Result]:
    """A decision with its log, against the same without, in milliseconds.

    In many short turns, so that a slow moment of the machine falls on few of them and the median passes it by; and without a
    checkpoint before each, after which every page's first change would be written whole.
    """
    cast = the_cast()
    copies = Copies(workflow.submit(filled(cast).pk, applicant=cast.owner))
    each, turns = (40, 5 * rounds) if rounds > 1 else (2, 1)
    copies.more(1)
    copies._make(3 * each * 2 * (turns + 1))
    settled()

    def on() -> tuple[float, float]:
        jobs = [
            [pk, cast.street.pk, "accept"] for pk in copies.more(3 * each)[:each]
        ]  # as many copies as the other side
        return clients.milliseconds("tests.bench.calls.decide", [jobs])

    def off() -> tuple[float, float]:
        chosen, others = copies.more(each), copies.more(2 * each)
        spare = list(Event.objects.filter(application__in=others).order_by("pk").values_list("pk", flat=True))
        jobs = [[pk, cast.street.pk, "accept", *spare[2 * n : 2 * n + 2]] for n, pk in enumerate(chosen)]
        return clients.milliseconds("tests.bench.calls.decide_without_log", [jobs])

    with Clients(1) as clients:
        took, cpu = _both({"off": off, "on": on}, turns)
    return [
        Result("a decision, log on against off", took["on"], "ms", took["off"], "≤ 1.15"),
        Result("a decision, log on against off, computed", cpu["on"], "ms of a core", cpu["off"]),
    ]


def _beside_others(rounds: int) -> list[Result]:
    """The same change of a row on record in three ways, in milliseconds; and what each record adds to a core's work."""
    cast = the_cast()
    environment = _others()
    rows, each = 200, 400 if rounds > 1 else 4
    with connection.cursor() as cursor:
        for name in ("plain", "chained", "logged", "historied"):
            cursor.execute(
                f"INSERT INTO changes_{name} (status, stage, region, number, due_at, changed_at, last_seq, last_hash) "
                f"SELECT 'submitted', 'precheck', '360924', '360924-' || n, now(), now(), 0, '' "
                f"FROM generate_series(1, {rows}) AS n"
            )

    def side(name: str) -> Callable[[], tuple[float, float]]:
        def measured() -> tuple[float, float]:
            settled()
            jobs = [[number % rows + 1, cast.street.pk] for number in range(each)]
            return clients.milliseconds(f"tests.bench.changes.calls.{name}", [jobs])

        return measured

    with Clients(1, environment) as clients:
        took, cpu = _both({name: side(name) for name in ("plain", "logged", "chained", "historied")}, rounds)
    found = []
    for name, other in (("logged", "django-auditlog"), ("historied", "django-simple-history")):
        found += [
            Result(f"a change on record, {other}", took["chained"], "ms", took[name]),
            Result(
                f"the record alone, {other}", cpu["chained"] - cpu["plain"], "ms of a core", cpu[name] - cpu["plain"], "≤ 1"
            ),
        ]  # fmt: skip
    return found


def _both(
    sides: dict[str, Callable[[], tuple[float, float]]], rounds: int
) -> tuple[dict[str, float], dict[str, float]]:
    """Each side's median of the time, and of what was computed."""
    computed_by: dict[str, list[float]] = {name: [] for name in sides}

    def time_of(name: str) -> Callable[[], float]:
        def measured() -> float:
            took, cpu = sides[name]()
            computed_by[name].append(cpu)
            return took

        return measured

    took = in_turn({name: time_of(name) for name in sides}, rounds)
    return took, {name: median(figures[1:] or figures) for name, figures in computed_by.items()}


def _others() -> dict[str, str]:
    """The environment in which the two other logs are there; their tables are made in the bench's database."""
    if not (PACKAGES / "auditlog").is_dir() or not (PACKAGES / "simple_history").is_dir():
        raise SystemExit("django-auditlog and django-simple-history are missing: make bench installs them")
    env = {"DJANGO_SETTINGS_MODULE": "tests.bench.changes_settings", "PYTHONPATH": f"{ROOT}:{PACKAGES}"}
    command = [sys.executable, "-m", "django", "migrate", "--run-syncdb", "--verbosity", "0"]
    subprocess.run(command, cwd=ROOT, env=os.environ | env, check=True)
    return env
