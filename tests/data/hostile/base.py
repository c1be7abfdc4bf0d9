"""Small good files to spoil, and the tools to build bad ones byte by byte."""

from __future__ import annotations

import random
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable
from functools import cache
from io import BytesIO
from typing import Any

import pikepdf
import pillow_heif
from PIL import Image, ImageDraw

pillow_heif.register_heif_opener()

# In two pieces: else a virus scanner would take this module away.
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}" + b"$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
EXE = (
    b"MZ"
    + struct.pack("<29H", 0x90, 3, 0, 4, 0, 0xFFFF, 0, 0xB8, *[0] * 21)
    + struct.pack("<I", 64)
    + b"PE\0\0"
    + b"\0" * 300
)
ELF = b"\x7fELF\x02\x01\x01" + b"\0" * 9 + struct.pack("<HHIQQQ", 2, 62, 1, 0x400078, 64, 0) + b"\0" * 200
HTML = b"<!DOCTYPE html><html><body><script>alert(document.domain)</script></body></html>"
PHP = b"<?php system($_GET['c']); ?>"

# --- Images --------------------------------------------------------------------------------------------------


def picture(width: int = 640, height: int = 480, mode: str = "RGB") -> Image.Image:
    image = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(image)
    chance = random.Random(1)
    for _line in range(60):
        corner = chance.randrange(width), chance.randrange(height)
        draw.rectangle((*corner, corner[0] + 30, corner[1] + 12), fill=tuple(chance.randrange(256) for _ in range(3)))
    return image.convert(mode)


@cache
def image(form: str, **options: Any) -> bytes:
    out = BytesIO()
    picture().save(out, form, **options)
    return out.getvalue()


def jpg_segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def jpg_with(*segments: bytes, rest: bytes = b"") -> bytes:
    """The good JPEG with segments behind its beginning and ``rest`` behind its end."""
    whole = image("JPEG")
    return whole[:2] + b"".join(segments) + whole[2:] + rest


def png_chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png_of(
    width: int, height: int, *chunks: bytes, depth: int = 8, colour: int = 2, data: bytes = b"\0" * 1000
) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    parts = [png_chunk(b"IHDR", header), *chunks, png_chunk(b"IDAT", zlib.compress(data)), png_chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def png_with(*chunks: bytes, rest: bytes = b"") -> bytes:
    """The good PNG with chunks behind its header and ``rest`` behind its end."""
    whole = image("PNG")
    return whole[:33] + b"".join(chunks) + whole[33:] + rest


# --- PDF -----------------------------------------------------------------------------------------------------

Change = Callable[[pikepdf.Pdf], None]
N, D, A, S = pikepdf.Name, pikepdf.Dictionary, pikepdf.Array, pikepdf.String


def packed_zeros(mb: int) -> bytes:
    """What unpacks to so many MB of zeros: one MB, packed, again and again. Only the sum at its end is wrong."""
    packing = zlib.compressobj(9)
    head = packing.compress(b"") + packing.flush(zlib.Z_FULL_FLUSH)
    return head + (packing.compress(b"\0" * 1024 * 1024) + packing.flush(zlib.Z_FULL_FLUSH)) * mb


def pdf(change: Change | None = None, *, pages: int = 1, **options: Any) -> bytes:
    """A PDF with a line of text on each page, changed, and saved with ``options``."""
    document = pikepdf.new()
    font = D(F1=D(Type=N.Font, Subtype=N.Type1, BaseFont=N.Helvetica))
    for number in range(pages):
        page = document.add_blank_page(page_size=(300, 400))
        page.obj.Resources = D(Font=font)
        page.obj.Contents = document.make_stream(b"BT /F1 18 Tf 40 300 Td (Page %d) Tj ET" % (number + 1))
    if change:
        change(document)
    out = BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of fields that no form lists
        document.save(out, static_id=True, **options)
    return out.getvalue()


def raw_pdf(*objects: bytes, header: bytes = b"%PDF-1.7\n", trailer: bytes = b"") -> bytes:
    """Objects numbered from 1 as they are given, the first of them the catalogue, with a table that is right."""
    out, places = bytearray(header), []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n" % number + content + b"\nendobj\n"
    table = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    table += b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"trailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, trailer, len(out))
    return bytes(out) + table + end


def raw_stream(content: bytes, said: bytes = b"") -> bytes:
    return b"<< /Length %d %s >>\nstream\n" % (len(content), said) + content + b"\nendstream"


PAGE = [
    b"<< /Type /Catalog /Pages 2 0 R >>",
    b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 400] /Contents 4 0 R /Resources << /XObject << /X 5 0 R >> >> >>",
]


