"""PDFs that ask for more than a reader has, that are broken within, or that are another file besides."""

from __future__ import annotations

import zlib
from functools import cache

from tests.data import bad
from tests.data.hostile import base
from tests.data.hostile.base import EXE, HTML, PAGE, drawn_pdf, pdf, raw_pdf, raw_stream
from tests.data.hostile.entries import MB, Family

bomb = Family("pdf-bomb")
FLATE = b"/Filter /FlateDecode"


@cache
def zeros(mb: int, times: int = 1) -> bytes:
    """So many MB of zeros, packed so many times."""
    packed = base.packed_zeros(mb)
    for _time in range(times - 1):
        packed = zlib.compress(packed, 9)
    return packed


bomb.add("stream.pdf", "a page's content of 400 MB", "pdf_unpacks_too_large", lambda: raw_pdf(*PAGE[:3], raw_stream(zeros(400), FLATE), b"null"))
bomb.add("twice.pdf", "400 MB packed twice", "pdf_unpacks_too_large", lambda: raw_pdf(*PAGE[:3], raw_stream(zeros(400, 2), b"/Filter [/FlateDecode /FlateDecode]"), b"null"))
bomb.add("many.pdf", "60 streams of 5 MB", "pdf_unpacks_too_large", lambda: raw_pdf(*PAGE[:2], b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>", *[raw_stream(zeros(5), FLATE)] * 60))
bomb.add("runs.pdf", "256 MB of repeated bytes", "pdf_unpacks_too_large", lambda: drawn_pdf(b"/X Do", raw_stream(zlib.compress(b"\x81\0" * (2 * MB)), b"/Subtype /Form /BBox [0 0 9 9] /Filter [/FlateDecode /RunLengthDecode]")))
bomb.add("lzw.pdf", "3 MB of LZW, which may be anything", "pdf_unpacks_too_large", lambda: drawn_pdf(b"/X Do", raw_stream(b"\x80\x0b\x60\x50" * (3 * MB // 4), b"/Subtype /Form /BBox [0 0 9 9] /Filter /LZWDecode")))
bomb.add("filters.pdf", "a stream of 20 filters", "too_complex", lambda: drawn_pdf(b"/X Do", raw_stream(b"00>", b"/Subtype /Form /BBox [0 0 9 9] /Filter [" + b"/ASCIIHexDecode " * 20 + b"]")))
bomb.add("table.pdf", "a table of contents of 400 MB", "pdf_unpacks_too_large", lambda: _packed_table(zeros(400)))
bomb.add("objects.pdf", "an object stream of 400 MB", "pdf_unpacks_too_large", lambda: _object_stream(zeros(400)))
bomb.add("content.pdf", "a page's content of 40 MB", "too_complex", lambda: raw_pdf(*PAGE[:3], raw_stream(zlib.compress(b"0 0 m 9 9 l S\n" * (40 * MB // 14)), FLATE), b"null"))
bomb.add("forms.pdf", "forms that draw forms, a billion in all", "too_complex", lambda: _nested(b"/X Do "))
bomb.add("patterns.pdf", "patterns that draw patterns", "too_complex", lambda: _nested(b"/Pattern cs /X scn 0 0 9 9 re f "))
bomb.add("spelt-forms.pdf", "the same, their names spelt /#58", "too_complex", lambda: _nested(b"/#58 Do "))
bomb.add("picture.pdf", "a picture of 100,000 × 100,000", "pdf_unpacks_too_large", lambda: _picture(b"/Width 100000 /Height 100000 /ColorSpace /DeviceGray /BitsPerComponent 8", zlib.compress(b"\0" * 1000), b"/FlateDecode"))
bomb.add("fax.pdf", "a fax of 100,000 × 100,000", "pdf_unpacks_too_large", lambda: _picture(b"/Width 100000 /Height 100000 /ImageMask true /BitsPerComponent 1", b"\0\x10\x01" * 9, b"/CCITTFaxDecode"))
bomb.add("jpeg.pdf", "a JPEG of 65,500 × 65,500 that is said to be small", "pdf_unpacks_too_large", lambda: _picture(b"/Width 10 /Height 10 /ColorSpace /DeviceRGB /BitsPerComponent 8", _large_jpg(), b"/DCTDecode"))
bomb.add("jpeg2000.pdf", "a JPEG 2000 of 60,000 × 60,000 that is said to be small", "pdf_unpacks_too_large", lambda: _picture(b"/Width 10 /Height 10", _large_jp2(), b"/JPXDecode"))
bomb.add("pages.pdf", "10,000 pages", "too_many_pages", lambda: _pages(10_000))
bomb.add("pages-twice.pdf", "one page 5,000 times", "too_many_pages", lambda: raw_pdf(PAGE[0], b"<< /Type /Pages /Count 5000 /Kids [" + b"3 0 R " * 5000 + b"] >>", b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>"))
bomb.add("many-objects.pdf", "250,000 objects", "too_complex", lambda: raw_pdf(*PAGE[:2], b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>", *[b"<<>>"] * 250_000))


def _packed_table(content: bytes) -> bytes:
    start = b"%PDF-1.7\n"
    said = b"/Type /XRef /W [1 2 1] /Size 50000000 /Root 1 0 R " + FLATE
    return start + b"1 0 obj\n" + raw_stream(content, said) + b"\nendobj\nstartxref\n%d\n%%%%EOF\n" % len(start)


def _object_stream(content: bytes) -> bytes:
    """Its page lies in an object stream, whose first numbers would only be known when it is unpacked."""
    start = b"%PDF-1.7\n"
    first = b"2 0 obj\n" + raw_stream(content, b"/Type /ObjStm /N 2 /First 20 " + FLATE) + b"\nendobj\n"
    second = b"1 0 obj\n<< /Type /Catalog /Pages 4 0 R >>\nendobj\n"
    rows = [(0, 0, 255), (1, len(start + first), 0), (1, len(start), 0), (1, len(start + first + second), 0), (2, 2, 0)]
    table = b"".join(kind.to_bytes(1, "big") + at.to_bytes(4, "big") + more.to_bytes(1, "big") for kind, at, more in rows)
    last = b"3 0 obj\n" + raw_stream(table, b"/Type /XRef /W [1 4 1] /Size 5 /Root 1 0 R") + b"\nendobj\n"
    return start + first + second + last + b"startxref\n%d\n%%%%EOF\n" % len(start + first + second)


def _nested(draws: bytes) -> bytes:
    """Ten forms, each of which draws the next ten times."""
    forms = []
    for number in range(5, 15):
        resources = b"/Resources << /XObject << /X %d 0 R >> /Pattern << /X %d 0 R >> >>" % (number + 1, number + 1)
        said = b"/Type /XObject /Subtype /Form /PatternType 1 /PaintType 1 /TilingType 1 /XStep 9 /YStep 9 /BBox [0 0 9 9] "
        forms.append(raw_stream(draws * 10, said + resources))
    page = PAGE[2].replace(b"/XObject << /X 5 0 R >>", b"/XObject << /X 5 0 R >> /Pattern << /X 5 0 R >>")
    return raw_pdf(*PAGE[:2], page, raw_stream(draws), *forms, raw_stream(b"0 0 9 9 re f", b"/Subtype /Form /BBox [0 0 9 9]"))


def _picture(said: bytes, content: bytes, how: bytes) -> bytes:
    return drawn_pdf(b"300 0 0 400 0 0 cm /X Do", raw_stream(content, b"/Subtype /Image /Filter " + how + b" " + said))


def _large_jpg() -> bytes:
    whole = bytearray(base.image("JPEG"))
    at = whole.index(b"\xff\xc0") + 5
    whole[at : at + 4] = (65_500).to_bytes(2, "big") * 2
    return bytes(whole)


def _large_jp2() -> bytes:
    whole = base.image("JPEG2000")
    small = (480).to_bytes(4, "big") + (640).to_bytes(4, "big")
    turned = (640).to_bytes(4, "big") + (480).to_bytes(4, "big")
    return whole.replace(small, (60_000).to_bytes(4, "big") * 2).replace(turned, (60_000).to_bytes(4, "big") * 2)


def _pages(count: int) -> bytes:
    kids = b" ".join(b"%d 0 R" % number for number in range(3, 3 + count))
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 400] >>"
    return raw_pdf(PAGE[0], b"<< /Type /Pages /Count %d /Kids [%s] >>" % (count, kids), *[page] * count)


broken = Family("pdf-broken")
broken.add("no-pages.pdf", "a catalogue without pages", "damaged", lambda: raw_pdf(b"<< /Type /Catalog >>"))
broken.add("empty-pages.pdf", "a list of no pages", "damaged", lambda: raw_pdf(PAGE[0], b"<< /Type /Pages /Kids [] /Count 0 >>"))
broken.add("loop.pdf", "pages that contain themselves", "damaged", lambda: raw_pdf(PAGE[0], b"<< /Type /Pages /Kids [2 0 R] /Count 1 >>"))
broken.add("no-catalogue.pdf", "nothing where the catalogue should be", "damaged", lambda: raw_pdf(b"null"))
broken.add("deep.pdf", "lists in lists, 20,000 deep", "damaged", lambda: raw_pdf(PAGE[0], b"<< /Type /Pages /Kids " + b"[" * 20_000 + b"]" * 20_000 + b" /Count 1 >>"))
broken.add("prev.pdf", "a table that leads to itself, without a page", "damaged", lambda: raw_pdf(b"<<>>", trailer=b"/Prev 9"))
broken.add("page-number.pdf", "a number in place of a page", "damaged", lambda: raw_pdf(PAGE[0], b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>", b"42"))
broken.add("no-end.pdf", "a PDF without its table", "damaged", lambda: pdf().rpartition(b"xref")[0].rpartition(b"xref")[0])
broken.add("truncated-plan.pdf", "the first 60 % of the real plan", "damaged", bad.truncated_pdf)

mixed = Family("pdf-mixed")
mixed.add("page-first.pdf", "a page, then a PDF", "format", lambda: HTML + b"\n" + pdf())
mixed.add("page-within.pdf", "a PDF whose second line is a page", "mixed", lambda: pdf().replace(b"\n", b"\n" + HTML + b"\n", 1))
mixed.add("page-end.pdf", "a PDF with a page behind its end", "mixed", lambda: pdf() + HTML)
mixed.add("php-end.pdf", "a PDF with PHP behind its end", "mixed", lambda: pdf() + base.PHP)
mixed.add("zip.pdf", "PDF and ZIP", "mixed", lambda: pdf() + base.zipped({"a.exe": EXE}))
mixed.add("docx.pdf", "PDF and DOCX", "mixed", lambda: pdf() + base.docx())
mixed.add("jar.pdf", "PDF and Java archive", "mixed", lambda: pdf() + base.zipped({"META-INF/MANIFEST.MF": b"Main-Class: X"}))
mixed.add("exe.pdf", "PDF and a program", "mixed", lambda: pdf() + EXE)
mixed.add("rar.pdf", "PDF and RAR", "mixed", lambda: pdf() + b"Rar!\x1a\x07\x01\0" + b"x" * 300)
mixed.add("exe-first.pdf", "a program, then a PDF", "format", lambda: EXE + pdf())
