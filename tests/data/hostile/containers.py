"""Documents packed so that two programs read them differently, or that unpack to gigabytes; and the test virus wherever it hides."""

from __future__ import annotations

import random
import struct
import zipfile
from io import BytesIO

from tests.data.hostile import base
from tests.data.hostile.base import (
    EICAR,
    docx,
    docx_parts,
    entry,
    jpg_segment,
    jpg_with,
    pdf,
    png_chunk,
    png_with,
    word,
    xlsx,
    zipped,
)
from tests.data.hostile.entries import MB, Family

odd = Family("container")


def written(write, parts: dict[str, bytes] | None = None) -> bytes:
    """The small document, and then whatever ``write`` adds to the archive."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in (parts or docx_parts()).items():
            archive.writestr(entry(name), content)
        write(archive)
    return out.getvalue()


for _number, _name in enumerate(("../../etc/cron.d/x", "word/../../x", "/etc/passwd", "C:\\Windows\\x.dll", "..\\..\\x.dll", "word\\..\\..\\x", "line\nbreak.xml")):
    odd.add(f"path{_number}.docx", f"a part called {_name!r}", "container", lambda name=_name: docx({name: b"x"}))
odd.add("nul.docx", "a part whose name is cut at a NUL", "container", lambda: docx({"word/a.xml_exe": b"<x/>"}).replace(b"word/a.xml_exe", b"word/a.xml\0exe"))
odd.add("twice.docx", "a part twice", "container", lambda: docx({"word/document.xmk": word("<w:p/>")}).replace(b"word/document.xmk", b"word/document.xml"))
odd.add("case.docx", "a part twice, once in capitals", "container", lambda: docx({"WORD/document.xml": word("<w:p/>")}))
odd.add("link.docx", "a link to another file", "container", lambda: written(lambda archive: archive.writestr(_link(), "/etc/passwd")))
odd.add("bzip2.docx", "a part packed by bzip2", "container", lambda: written(lambda archive: archive.writestr(entry("word/a.xml", zipfile.ZIP_BZIP2), b"<x/>")))
odd.add("lzma.docx", "a part packed by LZMA", "container", lambda: written(lambda archive: archive.writestr(entry("word/a.xml", zipfile.ZIP_LZMA), b"<x/>")))
odd.add("overlap.docx", "a thousand parts that are one and the same", "container", lambda: _overlapping(1000))
odd.add("first.docx", "something before the first part", "mixed", lambda: _moved(b"PK\x03\x04 something else"))
odd.add("rest.docx", "a program behind its end", "mixed", lambda: docx() + base.EXE)
odd.add("comment.docx", "a page as its comment", "mixed", lambda: written(lambda archive: setattr(archive, "comment", base.HTML)))
odd.add("locked.docx", "its parts have a password", "encrypted", lambda: _flagged(docx()))
odd.add("no-main.docx", "nothing where its text should be", "damaged", lambda: zipped({"[Content_Types].xml": b'<?xml version="1.0"?><Types/>', "word/document.xml": word()}))
odd.add("sum.docx", "a part whose sum is wrong", "damaged", lambda: _changed(docx(), -1))
odd.add("names.docx", "a part with two names", "damaged", lambda: docx().replace(b"word/document.xml", b"word/documemt.xml", 1))
odd.add("relations.docx", "relations that aren't XML", "container", lambda: docx({"_rels/.rels": b"not XML"}))
odd.add("relations-cut.docx", "relations that break off", "damaged", lambda: docx({"_rels/.rels": b"<Relationships><Relationship"}))


def _link() -> zipfile.ZipInfo:
    info = entry("word/link.xml")
    info.create_system, info.external_attr = 3, 0o120777 << 16
    return info


def _overlapping(count: int) -> bytes:
    """All entries of the table lead to one part, as in the bomb of David Fifield."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in docx_parts().items():
            archive.writestr(entry(name), content)
        archive.writestr(entry("word/a0000"), b"\0" * 50_000)
    whole = out.getvalue()
    end = whole.rindex(b"PK\x05\x06")
    last = whole.rindex(b"PK\x01\x02")
    more = [whole[last:end].replace(b"word/a0000", b"word/a%04d" % number) for number in range(1, count)]
    at = end + 8
    (entries, _all, length) = struct.unpack_from("<HHI", whole, at)
    added = b"".join(more)
    numbers = struct.pack("<HHI", entries + len(more), entries + len(more), length + len(added))
    return whole[:end] + added + whole[end:at] + numbers + whole[at + 8 :]


def _moved(before: bytes) -> bytes:
    """Python's zipfile writes right offsets when it appends."""
    out = BytesIO(before)
    out.seek(0, 2)
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as archive:
        for name, content in docx_parts().items():
            archive.writestr(entry(name), content)
    return out.getvalue()


def _flagged(whole: bytes) -> bytes:
    content = bytearray(whole)
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.find(mark)
        while at >= 0:
            content[at + offset] |= 1
            at = content.find(mark, at + 4)
    return bytes(content)


def _changed(whole: bytes, _at: int) -> bytes:
    content = bytearray(whole)
    at = content.rindex(b"PK\x01\x02") + 16
    content[at : at + 4] = b"\x11\x22\x33\x44"
    local = content.rindex(b"PK\x03\x04") + 14
    content[local : local + 4] = b"\x11\x22\x33\x44"
    return bytes(content)


