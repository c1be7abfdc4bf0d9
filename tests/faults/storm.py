"""``python -m tests.faults.storm [--decisions N]``: decisions, while everything that carries their notices breaks.

On a real PostgreSQL (restarted once), a real Redis (killed and started anew), a real Celery worker (a process of
its pool killed every second, all of it every ten), a mail server that refuses half of what it gets, and a provider of text
messages that fails, is busy, or takes a message and is gone before it says so. At the end every notice has to have
arrived. Prints what was seen as JSON; exit status 1 when something is missing, was given up, or came twice.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import django
import psutil

from tests import servers
from tests.environment import PRODUCTION
from tests.faults.storm_provider import mail_server, provider
from tests.run import ROOT, free_port, postgres, redis_server, wait_for

LASTS = 16  # seconds at least, so that each thing breaks while decisions are taken
PATIENCE = 300  # seconds that everything has to arrive in after the last decision
OUTCOMES = (("street", "street", "accept"), ("health", "health", "agree"), ("industry", "industry", "agree"),
            ("bureau", "decider", "approve"))  # fmt: skip


class Redis:
    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.begin()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def begin(self) -> None:
        self.process = subprocess.Popen(
            [redis_server(), "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self.folder)],
            stdout=subprocess.DEVNULL,
        )
        wait_for(self.port)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


class Worker:
    """A worker with two processes."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        self.environment, self.log, self.killed = environment, log, 0
        self.begin()

    def begin(self) -> None:
        command = ["celery", "-A", "portal", "worker", "--concurrency", "2", "--loglevel", "WARNING",
                   "--without-gossip", "--without-mingle", "--without-heartbeat"]  # fmt: skip
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *command], cwd=ROOT, env=os.environ | self.environment, stdout=out, stderr=out,
                start_new_session=True,
            )  # fmt: skip

    def kill_one(self) -> None:
        with suppress(psutil.NoSuchProcess):
            if pool := psutil.Process(self.process.pid).children():
                random.choice(pool).kill()
                self.killed += 1

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.killed += 1


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.storm", description=__doc__)
    parser.add_argument("--decisions", type=int, default=1000)
    asked = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    folder = Path(tempfile.mkdtemp(prefix="portal-storm-"))
    try:
        with ExitStack() as stack:
            seen = _storm(stack, folder, asked.decisions)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    sys.stdout.write(json.dumps(seen, indent=1) + "\n")
    return 1 if seen["wrong"] else 0


def _storm(stack: ExitStack, folder: Path, decisions: int) -> dict[str, Any]:
    for name in PRODUCTION:
        os.environ.pop(name, None)
    redis = Redis(folder)
    stack.callback(redis.kill)
    os.environ |= {
        "DATABASE_URL": stack.enter_context(postgres(folder, durable=True)), "VAR_DIR": str(folder / "var"),
        "CELERY_BROKER_URL": redis.url, "DJANGO_SETTINGS_MODULE": "portal.settings", "LOG_LEVEL": "CRITICAL",
        "SWEEP_SECONDS": "2", "NOTICE_FIRST_WAIT": "0.2", "NOTICE_LONGEST_WAIT": "2", "NOTICE_LEASE": "10", "NOTICE_PAUSE": "1", "NOTICE_LONGEST_PAUSE": "4", "DEMO": "false", "NOTICE_QUIET_HOURS": "",
    }  # fmt: skip
    texts, address = stack.enter_context(provider())
    mails, mail_url = stack.enter_context(mail_server())
    os.environ |= {"SMS_URL": address, "SMS_KEY_ID": "storm", "SMS_SECRET": "storm", "EMAIL_URL": mail_url}
    django.setup()
    logging.disable(logging.CRITICAL)  # what breaks here is meant to
    applications = _prepared(decisions)
    worker = Worker({}, folder / "worker.log")
    stack.callback(worker.kill)
    # Who looks after the processes starts beat anew when it dies; here it is left alone.
    beat = [
        "celery",
        "-A",
        "portal",
        "beat",
        "--loglevel",
        "CRITICAL",
        "--pidfile=",
        "--schedule",
        str(folder / "beat"),
    ]
    stack.enter_context(servers.process(beat, {}, folder / "beat.log"))
    end, stopped = threading.Event(), []
    breaking = threading.Thread(target=_break, args=(end, worker, redis, folder, stopped))
    breaking.start()
    begun = time.monotonic()
    tried_again = _decide_all(applications, max(0.02, LASTS / decisions))
    took = time.monotonic() - begun
    end.set()
    breaking.join()
    if worker.process.poll() is not None:
        worker.begin()
    arrived = _all_sent(PATIENCE)
    return _report(decisions, took, tried_again, worker, stopped, arrived, texts, mails)


