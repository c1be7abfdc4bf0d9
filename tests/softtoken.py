"""A token to test against: SoftHSM's, with the bureau's key and certificate in it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pkcs11
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pkcs11 import Attribute, CertificateType, ObjectClass

from permits.credentials import dev_ca

PIN, SO_PIN = "0042", "815815"
PLACES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib64/softhsm/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
)


def library() -> str:
    for place in PLACES:
        if Path(place).exists() and shutil.which("softhsm2-util"):
            return place
    raise RuntimeError(
        "SoftHSM is missing, the token that signatures are tested with: apt-get install softhsm2 (make test does)"
    )


def make(folder: Path, *labels: str) -> None:
    """Tokens in ``folder / "tokens"``, without anything in them."""
    (folder / "tokens").mkdir()
    os.environ["SOFTHSM2_CONF"] = str(settings_for(folder))
    library()
    for label in labels:
        _run("--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", SO_PIN)


def settings_for(folder: Path) -> Path:
    path = folder / "softhsm2.conf"
    path.write_text(f"directories.tokendir = {folder / 'tokens'}\nlog.level = ERROR\n", encoding="utf-8")
    return path


def put_key(folder: Path, token: str, issued: dev_ca.Issued, *, label: str, id: int) -> None:
    path = folder / "key.pem"
    path.write_bytes(issued.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    _run("--import", str(path), "--token", token, "--label", label, "--id", f"{id:02x}", "--pin", PIN)
    path.unlink()


def put_certificate(token: str, label: str, issued: dev_ca.Issued, *, id: int) -> None:
    """softhsm2-util has no way for it."""
    with _open(token) as session:
        _put(session, label, issued, id)


def replace_certificate(token: str, label: str, issued: dev_ca.Issued, *, id: int) -> None:
    with _open(token) as session:
        for each in list(session.get_objects({Attribute.CLASS: ObjectClass.CERTIFICATE, Attribute.LABEL: label})):
            each.destroy()
        _put(session, label, issued, id)


@contextmanager
def _open(token: str) -> Iterator[Any]:
    """Whatever this process had open is closed."""
    there = pkcs11.lib(library())
    there.reinitialize()
    try:
        yield there.get_token(token_label=token).open(rw=True, user_pin=PIN)
    finally:
        there.finalize()


def _put(session: Any, label: str, issued: dev_ca.Issued, id: int) -> None:
    session.create_object({
        Attribute.CLASS: ObjectClass.CERTIFICATE, Attribute.CERTIFICATE_TYPE: CertificateType.X_509, Attribute.TOKEN: True,
        Attribute.LABEL: label, Attribute.ID: bytes([id]), Attribute.SUBJECT: issued.certificate.subject.public_bytes(),
        Attribute.VALUE: issued.certificate.public_bytes(Encoding.DER),
    })  # fmt: skip


def _run(*arguments: str) -> None:
    done = subprocess.run(["softhsm2-util", *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
