"""Lighthouse (Google's, from npm, ``make lighthouse``) on the pages an owner sees first, as a middling phone on a slow 4G line
sees them, beside nothing: its scores are their own reference. On the site as production has it, on this machine's Chromium.

Each page is looked at ``rounds`` times (3 at most). Of performance the best look counts, for other work on this machine only
ever takes points away; of the others, which it does not touch, the worst.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from tests.bench.measure import Result
from tests.journeys import production
from tests.journeys.conftest import binary
from tests.run import ROOT

FOLDER = Path(os.environ.get("LIGHTHOUSE") or ROOT / ".venv" / "lighthouse")
NEEDS = (22, 19)  # the node that lighthouse 13 asks for
WANTED = {"performance": 95, "accessibility": 100, "best-practices": 100}
PAGES = {
    "home": "/", "service": "/services/resumption/", "filing": "{draft}fill/staff/", "materials": "{draft}materials/",
    "timeline": "{reviewed}",
}  # fmt: skip
ROUNDS = 3


def measure(rounds: int, folder: Path) -> list[Result]:
    if not (FOLDER / "node_modules" / "lighthouse").exists():
        raise SystemExit("Lighthouse is not installed: make lighthouse")
    results = []
    production.prepare(folder / "lighthouse")
    with production.site(folder / "lighthouse") as site:
        for name, address in PAGES.items():
            looked = [_look(site, address.format(**site.pages), folder) for _round in range(min(rounds, ROUNDS))]
            for category, wanted in WANTED.items():
                worst_or_best = max if category == "performance" else min
                score = worst_or_best(100 * (each["categories"][category]["score"] or 0) for each in looked)
                results.append(Result(f"lighthouse {name}, {category}", score, "of 100", target=f"≥ {wanted}"))
            for audit, unit, scale in (("largest-contentful-paint", "s", 1000), ("total-byte-weight", "kB", 1000)):
                value = median(each["audits"][audit]["numericValue"] for each in looked) / scale
                results.append(Result(f"lighthouse {name}, {audit.replace('-', ' ')}", value, unit))
            shift = max(each["audits"]["cumulative-layout-shift"]["numericValue"] for each in looked)
            results.append(Result(f"lighthouse {name}, layout shift", shift, "", target="≤ 0.05"))
            for fault in sorted(set(_faults(looked[-1]))):
                print(f"  {name}: {fault}")
    return results


def _look(site: production.Site, address: str, folder: Path) -> dict:
    """One report. The session's cookie goes with every request; the language is the page's own choice."""
    report = folder / "report.json"
    cookie = f"portal_session={site.pages['session']}; django_language=zh-hans"
    command = [
        _node(), str(FOLDER / "node_modules" / "lighthouse" / "cli" / "index.js"), site.base + address, "--quiet",
        "--output=json", f"--output-path={report}", f"--only-categories={','.join(WANTED)}",
        f"--extra-headers={json.dumps({'Cookie': cookie})}", "--chrome-flags=--headless=new --no-sandbox --disable-gpu",
    ]  # fmt: skip
    chrome = os.environ.get("CHROME_PATH") or shutil.which("chromium") or binary()
    done = subprocess.run(
        command, env=os.environ | {"CHROME_PATH": chrome}, capture_output=True, text=True, timeout=240
    )
    if done.returncode:
        raise SystemExit(f"lighthouse: {done.stderr.strip()[-2000:]}")
    found = json.loads(report.read_text())
    if found.get("runtimeError"):
        raise SystemExit(f"lighthouse {address}: {found['runtimeError']['message']}")
    if not found["finalDisplayedUrl"].endswith(address):
        raise SystemExit(f"lighthouse {address}: was led to {found['finalDisplayedUrl']}")
    return found


def _node() -> str:
    """The machine's own where it is new enough, else the one that `make lighthouse` put beside Lighthouse."""
    if theirs := shutil.which("node"):
        said = subprocess.run([theirs, "--version"], capture_output=True, text=True, check=True).stdout
        if tuple(int(part) for part in said.strip().lstrip("v").split(".")[:2]) >= NEEDS:
            return theirs
    for ours in FOLDER.glob("node_modules/node-linux-*/bin/node"):
        return str(ours)
    raise SystemExit("Lighthouse needs node 22.19 or newer: make lighthouse")


def _faults(report: dict) -> Iterator[str]:
    for category in report["categories"].values():
        for each in category["auditRefs"]:
            audit = report["audits"][each["id"]]
            if each["weight"] and audit["score"] is not None and audit["score"] < 0.9:
                yield f"{each['id']} {audit['score']} {audit.get('displayValue', '')} {audit['title']}"
