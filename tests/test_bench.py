"""`make bench`: that it runs and writes what it found. How fast anything is, is not asked here."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.bench.measure import Result, in_turn, table
from tests.run import ROOT

pytestmark = pytest.mark.once


def test_a_bench_runs_on_a_fresh_postgresql_and_writes_its_figures(tmp_path):
    out = tmp_path / "bench.json"
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench", "--only", "decide", "--rounds", "1", "--out", out],
        cwd=ROOT, env=os.environ | {"SECRET_KEY": "of some shell"}, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stderr  # one round says nothing about a target
    found = json.loads(out.read_text())
    assert [one["name"] for one in found] == ["decide, 1 client", "decide, 8 clients"]
    for one in found:
        assert set(one) == {"name", "figure", "unit", "reference", "ratio", "target", "pass"}
        assert one["figure"] > 0
        assert one["reference"] > 0
        assert one["name"] in done.stdout
    assert "fsync = on" in done.stdout
    assert (done.returncode == 1) == any(one["pass"] is False for one in found)


def test_a_missed_target_stands_in_the_table_and_in_the_file():
    slow, good = Result("slow", 10.0, "s", 2.0, "≤ 2.0"), Result("good", 10.0, "1/s", 20.0, "≥ 0.35")
    told_only = Result("told only", 3.0, "MB")
    assert [slow.passed, good.passed, told_only.passed] == [False, True, None]
    lines = table([slow, good, told_only]).splitlines()
    assert [line.split()[-1] for line in lines[2:]] == ["MISSED", "ok", "MB"]
    assert slow.as_json() == {
        "name": "slow", "figure": 10.0, "unit": "s", "reference": 2.0, "ratio": 5.0, "target": "≤ 2.0", "pass": False,
    }  # fmt: skip


def test_two_sides_are_measured_in_turn_and_the_first_round_only_warms_up():
    called = []

    def side(name, figures):
        def measured():
            called.append(name)
            return next(figures)

        return measured

    ours, theirs = iter([90.0, 1.0, 2.0, 3.0]), iter([80.0, 5.0, 6.0, 7.0])
    found = in_turn({"a": side("a", ours), "b": side("b", theirs)}, 3)
    assert found == {"a": 2.0, "b": 6.0}
    assert called == ["a", "b", "b", "a", "a", "b", "b", "a"]
