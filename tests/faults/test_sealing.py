"""Sealing that is killed, and sealing while everybody writes: one tree, no fork, no gap, nothing passed over."""

from __future__ import annotations

import os
import random
import signal
import threading
import time

import pytest
from django.db import connection, connections

from reviews import workflow
from reviews.audit import sealing, tree, verify
from reviews.models import Checkpoint, Event, Leaf
from tests.cast import filled, post, task_of
from tests.reviews.audit.test_sealing import happen, leaves_are_the_events, settle

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.fault]
KILLS = 100
STATEMENTS = 20  # more than two batches take
SECONDS = float(os.environ.get("AUDIT_LOAD_SECONDS", "2"))  # 60 is what the log is held to: docs/operations.md
WRITERS = 8


def kill_while_sealing(number: int, chance: random.Random) -> bool:
    """Seal in a process that dies before one of its statements, or at any moment. Return whether it died."""
    connections.close_all()
    child = os.fork()
    if not child:
        count = 0

        def die(execute, sql, params, many, context):
            nonlocal count
            count += 1
            if number % 2 and count == number // 2 % STATEMENTS + 1:
                os.kill(os.getpid(), signal.SIGKILL)
            return execute(sql, params, many, context)

        try:
            with connection.execute_wrapper(die):
                sealing.seal()
        except BaseException:
            os._exit(3)
        os._exit(0)
    if not number % 2:
        time.sleep(chance.uniform(0, 0.03))
        os.kill(child, signal.SIGKILL)
    _pid, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


def test_sealing_that_is_killed_a_hundred_times_makes_one_tree(monkeypatch):
    monkeypatch.setattr(sealing, "BATCH", 3)
    chance, killed = random.Random(5), 0
    for number in range(KILLS):
        happen(4)
        killed += kill_while_sealing(number, chance)
    assert killed > KILLS * 0.8
    settle()
    assert leaves_are_the_events()
    sizes = list(Checkpoint.objects.values_list("size", flat=True))
    assert sizes[-1] == Event.objects.count() == Leaf.objects.count() and len(set(sizes)) == len(sizes)
    report = verify.verify()
    assert not report.faults and report.checkpoints == len(sizes)


def test_eight_write_while_everything_is_sealed_and_the_log_holds(cast):
    applications = [workflow.submit(filled(cast).pk, applicant=cast.owner) for _ in range(WRITERS)]
    tasks = [task_of(application, "street").pk for application in applications]
    officials = [post(f"street{number}", "street") for number in range(WRITERS)]
    until = time.monotonic() + SECONDS
    faults: list[Exception] = []
    waited: list[int] = []

    def write(task, official) -> None:
        try:
            while time.monotonic() < until:
                workflow.claim(task, official=official)
                workflow.release(task, official=official)
        except Exception as error:
            faults.append(error)
        finally:
            connections.close_all()

    def seal() -> None:
        try:
            while time.monotonic() < until:
                waited.append(sealing.seal())
                time.sleep(0.02)
        except Exception as error:
            faults.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=write, args=pair) for pair in zip(tasks, officials, strict=True)]
    threads += [threading.Thread(target=seal) for _ in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert not faults
    settle()
    report = verify.verify()
    assert not report.faults
    assert report.unsealed == 0 and report.events == report.leaves == tree.latest().size
    print(f"{report.events} events of {WRITERS} writers in {SECONDS:.0f} s, {report.checkpoints} checkpoints")  # noqa: T201 (the long run is read)
    assert sum(1 for sealed in waited if sealed) >= 2
