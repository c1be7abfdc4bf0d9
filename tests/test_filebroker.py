"""The broker over a folder: while others write, a worker finds whole messages only."""

from __future__ import annotations

import threading
from pathlib import Path
from queue import Empty

import pytest
from kombu import Connection

from portal import celery, filebroker

pytestmark = pytest.mark.once


@pytest.fixture
def channel(tmp_path):
    folders = {
        "data_folder_in": str(tmp_path),
        "data_folder_out": str(tmp_path),
        "control_folder": str(tmp_path / "control"),
    }
    return Connection("filesystem://localhost", transport_options=folders).channel()


def test_the_embedded_portal_uses_it():
    with celery.app.connection("filesystem://localhost") as connection:
        assert isinstance(connection.transport, filebroker.Transport)


def test_a_message_that_is_half_written_is_not_found(channel, monkeypatch):
    written, go_on = threading.Event(), threading.Event()
    replace = filebroker.os.replace

    def slow(part: Path, whole: Path) -> None:
        written.set()
        go_on.wait(10)
        replace(part, whole)

    monkeypatch.setattr(filebroker.os, "replace", slow)
    writer = threading.Thread(target=channel._put, args=("celery", {"n": 1}))
    writer.start()
    assert written.wait(10)
    with pytest.raises(Empty):
        channel._get("celery")
    assert channel._size("celery") == 0
    go_on.set()
    writer.join()
    assert channel._get("celery") == {"n": 1}
    with pytest.raises(Empty):
        channel._get("celery")
