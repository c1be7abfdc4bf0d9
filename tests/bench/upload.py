"""Uploads through the running portal against a bare Django view that receives and hashes the same bytes (``bare``), both under
gunicorn as production has it: two processes of four threads.

Whole uploads: signed in, begun, sent in pieces with their SHA-256 as the page's script does (or as a plain form), on the disk, the row
written, the answer read. Inspection is a worker's, as in production, and none runs here. Besides: what the site's processes have in
memory at most while they take files of 1 MB and of 200 MB, and 50 uploads at the same moment.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from django.db import connection, connections

from permits.models import Application, Material, Service, User
from tests import servers
from tests.bench.measure import Result, in_turn
from tests.bench.prepared import the_cast
from tests.portal.browser import at
from tests.run import ROOT, free_port, wait_for

MB = 1024 * 1024
PIECE = 16 * MB  # what the script grows to on a fast line
SIZE, LARGEST = 64 * MB, 200 * MB
AT_ONCE, ONE_OF_THEM = 50, 2 * MB
TYPE = "application/offset+octet-stream"
KEY = "canteen_plan"


def measure(rounds: int, folder: Path) -> list[Result]:
    cast, version = the_cast(), _edition()
    size = SIZE if rounds > 1 else 2 * MB
    content = _content(size)
    pieces = _cut(content)
    with _site("tests.bench.bare", {}, folder) as (bare, _processes), _portal(folder) as (port, processes):
        us = Person(cast.owner, port)

        def draft() -> Application:
            return Application.objects.create(version=version, enterprise=cast.enterprise, applicant=cast.owner)

        speeds = {
            "in pieces": (lambda: us.in_pieces(draft(), pieces), lambda: _post(bare, "/raw", content, TYPE)),
            "by the form": (lambda: us.by_form(draft(), content), lambda: _post(bare, "/form", *_multipart(content))),
        }
        results = []
        for name, (ours, theirs) in speeds.items():
            found = in_turn({"portal": _speed(ours, size), "bare": _speed(theirs, size)}, rounds)
            results.append(Result(f"upload {name}, {size // MB} MB", found["portal"], "MB/s", found["bare"], "≥ 0.5"))
        memory = {
            each: _most_memory(processes, lambda each=each: us.in_pieces(draft(), _cut(_content(each))))  # type: ignore[misc]
            for each in (MB, MB, LARGEST if rounds > 1 else size)
        }
        *_less, large = memory
        results.append(Result(f"memory more for {large // MB} MB than for 1 MB", memory[large] - memory[MB], "MB", None, "≤ 20"))
        errors, seconds = _at_once([cast.owner, cast.colleague], port, draft, AT_ONCE if rounds > 1 else 4)
        results += [
            Result(f"errors in {AT_ONCE} uploads at once", errors, "", None, "≤ 0"),
            Result(f"{AT_ONCE} uploads of {ONE_OF_THEM // MB} MB at once", seconds, "s"),
        ]
    return results


class Person:
    """Somebody signed in, with one connection for each upload."""

    def __init__(self, user: User, port: int) -> None:
        browser = at(user)
        browser.get("/applications/")
        browser.get(f"/services/{Service.objects.get(slug='resumption').slug}/")
        cookies = {name: morsel.value for name, morsel in browser.cookies.items()}
        token = cookies.setdefault("csrftoken", "b" * 32)
        self.headers = {
            "Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()), "X-CSRFToken": token,
            "X-Requested-With": "XMLHttpRequest", "Tus-Resumable": "1.0.0",
        }  # fmt: skip
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)

    def in_pieces(self, draft: Application, pieces: list[tuple[bytes, str]]) -> None:
        self.connection.close()  # the site has closed it by now
        about = {"Upload-Length": str(sum(len(piece) for piece, _sum in pieces)), "Upload-Metadata": "filename YS5wZGY="}
        begun = self._ask("POST", f"/applications/{draft.public_id}/materials/{KEY}/uploads/", b"", about, 201)
        address = begun.getheader("Location") or ""
        start = 0
        for piece, summed in pieces:
            said = {"Upload-Offset": str(start), "Content-Type": TYPE, "Upload-Checksum": f"sha256 {summed}"}
            self._ask("PATCH", address, piece, said, 204)
            start += len(piece)
        self._ask("GET", address, b"", {}, 200)

    def by_form(self, draft: Application, content: bytes) -> None:
        self.connection.close()
        body, kind = _multipart(content)
        self._ask("POST", f"/applications/{draft.public_id}/materials/{KEY}/add/", body, {"Content-Type": kind}, 200)

    def _ask(self, method: str, address: str, body: bytes, headers: dict[str, str], status: int) -> http.client.HTTPResponse:
        self.connection.request(method, address, body, self.headers | headers)
        answer = self.connection.getresponse()
        said = answer.read()
        assert answer.status == status, f"{method} {address}: {answer.status} {said[:300]!r}"
        return answer


def _edition() -> Any:
    """The model case's service, whose plan may have 200 MB."""
    from reviews.publishing import publish

    source = (ROOT / "permits" / "services" / "resumption.toml").read_text(encoding="utf-8")
    source = source.replace("total_mb = 200", "total_mb = 2000").replace(f'key = "{KEY}"', f'key = "{KEY}"\nmax_mb = 200')
    publish(source, name="large.toml", folder=ROOT / "permits" / "services" / "files")
    return Service.objects.get(slug="resumption").current


