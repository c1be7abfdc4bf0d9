"""Whether a PDF is, to the last bit, what the bureau signed.

pyHanko says whether the signature fits and whose it is. It doesn't ask whether the signature is written in the one way
that ``pades`` writes it, and what stands between the brackets is covered by no signature: so all of it is compared here
with what it must be. Hence each flipped bit of the file is found.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from asn1crypto import cms, x509
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import EmbeddedPdfSignature, async_validate_pdf_signature
from pyhanko.sign.validation.status import PdfSignatureStatus, SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from permits.credentials import bureau
from permits.credentials.pades import FIELD

LARGEST = 20 * 1024 * 1024  # bytes; a permit has a hundred thousand
AHEAD = timedelta(minutes=5)  # how much the clock of the signing machine may be ahead of this one's


class Refused(Exception):
    """The file is no permit that the bureau signed; the message says what is wrong."""


@dataclass(frozen=True)
class Signature:
    number: str
    signer: str  # the name in the certificate
    issuer: str
    signed_at: datetime  # by the time stamp, else as the bureau says
    stamped_by: str  # the time stamp authority, if there was one
    certificate_ends: datetime


def signature_of(pdf: bytes) -> Signature:
    """The bureau's signature over the whole of this file. Raise ``Refused``; never anything else for a stranger's file,
    but ``ImproperlyConfigured`` when no certificate is trusted here.
    """
    trust = bureau.trust()
    if not trust.roots or not trust.signers:
        raise ImproperlyConfigured("PERMIT_TRUST: no root and signer is known here, so no signature can be checked")
    if len(pdf) > LARGEST or not pdf.startswith(b"%PDF-"):
        raise Refused("this is no PDF of a permit")
    try:
        return _signature(pdf, trust)
    except (Refused, ImproperlyConfigured):
        raise
    except Exception as error:  # the file is a stranger's: whatever its parsers stumble over, it is not a permit
        raise Refused(f"the PDF can't be read as a signed one ({type(error).__name__})") from error


def _signature(pdf: bytes, trust: bureau.Trust) -> Signature:
    signatures = PdfFileReader(io.BytesIO(pdf)).embedded_signatures
    if not signatures:
        raise Refused("the PDF has no signature")
    if len(signatures) != 1 or signatures[0].field_name != FIELD:
        raise Refused("the PDF has other signatures than a permit's one")
    embedded = signatures[0]
    token = _token(embedded)
    signed_at = _time(embedded, token)
    if signed_at > timezone.now() + AHEAD:
        raise Refused("the signature says that it was made in the future")
    status = _validated(embedded, trust, signed_at)
    _refuse_by(status, stamped=token is not None)
    if status.signing_cert.sha256 not in trust.signers:
        raise Refused(f"signed by {_called(status.signing_cert)}, who doesn't sign permits here")
    _refuse_other_spellings(pdf, embedded, token, status)
    stamp = status.timestamp_validity
    return Signature(
        number=str(embedded.sig_object.get("/Reason", "")),
        signer=_called(status.signing_cert),
        issuer=status.signing_cert.issuer.human_friendly,
        signed_at=signed_at,
        stamped_by=_called(stamp.signing_cert) if stamp else "",
        certificate_ends=status.signing_cert.not_valid_after,
    )


def _time(embedded: EmbeddedPdfSignature, token: cms.ContentInfo | None) -> datetime:
    if token is not None:
        return token["content"]["encap_content_info"]["content"].parsed["gen_time"].native
    said = embedded.self_reported_timestamp
    if said is None or said.tzinfo is None:
        raise Refused("the signature doesn't say when it was made")
    return said


def _token(embedded: EmbeddedPdfSignature) -> cms.ContentInfo | None:
    """The time stamp over the signature, if there is one."""
    attributes = embedded.signer_info["unsigned_attrs"]
    if not attributes:
        return None
    (attribute,) = attributes
    (token,) = attribute["values"]
    if attribute["type"].native != "signature_time_stamp_token":
        raise Refused("there is more in the signature than belongs to it")
    return token


def _validated(embedded: EmbeddedPdfSignature, trust: bureau.Trust, moment: datetime) -> PdfSignatureStatus:
    """As it was at that moment: what a certificate signed stays good after its end. Nobody is asked over the net."""
    whose, stamps = (
        ValidationContext(trust_roots=list(roots), moment=moment, allow_fetching=False, revocation_mode="soft-fail")
        for roots in (trust.roots, trust.tsa)
    )
    return asyncio.run(async_validate_pdf_signature(embedded, whose, stamps))


def _refuse_by(status: PdfSignatureStatus, *, stamped: bool) -> None:
    if not status.intact:
        raise Refused("the PDF was changed after it was signed")
    if not status.valid:
        raise Refused("the signature doesn't fit its certificate")
    if status.coverage != SignatureCoverageLevel.ENTIRE_FILE:
        raise Refused("the signature doesn't cover the whole file: something was added after it")
    if status.modification_level not in {None, ModificationLevel.NONE} or not status.docmdp_ok:
        raise Refused("the PDF was changed after it was signed")
    if not status.trusted:
        raise Refused(f"signed by {_called(status.signing_cert)}, whose certificate goes back to nobody trusted here")
    stamp = status.timestamp_validity
    if stamped and not (stamp and stamp.intact and stamp.valid):
        raise Refused("the time stamp doesn't fit the signature")
    if stamped and not (stamp and stamp.trusted):
        raise Refused("the time stamp is from nobody trusted here (PERMIT_TRUST/tsa)")
    if not status.bottom_line:
        raise Refused("the signature doesn't hold")


def _called(certificate: x509.Certificate) -> str:
    return str(certificate.subject.native.get("common_name", certificate.subject.human_friendly))


# --- The one spelling -------------------------------------------------------------------------------------------------
def _refuse_other_spellings(
    pdf: bytes, embedded: EmbeddedPdfSignature, token: cms.ContentInfo | None, status: PdfSignatureStatus
) -> None:
    first, second = _gap(embedded)
    attributes = []
    if token is not None:
        spelled = _spelled(token, status=status.timestamp_validity, attributes=[])
        attributes = [cms.CMSAttribute({"type": "signature_time_stamp_token", "values": [spelled]})]
    given = cms.ContentInfo({"content_type": "signed_data", "content": embedded.signed_data})
    der = _spelled(given, status=status, attributes=attributes).dump()
    room = second - first - 2
    if pdf[first:second] != b"<" + der.hex().upper().encode().ljust(room, b"0") + b">":
        raise Refused("the signature isn't written as the bureau writes it")


def _gap(embedded: EmbeddedPdfSignature) -> tuple[int, int]:
    """Where the signature stands: from its "<" to behind its ">"."""
    start, length, then, _rest = (int(each) for each in embedded.sig_object["/ByteRange"])
    return start + length, then


def _path(status: Any) -> set[bytes]:
    return {each.dump() for each in status.validation_path.iter_certs(include_root=True)}


def _spelled(content: cms.ContentInfo, *, status: Any, attributes: list[Any]) -> cms.ContentInfo:
    """The same signed data as it must be written (RFC 5652), of what its signature covers; with no other certificates
    than those it needs.
    """
    signed, (info,) = content["content"], content["content"]["signer_infos"]
    path = _path(status)
    if any(each.chosen.dump() not in path for each in signed["certificates"]):
        raise Refused("there are certificates in the signature that don't belong to it")
    certificate = status.signing_cert
    signer = {
        "version": "v1",
        "sid": cms.SignerIdentifier({
            "issuer_and_serial_number": cms.IssuerAndSerialNumber(
                {"issuer": certificate.issuer, "serial_number": certificate.serial_number}
            )
        }),
        "digest_algorithm": _plain(info["digest_algorithm"], ()),
        "signature_algorithm": _plain(info["signature_algorithm"], ("rsassa_pss",)),
        "signed_attrs": info["signed_attrs"],
        "signature": info["signature"].native,
    }  # fmt: skip
    if attributes:
        signer["unsigned_attrs"] = cms.CMSAttributes(attributes)
    kind = signed["encap_content_info"]["content_type"].native
    return cms.ContentInfo({
        "content_type": "signed_data",
        "content": cms.SignedData({
            "version": "v1" if kind == "data" else "v3",
            "digest_algorithms": cms.DigestAlgorithms([signer["digest_algorithm"]]),
            "encap_content_info": {"content_type": "data"} if kind == "data" else signed["encap_content_info"],
            "certificates": _in_order(each.chosen for each in signed["certificates"]),
            "signer_infos": [cms.SignerInfo(signer)],
        }),
    })  # fmt: skip


def _in_order(certificates: Iterable[x509.Certificate]) -> cms.CertificateSet:
    return cms.CertificateSet([cms.CertificateChoices(name="certificate", value=each) for each in certificates])


def _plain(algorithm: Any, with_parameters: tuple[str, ...]) -> Any:
    """Without parameters, or with NULL for them, as it has them; only RSASSA-PSS has others, which OpenSSL checks."""
    name = algorithm["algorithm"].native
    if name in with_parameters:
        return algorithm
    bare, null = type(algorithm)({"algorithm": name}), type(algorithm)({"algorithm": name, "parameters": None})
    return null if algorithm.dump() == null.dump() else bare
