"""`make run` and what it calls: one clear line for each thing in the way, and nothing left running afterwards."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import psutil
import pytest

from portal import stack
from tests.run import free_port

ROOT = Path(__file__).parents[1]
NOBODY = 65534
TARGETS = ("run", "demo", "test", "test-sqlite", "test-postgres", "journeys", "lint", "clean")
pytestmark = pytest.mark.once


def embedded(var: Path) -> dict[str, str]:
    """The environment of somebody who has set nothing but a folder."""
    ours = ("DATABASE_URL", "CELERY_BROKER_URL", "DJANGO_SETTINGS_MODULE", "TEST_VAR_DIR", "TEST_REDIS_URL")
    env = {key: value for key, value in os.environ.items() if key not in ours and not key.startswith("PYTEST")}
    return env | {"VAR_DIR": str(var)}


def run_portal(var: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", "run_portal", *arguments],
        cwd=ROOT, env=embedded(var), capture_output=True, text=True, timeout=60,
    )  # fmt: skip


def one_line(result: subprocess.CompletedProcess[str]) -> str:
    """It was refused, with one line on standard error and nothing else."""
    assert result.returncode != 0
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1, result.stderr
    return lines[0]


# --- Things in the way ------------------------------------------------------------------------------------


def test_a_taken_port_is_named_in_one_line_and_nothing_is_started(tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        result = run_portal(tmp_path / "var", "--port", str(port))
    line = one_line(result)
    assert f"Port {port} is taken" in line
    assert f"make run PORT={port + 1}" in line
    assert "已被占用" in line
    assert not (tmp_path / "var/log").exists()  # only the keys, which settings need, may be there
    assert not list((tmp_path / "var").glob("*.sqlite3"))


def test_a_port_that_does_not_exist_is_one_line(tmp_path):
    assert "65535" in one_line(run_portal(tmp_path, "--port", "70000"))


def test_a_data_folder_that_cant_be_written_is_refused(tmp_path):
    (tmp_path / "var").write_text("a file where the folder should be")
    with pytest.raises(stack.Refused, match="can't be written .* VAR_DIR"):
        stack.make_folders(tmp_path / "var")


def test_a_second_portal_in_the_same_folder_is_told_who_runs_there(tmp_path):
    with stack.lock_folder(tmp_path), pytest.raises(stack.Refused, match=f"process {os.getpid()}"):
        stack.lock_folder(tmp_path)


def test_a_database_that_does_not_answer_is_one_line(tmp_path):
    env = embedded(tmp_path) | {"DATABASE_URL": f"postgres://nobody@127.0.0.1:{free_port()}/none"}
    result = subprocess.run(
        [sys.executable, "manage.py", "run_portal", "--port", str(free_port())],
        cwd=ROOT, env=env, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert "database can't be made ready" in one_line(result)


# --- The Makefile, on a machine that lacks something ------------------------------------------------------


@pytest.fixture
def bare() -> Iterator[Path]:
    """A copy of the Makefile where anybody can read it, and a PATH with only the tools it needs."""
    with tempfile.TemporaryDirectory(prefix="portal-bare-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        for file in ("Makefile", "requirements.txt", "requirements-dev.txt"):
            shutil.copy(ROOT / file, folder)
        (folder / "bin").mkdir()
        for tool in ("bash", "sh", "rm", "touch", "id", "awk", "mkdir", "cat", "sha256sum"):
            (folder / "bin" / tool).symlink_to(shutil.which(tool) or f"/missing/{tool}")
        yield folder


def fake_python(folder: Path, name: str, version: str) -> None:
    """A Python that is what it says: it answers the question for its version, and nothing else."""
    file = folder / "bin" / name
    major, minor = version.split(".")
    file.write_text(
        f'#!/bin/sh\ncase "$2" in *version_info*) exec {sys.executable} -c '
        f'"import sys; sys.version_info = ({major}, {minor}, 0); exec(sys.argv[1])" "$2";; esac\n'
        "echo 'No module named venv' >&2\nexit 1\n"
    )
    file.chmod(0o755)


def make(folder: Path, *arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    result = subprocess.run(
        [shutil.which("make") or "make", "--no-print-directory", *arguments],
        cwd=folder, env={"PATH": str(folder / "bin"), "LC_ALL": "C"},
        capture_output=True, text=True, timeout=60, **options,  # type: ignore[call-overload]
    )  # fmt: skip
    result.stderr = re.sub(r"^make: \*\*\* .*\n", "", result.stderr, flags=re.MULTILINE)  # make's own closing word
    return result


def test_a_missing_python_is_one_line(bare):
    assert "Python 3.11 or newer is needed" in one_line(make(bare, "run"))


def test_a_too_old_python_is_one_line(bare):
    fake_python(bare, "python3", "3.10")
    assert "Python 3.11 or newer is needed" in one_line(make(bare, "run"))


def test_a_missing_venv_module_is_one_line_of_ours(bare):
    fake_python(bare, "python3", "3.11")
    result = make(bare, "run")
    assert result.returncode != 0
    assert "python3-venv is missing: apt-get install python3-venv" in result.stderr.splitlines()[-1]
    assert not (bare / ".venv").exists()


def test_a_read_only_folder_is_one_line(bare):
    fake_python(bare, "python3", "3.11")
    bare.chmod(0o555)
    as_whom = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
    assert "This folder can't be written" in one_line(make(bare, "run", **as_whom))


def test_a_data_folder_that_cant_be_written_is_one_line_before_anything_is_installed(bare):
    line = one_line(make(bare, "run", "VAR_DIR=/sys/portal"))  # not even root writes there
    assert line.startswith("/sys/portal can't be written")
    assert not (bare / ".venv").exists()


@pytest.mark.parametrize("target", TARGETS)
def test_every_target_reads_well_to_make(target):
    subprocess.run(["make", "-n", target], cwd=ROOT, check=True, capture_output=True, text=True)


def test_help_names_every_target():
    told = subprocess.run(["make"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for target in TARGETS:
        assert f"make {target} " in told


# --- What is installed ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_requirement_is_pinned(name):
    for line in (ROOT / name).read_text().splitlines():
        line = line.split("#")[0].strip()
        if line and line != "-r requirements.txt":
            assert re.fullmatch(r"[\w.-]+(\[[\w,]+\])?==[\w.]+(; python_version < \"[\d.]+\")?", line), line


def test_nothing_is_pinned_twice():
    names = []
    for name in ("requirements.txt", "requirements-dev.txt"):
        for line in (ROOT / name).read_text().splitlines():
            if match := re.match(r"([\w.-]+)(\[.*\])?==", line):
                names.append(match[1].lower().replace("_", "-"))
    assert sorted(names) == sorted(set(names))


# --- Up, and down again -----------------------------------------------------------------------------------


WHOLE = 6  # gunicorn and two workers, Celery and its pool, beat


@contextmanager
def running(var: Path, output: Path) -> Iterator[tuple[subprocess.Popen[str], str, list[psutil.Process]]]:
    """A whole portal, up; with its address and everything it started."""
    port = free_port()
    with output.open("w") as out:
        portal = subprocess.Popen(
            [sys.executable, "manage.py", "run_portal", "--port", str(port), "--no-demo", "--quiet"],
            cwd=ROOT, env=embedded(var), stdout=out, stderr=out, text=True, start_new_session=True,
        )  # fmt: skip
    family: list[psutil.Process] = []
    try:
        end = time.monotonic() + 90
        while "Ctrl-C" not in output.read_text():
            assert portal.poll() is None, output.read_text()
            assert time.monotonic() < end, output.read_text()
            time.sleep(0.2)
        pool = time.monotonic() + 30
        while len(family) < WHOLE and time.monotonic() < pool:  # the worker's pool comes last
            time.sleep(0.5)
            family = psutil.Process(portal.pid).children(recursive=True)
        portal.output = output  # type: ignore[attr-defined]
        yield portal, f"http://127.0.0.1:{port}", family
    finally:
        if portal.poll() is None:
            portal.terminate()
            portal.wait(15)
        for process in family:
            if process.is_running():
                process.kill()


@pytest.fixture(scope="module")
def ran_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a portal that ran before: its database is made, its services are published."""
    folder = tmp_path_factory.mktemp("ran-once")
    with running(folder / "var", folder / "output") as (portal, _address, _family):
        portal.terminate()
        assert portal.wait(15) == 0
    return folder / "var"


@pytest.fixture
def started(ran_once, tmp_path):
    shutil.copytree(ran_once, tmp_path / "var")
    with running(tmp_path / "var", tmp_path / "output") as found:
        yield found


def alive(family: list[psutil.Process]) -> list[psutil.Process]:
    return [one for one in family if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_everything_within_ten_seconds(started, number):
    portal, address, family = started
    with urlopen(f"{address}/healthz", timeout=10) as answer:
        assert answer.status == 200
    assert len(family) >= WHOLE, family
    began = time.monotonic()
    portal.send_signal(number)
    assert portal.wait(15) == 0
    assert time.monotonic() - began < 10
    assert not alive(family)


def test_when_one_process_dies_the_others_stop_and_the_line_says_which(started):
    portal, _address, family = started
    beat = next(one for one in family if "beat" in one.cmdline())
    beat.kill()
    assert portal.wait(15) == 1
    assert not alive(family)
    said = portal.output.read_text()
    assert "beat ended by itself" in said
    assert "beat.log" in said


def test_a_portal_killed_outright_leaves_nobody_behind(started):
    portal, _address, family = started
    portal.kill()
    portal.wait(15)
    psutil.wait_procs(family, timeout=15)
    assert not alive(family)
