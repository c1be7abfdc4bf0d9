"""What a PDF's streams unpack to: within bounds, without the test virus, and drawn in bounded work.

Pictures aren't unpacked here, their sizes are looked at. Of everything else the length counts, and how often a page draws a
form that draws a form: ten lines can ask for a billion.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import IO, Any

import pikepdf
from PIL import Image

from permits.intake.looking import signatures, words
from permits.intake.looking.words import MB

LIMIT_EXCEEDED = "limit exceeded"  # as qpdf says it
MAX_TOTAL = 250 * MB
MAX_PAGE_CONTENT = 30 * MB
# What pdfium needs to hold a page: measured, at most 550 bytes for each line, rectangle or word, and its content twice.
OBJECT = 600
HEAVY = 160 * MB  # a page of more isn't drawn or read by us
MAX_DRAWN = 2_000 * MB  # a page of more is refused: each form counts as often as it is drawn
MAX_PICTURE = 300 * MB  # one, unpacked
MAX_LZW = 2 * MB  # packed: how much it unpacks to isn't known beforehand
_DRAWS = re.compile(rb"/([^\s/<>\[\](){}%]+)\s+(?:Do|scn|SCN)\b")
_STREAM = re.compile(rb"\bstream\r?\n(?=\x78)")
_HEX = re.compile(rb"#([0-9A-Fa-f]{2})")

Key = tuple[int, int]


@dataclass
class _Drawing:
    """One stream of content: its length, what it costs to hold, and which names it draws how often."""

    length: int
    cost: int
    names: Counter[str]
    resources: Any = None
    total: int | None = None
    busy: bool = False


def refuse_bombs(pdf: pikepdf.Pdf) -> list[int]:
    """Return the pages, counted from 1, that are too heavy to be drawn by us and are fine all the same, such as building plans."""
    drawings: dict[Key, _Drawing] = {}
    total = 0
    for each in pdf.objects:
        if not isinstance(each, pikepdf.Stream):
            continue
        if each.get("/Subtype") == pikepdf.Name.Image:
            _refuse_large_picture(each)
            continue
        content = _unpacked(each)
        total += len(content)
        if total > MAX_TOTAL:
            raise words.pdf_unpacks_too_large()
        signatures.Watch().look(content)
        drawings[each.objgen] = _drawing(content, each.get("/Resources"))
    costs = [_cost_of_page(page, drawings) for page in pdf.pages]
    if max(costs) > MAX_DRAWN:
        raise words.too_complex()
    return [number for number, cost in enumerate(costs, 1) if cost > HEAVY]


def _unpacked(stream: pikepdf.Stream) -> bytes:
    """Nothing for what no reader can unpack either; raise ``Refused`` past the limits."""
    filters = stream.get("/Filter")
    names = [filters] if isinstance(filters, pikepdf.Name) else list(filters or [])
    packed = stream.read_raw_bytes()
    if any(name in (pikepdf.Name.LZWDecode, "/LZW") for name in names) and len(packed) > MAX_LZW:
        raise words.pdf_unpacks_too_large()
    if len(names) > 4:
        raise words.too_complex()
    try:
        return bytes(stream.read_bytes(pikepdf.StreamDecodeLevel.specialized))
    except pikepdf.PdfError as error:
        if LIMIT_EXCEEDED in str(error):
            raise words.pdf_unpacks_too_large() from error
        return b""


def unpacks_too_large(stream: IO[bytes]) -> bool:
    """Whether what looks like a packed stream goes on and on, in a file that can't be opened."""
    stream.seek(0)
    content = stream.read()
    total = 0
    for begin in _STREAM.finditer(content):
        unpacking = zlib.decompressobj()
        try:
            piece = unpacking.decompress(content[begin.end() : begin.end() + MAX_LZW], MB)
            while piece and total <= MAX_TOTAL:
                total += len(piece)
                piece = unpacking.decompress(unpacking.unconsumed_tail, MB)
        except zlib.error:
            continue
        if total > MAX_TOTAL:
            return True
    return False


def _drawing(content: bytes, resources: Any) -> _Drawing:
    objects = sum(map(content.count, (b"Tj", b"TJ", b" re", b" m", b"Do")))
    found = Counter(_DRAWS.findall(content))
    names = Counter({_plain(name): count for name, count in found.items()})
    return _Drawing(len(content), objects * OBJECT + 2 * len(content), names, resources)


def _plain(name: bytes) -> str:
    return "/" + _HEX.sub(lambda match: bytes([int(match[1], 16)]), name).decode("utf-8", "surrogateescape")


