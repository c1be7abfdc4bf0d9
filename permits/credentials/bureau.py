"""Who signs the PDF of a permit: the bureau's certificate with its key, and the certificates that a check trusts.

``PERMIT_TRUST`` holds PEM files in three folders, all of them kept for ever: ``roots`` (whom the bureau's certificate
goes back to), ``tsa`` (roots of time stamp authorities; ``roots`` serve too), ``signers`` (each certificate that ever
signed). A root alone would not do: a public one has given certificates to thousands.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from asn1crypto import cms, pem, x509
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.serialization import load_der_private_key
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from pyhanko.sign.signers import Signer, SimpleSigner
from pyhanko_certvalidator.util import get_pyca_cryptography_hash

from permits.credentials import dev_ca
from permits.keyfile import write_whole


@contextmanager
def signer() -> Iterator[Signer]:
    """The bureau's, ready to sign. Raise ``ImproperlyConfigured``, which names the setting, when there is none."""
    if settings.PERMIT_PKCS11["module"]:
        with _token() as found:
            _keep(found.signing_cert)
            yield found
        return
    yield _from_file()


def certificate() -> tuple[x509.Certificate, list[x509.Certificate]]:
    """The bureau's, and those that come with it."""
    with signer() as found:
        return found.signing_cert, list(found.cert_registry)


class _FileSigner(SimpleSigner):
    """pyHanko's, but for what is the same each time: there the key is opened (and checked by OpenSSL) for each
    signature, and what the signature says of the certificate is put together anew, which takes longer than to sign.
    """

    @cached_property
    def _key(self) -> Any:
        return load_der_private_key(self.signing_key.dump(), password=None)

    @cached_property
    def _said(self) -> dict[str, tuple[bytes, bytes]]:
        """Of each digest algorithm the signed attributes of ``_blank`` and the signer's info without them, in DER."""
        return {}

    def sign_raw(self, data: bytes, digest_algorithm: str) -> bytes:
        digest = get_pyca_cryptography_hash(digest_algorithm)
        match self.get_signature_mechanism_for_digest(digest_algorithm).signature_algo:
            case "rsassa_pkcs1v15":
                return bytes(self._key.sign(data, PKCS1v15(), digest))
            case "ecdsa":
                return bytes(self._key.sign(data, ECDSA(digest)))
        return super().sign_raw(data, digest_algorithm)

    async def signed_attrs(
        self, data_digest: bytes, digest_algorithm: str, *args: Any, **kwargs: Any
    ) -> cms.CMSAttributes:
        blank = _blank(len(data_digest))
        if digest_algorithm not in self._said:
            attributes = await super().signed_attrs(blank, digest_algorithm, *args, **kwargs)
            info = super().signer_info(digest_algorithm, cms.CMSAttributes([]), b"")
            self._said[digest_algorithm] = attributes.dump(), info.dump()
        # The digest has its place there, and its length.
        return cms.CMSAttributes.load(self._said[digest_algorithm][0].replace(blank, data_digest))

    def signer_info(self, digest_algorithm: str, signed_attrs: cms.CMSAttributes, signature: bytes) -> cms.SignerInfo:
        info = cms.SignerInfo.load(self._said[digest_algorithm][1])
        info["signed_attrs"], info["signature"] = signed_attrs, signature
        return info


def _blank(length: int) -> bytes:
    return hashlib.shake_256(b"the place of a digest").digest(length)


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


@contextmanager
def _token() -> Iterator[Signer]:
    """By PKCS#11; python-pkcs11, which few need, is there when ops installed it."""
    try:
        from pyhanko.config.pkcs11 import PKCS11SignatureConfig, TokenCriteria
        from pyhanko.sign.pkcs11 import PKCS11SigningContext
    except ImportError as error:
        raise ImproperlyConfigured(
            "PERMIT_PKCS11_MODULE: python-pkcs11 is missing: pip install python-pkcs11"
        ) from error
    from pyhanko.sign.general import SigningError

    given: dict[str, str] = settings.PERMIT_PKCS11
    pin = given["pin"] or (_first_line(Path(given["pin_file"]), "PERMIT_PKCS11_PIN_FILE") if given["pin_file"] else "")
    config = PKCS11SignatureConfig(
        module_path=given["module"],
        token_criteria=TokenCriteria(label=given["token"]) if given["token"] else None,
        cert_label=given["certificate"],
        key_label=given["key"] or given["certificate"],
        other_certs=list(_certificates_in(Path(given["chain"]))) if given["chain"] else None,
        user_pin=pin or None,
    )
    try:
        with PKCS11SigningContext(config) as found:
            yield found
    except SigningError as error:
        raise ImproperlyConfigured(f"PERMIT_PKCS11_MODULE: {error}") from error


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
        yield from _read(path, path.stat().st_mtime_ns)


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
