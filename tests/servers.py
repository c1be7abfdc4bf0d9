"""Real processes for tests: a Celery worker on the test's own database; started, and stopped by pid."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

ROOT = Path(__file__).parents[1]


def database_url(settings_dict: dict) -> str:
    """The address of the database that a connection is on now."""
    if settings_dict["ENGINE"].endswith("sqlite3"):
        return f"sqlite:///{settings_dict['NAME']}"
    server = urlsplit(os.environ["DATABASE_URL"])  # how to get there; only the database is the test's own
    return urlunsplit(server._replace(path=f"/{settings_dict['NAME']}"))


@contextmanager
def process(
    command: list[str], environment: dict[str, str], log: Path, *, grace: float = 10
) -> Iterator[subprocess.Popen]:
    """Runs until the block ends; then it has ``grace`` seconds to stop by itself."""
    with log.open("ab") as out:
        child = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            env=os.environ | environment,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        yield child
    finally:
        os.killpg(child.pid, signal.SIGTERM)
        try:
            child.wait(grace)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait(10)


def wait_until(true: Callable[[], object], what: str, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds:.0f} s in vain: {what}")
        time.sleep(0.1)


@contextmanager
def broker(url: str) -> Iterator[None]:
    """This process kicks the broker at ``url`` for a while. Celery takes its environment before its settings."""
    from portal.celery import app

    earlier = (os.environ.get("CELERY_BROKER_URL"), app.conf.broker_url, app.conf.broker_transport_options)
    os.environ["CELERY_BROKER_URL"] = app.conf.broker_url = url
    app.conf.broker_transport_options = {"max_retries": 1, "interval_start": 0}  # as settings have it for Redis
    app.amqp._producer_pool = None  # the pool remembers the broker it was made for
    try:
        yield
    finally:
        if earlier[0] is None:
            del os.environ["CELERY_BROKER_URL"]
        else:
            os.environ["CELERY_BROKER_URL"] = earlier[0]
        app.conf.broker_url, app.conf.broker_transport_options = earlier[1:]
        app.amqp._producer_pool = None
