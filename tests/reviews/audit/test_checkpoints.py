"""Checkpoints are C2SP notes that anybody can read, signed by a key that may be rotated or live in a KMS."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command

from reviews.audit import checkpoints, merkle, signing

AT = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)
ROOT = hashlib.sha256(b"a tree").digest()


class Kms:
    """A signer that keeps its key to itself."""

    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))

    def public_key(self) -> bytes:
        return signing.raw(self.key.public_key())

    def sign(self, message: bytes) -> bytes:
        return self.key.sign(message)


@pytest.fixture(autouse=True)
def key_file(settings, tmp_path: Path) -> Path:
    settings.AUDIT_KEY_FILE = tmp_path / "keys" / "audit.pem"
    settings.AUDIT_ORIGIN = "portal.example/audit"
    return settings.AUDIT_KEY_FILE


def test_the_verifier_key_of_the_standard_reads_the_note_of_the_standard():
    """The example of c2sp.org/signed-note: key ids are made as it says, signatures are over what it says."""
    public = base64.b64decode("AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")[1:]
    vkey = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
    assert checkpoints.verifier_key("example.com/foo", public) == vkey
    signed = base64.b64decode(
        "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM="
    )
    assert signed[:4] == checkpoints.key_id("example.com/foo", public)
    Ed25519PublicKey.from_public_bytes(public).verify(signed[4:], b"This is an example message.\n")


def test_a_checkpoint_is_a_note_in_the_shape_of_the_standard():
    note, key_id = checkpoints.sign(42, ROOT, AT)
    body, signature = note.split("\n\n")
    assert body.split("\n") == [
        "portal.example/audit",
        "42",
        base64.b64encode(ROOT).decode(),
        "at 2026-11-26T04:00:00Z",
    ]
    assert signature.startswith("— portal.example/audit ") and signature.endswith("\n")
    assert checkpoints.read(note) == checkpoints.Note("portal.example/audit", 42, ROOT, AT, key_id)
    [vkey] = checkpoints.verifier_keys()
    assert vkey.split("+")[:2] == ["portal.example/audit", key_id]


def test_a_witness_may_sign_beneath():
    note, _key = checkpoints.sign(42, ROOT, AT)
    witness = base64.b64encode(b"\x00\x01\x02\x03" + bytes(64)).decode()
    assert checkpoints.read(f"{note}— witness.example/w {witness}\n").size == 42


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda note: note.replace("\n42\n", "\n43\n"), "is not over this text"),
        (lambda note: note.replace("T04:", "T05:"), "is not over this text"),
        (lambda note: note.replace("\n42\n", "\n042\n"), "'042' is no size"),
        (lambda note: note.replace("\n42\n", "\n-1\n"), "'-1' is no size"),
        (lambda note: note.replace("portal.example", "other.example"), "none of this log's keys"),
        (lambda note: note.partition("— ")[0], "none of this log's keys"),
        (lambda note: note[:20], "no checkpoint"),
        (lambda note: "", "no checkpoint"),
        (lambda note: note + "— x y\n" * 9000, "no checkpoint"),
        (lambda note: note.rstrip("\n")[:-3] + "\n", "base64|is not over this text"),
    ],
)
def test_what_was_changed_is_no_checkpoint(change, words):
    note, _key = checkpoints.sign(42, ROOT, AT)
    with pytest.raises(checkpoints.BadNote, match=words):
        checkpoints.read(change(note))


def test_another_key_signs_nothing_here(settings, tmp_path):
    note, _key = checkpoints.sign(42, ROOT, AT)
    settings.AUDIT_KEY_FILE = tmp_path / "elsewhere" / "audit.pem"
    with pytest.raises(checkpoints.BadNote, match="none of this log's keys"):
        checkpoints.read(note)


def test_what_a_rotated_key_signed_stays_good_for_ever():
    before, old = checkpoints.sign(1, ROOT, AT)
    call_command("make_audit_key", "--rotate")
    after, new = checkpoints.sign(2, merkle.EMPTY_ROOT, AT)
    assert old != new
    assert (checkpoints.read(before).key_id, checkpoints.read(after).key_id) == (old, new)
    assert [vkey.split("+")[1] for vkey in checkpoints.verifier_keys()] == [new, old]


def test_the_command_makes_the_key_once_and_says_how_to_verify(capsys, key_file):
    call_command("make_audit_key")
    made = key_file.read_bytes()
    assert checkpoints.verifier_keys()[0] in capsys.readouterr().out
    call_command("make_audit_key")
    assert "nothing changed" in capsys.readouterr().out and key_file.read_bytes() == made


def test_a_signer_of_ones_own_keeps_its_key_and_its_old_ones_are_kept_by_hand(settings, monkeypatch, key_file):
    settings.AUDIT_SIGNER = f"{__name__}.Kms"
    signing._signer.cache_clear()
    note, key_id = checkpoints.sign(7, ROOT, AT)
    assert checkpoints.read(note).key_id == key_id
    assert not key_file.exists()
    call_command("make_audit_key", "--keep")
    monkeypatch.setattr(Kms, "key", Ed25519PrivateKey.generate())  # the KMS rotates
    assert checkpoints.read(note).key_id == key_id
    assert len(checkpoints.verifier_keys()) == 2


def test_production_makes_no_key_by_itself(settings):
    settings.EMBEDDED = False
    with pytest.raises(ImproperlyConfigured, match="AUDIT_KEY_FILE.*make_audit_key"):
        checkpoints.sign(1, ROOT, AT)
