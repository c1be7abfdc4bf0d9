"""A notice on its way to a channel that leads nowhere, against a Celery task that does nothing, on the same broker.

The broker is a real Redis, the worker a real one with two processes, the same for both sides. *Idle*: one at a time,
from the commit of the transaction that wrote it (for the bare task: from the call that sends it) to the hand-over.
*Throughput*: many wait in the broker before the worker is started, then hand-overs by the time between first and last.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from django.db import transaction
from django.utils import timezone

from permits.models import User
from reviews.audit import log
from reviews.models import Event
from reviews.notices import outbox
from tests import servers
from tests.bench import null
from tests.bench.measure import Result, in_turn
from tests.bench.prepared import settled, the_cast
from tests.run import redis

IDLE, MANY = 200, 2000
PAUSE = 0.02  # seconds between two, so that the worker is idle again


def measure(rounds: int, folder: Path) -> list[Result]:
    idle, many = (IDLE, MANY) if rounds > 1 else (3, 20)
    owner = the_cast().owner
    with redis(folder) as broker, servers.broker(broker):
        ours, theirs = [], []
        with _worker(broker, folder, "idle") as arrived:
            for _round in range(rounds):
                ours += _one_by_one(_by_notice(owner), idle, arrived)
                theirs += _one_by_one(_by_task, idle, arrived)
        figures = in_turn(
            {
                "notices": lambda: _in_a_row(broker, folder, "notices", many, lambda: _written(owner, many)),
                "tasks": lambda: _in_a_row(broker, folder, "tasks", many, lambda: _sent(many)),
            },
            rounds,
        )
    return [
        Result("notice, idle, median", _ms(median(ours)), "ms", _ms(median(theirs)), "≤ 2.0"),
        Result("notice, idle, 99 %", _ms(_high(ours)), "ms", _ms(_high(theirs)), "≤ 2.0"),
        Result("notices, throughput", figures["notices"], "notices/s", figures["tasks"], "≥ 0.4"),
    ]


@contextmanager
def _worker(broker: str, folder: Path, name: str) -> Iterator[Path]:
    arrivals = folder / f"{name}.arrivals"
    arrivals.unlink(missing_ok=True)
    environment = {
        "DJANGO_SETTINGS_MODULE": "tests.bench.null_settings", "CELERY_BROKER_URL": broker, "BENCH_ARRIVALS": str(arrivals),
    }  # fmt: skip
    command = ["celery", "-A", "portal", "worker", "-I", "tests.bench.null", "--concurrency", "2", "--loglevel", "WARNING",
               "--without-gossip", "--without-mingle", "--without-heartbeat"]  # fmt: skip
    with servers.process(command, environment, folder / "worker.log"):
        yield arrivals


# --- One at a time -----------------------------------------------------------------------------------------------------


def _one_by_one(send: Callable[[int], float], count: int, arrivals: Path) -> list[float]:
    """Seconds from being told of to being handed over, for each."""
    taken = []
    for number in range(count):
        there = len(null.arrivals(arrivals)) + 1
        start = send(number)
        _wait_for(there, arrivals)
        taken.append(null.arrivals(arrivals)[-1][1] - start)
        time.sleep(PAUSE)
    return taken


def _by_task(number: int) -> float:
    start = time.monotonic()
    null.nothing.delay(number)
    return start


def _by_notice(owner: User) -> Callable[[int], float]:
    def send(number: int) -> float:
        with transaction.atomic():
            event = _event(number)
            committed: list[float] = []
            transaction.on_commit(lambda: committed.append(time.monotonic()))  # before the kick
            outbox.write([_letter(event, owner)])
        return committed[0]

    return send


# --- Many ----------------------------------------------------------------------------------------------------------------


def _in_a_row(broker: str, folder: Path, name: str, count: int, fill: Callable[[], None]) -> float:
    fill()
    settled()
    with _worker(broker, folder, name) as arrivals:
        _wait_for(count, arrivals)
        times = sorted(at for _number, at in null.arrivals(arrivals))
    return (count - 1) / (times[-1] - times[0])


def _written(owner: User, count: int) -> None:
    with transaction.atomic():
        events = [_event(number) for number in range(count)]
        outbox.write([_letter(event, owner) for event in events])


def _sent(count: int) -> None:
    for number in range(count):
        null.nothing.delay(number)


def _event(number: int) -> Event:
    stream = f"bench:{os.getpid()}:{time.monotonic_ns()}:{number}"
    return log.record(action="settings_changed", actor=None, role="system", at=timezone.now(), stream=stream)


def _letter(event: Event, owner: User) -> outbox.Letter:
    return outbox.Letter(event, owner.pk, "null", "submitted", {"number": "360924-20200210-000001-X"})


def _wait_for(count: int, arrivals: Path, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not arrivals.exists() or arrivals.stat().st_size < count * null.ARRIVED.size:
        if time.monotonic() > end:
            raise SystemExit(f"the worker had only {len(null.arrivals(arrivals))} of {count} after {seconds:.0f} s")
        time.sleep(0.0005)


def _ms(seconds: float) -> float:
    return seconds * 1000


def _high(taken: list[float]) -> float:
    return sorted(taken)[int(len(taken) * 0.99)]
