"""The signature in a permit's PDF: PAdES B-B, or B-T when there is a time stamp authority (``PERMIT_TSA_URL``).

It is an incremental update of what typst made: no byte of the page is touched. The field lies over the seal, which is
drawn as ever; it is tagged as a form of the document, with a name that a screen reader says, so that the PDF stays
PDF/A-2a and PDF/UA-1. It certifies the document: nothing may be changed or added.
"""

from __future__ import annotations

import io
from typing import Any

from django.conf import settings
from pyhanko.pdf_utils.generic import ArrayObject, DictionaryObject, IndirectObject, NumberObject, pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter, append_signature_field, enumerate_sig_fields
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, Signer
from pyhanko.sign.timestamps.aiohttp_client import HTTPTimeStamper
from pyhanko.sign.timestamps.common_utils import TimestampRequestError
from pyhanko.stamp import NoOpStampStyle

from permits.credentials import bureau
from permits.credentials.signing_parts import NotSigned

FIELD = "Permit"
Box = tuple[int, int, int, int]  # left, bottom, right, top, in points
SEAL: Box = (350, 146, 465, 260)  # where the seal is drawn on a permit
SEAL_OF_A_CARD: Box = (161, 64, 243, 144)  # and on a pass
DIGEST = "sha256"
STAMP = 12 * 1024  # bytes, of a time stamp with the certificates in it


def sign_pdf(pdf: bytes, *, office: dict[str, str], number: str, seal: Box = SEAL) -> bytes:
    """The PDF with the bureau's signature. Raise ``NotSigned``, or ``ImproperlyConfigured`` when there is no key."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    _add_field(writer, f"电子签名 Electronic signature: {office['zh']} {office['en']}, {number}", seal)
    meta = PdfSignatureMetadata(
        field_name=FIELD, md_algorithm=DIGEST, subfilter=SigSeedSubFilter.PADES, certify=True,
        docmdp_permissions=MDPPerm.NO_CHANGES, name=office["zh"], reason=number,
    )  # fmt: skip
    url = settings.PERMIT_TSA_URL
    stamper = HTTPTimeStamper(url, timeout=settings.PERMIT_TSA_SECONDS) if url else None
    signer = bureau.signer()
    try:
        signing = PdfSigner(meta, signer, timestamper=stamper, stamp_style=NoOpStampStyle())
        room = _room(signer, stamped=stamper is not None)
        return signing.sign_pdf(writer, existing_fields_only=True, bytes_reserved=room).getvalue()
    except (TimestampRequestError, TimeoutError, ValueError) as error:
        if stamper is None:
            raise
        raise NotSigned(f"PERMIT_TSA_URL: {url} gives no time stamp: {error.__cause__ or error}") from error
    except SigningError as error:
        raise NotSigned(f"the PDF of {number} could not be signed: {error}") from error


def _room(signer: Signer, *, stamped: bool) -> int:
    """Hexadecimal digits for the signature; asked to find out by itself, pyHanko signs (and stamps) twice."""
    certificates = sum(len(each.dump()) for each in signer.cert_registry)
    return 2 * (certificates + 3072 + (STAMP if stamped else 0))


def _add_field(writer: IncrementalPdfFileWriter, said: str, seal: Box) -> None:
    append_signature_field(writer, SigFieldSpec(FIELD, on_page=-1, box=seal, readable_field_name=said))
    _name, _value, field_ref = next(enumerate_sig_fields(writer))
    _tag(writer, field_ref)


def _tag(writer: IncrementalPdfFileWriter, field_ref: IndirectObject) -> None:
    """ISO 14289-1, 7.18.4: a widget stands in a Form element of the document's structure."""
    field = field_ref.get_object()
    tree: Any = writer.root["/StructTreeRoot"]
    parents = tree["/ParentTree"]
    key = int(tree["/ParentTreeNextKey"])
    top = tree.raw_get("/K")
    document_ref = top.raw_get(0) if isinstance(top, ArrayObject) else top
    page = field.raw_get("/P")
    reference = DictionaryObject({
        pdf_name("/Type"): pdf_name("/OBJR"), pdf_name("/Obj"): field_ref, pdf_name("/Pg"): page,
    })  # fmt: skip
    element = writer.add_object(
        DictionaryObject({
            pdf_name("/Type"): pdf_name("/StructElem"), pdf_name("/S"): pdf_name("/Form"),
            pdf_name("/P"): document_ref, pdf_name("/Pg"): page, pdf_name("/K"): ArrayObject([reference]),
        })
    )  # fmt: skip
    document = document_ref.get_object()
    document["/K"].append(element)
    writer.update_container(document["/K"])
    parents["/Nums"].extend([NumberObject(key), element])
    writer.update_container(parents["/Nums"])
    tree["/ParentTreeNextKey"] = NumberObject(key + 1)
    writer.update_container(tree)
    field["/StructParent"] = NumberObject(key)
