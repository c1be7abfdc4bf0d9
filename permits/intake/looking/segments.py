"""The outer build of images: what of the file is picture, what is attached to it, and what stands behind its end.

Only lengths and ends are looked at; whether the picture is whole is for the library that decodes it.
"""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import dataclass

from permits.intake.looking import words
from permits.intake.looking.words import MB

MAX_SCANS = 100  # of a progressive JPEG, each of which goes over the whole picture; real ones have ten
MAX_TEXT = 4 * MB  # a colour profile or description, unpacked; real ones have up to 1 MB
_NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # not a stuffed byte, a restart, a fill byte
_DRAWN = {b"IHDR", b"PLTE", b"IDAT", b"tRNS"}
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_ALONE = {0x01, 0xD8, *range(0xD0, 0xD8)}


@dataclass
class Build:
    attached: int = 0  # bytes of EXIF, XMP, profiles, comments
    end: int = 0  # where the image ends
    moves: bool = False
    coefficients: int = 0  # bytes that a JPEG of several scans takes in memory before the first pixel is there


def of_jpg(content: bytes) -> Build:
    """Raise ``Refused`` where a segment's length leads nowhere or the end is missing."""
    found = Build()
    scans = frame = 0
    at = 2
    while True:
        if content[at : at + 1] != b"\xff":
            raise words.damaged()
        while content[at : at + 1] == b"\xff":
            at += 1
        if at >= len(content):
            raise words.damaged()
        marker = content[at]
        at += 1
        if marker == 0xD9:
            found.end = at
            return found
        if marker in _ALONE:
            continue
        (length,) = struct.unpack(">H", content[at : at + 2].ljust(2, b"\0"))
        if length < 2 or at + length > len(content):
            raise words.damaged()
        if 0xE0 <= marker <= 0xEF or marker == 0xFE:
            found.attached += length
        if marker in _FRAMES:
            frame = _coefficients(content[at : at + length])
        at += length
        if marker == 0xDA:
            scans += 1
            if scans > MAX_SCANS:
                raise words.too_complex()
            found.coefficients = frame if scans > 1 else 0
            following = _NEXT_MARKER.search(content, at)
            if following is None:
                raise words.damaged()
            at = following.start()


def _coefficients(frame: bytes) -> int:
    """Two bytes for each pixel of each channel, at the channel's own resolution."""
    if len(frame) < 8:
        raise words.damaged()
    height, width, count = struct.unpack_from(">HHB", frame, 3)
    shares = [
        (each[1] >> 4, each[1] & 15)
        for each in (frame[at : at + 3] for at in range(8, 8 + 3 * count, 3))
        if len(each) == 3
    ]
    across, down = max((a for a, _d in shares), default=0), max((d for _a, d in shares), default=0)
    if not across or not down:
        raise words.damaged()
    return sum(2 * width * height * a * d // (across * down) for a, d in shares)


def of_png(content: bytes) -> Build:
    """Raise ``Refused`` for a chunk that is cut off or whose sum is wrong, or whose text or profile unpacks too large."""
    found = Build()
    at = 8
    while True:
        if at + 12 > len(content):
            raise words.damaged()
        length, kind = struct.unpack_from(">I4s", content, at)
        end = at + 12 + length
        if end > len(content):
            raise words.damaged()
        if kind == b"IEND":
            found.end = end
            return found
        if kind in _DRAWN and zlib.crc32(content[at + 4 : end - 4]) != int.from_bytes(content[end - 4 : end], "big"):
            raise words.damaged()
        if kind == b"PLTE" and length % 3:
            raise words.damaged()
        if kind == b"acTL":
            found.moves = True
        if kind not in _DRAWN:
            found.attached += length
        if kind in {b"iCCP", b"zTXt", b"iTXt"}:
            _refuse_large_text(content[at + 8 : end - 4])
        at = end


def _refuse_large_text(chunk: bytes) -> None:
    """What is packed begins behind the keyword, at a place that differs by chunk; the first that unpacks is it."""
    start = chunk.find(b"\x78", chunk.find(b"\0") + 1)
    if start < 0:
        return
    unpacking = zlib.decompressobj()
    try:
        unpacked = unpacking.decompress(chunk[start:], MAX_TEXT)
    except zlib.error:
        return  # whoever decodes the image says whether this matters
    if len(unpacked) >= MAX_TEXT:
        raise words.too_much_metadata()


def of_boxes(content: bytes) -> Build:
    """HEIC: boxes one after another to the end of the file. What comes behind the last that fits is no part of it."""
    found = Build()
    at = 0
    while at + 8 <= len(content):
        length, kind = struct.unpack_from(">I4s", content, at)
        if length == 1 and at + 16 <= len(content):
            (length,) = struct.unpack_from(">Q", content, at + 8)
        if length == 0:
            length = len(content) - at
        if length < 8 or at + length > len(content) or not kind.isascii():
            break
        if kind in {b"moov", b"free", b"skip"}:
            found.attached += length
        at += length
    found.end = at
    return found