@contextmanager
def _portal(folder: Path) -> Iterator[tuple[int, list[psutil.Process]]]:
    environment = {
        "DATABASE_URL": servers.database_url(connection.settings_dict), "VAR_DIR": str(folder / "var"), "INSPECTION": "worker",
        "STORAGE_URL": f"file://{folder / 'materials'}", "FILE_UPLOAD_TEMP_DIR": str(folder), "UPLOAD_MAX_BYTES": str(250 * MB),
        "UPLOADS_UNDER_WAY": "100",
    }  # fmt: skip
    with _site("portal.wsgi", environment, folder) as found:
        yield found


@contextmanager
def _site(application: str, environment: dict[str, str], folder: Path) -> Iterator[tuple[int, list[psutil.Process]]]:
    port = free_port()
    command = ["gunicorn", application, "--bind", f"127.0.0.1:{port}", "--worker-class", "gthread", "--workers", "2", "--threads", "4"]
    command += ["--timeout", "120", "--no-control-socket"]
    with servers.process(command, environment, folder / f"{application}.log") as site:
        wait_for(port)
        time.sleep(1)
        yield port, psutil.Process(site.pid).children()


def _content(size: int) -> bytes:
    """A PDF by its first bytes; no two are the same."""
    return b"%PDF-1.7\n" + os.urandom(size - 9)


def _cut(content: bytes) -> list[tuple[bytes, str]]:
    """Its pieces, each with its SHA-256 as the header has it: the browser's work, which is not timed."""
    pieces = [content[start : start + PIECE] for start in range(0, len(content), PIECE)]
    return [(piece, base64.b64encode(hashlib.sha256(piece).digest()).decode()) for piece in pieces]


def _multipart(content: bytes) -> tuple[bytes, str]:
    head = b'--bench\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\nContent-Type: application/pdf\r\n\r\n'
    return head + content + b"\r\n--bench--\r\n", "multipart/form-data; boundary=bench"


def _post(port: int, address: str, body: bytes, kind: str) -> None:
    asked = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    asked.request("POST", address, body, {"Content-Type": kind})
    answer = asked.getresponse()
    assert answer.status == 200 and len(answer.read()) == 64
    asked.close()


def _speed(act: Callable[[], Any], size: int) -> Callable[[], float]:
    def measured() -> float:
        started = time.perf_counter()
        act()
        return size / MB / (time.perf_counter() - started)

    return measured


def _most_memory(processes: list[psutil.Process], act: Callable[[], Any], times: int = 4) -> float:
    """The most that one of the site's processes had resident in the meantime, in MB."""
    most, over = 0.0, threading.Event()

    def watch() -> None:
        nonlocal most
        while not over.is_set():
            most = max(most, *(each.memory_info().rss / MB for each in processes))
            over.wait(0.005)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        for _time in range(times):
            act()
    finally:
        over.set()
        watcher.join()
    return most


def _at_once(people: list[User], port: int, draft: Callable[[], Application], count: int) -> tuple[int, float]:
    """How many of the uploads failed, and how long all of them took."""
    work = [(Person(people[number % len(people)], port), draft(), _cut(_content(ONE_OF_THEM))) for number in range(count)]
    connections.close_all()

    def one(person: Person, application: Application, pieces: list[tuple[bytes, str]]) -> bool:
        try:
            person.in_pieces(application, pieces)
        except (AssertionError, OSError, http.client.HTTPException) as error:
            print(error)
            return False
        return True

    started = time.perf_counter()
    with ThreadPoolExecutor(count) as pool:
        fine = list(pool.map(lambda each: one(*each), work))
    took = time.perf_counter() - started
    arrived = Material.objects.filter(application__in=[application.pk for _person, application, _pieces in work]).count()
    return max(fine.count(False), count - arrived), took
