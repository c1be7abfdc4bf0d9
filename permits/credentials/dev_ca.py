"""An authority to try it out with: a root, an intermediate, and a certificate for the bureau. Nobody else trusts it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from permits.keyfile import alone, write_whole

SETTING = "PERMIT_PKCS12"
BUREAU = "宜丰县行政审批局"
YEARS = {"root": 20, "intermediate": 15, "bureau": 3}
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class Issued:
    certificate: x509.Certificate
    key: Key


def make(path: Path, passphrase_file: Path, trust: Path, *, renew: bool = False) -> bool:
    """Write the PKCS#12 file at ``path`` with its passphrase beside, and the root into ``trust``. Return whether it was
    made: one that is there stays, but with ``renew``. Of several processes at once, one makes it.

    The root's key is thrown away: what was signed stays good with its certificate in ``trust``, and nobody can give out
    certificates in its name. So each has a root of its own.
    """
    with alone(path, SETTING):
        if path.exists() and not renew:
            return False
        root = issue("root", key=ec.generate_private_key(ec.SECP256R1()))
        intermediate = issue("intermediate", key=ec.generate_private_key(ec.SECP256R1()), by=root)
        bureau = issue("bureau", key=rsa.generate_private_key(65537, 3072), by=intermediate)
        roots = trust / "roots"
        roots.mkdir(parents=True, exist_ok=True)
        name = f"dev-{root.certificate.fingerprint(hashes.SHA256()).hex()[:16]}.pem"
        write_whole(roots / name, root.certificate.public_bytes(Encoding.PEM), mode=0o644)
        passphrase = secrets.token_urlsafe(24)
        write_whole(passphrase_file, passphrase.encode(), mode=0o600)
        write_whole(path, pkcs12(bureau, [intermediate, root], passphrase), mode=0o600)
        return True


def pkcs12(signer: Issued, chain: list[Issued], passphrase: str) -> bytes:
    encryption = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
    certificates = [each.certificate for each in chain]
    return serialize_key_and_certificates(b"permit", signer.key, signer.certificate, certificates, encryption)


def issue(what: str, *, key: Key, by: Issued | None = None, begins: datetime | None = None) -> Issued:
    """A certificate for ``root``, ``intermediate``, ``bureau`` or ``tsa``; without ``by`` signed by itself."""
    begins = begins or datetime.now(UTC) - timedelta(days=1)
    subject = _name(what)
    issuer = by or None
    is_ca = what in {"root", "intermediate"}
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + timedelta(days=365 * YEARS.get(what, 3)))
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length={"root": 1, "intermediate": 0}.get(what)), True)
        .add_extension(_usage(is_ca), True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
    )
    signing = issuer.key if issuer else key
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key())
    builder = builder.add_extension(authority, False)
    if what == "tsa":
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), True)
    return Issued(builder.sign(signing, hashes.SHA256()), key)


def _name(what: str) -> x509.Name:
    said = {"bureau": BUREAU, "tsa": "Time stamps"}.get(what, f"Demonstration CA, {what} {secrets.token_hex(4)}")
    return x509.Name([
        x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, f"{BUREAU}（演示 demonstration）"),
        x509.NameAttribute(NameOID.COMMON_NAME, said),
    ])  # fmt: skip


def _usage(is_ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_ca, content_commitment=not is_ca, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=is_ca, crl_sign=is_ca, encipher_only=False, decipher_only=False,
    )  # fmt: skip
