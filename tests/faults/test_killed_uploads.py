"""kill -9 at every step of an upload: what counts is there, what is there is not lost, and the client goes on to the end.

A forked process takes the last piece of a file and kills itself with SIGKILL before its n-th step, for n = 1, 2, 3 …: each statement to
the database, and each call that touches a file, is one.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from permits.intake import arriving, folder_blobs, incoming_folder, storage
from permits.intake.keeping import discard
from permits.models import Application, Material, Upload
from tests.cast import Cast, filled
from tests.faults.killing import killed_before
from tests.portal.browser import at
from tests.portal.tus_client import begun, head, row, sent

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.fault]
PLAN = (Path(__file__).parents[1] / "data" / "canteen_plan.pdf").read_bytes()
FILES = {module.__file__ for module in (arriving, incoming_folder, folder_blobs)}


@pytest.fixture
def empty(cast: Cast, settings, tmp_path: Path) -> Application:
    settings.STORAGE_URL = f"file://{tmp_path / 'materials'}"
    settings.INSPECTION = "worker"
    settings.UPLOAD_STALE_SECONDS = 0
    draft = filled(cast)
    draft.materials.all().delete()
    return draft


def nothing_is_amiss() -> None:
    for material in Material.objects.all():
        assert storage.exists(material.sha256), "an accepted row without its blob"
    for upload in Upload.objects.filter(finished_at=None):
        with arriving.turn_of(upload) as turn:
            assert turn.upload.offset in (upload.offset, 0) and upload.offset >= len(PLAN) // 2


def test_killed_at_any_step_the_file_arrives_once_and_whole(cast: Cast, empty: Application, tmp_path: Path) -> None:
    client = at(cast.owner)

    def half() -> str:
        address: str = begun(client, empty, len(PLAN), body=PLAN[: len(PLAN) // 2])["Location"]
        return address

    def other_half(address: str) -> Callable[[], Any]:
        return lambda: sent(client, address, len(PLAN) // 2, PLAN[len(PLAN) // 2 :])

    places, address = 0, half()
    while killed_before(places + 1, other_half(address), files=FILES):
        places += 1
        assert places < 300
        nothing_is_amiss()
        offset = int(head(client, address)["Upload-Offset"])
        if offset < len(PLAN):
            assert sent(client, address, offset, PLAN[offset:]).status_code == 204, f"after step {places}"
        material = empty.materials.get()
        with storage.open_blob(material.sha256) as blob:
            assert blob.read() == PLAN
        assert row(address).material == material
        assert not list((tmp_path / "materials" / "incoming").iterdir()), f"step {places}: a piece is left over"
        material.delete()
        discard(material.sha256)
        address = half()
    assert places >= 30, "fewer steps than there are"
    assert empty.materials.count() == 1