def _prepared(decisions: int) -> list[Any]:
    from django.core.management import call_command

    from reviews import workflow
    from reviews.publishing import publish
    from tests.cast import filled, make_cast

    call_command("migrate", verbosity=0)
    file = ROOT / "permits" / "services" / "resumption.toml"
    publish(file.read_text(encoding="utf-8"), name=file.name)
    cast = make_cast()
    cast.owner.mobile = "13800000618"
    cast.owner.save()
    count = -(-decisions // len(OUTCOMES))
    return [(cast, workflow.submit(filled(cast).pk, applicant=cast.owner)) for _each in range(count)]


def _decide_all(applications: list[Any], pause: float) -> int:
    """Each decision, pressed again by whoever saw it fail. Return how often that was."""
    from reviews import workflow
    from tests.cast import task_of

    again = 0
    for cast, application in applications:
        for office, who, outcome in OUTCOMES:
            time.sleep(pause)
            again += _until_it_works(
                lambda office=office, who=who, outcome=outcome, cast=cast, application=application: workflow.decide(  # type: ignore[misc]
                    task_of(application, office).pk, official=getattr(cast, who), outcome=outcome
                )
            )
    return again


def _until_it_works(act: Callable[[], object]) -> int:
    from django.db import DatabaseError, InterfaceError, close_old_connections, connection

    again = 0
    while True:
        try:
            close_old_connections()
            act()
            return again
        except (DatabaseError, InterfaceError):
            again += 1
            connection.close()
            time.sleep(0.1)


def _break(end: threading.Event, worker: Worker, redis: Redis, folder: Path, seen: list[str]) -> None:
    """A process of the pool every second, the whole worker every ten; Redis at the third, the database at the sixth."""
    second = 0
    while not end.wait(1):
        second += 1
        if second % 10 == 9:
            worker.kill()
            worker.begin()
            seen.append("worker")
        else:
            worker.kill_one()
        if second == 3:
            redis.kill()
            seen.append("redis")
        if second == 5:
            redis.begin()
        if second == 6:
            _restart_database(folder)
            seen.append("database")


def _restart_database(folder: Path) -> None:
    """At once and without a farewell (SIGQUIT), and up again. Debian's server is not ours to start: it loses all
    connections instead."""
    import pgserver

    pid = int((folder / "pg" / "postmaster.pid").read_text().splitlines()[0])
    os.kill(pid, signal.SIGQUIT)
    servers.wait_until(lambda: not psutil.pid_exists(pid), "the database's end")
    pgserver.get_server(folder / "pg", cleanup_mode="stop").ensure_postgres_running()


def _all_sent(seconds: float) -> bool:
    from django.db import connection

    from reviews.models import Notice

    connection.close()  # the one that was there may have been lost
    with suppress(AssertionError):
        servers.wait_until(
            lambda: not Notice.objects.filter(state__in=["pending", "sending"]).exists(), "every notice", seconds
        )
        return True
    return False


def _report(
    decisions: int, took: float, tried_again: int, worker: Worker, broken: list[str], arrived: bool, texts: Any, mails: Any
) -> dict[str, Any]:  # fmt: skip
    from django.db.models import Count

    from reviews.models import Decision, Notice
    from reviews.notices.channels import key_of

    expected = {
        channel: {key_of(notice) for notice in Notice.objects.filter(channel=channel)} for channel in ("email", "sms")
    }
    mailed = {key.strip("<>").rsplit("@", 1)[0]: count for key, count in mails.taken.items()}
    states = dict(Notice.objects.values_list("state").annotate(Count("pk")).order_by())
    wrong = []
    if not arrived or set(states) != {"sent"}:
        wrong.append(f"not everything was sent: {states}")
    if texts.sent != expected["sms"]:
        wrong.append(
            f"text messages: {len(expected['sms'] - texts.sent)} missing, {len(texts.sent - expected['sms'])} strange"
        )
    if set(mailed) != expected["email"]:
        wrong.append(f"mails: {len(expected['email'] - set(mailed))} missing")
    if any(count > 2 for count in mailed.values()):
        wrong.append("a mail came more than twice")
    return {
        "decisions": Decision.objects.count(), "asked": decisions, "seconds": round(took, 1), "pressed_again": tried_again,
        "broken": broken, "processes_killed": worker.killed, "notices": states, "text_messages": len(texts.sent),
        "text_messages_handed_over_again": sum(count - 1 for count in texts.calls.values()), "mails": len(mailed),
        "mails_that_came_twice": sum(count > 1 for count in mailed.values()), "wrong": wrong,
    }  # fmt: skip


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
