"""Images that are damaged, that unpack to gigabytes, that carry more than a picture, or that are something else besides."""

from __future__ import annotations

import struct
from io import BytesIO

from PIL import Image

from tests.data.hostile import base
from tests.data.hostile.base import EXE, HTML, PHP, jpg_segment, jpg_with, png_chunk, png_of, png_with
from tests.data.hostile.entries import MB, Family

damaged = Family("image")
_SOF, _DHT, _DQT, _SOS = b"\xff\xc0", b"\xff\xc4", b"\xff\xdb", b"\xff\xda"


def _without(marker: bytes) -> bytes:
    """The good JPEG, without its first segment of this kind."""
    whole = base.image("JPEG")
    at = whole.index(marker)
    return whole[:at] + whole[at + 2 + int.from_bytes(whole[at + 2 : at + 4], "big") :]


def _with(marker: bytes, offset: int, content: bytes) -> bytes:
    """The good JPEG, overwritten ``offset`` bytes behind this marker."""
    whole = bytearray(base.image("JPEG"))
    at = whole.index(marker) + offset
    whole[at : at + len(content)] = content
    return bytes(whole)


damaged.add("no-frame.jpg", "a JPEG without its size", "damaged", lambda: _without(_SOF))
damaged.add("no-quantum.jpg", "a JPEG without its quantisation", "damaged", lambda: base.image("JPEG").replace(_DQT, b"\xff\xee"))
damaged.add("no-scan.jpg", "a JPEG without its scan's header", "damaged", lambda: _without(_SOS))
damaged.add("no-height.jpg", "a JPEG 0 pixels high", "damaged", lambda: _with(_SOF, 5, b"\0\0"))
damaged.add("no-width.jpg", "a JPEG 0 pixels wide", "damaged", lambda: _with(_SOF, 7, b"\0\0"))
damaged.add("no-channels.jpg", "a JPEG of 0 channels", "damaged", lambda: _with(_SOF, 9, b"\0"))
damaged.add("deep.jpg", "a JPEG of 16 bit", "damaged", lambda: _with(_SOF, 4, b"\x10"))
damaged.add("lossless.jpg", "a JPEG that says it is lossless", "damaged", lambda: _with(_SOF, 0, b"\xff\xc3"))
damaged.add("short-segment.jpg", "a segment of length 0", "damaged", lambda: jpg_with(b"\xff\xe1\0\0"))
damaged.add("long-segment.jpg", "a segment that ends behind the file", "damaged", lambda: jpg_with()[:-600] + b"\xff\xe1\xff\xff")
damaged.add("junk-segment.jpg", "junk where a segment should begin", "format", lambda: jpg_with(b"junk"))
damaged.add("bad-table.jpg", "a Huffman table of nonsense", "damaged", lambda: _with(_DHT, 5, b"\xff" * 16))
damaged.add("no-end.jpg", "a JPEG without its last marker", "damaged", lambda: base.image("JPEG")[:-2])
damaged.add("checksum.png", "a header whose sum is wrong", "damaged", lambda: _flip(base.image("PNG"), 30))
damaged.add("data.png", "pixels whose sum is wrong", "damaged", lambda: _flip(base.image("PNG"), 400))
damaged.add("no-width.png", "a PNG 0 pixels wide", "damaged", lambda: png_of(0, 100))
damaged.add("no-data.png", "a PNG without pixels", "damaged", lambda: png_of(100, 100, data=b""))
damaged.add("few-data.png", "a PNG of fewer pixels than it says", "damaged", lambda: png_of(400, 400))
damaged.add("depth.png", "a PNG of 3 bit", "damaged", lambda: png_of(10, 10, depth=3))
damaged.add("colour.png", "a PNG of an unknown kind of colour", "damaged", lambda: png_of(10, 10, colour=5))
damaged.add("no-palette.png", "a PNG whose palette has length 1", "damaged", lambda: png_of(10, 10, png_chunk(b"PLTE", b"x"), colour=3))
damaged.add("long-chunk.png", "a chunk of 4 GB", "damaged", lambda: base.image("PNG")[:33] + b"\xff\xff\xff\xfetEXt")
damaged.add("moving.png", "a PNG that moves", "moving", lambda: _moving())
damaged.add("no-boxes.heic", "a HEIC of its first box", "damaged", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 100)


def _flip(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :]


def _moving() -> bytes:
    out = BytesIO()
    first, second = base.picture(64, 48), base.picture(64, 48).rotate(90)
    first.save(out, "PNG", save_all=True, append_images=[second])
    return out.getvalue()


