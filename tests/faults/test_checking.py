"""kill -9 while a file is checked: of the worker before each of its statements, of the child with or without it; and the file
that stalls or eats memory. Whatever dies, the file is checked once, and no row and no blob is lost.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest
from django.db import connections
from django.utils import timezone

from permits.intake import checking, sandbox, storage
from permits.intake.materials import take_in
from permits.models import Application, Check, Material, MaterialPart, Service
from tests.faults.killing import killed_before
from tests.permits.intake.conftest import blobs_in, document

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.fault]


@pytest.fixture
def material(cast, settings, tmp_path: Path) -> Material:
    settings.INSPECTION = "worker"
    settings.STORAGE_URL = f"file://{tmp_path}/materials"
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
    version = Service.objects.get(slug="resumption").current
    application = Application.objects.create(version=version, enterprise=cast.enterprise, applicant=cast.owner)
    return take_in(
        application=application, requirement_key="signed_pledge", upload=document("pledge.jpg"), user=cast.owner
    )


def claim_ends(material: Material) -> None:
    Material.objects.filter(pk=material.pk).update(check_claimed_until=timezone.now(), check_tries=0)


def test_a_worker_killed_before_any_of_its_statements_loses_nothing_and_another_one_checks_it(material, tmp_path):
    places = 0
    while killed_before(places + 1, lambda: checking.check(material.pk)):
        places += 1
        assert places < 60
        found = Material.objects.get(pk=material.pk)
        assert storage.exists(found.sha256), f"statement {places}: the file is lost"
        if (
            found.check_state == Check.FINE
        ):  # killed while it threw the original away: that costs space and nothing else
            continue
        assert found.check_state == Check.CHECKING and not found.parts.exists(), (
            f"statement {places}: something of it stayed"
        )
        claim_ends(material)
    assert places >= 8, "fewer statements than a verdict can have"
    found = Material.objects.get(pk=material.pk)
    kept = {found.sha256, *found.parts.values_list("sha256", flat=True)}
    assert found.check_state == Check.FINE and found.sha256 != found.received_sha256 and len(kept) == 2
    assert kept <= set(blobs_in(tmp_path / "materials")), "a row without its blob"


def test_a_worker_killed_with_its_child_at_work_leaves_no_child_and_its_folder_is_thrown_away(
    material, tmp_path, settings, monkeypatch
):
    settings.INSPECTION_SANDBOX = True
    alive = tmp_path / "alive"
    # It says who it is, and then computes for ever; as the real one it is confined first.
    monkeypatch.setattr(sandbox, "CHILD", (
        "import os, sys; sys.path.insert(0, sys.argv[1])\nfrom pathlib import Path\n"
        f"open({str(alive)!r}, 'w').write(str(os.getpid()))\n"
        "from permits.intake.sandbox import confine\n"
        "confine.confine({'megabytes': 256, 'seconds': 20}, Path.cwd())\nwhile True: pass"
    ))  # fmt: skip
    connections.close_all()
    worker = os.fork()
    if not worker:
        try:
            checking.check(material.pk)
        finally:
            os._exit(0)
    child = int(eventually(lambda: alive.exists() and alive.read_text()))
    eventually(lambda: "NoNewPrivs:\t1" in Path(f"/proc/{child}/status").read_text())
    os.kill(worker, signal.SIGKILL)
    os.waitpid(worker, 0)
    eventually(lambda: not running(child))
    [left] = tmp_path.glob("look-*")
    os.utime(left, (0, 0))
    assert sandbox.tidy() == 1 and not left.exists()
    monkeypatch.undo()
    assert checking.check(material.pk) is None  # the dead worker's claim holds yet
    claim_ends(material)
    assert checking.check(material.pk) == material
    assert MaterialPart.objects.filter(material=material, kind="thumb").count() == 1


def test_a_file_whose_child_is_killed_each_time_is_refused_after_three_tries(material, settings, monkeypatch):
    settings.INSPECTION_SANDBOX = True
    monkeypatch.setattr(sandbox, "CHILD", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    for _try in range(checking.TRIES):
        assert Material.objects.get(pk=material.pk).check_state == Check.CHECKING
        checking.check(material.pk)
    found = Material.objects.get(pk=material.pk)
    assert (found.check_state, found.verdict["code"]) == (Check.REFUSED, "unreadable")
    assert "重新保存" in found.verdict["text"]["zh-hans"] and "Save it anew" in found.verdict["text"]["en"]
    assert not storage.exists(found.sha256)


@pytest.mark.parametrize(
    "act", ["x = []\nwhile True: x.append(bytearray(10**7))", "while True: pass", "import time; time.sleep(60)"],
    ids=["eats memory", "computes for ever", "sleeps"],
)  # fmt: skip
def test_a_file_that_eats_or_stalls_is_refused_in_time(material, settings, monkeypatch, act):
    settings.INSPECTION_SANDBOX = True
    settings.INSPECTION_LIMITS = {"megabytes": 256, "seconds": 1}
    confined = (
        "import sys; sys.path.insert(0, sys.argv[1])\nfrom pathlib import Path\nfrom permits.intake.sandbox import confine\n"
        "confine.confine({'megabytes': 256, 'seconds': 1}, Path.cwd())\n"
    )
    monkeypatch.setattr(sandbox, "CHILD", confined + act)
    began = time.monotonic()
    checking.check(material.pk)
    assert time.monotonic() - began < 15
    found = Material.objects.get(pk=material.pk)
    assert (found.check_state, found.verdict["code"]) == (Check.REFUSED, "unreadable")


def eventually(holds, seconds: float = 20):
    until = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < until, "it never came to that"
        time.sleep(0.05)
    return found


def running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
