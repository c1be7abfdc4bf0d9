"""Issued permits: what stands in one, signed, printed, and checked by anyone who holds its number.

``content`` takes the snapshot, ``signing`` signs and verifies it with the keys of ``keys``, ``pdf`` prints it with
the QR code of ``qr``, ``register`` answers whether a number is good. ``code`` is what the QR code carries to be checked
without a network, ``status`` the signed list of what isn't good any more; both are COSE (``cose``, ``cbor``, ``base45``).
"""

from permits.credentials.code import Code, read
from permits.credentials.code import make as make_code
from permits.credentials.content import content_of
from permits.credentials.cose import Refused
from permits.credentials.pdf import render_pdf, signed_pdf, store_pdf
from permits.credentials.qr import qr_png, qr_svg
from permits.credentials.register import VerifyResult, check
from permits.credentials.signing import sign, verify
from permits.credentials.signing_parts import NotSigned

__all__ = [
    "Code", "NotSigned", "Refused", "VerifyResult", "check", "content_of", "make_code", "qr_png", "qr_svg", "read", "render_pdf",
    "sign", "signed_pdf",
    "store_pdf", "verify",
]  # fmt: skip
