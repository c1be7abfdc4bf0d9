"""The standard client (tus-py-client) against the portal under gunicorn, as in production: with threads, and with kill -9."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from django.db import connection
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError, TusUploadFailed
from tusclient.uploader import Uploader

from permits.intake import storage
from permits.models import Application, Material, Upload
from tests import servers
from tests.cast import Cast, filled
from tests.portal.browser import at
from tests.portal.tus_client import where
from tests.run import free_port, wait_for

pytestmark = [pytest.mark.once, pytest.mark.django_db(transaction=True)]
DATA = Path(__file__).parents[1] / "data"
PLAN = DATA / "canteen_plan.pdf"


class Site:
    def __init__(self, tmp_path: Path) -> None:
        self.port, self.log = free_port(), tmp_path / "site.log"
        self.environment = {
            "DATABASE_URL": servers.database_url(connection.settings_dict), "VAR_DIR": str(tmp_path / "var"),
            "STORAGE_URL": f"file://{tmp_path / 'materials'}", "FILE_UPLOAD_TEMP_DIR": str(tmp_path), "REDIS_URL": "",
            "UPLOAD_STALE_SECONDS": "0.3", "INSPECTION": "worker",
        }  # fmt: skip
        self.address = f"http://127.0.0.1:{self.port}"

    @contextmanager
    def runs(self) -> Iterator[int]:
        command = ["gunicorn", "portal.wsgi", "-b", f"127.0.0.1:{self.port}", "--threads", "4", "--no-control-socket"]
        with servers.process(command, self.environment, self.log) as site:
            wait_for(self.port, 30)
            yield site.pid

    def client(self, cast_member, application: Application, key: str = "canteen_plan") -> TusClient:
        browser = at(cast_member)
        browser.get(f"/applications/{application.public_id}/materials/")
        cookies = {name: morsel.value for name, morsel in browser.cookies.items()}
        said = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()), "X-CSRFToken": cookies["csrftoken"]}
        return TusClient(self.address + where(application, key), headers=said)

    def uploader(self, client: TusClient, path: Path, **options) -> Uploader:
        return client.uploader(
            str(path), **{"metadata": {"filename": path.name}, "chunk_size": 20_000, "upload_checksum": True} | options
        )


@pytest.fixture
def site(tmp_path: Path, settings) -> Site:
    settings.STORAGE_URL = f"file://{tmp_path / 'materials'}"
    return Site(tmp_path)


@pytest.fixture
def empty(cast: Cast) -> Application:
    draft = filled(cast)
    draft.materials.all().delete()
    return draft


def whole(material: Material, path: Path = PLAN) -> bool:
    with storage.open_blob(material.sha256) as blob:
        return bool(blob.read() == path.read_bytes())


def test_the_standard_client_uploads_breaks_off_resumes_and_meets_another(cast: Cast, empty: Application, site: Site) -> None:
    with site.runs():
        client = site.client(cast.owner, empty)
        # Broken off after two pieces; another uploader that knows the address only goes on.
        first = site.uploader(client, PLAN)
        first.upload(stop_at=40_000)
        assert not empty.materials.exists() and Upload.objects.get().offset == 40_000
        second = site.uploader(client, PLAN, url=first.url)
        assert second.offset == 40_000
        second.upload()
        assert whole(empty.materials.get()) and second.get_offset() == PLAN.stat().st_size

        # A wrong offset, and a piece that was changed on its way.
        third = site.uploader(client, DATA / "epidemic_plan.pdf")
        third.upload(stop_at=20_000)
        third.offset = 10_000
        with pytest.raises(TusUploadFailed) as refused:
            third.upload_chunk()
        assert refused.value.status_code == 409
        said = client.headers | {"Tus-Resumable": "1.0.0", "Upload-Offset": "20000", "Upload-Checksum": "sha1 AAAAAAAAAAAAAAAAAAAAAAAAAAA=",
                                 "Content-Type": "application/offset+octet-stream"}  # fmt: skip
        answer = requests.patch(third.url, data=b"x" * 1000, headers=said, timeout=30)
        assert (answer.status_code, answer.reason) == (460, "Checksum Mismatch")
        assert third.get_offset() == 20_000

        # Two at once at the same upload: each goes on where the other left it; the file comes out whole, and once.
        both = [site.uploader(client, DATA / "epidemic_plan.pdf", url=third.url, chunk_size=7_000, retries=50, retry_delay=0.05) for _ in "ab"]
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda each: each.upload(), both))
        assert Upload.objects.get(name="epidemic_plan.pdf").is_whole
        assert [whole(each, DATA / "epidemic_plan.pdf") for each in empty.materials.shown()] == [True]


def test_a_connection_that_hangs_is_overtaken(cast: Cast, empty: Application, site: Site) -> None:
    """A phone between two networks: the old connection says nothing more and is not closed."""
    with site.runs():
        client = site.client(cast.owner, empty)
        upload = site.uploader(client, PLAN)
        upload.upload(stop_at=20_000)
        said = client.headers | {"Tus-Resumable": "1.0.0", "Upload-Offset": "20000", "Host": "127.0.0.1",
                                 "Content-Type": "application/offset+octet-stream", "Content-Length": "60000"}  # fmt: skip
        head = f"PATCH {upload.url.removeprefix(site.address)} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in said.items()) + "\r\n"
        with socket.create_connection(("127.0.0.1", site.port)) as hanging:
            hanging.sendall(head.encode() + b"lost" * 100)
            servers.wait_until(lambda: Upload.objects.get().busy, "the old connection is writing")
            again = site.uploader(client, PLAN, url=upload.url, retries=20, retry_delay=0.2)
            again.upload()
            assert whole(empty.materials.get())
            hanging.sendall(b"late" * 14_900)
            time.sleep(0.5)
        assert whole(empty.materials.get()) and empty.materials.count() == 1


def test_the_server_is_killed_again_and_again_and_the_client_goes_on_to_the_end(cast: Cast, empty: Application, site: Site) -> None:
    done = threading.Event()
    failed: list[Exception] = []

    def upload() -> None:
        try:
            client = site.client(cast.owner, empty)
            slow = site.uploader(client, PLAN, chunk_size=3_000, retries=300, retry_delay=0.1)
            while not slow.url:
                try:
                    slow.set_url(slow.create_url())
                except TusCommunicationError:
                    time.sleep(0.1)
            slow.upload()
        except Exception as error:
            failed.append(error)
        done.set()

    sender = threading.Thread(target=upload)
    kills = 0
    with site.runs() as pid:
        sender.start()
        servers.wait_until(lambda: Upload.objects.filter(offset__gt=0).exists() or done.is_set(), "the first piece", 60)
        os.killpg(pid, signal.SIGKILL)
        kills += 1
    while not done.is_set() and kills < 4:
        before = Upload.objects.get().offset
        with site.runs() as pid:
            servers.wait_until(lambda before=before: done.is_set() or Upload.objects.get().offset > before, "it goes on", 60)
            if not done.is_set() and kills < 3:
                os.killpg(pid, signal.SIGKILL)
            else:
                done.wait(60)
            kills += 1
    sender.join(30)
    assert done.is_set() and not failed, failed
    assert kills == 4 and whole(empty.materials.get())
    assert Upload.objects.get().finished_at


def test_many_at_once_arrive_without_an_error(cast: Cast, site: Site) -> None:
    """The small brother of `make bench ONLY=upload`, which sends 50."""
    drafts = [filled(cast) for _ in range(4)]
    files = [DATA / name for name in ("stock_1.jpg", "stock_2.png", "pledge.jpg")]
    for draft in drafts:
        draft.materials.all().delete()
    with site.runs():
        clients = [site.client(cast.owner, draft, "stock_photos") for draft in drafts]
        work = [(client, path) for client in clients for path in files]
        with ThreadPoolExecutor(len(work)) as pool:
            list(pool.map(lambda one: site.uploader(*one, chunk_size=100_000).upload(), work))
    for draft in drafts:
        kept = sorted((each.original_name, each.size) for each in draft.materials.shown())
        assert kept == sorted((path.name, path.stat().st_size) for path in files)
    assert "Traceback" not in site.log.read_text()
