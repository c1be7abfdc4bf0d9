"""Operators see whether files are looked into, by what, and what waits: ``doctor`` and ``/metrics``."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone

from permits.intake import checking
from permits.models import Check, Material
from portal.management.commands import doctor
from tests.cast import filled
from tests.fakes import clamd as fakes


@pytest.fixture
def clamd(settings) -> Iterator[fakes.Clamd]:
    with fakes.running() as server:
        settings.CLAMD_URL = server.url
        yield server


def unwell(check) -> doctor.Unwell:
    with pytest.raises(doctor.Unwell) as caught:
        check()
    return caught.value


class TestTheScanner:
    def test_may_be_none(self, settings):
        settings.CLAMD_URL = ""
        assert "not scanned" in doctor.virus_scanner()

    def test_that_answers_is_told_with_what_it_says_of_itself(self, clamd):
        clamd.version = f"ClamAV 1.4.1/27500/{datetime.now():%a %b %d %H:%M:%S %Y}"
        assert doctor.virus_scanner() == clamd.version and clamd.scanned == 1

    def test_with_old_signatures_is_unwell(self, clamd):
        clamd.version = "ClamAV 1.4.1/27000/Wed Apr 26 07:33:25 2023"
        assert "2023-04-26" in str(found := unwell(doctor.virus_scanner)) and "freshclam" in found.mend

    def test_that_takes_no_file_of_the_largest_size_is_unwell(self, clamd, settings):
        clamd.most = settings.UPLOAD_MAX_BYTES - 1
        assert "StreamMaxLength" in str(unwell(doctor.virus_scanner))

    @pytest.mark.parametrize("url", ["tcp://127.0.0.1:1", "unix:///nowhere/clamd.ctl", "http://scanner", "tcp://"])
    def test_that_is_away_or_set_wrong_is_unwell(self, settings, url):
        settings.CLAMD_URL = url
        assert unwell(doctor.virus_scanner).mend

    def test_that_is_something_else_is_unwell(self, settings):
        class Other(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                self.wfile.write(b"220 mail.invalid ESMTP\0")

        with socketserver.TCPServer(("127.0.0.1", 0), Other) as server:
            threading.Thread(target=server.handle_request, daemon=True).start()
            settings.CLAMD_URL = f"tcp://127.0.0.1:{server.server_address[1]}"
            assert "is no clamd" in str(unwell(doctor.virus_scanner))

    def test_is_reached_by_a_local_socket_too(self, clamd, settings, tmp_path: Path):
        path = tmp_path / "c"
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(path))
            server.listen()

            def once() -> None:
                taken, _from = server.accept()
                with taken:
                    assert taken.recv(100) == b"zVERSION\0"
                    taken.sendall(b"220 not clamd\0")

            threading.Thread(target=once, daemon=True).start()
            settings.CLAMD_URL = f"unix://{path}"
            assert "220 not clamd" in str(unwell(doctor.virus_scanner))


@pytest.fixture
def material(cast) -> Material:
    return filled(cast).materials.order_by("pk")[0]


def waits(material: Material, state: str, minutes: int) -> None:
    Material.objects.filter(pk=material.pk).update(
        check_state=state, uploaded_at=timezone.now() - timedelta(minutes=minutes)
    )


@pytest.mark.django_db
class TestTheChecking:
    def test_says_what_is_kept_from_the_process_that_opens_files(self, settings, material):
        settings.INSPECTION_SANDBOX = True
        waits(material, Check.CHECKING, 1)
        assert doctor.files_checked().startswith("1 wait; kept from the process that opens them: secrets")

    def test_in_the_workers_own_process_is_unwell(self, settings):
        settings.INSPECTION_SANDBOX = False
        assert "INSPECTION_SANDBOX" in unwell(doctor.files_checked).mend

    def test_by_a_process_that_does_not_work_is_unwell(self, settings, tmp_path):
        settings.INSPECTION_SANDBOX, settings.BASE_DIR = True, tmp_path
        assert "ended with 1" in str(unwell(doctor.files_checked))

    def test_that_nobody_does_is_unwell(self, settings, material):
        settings.INSPECTION_SANDBOX = True
        waits(material, Check.HELD, 10)
        assert "0 files wait to be looked into and 1 for the virus scanner" in str(unwell(doctor.files_checked))

    def test_is_in_the_metrics(self, settings, material):
        settings.METRICS_TOKEN = "s3cret"
        waits(material, Check.HELD, 10)
        text = Client().get("/metrics", headers={"Authorization": "Bearer s3cret"}).content.decode()
        assert (
            'portal_materials_waiting{for="scanner"} 1.0' in text
            and 'portal_materials_waiting{for="worker"} 0.0' in text
        )
        [age] = [line.split()[1] for line in text.splitlines() if line.startswith("portal_materials_oldest_seconds ")]
        assert 600 <= float(age) < 700
        assert checking.backlog().held == 1
