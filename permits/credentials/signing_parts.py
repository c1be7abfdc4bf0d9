"""What a key in a file and a key in a token have in common."""

from __future__ import annotations

import hashlib
from functools import cached_property
from typing import Any

from asn1crypto import cms
from pyhanko.sign.signers import Signer


class NotSigned(Exception):
    """The time stamp authority or the token doesn't answer; a later try may succeed."""


class SparingSigner(Signer):
    """pyHanko's, but for what is the same each time: what the signature says of the certificate is put together there
    anew for each, which takes longer than to sign.
    """

    @cached_property
    def _said(self) -> dict[str, tuple[bytes, bytes]]:
        """Of each digest algorithm the signed attributes of ``_blank`` and the signer's info without them, in DER."""
        return {}

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
