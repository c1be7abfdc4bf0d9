"""A process of its own that calls the portal, or viewflow, on the bench's database: ``python -m tests.bench.client``.

A job is a line of JSON on standard input, its answer a line on standard output. A job is read first and begun at the
word ``go``, so that several processes begin together.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from types import TracebackType
from typing import Any

import psutil

from tests.run import ROOT


class Clients:
    """``count`` processes that stay for all rounds: what is measured is calls, not start-up."""

    def __init__(self, count: int, environment: dict[str, str] | None = None) -> None:
        self.processes = [
            subprocess.Popen(
                [sys.executable, "-m", "tests.bench.client"], cwd=ROOT, env=os.environ | (environment or {}),
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            )
            for _each in range(count)
        ]  # fmt: skip

    def __enter__(self) -> Clients:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self.processes:
            process.stdin.close()
        for process in self.processes:
            process.wait(20)

    def per_second(self, call: str, jobs: list[list[Any]]) -> float:
        """How many of the calls all of them do in a second. ``jobs`` has each client's arguments."""
        answers = self._answers(call, jobs)
        return sum(map(len, jobs)) / (max(a["end"] for a in answers) - min(a["start"] for a in answers))

    def milliseconds(self, call: str, jobs: list[list[Any]]) -> tuple[float, float]:
        """What a call takes, and what it makes its process and the server's compute, which others' load doesn't touch."""
        answers, calls = self._answers(call, jobs), sum(map(len, jobs))
        took, computed = (
            sum(a[last] - a[first] for a in answers) for first, last in (("start", "end"), ("idle", "done"))
        )
        return 1000 * took / calls, 1000 * computed / calls

    def _answers(self, call: str, jobs: list[list[Any]]) -> list[dict[str, float]]:
        for process, job in zip(self.processes, jobs, strict=True):
            self._say(process, json.dumps({"call": call, "arguments": job}))
        for process in self.processes:
            self._hear(process, "ready")
        for process in self.processes:
            self._say(process, "go")
        return [json.loads(self._hear(process)) for process in self.processes]

    def _say(self, process: subprocess.Popen[str], line: str) -> None:
        process.stdin.write(line + "\n")
        process.stdin.flush()

    def _hear(self, process: subprocess.Popen[str], wanted: str = "") -> str:
        line = process.stdout.readline().strip()
        if not line or (wanted and line != wanted):
            raise RuntimeError(f"a client of the bench ended: see its error above ({line!r})")
        return line


def main() -> None:
    import django

    django.setup()
    from django.db import connection
    from django.utils.module_loading import import_string

    connection.ensure_connection()
    for line in sys.stdin:
        job = json.loads(line)
        call = import_string(job["call"])
        print("ready", flush=True)
        sys.stdin.readline()
        idle, start = computed(), time.monotonic()
        for argument in job["arguments"]:
            call(argument)
        end = time.monotonic()
        print(json.dumps({"start": start, "end": end, "idle": idle, "done": computed()}), flush=True)


def computed() -> float:
    """Seconds of CPU of this process and of the server's process that answers it."""
    from django.db import connection

    server = psutil.Process(connection.connection.info.backend_pid).cpu_times()
    return time.process_time() + server.user + server.system


if __name__ == "__main__":
    main()
