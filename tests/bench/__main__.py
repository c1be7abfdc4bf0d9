"""``python -m tests.bench [--only NAME] [--rounds N] [--out FILE]``: every figure beside its reference, in one run.

The portal runs on a fresh PostgreSQL as production has it (fsync, synchronous_commit and full_page_writes on), the
reference on the same one. Prints a table, writes ``var/bench.json``. Exit status: 0 when every target is met, 1 when
one is missed, 2 when it could not be measured.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from tests.bench.measure import Result, table, write
from tests.run import ROOT, postgres

NAMES = ("forms", "roster", "decide", "flow", "notices", "audit", "upload", "permits", "lighthouse")
# Not part of a plain `make bench`: it needs npm, which downloads Lighthouse.
ONLY_WHEN_ASKED = {"lighthouse"}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--only", default="", choices=("", *NAMES), help="one of " + ", ".join(NAMES))
    parser.add_argument("--rounds", type=int, default=5, help="rounds that count; 1 is a smoke test, not a measurement")
    parser.add_argument("--out", type=Path, default=Path(os.environ.get("VAR_DIR") or ROOT / "var") / "bench.json")
    asked = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is stopped then too
    folder = Path(tempfile.mkdtemp(prefix="portal-bench-"))
    try:
        with postgres(folder, durable=True) as url:
            _environment(url, folder)
            results = _measured([asked.only] if asked.only else [name for name in NAMES if name not in ONLY_WHEN_ASKED], asked.rounds, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    write(results, asked.out)
    print("\n" + table(results) + f"\n\nwritten to {asked.out}")
    missed = [each.name for each in results if each.passed is False]
    if missed:
        print(f"MISSED: {', '.join(missed)}", file=sys.stderr)
    return 1 if missed else 0


def _environment(url: str, folder: Path) -> None:
    """A portal of its own, that nothing set in the shell reaches; its kicks go to a broker in memory."""
    from tests.environment import PRODUCTION

    for name in PRODUCTION:
        os.environ.pop(name, None)
    os.environ |= {
        "DATABASE_URL": url, "VAR_DIR": str(folder / "var"), "CELERY_BROKER_URL": "memory://localhost",
        "DJANGO_SETTINGS_MODULE": "portal.settings", "DEMO": "false", "LOG_LEVEL": "ERROR",
    }  # fmt: skip


def _measured(names: list[str], rounds: int, folder: Path) -> list[Result]:
    from tests.bench import prepared

    print(prepared.begin())
    results: list[Result] = []
    for name in names:
        print(f"--- {name}", flush=True)
        # Only now: these modules need Django's settings.
        bench = __import__(f"tests.bench.{name}", fromlist=["measure"])
        results += bench.measure(rounds, folder)
    return results


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
