"""Checkpoints go out: on a public page, and to other offices, which one that is down doesn't keep from the others."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib import import_module
from pathlib import Path

import pytest
from django.apps import apps
from django.core import mail
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from permits.intake import storage
from portal.management.commands import doctor
from reviews.audit import checkpoints, sealing, tree, witness
from reviews.models import Heartbeat
from tests.permits.intake.storages import S3_URL, s3_service  # noqa: F401 (a fixture)
from tests.reviews.audit.test_sealing import happen

pytestmark = pytest.mark.django_db


@pytest.fixture
def sealed() -> str:
    happen(2)
    sealing.seal()
    return tree.latest().note


@pytest.fixture
def office() -> Iterator[tuple[str, list[bytes]]]:
    """A witness that takes checkpoints by HTTP."""
    taken: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taken.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/log?token=secret", taken
        server.shutdown()


def test_the_latest_checkpoint_is_public_and_kept_for_seconds(client, sealed):
    answer = client.get(reverse("audit_checkpoint"))
    assert (answer.status_code, answer.content.decode()) == (200, sealed)
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert "max-age=10" in answer["Cache-Control"] and "public" in answer["Cache-Control"]
    assert client.get(reverse("audit_keys")).content.decode().split() == checkpoints.verifier_keys()
    assert client.post(reverse("audit_checkpoint")).status_code == 405


def test_before_anything_is_sealed_there_is_none(client):
    answer = client.get(reverse("audit_checkpoint"))
    assert answer.status_code == 404 and b"nothing" in answer.content


def test_every_kind_of_witness_gets_it_once(settings, sealed, office, tmp_path: Path, capsys):
    address, taken = office
    settings.AUDIT_WITNESSES = [f"file://{tmp_path}/kept", "mailto:office@example.gov.cn", address]
    call_command("push_checkpoint")
    call_command("push_checkpoint")
    [kept] = (tmp_path / "kept").iterdir()
    assert kept.name == "checkpoint-000000000002.txt" and kept.read_text(encoding="utf-8") == sealed
    assert taken == [sealed.encode()]
    [letter] = mail.outbox
    assert letter.to == ["office@example.gov.cn"] and sealed in letter.body
    happen(1)
    sealing.seal(now=timezone.now() + timedelta(seconds=10))
    call_command("push_checkpoint")
    assert len(taken) == 2 and len(mail.outbox) == 2
    call_command("verify_audit", "--against", str(kept))
    assert "3 witnesses have the latest" in capsys.readouterr().out


def test_an_object_storage_keeps_it(settings, sealed, s3_service):  # noqa: F811
    settings.AUDIT_WITNESSES = [S3_URL]
    assert witness.push() == {}
    assert storage.read(S3_URL, "checkpoint-000000000002.txt").decode() == sealed
    with pytest.raises(FileNotFoundError):
        storage.read(S3_URL, "checkpoint-000000000003.txt")


def test_one_that_is_down_keeps_it_from_no_other_and_is_told_without_its_secret(settings, sealed, tmp_path):
    down = "http://someone:secret@127.0.0.1:9/log?token=secret"
    settings.AUDIT_WITNESSES = [down, "gopher://x", f"file://{tmp_path}/kept"]
    with pytest.raises(CommandError) as caught:
        call_command("push_checkpoint")
    said = str(caught.value)
    assert "http://127.0.0.1/log" in said and "gopher" in said and "secret" not in said
    assert len(list((tmp_path / "kept").iterdir())) == 1


def test_doctor_tells_of_a_witness_that_lacks_a_checkpoint(settings, tmp_path):
    assert "its own only witness" in doctor.audit_witnesses()
    settings.AUDIT_WITNESSES = [f"file://{tmp_path}/kept"]
    happen(1)
    sealing.seal(now=timezone.now() - timedelta(hours=3))
    with pytest.raises(doctor.Unwell, match="lacks the audit log's checkpoints") as unwell:
        doctor.audit_witnesses()
    assert unwell.value.mend.startswith("manage.py push_checkpoint")
    witness.push()
    assert "1 have the latest" in doctor.audit_witnesses()


def test_after_a_clock_that_was_ahead_they_get_the_next_ones_and_doctor_looks(settings, tmp_path):
    settings.AUDIT_WITNESSES = [f"file://{tmp_path}/kept"]
    happen(1)
    sealing.seal(now=timezone.now() + timedelta(days=365))
    assert witness.push() == {}
    happen(1)
    sealing.seal(now=timezone.now() - timedelta(hours=3))
    with pytest.raises(doctor.Unwell, match="lacks the audit log's checkpoints"):
        doctor.audit_witnesses()
    assert witness.push() == {}
    assert sorted(path.name for path in (tmp_path / "kept").iterdir()) == [
        "checkpoint-000000000001.txt", "checkpoint-000000000002.txt",
    ]  # fmt: skip
    assert "1 have the latest" in doctor.audit_witnesses()


def test_what_was_sent_before_sizes_were_kept_is_not_sent_again(settings, sealed):
    settings.AUDIT_WITNESSES = ["mailto:office@example.gov.cn", "mailto:other@example.gov.cn"]
    Heartbeat.objects.create(name=witness._name(settings.AUDIT_WITNESSES[0]), at=tree.latest().at)
    Heartbeat.objects.create(name="worker", at=tree.latest().at)
    import_module("reviews.migrations.0027_witness_size").fill(apps, None)
    assert witness.push() == {}
    assert [letter.to for letter in mail.outbox] == [["other@example.gov.cn"]]
    assert Heartbeat.objects.get(name="worker").size is None


def test_doctor_tells_of_events_that_wait(monkeypatch):
    assert doctor.audit_tree() == "all sealed"
    happen(2)
    assert doctor.audit_tree() == "2 events wait to be sealed"
    later = timezone.now() + timedelta(minutes=6)
    monkeypatch.setattr(doctor.timezone, "now", lambda: later)
    with pytest.raises(doctor.Unwell, match="2 events of the audit log wait to be sealed, the first since"):
        doctor.audit_tree()


def test_doctor_tells_of_a_key_that_production_lacks(settings, tmp_path):
    settings.EMBEDDED, settings.AUDIT_KEY_FILE = False, tmp_path / "nothing.pem"
    with pytest.raises(doctor.Unwell, match="no key to sign") as unwell:
        doctor.audit_tree()
    assert unwell.value.mend == "manage.py make_audit_key"