def drawn_pdf(content: bytes, drawn: bytes) -> bytes:
    """One page whose content is ``content``, with ``drawn`` to be drawn as /X."""
    return raw_pdf(*PAGE, raw_stream(content), drawn)


# --- Office --------------------------------------------------------------------------------------------------

_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_X = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_TYPES = (
    '<?xml version="1.0" encoding="UTF-8"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>{}</Types>'
)
DOCX_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"


def relations(*said: tuple[str, str, str]) -> bytes:
    """(type, target, mode) of each; a type without a slash is one of Office's own."""
    lines = "".join(
        f'<Relationship Id="rId{n}" Type="{kind if "/" in kind else f"{R}/{kind}"}" Target="{target}"'
        + (f' TargetMode="{mode}"/>' if mode else "/>")
        for n, (kind, target, mode) in enumerate(said, 1)
    )
    return f'<?xml version="1.0" encoding="UTF-8"?><Relationships xmlns="{_RELATIONS}">{lines}</Relationships>'.encode()


def word(body: str = "<w:p><w:r><w:t>预案</w:t></w:r></w:p>") -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?><w:document {_W} xmlns:r="{R}"><w:body>{body}</w:body></w:document>'.encode()


def sheet(cells: str = '<c r="A1"><v>1</v></c>') -> bytes:
    rows = f'<sheetData><row r="1">{cells}</row></sheetData>'
    return f'<?xml version="1.0" encoding="UTF-8"?><worksheet {_X} xmlns:r="{R}">{rows}</worksheet>'.encode()


def docx_parts() -> dict[str, bytes]:
    override = f'<Override PartName="/word/document.xml" ContentType="{DOCX_TYPE}"/>'
    return {
        "[Content_Types].xml": _TYPES.format(override).encode(),
        "_rels/.rels": relations(("officeDocument", "word/document.xml", "")),
        "word/document.xml": word(),
    }


def xlsx_parts() -> dict[str, bytes]:
    override = f'<Override PartName="/xl/workbook.xml" ContentType="{XLSX_TYPE}"/>'
    book = f'<workbook {_X} xmlns:r="{R}"><sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>'
    return {
        "[Content_Types].xml": _TYPES.format(override).encode(),
        "_rels/.rels": relations(("officeDocument", "xl/workbook.xml", "")),
        "xl/workbook.xml": b'<?xml version="1.0" encoding="UTF-8"?>' + book.encode(),
        "xl/_rels/workbook.xml.rels": relations(("worksheet", "worksheets/sheet1.xml", "")),
        "xl/worksheets/sheet1.xml": sheet(),
    }


def zipped(parts: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in parts.items():
            archive.writestr(entry(name, method), content)
    return out.getvalue()


def entry(name: str, method: int = zipfile.ZIP_DEFLATED) -> zipfile.ZipInfo:
    """With a fixed date, so that the corpus has the same bytes each time."""
    info = zipfile.ZipInfo(name, (2026, 11, 26, 9, 0, 0))
    info.compress_type = method
    return info


def docx(more: dict[str, bytes] | None = None) -> bytes:
    """The small document with parts added or replaced."""
    return zipped(docx_parts() | (more or {}))


def xlsx(more: dict[str, bytes] | None = None) -> bytes:
    return zipped(xlsx_parts() | (more or {}))


def nest(depth: int) -> bytes:
    """A ZIP of 16 ZIPs of 16 ZIPs …, in the innermost of which 1 MB of zeros; 16 to the power of ``depth`` MB unpacked."""
    content = zipped({"0": b"\0" * 1024 * 1024})
    for _level in range(depth):
        content = zipped({f"{number}.zip": content for number in range(16)})
    return content
