"""Who signs the PDF of a permit: the bureau's certificate with its key, and the certificates that a check trusts.

``PERMIT_TRUST`` holds PEM files in three folders, all of them kept for ever: ``roots`` (whom the bureau's certificate
goes back to), ``tsa`` (roots of time stamp authorities; ``roots`` serve too), ``signers`` (each certificate that ever
signed). A root alone would not do: a public one has given certificates to thousands.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from asn1crypto import pem, x509
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.serialization import load_der_private_key
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from pyhanko.sign.signers import Signer, SimpleSigner
from pyhanko_certvalidator.util import get_pyca_cryptography_hash

from permits.credentials import dev_ca, token
from permits.credentials.signing_parts import SparingSigner
from permits.keyfile import write_whole


def signer() -> Signer:
    """The bureau's, ready to sign. Raise ``ImproperlyConfigured``, which names the setting, when there is none, and
    ``NotSigned`` when its token isn't there.
    """
    if not settings.PERMIT_PKCS11["module"]:
        return _from_file()
    found = _from_token()
    _keep(found.signing_cert)
    return found


class _FileSigner(SparingSigner, SimpleSigner):
    """pyHanko's, but the key is opened (and checked by OpenSSL) once, not for each signature."""

    @cached_property
    def _key(self) -> Any:
        return load_der_private_key(self.signing_key.dump(), password=None)

    def sign_raw(self, data: bytes, digest_algorithm: str) -> bytes:
        digest = get_pyca_cryptography_hash(digest_algorithm)
        match self.get_signature_mechanism_for_digest(digest_algorithm).signature_algo:
            case "rsassa_pkcs1v15":
                return bytes(self._key.sign(data, PKCS1v15(), digest))
            case "ecdsa":
                return bytes(self._key.sign(data, ECDSA(digest)))
        return super().sign_raw(data, digest_algorithm)


def _from_file() -> SimpleSigner:
    path: Path = settings.PERMIT_PKCS12
    if settings.EMBEDDED and not path.exists():
        dev_ca.make(path, settings.PERMIT_PKCS12_PASSPHRASE_FILE, settings.PERMIT_TRUST)
    try:
        changed = path.stat().st_mtime_ns
    except FileNotFoundError:
        raise ImproperlyConfigured(
            f"PERMIT_PKCS12: there is no file at {path}, so no permit's PDF can be signed. Put the bureau's certificate "
            "there, or set PERMIT_PKCS11_MODULE; to try it out, `python manage.py make_dev_ca`"
        ) from None
    except OSError as error:
        raise ImproperlyConfigured(f"PERMIT_PKCS12: {path} can't be read: {error.strerror}") from error
    return _loaded(path, changed, _secret("PERMIT_PKCS12_PASSPHRASE"), settings.PERMIT_TRUST)


@lru_cache(maxsize=4)
def _loaded(path: Path, _changed: int, passphrase: str, _trust: Path) -> SimpleSigner:
    """Opening one takes a hundred times as long as signing, so it is kept until the file changes."""
    try:
        read = SimpleSigner.load_pkcs12_data(path.read_bytes(), other_certs=[], passphrase=passphrase.encode() or None)
    except (ValueError, TypeError, OSError) as error:
        raise ImproperlyConfigured(
            f"PERMIT_PKCS12: {path} can't be opened with the passphrase given: {error}"
        ) from error
    _keep(read.signing_cert)
    return _FileSigner(read.signing_cert, read.signing_key, read.cert_registry)


def _secret(name: str) -> str:
    """What the setting says, else what stands in the file that it names."""
    if given := getattr(settings, name):
        return str(given)
    return _first_line(getattr(settings, f"{name}_FILE"), f"{name}_FILE")


def _first_line(path: Path, setting: str) -> str:
    try:
        return path.read_text(encoding="utf-8").split("\n")[0].rstrip("\r")
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as error:
        raise ImproperlyConfigured(f"{setting}: {path} can't be read: {error}") from error


def _from_token() -> Signer:
    given: dict[str, str] = settings.PERMIT_PKCS11
    pin_file = given["pin_file"]
    return token.signer(
        token.Given(
            module=given["module"],
            token=given["token"],
            certificate=given["certificate"],
            key=given["key"] or given["certificate"],
            pin=given["secret_pin"] or (_first_line(Path(pin_file), "PERMIT_PKCS11_PIN_FILE") if pin_file else ""),
            chain=_pem(Path(given["chain"])) if given["chain"] else (),
        )
    )


# --- What a check trusts ----------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Trust:
    roots: tuple[x509.Certificate, ...]
    tsa: tuple[x509.Certificate, ...]
    signers: frozenset[bytes]  # SHA-256 of each certificate


def trust() -> Trust:
    folder: Path = settings.PERMIT_TRUST
    roots = tuple(_folder(folder / "roots"))
    return Trust(
        roots=roots,
        tsa=(*_folder(folder / "tsa"), *roots),
        signers=frozenset(each.sha256 for each in _folder(folder / "signers")),
    )


def _folder(folder: Path) -> Iterator[x509.Certificate]:
    for path in sorted(folder.glob("*.pem")):
        yield from _pem(path)


def _pem(path: Path) -> tuple[x509.Certificate, ...]:
    try:
        return _read(path, path.stat().st_mtime_ns)
    except OSError as error:
        raise ImproperlyConfigured(f"{path} can't be read: {error.strerror}") from error


@lru_cache(maxsize=200)
def _read(path: Path, _changed: int) -> tuple[x509.Certificate, ...]:
    return tuple(_certificates_in(path))


def _certificates_in(path: Path) -> Iterator[x509.Certificate]:
    try:
        content = path.read_bytes()
        for _name, _headers, der in pem.unarmor(content, multiple=True):
            yield x509.Certificate.load(der, strict=True)
    except (OSError, ValueError) as error:
        raise ImproperlyConfigured(f"{path} holds no certificates in PEM: {error}") from error


def _keep(signing: Any) -> None:
    """Before it signs: at no moment is there a permit whose certificate isn't known."""
    folder: Path = settings.PERMIT_TRUST / "signers"
    path = folder / f"{signing.sha256.hex()[:32]}.pem"
    if path.exists():
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(path, pem.armor("CERTIFICATE", signing.dump()), mode=0o644)
    except OSError as error:
        raise ImproperlyConfigured(
            f"PERMIT_TRUST: the certificate that signs can't be kept in {folder}: {os.strerror(error.errno or 0)}"
        ) from error
