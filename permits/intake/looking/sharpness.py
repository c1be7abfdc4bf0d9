"""Whether anything can be seen on a picture: blank, blurred. Measured on a small grey copy; said as a warning, never a refusal."""

from __future__ import annotations

from PIL import Image, ImageFilter, ImageStat

from permits.intake.looking import words
from permits.intake.looking.words import Warned

SIDE = 1024
TILE = 64
BLANK_DEVIATION = 4.0
SMALLEST = 300
BLURRED_SHARE = 0.04

_LAPLACE = ImageFilter.Kernel((3, 3), [0, 1, 0, 1, -4, 1, 0, 1, 0], scale=1, offset=128)


def look_of(image: Image.Image, *, shortest: int) -> list[Warned]:
    """``shortest`` is the shorter side of the picture as it came, in pixels; ``image`` may have been decoded smaller."""
    grey = grey_copy(image)
    if deviation(grey) < BLANK_DEVIATION:
        return [words.blank_image()]
    found = []
    if shortest < SMALLEST:
        found.append(words.small_image())
    elif sharpness(grey) < BLURRED_SHARE:
        found.append(words.blurred_image())
    return found


def grey_copy(image: Image.Image) -> Image.Image:
    """At most ``SIDE`` pixels long; what is transparent is white. Of a large image only grey is ever copied, not its colours."""
    if image.mode in {"P", "PA"}:
        image = image.convert("RGBA" if "transparency" in image.info else "RGB")
    if image.mode.startswith("I"):  # 16 bit
        return _small(image.point(lambda value: value / 256).convert("L"))
    grey = _small(image.convert("L"))
    if "A" not in image.getbands():
        return grey
    return Image.composite(grey, Image.new("L", grey.size, 255), _small(image.getchannel("A")))


def _small(grey: Image.Image) -> Image.Image:
    return grey if max(grey.size) <= SIDE else grey.resize(_fitted(grey.size), Image.Resampling.BOX)


def _fitted(size: tuple[int, int]) -> tuple[int, int]:
    share = SIDE / max(size)
    return max(1, round(size[0] * share)), max(1, round(size[1] * share))


def deviation(grey: Image.Image) -> float:
    return ImageStat.Stat(grey).stddev[0]


def sharpness(grey: Image.Image) -> float:
    """How sharp the sharpest parts are: the variance of the Laplacian against that of the greys, in the tiles of most contrast."""
    edges = grey.filter(_LAPLACE)
    found = []
    for top in range(0, grey.height - TILE + 1, TILE):
        for left in range(0, grey.width - TILE + 1, TILE):
            box = (left, top, left + TILE, top + TILE)
            contrast = ImageStat.Stat(grey.crop(box)).var[0]
            if contrast > 60:
                found.append(ImageStat.Stat(edges.crop(box)).var[0] / contrast)
    found.sort(reverse=True)
    best = found[: max(1, len(found) // 10)]
    return sum(best) / len(best) if best else 1.0