bomb = Family("zip-bomb")
bomb.add("zeros.docx", "30 MB of zeros in 30 kB", "unpacks_too_large", lambda: docx({"word/media/a.bin": b"\0" * (30 * MB)}))
bomb.add("large.docx", "210 MB", "unpacks_too_large", lambda: _large())
bomb.add("strings.xlsx", "texts that unpack to 30 MB", "unpacks_too_large", lambda: xlsx({"xl/sharedStrings.xml": b'<?xml version="1.0"?><sst>' + b"<si><t>aaaaaaaaaaaa</t></si>" * (30 * MB // 28) + b"</sst>"}))
bomb.add("rows.xlsx", "a sheet that unpacks to 30 MB", "unpacks_too_large", lambda: xlsx({"xl/worksheets/sheet1.xml": b'<?xml version="1.0"?><worksheet><sheetData>' + b"<row/>" * (30 * MB // 6) + b"</sheetData></worksheet>"}))
bomb.add("entries.docx", "6,000 parts", "unpacks_too_large", lambda: docx({f"word/media/{number}": b"" for number in range(6_000)}))
bomb.add("directory.docx", "a table of contents of 60,000 entries", "unpacks_too_large", lambda: _directory(60_000))
bomb.add("relations.docx", "5 MB of relations", "unpacks_too_large", lambda: docx({"word/_rels/document.xml.rels": b'<?xml version="1.0"?><Relationships>' + random.Random(5).randbytes(3 * MB).hex().encode()}))
bomb.add("header.docx", "a header that says 10 bytes of 100 kB", "damaged", lambda: _understated())
bomb.add("42.zip", "a ZIP of ZIPs of ZIPs, as 42.zip", "format", lambda: base.nest(5))
bomb.add("42.docx", "the same, called DOCX", "format", lambda: base.nest(5))
bomb.add("42-media.docx", "the same as a picture of a document: 16 times 4 GB, unread", "embedded", lambda: docx({"word/media/a.png": base.nest(4)}))


def _large() -> bytes:
    """Of noise that packs to a twentieth, so that it isn't the ratio that is refused."""
    noise = random.Random(2).randbytes(4096)
    return docx({"word/media/a.bin": b"".join(noise[n % 64 :] + bytes(60_000) for n in range(3_500))})


def _directory(count: int) -> bytes:
    row = struct.pack("<4s6H3I5H2I", b"PK\x01\x02", 20, 20, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"x"
    table = row * count
    return b"PK\x03\x04" + b"\0" * 26 + table + struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, count, count, len(table), 30, 0)


def _understated() -> bytes:
    content = bytearray(docx({"word/media/a.bin": b"\0" * 100_000}))
    at = content.rindex(b"word/media/a.bin") - 46
    content[at + 24 : at + 28] = struct.pack("<I", 10)
    return bytes(content)


virus = Family("virus")
virus.add("plain.txt", "the test virus", "virus", EICAR)
virus.add("named.pdf", "the test virus, called PDF", "virus", EICAR + b"\r\n")
virus.add("stored.zip", "the test virus in a ZIP, not packed", "virus", lambda: zipped({"eicar.com": EICAR}, zipfile.ZIP_STORED))
virus.add("packed.zip", "the test virus in a ZIP: no ZIP is taken", "format", lambda: zipped({"eicar.com": EICAR * 3}))
virus.add("stored.docx", "in a document, not packed", "virus", lambda: zipped({**docx_parts(), "word/media/a.bin": EICAR}, zipfile.ZIP_STORED))
virus.add("packed.docx", "in a document, packed", "virus", lambda: docx({"word/media/a.bin": b"x" * 1000 + EICAR * 2}))
virus.add("border.docx", "in a document, where two pieces meet", "virus", lambda: docx({"word/media/a.bin": b"x" * (256 * 1024 - 30) + EICAR * 2}))
virus.add("packed.xlsx", "in a sheet, packed", "virus", lambda: xlsx({"xl/media/a.bin": EICAR * 3}))
virus.add("chart.docx", "in the sheet behind a chart", "virus", lambda: docx({"word/embeddings/a.xlsx": xlsx({"xl/media/a.bin": EICAR * 3})}))
virus.add("stream.pdf", "in a PDF, packed", "virus", lambda: pdf(lambda d: d.Root.__setitem__("/X", d.make_stream(EICAR * 20)), compress_streams=True))
virus.add("twice.pdf", "in a PDF, packed and as digits", "virus", lambda: base.drawn_pdf(b"/X Do", base.raw_stream(__import__("zlib").compress(EICAR.hex().encode() + b">"), b"/Subtype /Form /BBox [0 0 9 9] /Filter [/FlateDecode /ASCIIHexDecode]")))
virus.add("plain.pdf", "in a PDF, behind its end", "virus", lambda: pdf() + EICAR)
virus.add("comment.jpg", "as a photo's comment", "virus", lambda: jpg_with(jpg_segment(0xFE, EICAR)))
virus.add("end.jpg", "behind a photo's end", "virus", lambda: jpg_with(rest=EICAR))
virus.add("text.png", "as a picture's text", "virus", lambda: png_with(png_chunk(b"tEXt", b"Comment\0" + EICAR)))
virus.add("end.heic", "behind a HEIC's end", "virus", lambda: base.image("HEIF") + EICAR)
