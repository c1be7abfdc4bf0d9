"""Images: whole, not too large, nothing hidden in them; and whether anything can be seen on them.

Every image is decoded once, small where its format allows it, so that memory stays within bounds.
"""

from __future__ import annotations

import warnings
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any

import pillow_heif
from PIL import Image, UnidentifiedImageError

from permits.intake.looking import segments, signatures, words
from permits.intake.looking.sharpness import look_of
from permits.intake.looking.words import MB, Warned

MAX_BYTES = 80 * MB
MAX_ATTACHED = 8 * MB
# A JPEG can be decoded at half its size and less; a PNG lies in memory whole, four bytes a pixel, and once more when it is turned.
MAX_PIXELS = {"jpg": 100_000_000, "png": 40_000_000, "heic": 50_000_000}
MAX_COEFFICIENTS = 300 * MB  # of a progressive JPEG: 100 million pixels with halved colours, 50 million with whole ones
FORMATS = {"jpg": ["JPEG"], "png": ["PNG"], "heic": ["HEIF"]}
UNREADABLE = (
    UnidentifiedImageError, OSError, SyntaxError, ValueError, TypeError, EOFError, KeyError, IndexError, AttributeError,
    OverflowError, ZeroDivisionError, RuntimeError, zlib.error,
)  # fmt: skip
ORIENTATION = 0x0112

Image.MAX_IMAGE_PIXELS = max(MAX_PIXELS.values())
pillow_heif.register_heif_opener(thumbnails=False)
pillow_heif.options.DECODE_THREADS = 1

Found = tuple[dict[str, Any], list[Warned]]


def look_into_jpg(stream: IO[bytes]) -> Found:
    return _look_into(stream, "jpg", segments.of_jpg)


def look_into_png(stream: IO[bytes]) -> Found:
    return _look_into(stream, "png", segments.of_png)


def look_into_heic(stream: IO[bytes]) -> Found:
    return _look_into(stream, "heic", segments.of_boxes)


def _look_into(stream: IO[bytes], kind: str, build_of: Callable[[bytes], segments.Build]) -> Found:
    size = stream.seek(0, 2)
    if size > MAX_BYTES:
        raise words.too_large(size, MAX_BYTES)
    stream.seek(0)
    _refuse_by_build(stream, kind, build_of)
    with opened(stream, kind) as image:
        width, height = image.size
        orientation = orientation_of(image)
        if kind == "jpg":  # read to its end all the same, but in memory it is not much larger than what is looked at
            image.draft("L", (1024, 1024))
        small = heic_pixels(stream, most=4_000_000) if kind == "heic" else image
        small.load()
        warnings = look_of(small, shortest=min(width, height))
    if orientation in {5, 6, 7, 8}:  # lies on its side
        width, height = height, width
    return {"width": width, "height": height, "orientation": orientation}, warnings


def _refuse_by_build(stream: IO[bytes], kind: str, build_of: Callable[[bytes], segments.Build]) -> None:
    content = stream.read()
    build = build_of(content)
    if build.attached > MAX_ATTACHED:
        raise words.too_much_metadata()
    if build.moves:
        raise words.moving()
    if build.coefficients > MAX_COEFFICIENTS:
        raise words.too_many_pixels(MAX_PIXELS["png"])
    if signatures.has_script(content):
        raise words.mixed()
    signatures.refuse_second_file(stream, content[build.end :])


@contextmanager
def opened(stream: IO[bytes], kind: str) -> Iterator[Image.Image]:
    """The image, not decoded yet. Raise ``Refused`` for one that is too large or, here or in the block, turns out to be damaged."""
    stream.seek(0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of EXIF that is written badly; it is thrown away
            with Image.open(stream, formats=FORMATS[kind]) as image:
                if image.width * image.height > MAX_PIXELS[kind]:
                    raise words.too_many_pixels(MAX_PIXELS[kind])
                yield image
    except words.Refused:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise words.too_many_pixels(MAX_PIXELS[kind]) from error
    except UNREADABLE as error:
        raise words.damaged() from error


def orientation_of(image: Image.Image) -> int:
    """As EXIF counts, 1 to 8; 1 where it says nothing or nonsense."""
    try:
        said = int(image.getexif().get(ORIENTATION, 1) or 1)
    except Exception:  # whatever a broken EXIF makes Pillow raise: the picture is none the worse for it
        return 1
    return said if 1 <= said <= 8 else 1


def heic_pixels(stream: IO[bytes], *, most: int) -> Image.Image:
    """The picture, upright as HEIC itself says, half as wide and high until it has ``most`` pixels.

    Taken over strip by strip: the decoder's own copy and a second whole one would be too much memory.
    """
    stream.seek(0)
    source = pillow_heif.open_heif(stream, convert_hdr_to_8bit=True)
    pixels = memoryview(source.data)
    (width, height), mode = source.size, source.mode
    factor = 1
    while width * height > most * factor**2:
        factor *= 2
    whole = Image.new(mode, (-(-width // factor), -(-height // factor)))
    rows = 64 * factor
    for top in range(0, height, rows):
        count = min(rows, height - top)
        part = pixels[top * source.stride : (top + count) * source.stride]
        strip = Image.frombytes(mode, (width, count), part, "raw", mode, source.stride)
        whole.paste(strip.reduce(factor) if factor > 1 else strip, (0, top // factor))
    whole.info = dict(source.info)
    return whole
