"""Notices while everything breaks: a short storm here; ``python -m tests.faults.storm`` is one of 1,000 decisions."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.run import ROOT

pytestmark = [pytest.mark.once, pytest.mark.fault]
DECISIONS = 40


def test_every_notice_arrives_once_whatever_breaks(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.storm", "--decisions", str(DECISIONS)], cwd=ROOT, text=True,
        capture_output=True, timeout=400,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    seen = json.loads(done.stdout)
    assert seen["decisions"] == DECISIONS and not seen["wrong"]
    assert set(seen["broken"]) >= {"redis", "database", "worker"} and seen["processes_killed"] >= 3
    assert seen["mails"] >= DECISIONS and seen["text_messages"] >= DECISIONS / 2
