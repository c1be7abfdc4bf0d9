"""How it stands with the certificate that signs permits, for those who look after it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime

from asn1crypto import x509
from django.utils import timezone
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import PathBuildingError, PathValidationError, ValidationError

from permits.credentials import bureau

RENEW_BEFORE = 30  # days: an authority takes its time


class Unfit(Exception):
    """It can't sign permits that a check would take; the message says why, ``mend`` what to do."""

    def __init__(self, what: str, mend: str) -> None:
        super().__init__(what)
        self.mend = mend


@dataclass(frozen=True)
class Standing:
    subject: str
    issuer: str
    ends: datetime
    days: int  # whole ones that are left


def standing() -> Standing:
    """Raise ``Unfit``, or ``ImproperlyConfigured`` when there is none, and ``NotSigned`` when its token isn't there."""
    signer = bureau.signer()
    signing: x509.Certificate = signer.signing_cert
    others = list(signer.cert_registry)
    roots, now = bureau.trust().roots, timezone.now()
    if signing.not_valid_after <= now:
        raise Unfit(f"the certificate that signs permits ended on {signing.not_valid_after:%Y-%m-%d}",
                    "put the renewed one in its place; what was signed before stays good")  # fmt: skip
    context = ValidationContext(trust_roots=list(roots), allow_fetching=False, moment=now)
    try:
        validator = CertificateValidator(signing, intermediate_certs=others, validation_context=context)
        asyncio.run(validator.async_validate_usage({"non_repudiation"}))
    except PathBuildingError as error:
        raise Unfit(
            f"the chain of the certificate that signs permits is not complete: {error}",
            "put its authority's certificates into the PKCS#12 file, and the root's PEM into PERMIT_TRUST/roots",
        ) from error
    except (PathValidationError, ValidationError) as error:
        raise Unfit(f"the certificate that signs permits is not fit for it: {error}",
                    "ask the authority for one to sign documents with (key usage: non-repudiation)")  from error  # fmt: skip
    asyncio.run(signer.async_sign_raw(b"to see whether the key signs", "sha256"))
    names = signing.subject.native.get("common_name"), signing.issuer.native.get("common_name")
    return Standing(str(names[0]), str(names[1]), signing.not_valid_after, (signing.not_valid_after - now).days)
