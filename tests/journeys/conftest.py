"""The portal's own processes on a database of their own, and a real Chromium."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import sync_playwright

from tests import servers
from tests.run import free_port, wait_for

CHROMIUM_FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
LONGEST = 240  # seconds of a journey, on a machine with other work


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the demonstration's database, made once for all of pytest's processes."""
    base = tmp_path_factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    var = base / "made"
    with (base / "made.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (base / "made.done").exists():
            clean = {key: value for key, value in os.environ.items() if key not in ("DATABASE_URL", "REDIS_URL")}
            clean |= {"VAR_DIR": str(var), "CELERY_BROKER_URL": "filesystem://localhost"}
            for command in (
                ["migrate", "-v0"],
                ["publish_service", *map(str, sorted(Path("permits/services").glob("*.toml")))],
                ["demo_data", "--applications", "0"],
            ):
                subprocess.run([sys.executable, "manage.py", *command], cwd=servers.ROOT, env=clean, check=True)
            (base / "made.done").touch()
    return var


@pytest.fixture(scope="module")
def portal(made: Path, tmp_path_factory: pytest.TempPathFactory):
    """The site and a worker on a fresh database; gives its address and its folder of mail."""
    var = tmp_path_factory.mktemp("portal")
    shutil.copytree(made, var, dirs_exist_ok=True)
    port = free_port()
    environment = {
        "VAR_DIR": str(var),
        "SITE_URL": f"http://127.0.0.1:{port}",
        "CELERY_BROKER_URL": "filesystem://localhost",
        "INSPECTION": "worker",  # as in production: by the worker, in a process of its own
        "INSPECTION_SANDBOX": "true",
        "DATABASE_URL": f"sqlite:///{var}/portal.sqlite3",  # not the tests' own
    }
    site = ["gunicorn", "portal.wsgi", "-b", f"127.0.0.1:{port}", "--threads", "4"]
    worker = ["celery", "-A", "portal", "worker", "--pool", "solo"]
    with (
        servers.process(site, environment, var / "site.log", grace=1),  # nobody waits for anything any more
        servers.process(worker, environment, var / "worker.log", grace=1),
    ):
        wait_for(port, 30)
        yield f"http://127.0.0.1:{port}", var / "mail"


@pytest.fixture(autouse=True)
def _comes_to_an_end() -> Iterator[None]:
    """A browser that never answers fails its journey, instead of keeping everybody waiting for ever."""

    def over(*_signal: Any) -> None:
        raise TimeoutError(f"a journey that takes more than {LONGEST} s")

    before = signal.signal(signal.SIGALRM, over)
    signal.alarm(LONGEST)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(scope="session")
def chromium():
    binary = shutil.which("chromium")
    assert binary, "Chromium is missing: apt-get install chromium fonts-noto-cjk"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=binary, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()