bomb = Family("image-bomb")
bomb.add("50000.png", "50,000 × 50,000 in a few kB", "too_many_pixels", lambda: png_of(50_000, 50_000))
bomb.add("50000-whole.png", "10,000 × 10,000 of one bit, all there", "too_many_pixels", lambda: png_of(10_000, 10_000, depth=1, colour=0, data=b"\0" * (10_000 * 1251)))
bomb.add("wide.png", "2,000,000,000 × 1", "too_many_pixels", lambda: png_of(2_000_000_000, 1))
bomb.add("65500.jpg", "65,500 × 65,500", "too_many_pixels", lambda: _with(_SOF, 5, struct.pack(">HH", 65_500, 65_500)))
bomb.add("102mp.jpg", "102 million pixels, all there", "too_many_pixels", lambda: _large())
bomb.add("60000.heic", "a HEIC that says 60,000 × 60,000", "too_many_pixels", lambda: _large_heic())
bomb.add("scans.jpg", "a progressive JPEG of 2,000 scans", "too_complex", lambda: _scans(2_000))
bomb.add("profile.png", "a colour profile that unpacks to 200 MB", "too_much_metadata", lambda: png_with(png_chunk(b"iCCP", b"x\0\0" + base.packed_zeros(200))))
bomb.add("text.png", "a text that unpacks to 200 MB", "too_much_metadata", lambda: png_with(png_chunk(b"zTXt", b"x\0\0" + base.packed_zeros(200))))
bomb.add("text-utf8.png", "the same as Unicode", "too_much_metadata", lambda: png_with(png_chunk(b"iTXt", b"x\0\x01\0\0\0" + base.packed_zeros(200))))
bomb.add("texts.png", "12 MB of plain texts", "too_much_metadata", lambda: png_with(*[png_chunk(b"tEXt", b"x\0" + b"y" * MB)] * 12))
bomb.add("exif.jpg", "12 MB of EXIF", "too_much_metadata", lambda: jpg_with(*[jpg_segment(0xE1, b"Exif\0\0" + b"x" * 65_000)] * 190))
bomb.add("profile.jpg", "10 MB of colour profile", "too_much_metadata", lambda: jpg_with(*[jpg_segment(0xE2, b"ICC_PROFILE\0\x01\xff" + b"x" * 65_000)] * 160))


def _large() -> bytes:
    out = BytesIO()
    Image.new("L", (11_680, 8_760), "white").save(out, "JPEG", quality=30)
    return out.getvalue()


def _large_heic() -> bytes:
    whole = base.image("HEIF")
    return whole.replace(struct.pack(">4sIII", b"ispe", 0, 640, 480), struct.pack(">4sIII", b"ispe", 0, 60_000, 60_000))


def _scans(count: int) -> bytes:
    """The last scan of a progressive JPEG again and again: each time the whole picture is gone over."""
    whole = base.image("JPEG", progressive=True)
    last = whole.rindex(_SOS)
    return whole[:last] + whole[last:-2] * count + whole[-2:]


mixed = Family("image-mixed")
_ZIP = base.zipped({"x.class": b"\xca\xfe\xba\xbe"})
mixed.add("zip.jpg", "JPEG and ZIP", "mixed", lambda: jpg_with(rest=_ZIP))
mixed.add("docx.jpg", "JPEG and DOCX", "mixed", lambda: jpg_with(rest=base.docx()))
mixed.add("pdf.jpg", "JPEG and PDF", "mixed", lambda: jpg_with(rest=base.pdf()))
mixed.add("exe.jpg", "JPEG and a program", "mixed", lambda: jpg_with(rest=EXE))
mixed.add("rar.jpg", "JPEG and RAR", "mixed", lambda: jpg_with(rest=b"Rar!\x1a\x07\x01\0" + b"x" * 500))
mixed.add("php-comment.jpg", "JPEG with PHP as its comment", "mixed", lambda: jpg_with(jpg_segment(0xFE, PHP)))
mixed.add("php-exif.jpg", "JPEG with PHP as its camera", "mixed", lambda: jpg_with(jpg_segment(0xE1, b"Exif\0\0MM\0*" + PHP)))
mixed.add("php-end.jpg", "JPEG with PHP behind its end", "mixed", lambda: jpg_with(rest=PHP))
mixed.add("html.jpg", "JPEG with a page as its comment", "mixed", lambda: jpg_with(jpg_segment(0xFE, HTML)))
mixed.add("script.jpg", "JPEG that is a script too (*/=alert(1)…)", "mixed", lambda: jpg_with(jpg_segment(0xFE, b"*/=alert('x')/*<script src=x>")))
mixed.add("zip.png", "PNG and ZIP", "mixed", lambda: png_with(rest=_ZIP))
mixed.add("php.png", "PNG with PHP as a text", "mixed", lambda: png_with(png_chunk(b"tEXt", b"Comment\0" + PHP)))
mixed.add("html.png", "PNG with a page as a text", "mixed", lambda: png_with(png_chunk(b"iTXt", b"XML\0\0\0\0\0" + HTML)))
mixed.add("php-palette.png", "PNG with PHP in a chunk of its own", "mixed", lambda: png_with(png_chunk(b"prVt", PHP)))
mixed.add("exe.png", "PNG and a program", "mixed", lambda: png_with(rest=base.ELF))
mixed.add("zip.heic", "HEIC and ZIP", "mixed", lambda: base.image("HEIF") + _ZIP)
mixed.add("html.heic", "HEIC with a page in a box", "mixed", lambda: base.image("HEIF") + struct.pack(">I4s", len(HTML) + 8, b"free") + HTML)
mixed.add("js.gif", "GIF that is a script too", "format", b"GIF89a/*" + b"\0" * 20 + b"*/=1;alert(1)")
mixed.add("jar.gif", "GIF and Java archive", "format", lambda: base.image("GIF") + _ZIP)
mixed.add("js.bmp", "BMP that is a script too", "format", b"BM=1;alert(1)//" + b"\0" * 60)