# --- How much one page draws ---------------------------------------------------------------------------------


def _cost_of_page(page: pikepdf.Page, drawings: dict[Key, _Drawing]) -> int:
    contents = page.obj.get("/Contents")
    streams = list(contents) if isinstance(contents, pikepdf.Array) else [contents]
    own = [drawings[each.objgen] for each in streams if isinstance(each, pikepdf.Stream) and each.objgen in drawings]
    if sum(each.length for each in own) > MAX_PAGE_CONTENT:
        raise words.too_complex()
    names = sum((each.names for each in own), Counter[str]())
    resources = page.resources if names else None
    cost = sum(each.cost for each in own) + _cost_of_names(names, resources, drawings, depth=0)
    return cost + sum(_total(drawings[key], drawings, None, depth=0) for key in _appearances(page) if key in drawings)


def _appearances(page: pikepdf.Page) -> Iterator[Key]:
    """What stamps, seals and fields look like."""
    notes = page.obj.get("/Annots")
    for note in notes if isinstance(notes, pikepdf.Array) else ():
        looks = note.get("/AP") if isinstance(note, pikepdf.Dictionary) else None
        usual = looks.get("/N") if isinstance(looks, pikepdf.Dictionary) else None
        if isinstance(usual, pikepdf.Stream):
            yield usual.objgen


def _total(drawing: _Drawing, drawings: dict[Key, _Drawing], inherited: Any, depth: int) -> int:
    """Its cost and that of everything it draws; a form that draws itself is drawn once by every reader."""
    if drawing.total is not None:
        return drawing.total
    if drawing.busy or depth > 60:
        return 0
    drawing.busy = True
    resources = drawing.resources if isinstance(drawing.resources, pikepdf.Dictionary) else inherited
    drawing.total = drawing.cost + _cost_of_names(drawing.names, resources, drawings, depth)
    drawing.busy = False
    return drawing.total


def _cost_of_names(names: Counter[str], resources: Any, drawings: dict[Key, _Drawing], depth: int) -> int:
    cost = 0
    for name, count in names.items():
        below = drawings.get(_meant(resources, name))
        if below is not None:
            cost += count * (_total(below, drawings, resources, depth + 1) + OBJECT)
    return cost


def _meant(resources: Any, name: str) -> Key:
    for kind in ("/XObject", "/Pattern"):
        found = resources.get(kind) if isinstance(resources, pikepdf.Dictionary) else None
        if isinstance(found, pikepdf.Dictionary) and isinstance(target := found.get(name), pikepdf.Stream):
            return target.objgen
    return (0, 0)


# --- Pictures -------------------------------------------------------------------------------------------------


def _refuse_large_picture(picture: pikepdf.Stream) -> None:
    """By what the PDF says, and for JPEG and JPEG 2000, which know it themselves, by what they say."""
    width, height = _number(picture, "/Width"), _number(picture, "/Height")
    bits = 1 if picture.get("/ImageMask") else _number(picture, "/BitsPerComponent", 8)
    if width * height * bits * _channels(picture) > MAX_PICTURE * 8:
        raise words.pdf_unpacks_too_large()
    filters = picture.get("/Filter")
    last = filters[-1] if isinstance(filters, pikepdf.Array) and len(filters) == 1 else filters
    if last in (pikepdf.Name.DCTDecode, pikepdf.Name.JPXDecode):
        try:
            with Image.open(BytesIO(picture.read_raw_bytes()), formats=["JPEG", "JPEG2000"]) as image:
                size = image.width * image.height * len(image.getbands())
        except Image.DecompressionBombError as error:
            raise words.pdf_unpacks_too_large() from error
        except Exception:  # whatever a broken picture makes Pillow raise: a hole in the page, no more
            return
        if size > MAX_PICTURE:
            raise words.pdf_unpacks_too_large()


def _number(part: pikepdf.Stream, key: str, otherwise: int = 0) -> int:
    value = part.get(key, otherwise)
    return int(value) if isinstance(value, int) and value > 0 else otherwise


def _channels(picture: pikepdf.Stream) -> int:
    space = picture.get("/ColorSpace")
    if space == pikepdf.Name.DeviceRGB:
        return 3
    if space == pikepdf.Name.DeviceCMYK:
        return 4
    if isinstance(space, pikepdf.Array) and len(space) > 1 and space[0] == pikepdf.Name.ICCBased:
        return _number(space[1], "/N", 3) if isinstance(space[1], pikepdf.Stream) else 3
    return 1
