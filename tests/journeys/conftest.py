"""The portal's own processes on a database of their own, and a real Chromium."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect, sync_playwright

from tests import servers
from tests.journeys import production
from tests.journeys.production import SETTINGS
from tests.run import free_port, wait_for

CHROMIUM_FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
LONGEST = 400  # seconds of a journey, on a machine with other work
expect.set_options(timeout=20_000)  # there too a page may take its time; none of the journeys is about how long
# These modules begin first, as they take longest: what is left for the end is short, and no process waits for another.
FIRST = (
    "test_every_page", "test_owner", "test_operator", "test_every_desk_page", "test_every_type", "test_checker", "test_desk",
    "test_upload", "test_editions", "test_face", "test_queue", "test_correction", "test_official_day", "test_viewer",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    place = {name: number for number, name in enumerate(FIRST)}
    here = Path(__file__).parent
    items.sort(key=lambda item: place.get(item.path.stem, len(FIRST)) if item.path.parent == here else len(FIRST))


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """A folder that is made once for all of pytest's processes."""
    base = factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with (base / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (base / f"{name}.done").exists():
            make(base / name)
            (base / f"{name}.done").touch()
    return base / name


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the demonstration's database."""
    return once(tmp_path_factory, "made", _database)


@pytest.fixture(scope="session")
def prepared(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an application in each state, and what is static as production has it."""
    return once(tmp_path_factory, "prepared", lambda var: production.prepare(var, made))


@pytest.fixture(scope="module")
def site(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[production.Site]:
    """The site as production has it, on states of a module's own."""
    var = tmp_path_factory.mktemp("site")
    shutil.copytree(prepared, var, dirs_exist_ok=True)
    with production.site(var) as running:
        yield running


def _database(var: Path) -> None:
    clean = {key: value for key, value in os.environ.items() if key not in ("DATABASE_URL", "REDIS_URL")}
    clean |= {"VAR_DIR": str(var), "CELERY_BROKER_URL": "filesystem://localhost"} | SETTINGS
    subprocess.run([sys.executable, "-m", "tests.journeys.made"], cwd=servers.ROOT, env=clean, check=True)


@pytest.fixture(scope="module")
def storage_url() -> str:
    """Where the portal keeps files; a module with a storage of its own has a fixture of this name. Empty: in its folder."""
    return ""


@pytest.fixture(scope="module")
def portal(made: Path, storage_url: str, tmp_path_factory: pytest.TempPathFactory):
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
    } | SETTINGS | ({"STORAGE_URL": storage_url} if storage_url else {})
    site = ["gunicorn", "portal.wsgi", "-b", f"127.0.0.1:{port}", "--threads", "4"]
    worker = ["celery", "-A", "portal", "worker", "--pool", "solo"]
    with (
        servers.process(site, environment, var / "site.log", grace=1),  # nobody waits for anything any more
        servers.process(worker, environment, var / "worker.log", grace=1),
    ):
        wait_for(port)
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


def binary() -> str:
    """The headless shell, as of Playwright's own Chromium: pages are the same, for a third of the computing."""
    for name in ("chromium-headless-shell", "chromium"):
        if found := shutil.which(name):
            return found
    raise RuntimeError("Chromium is missing: apt-get install chromium-headless-shell fonts-noto-cjk (make browser does)")


@pytest.fixture(scope="session")
def chromium():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=binary(), args=CHROMIUM_FLAGS)
        yield browser
        browser.close()
