"""A whole two-stage flow, from the filing to the decision, against the same in django-viewflow.

Both file the same answers, are pre-checked and decided by the same accounts on the same database, one client each,
every step in its own transaction. The portal does more in it: it checks the answers, keeps the audit log, writes the
notices and signs a permit; viewflow stores the answers, its tasks and their links.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from permits.models import Application, Service
from portal import demo
from tests.bench.client import Clients
from tests.bench.measure import Result, in_turn
from tests.bench.prepared import publish, settled, the_cast
from tests.run import ROOT

PACKAGES = Path(sys.prefix) / "bench"
KEYS = ("enterprise_name", "uscc", "region", "headcount", "pledge")
TARGET = "≥ 2.0"


def measure(rounds: int, folder: Path) -> list[Result]:
    cast = the_cast()
    each = 60 if rounds > 1 else 2
    publish(Path(__file__).with_name("two_stage.toml"))
    version = Service.objects.get(slug="two-stage").current
    answers = {key: value for key, value in demo.answers_for(cast.enterprise).items() if key in KEYS} | {
        "day": "2020-02-10", "contact_mobile": "13800000618", "arrangement": "分早晚两班，错峰上下班。" * 10,
    }  # fmt: skip
    viewflow = _viewflow()

    def portal() -> float:
        drafts = [
            Application.objects.create(
                version=version, enterprise=cast.enterprise, applicant=cast.owner, answers=answers
            )
            for _each in range(each)
        ]
        settled()
        people = [cast.owner.pk, cast.street.pk, cast.decider.pk]
        return ours.per_second("tests.bench.calls.whole", [[[draft.pk, *people] for draft in drafts]])

    def other() -> float:
        settled()
        jobs = [[answers, cast.street.pk, cast.decider.pk]] * each
        return theirs.per_second("tests.bench.approval.calls.whole", [jobs])

    with Clients(1) as ours, Clients(1, viewflow) as theirs:
        figures = in_turn({"viewflow": other, "portal": portal}, rounds)
    return [Result("two-stage flow, viewflow", figures["portal"], "flows/s", figures["viewflow"], TARGET)]


def _viewflow() -> dict[str, str]:
    """The environment in which viewflow is there; its tables are made in the bench's database."""
    if not (PACKAGES / "viewflow").is_dir():
        raise SystemExit("django-viewflow is missing: make bench installs it")
    env = {"DJANGO_SETTINGS_MODULE": "tests.bench.viewflow_settings", "PYTHONPATH": str(PACKAGES)}
    command = [sys.executable, "-m", "django", "migrate", "--verbosity", "0"]
    subprocess.run(command, cwd=ROOT, env=os.environ | env | {"PYTHONPATH": f"{ROOT}:{PACKAGES}"}, check=True)
    return env
