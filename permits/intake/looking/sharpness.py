"""Whether anything can be seen on a picture: blank, blurred. Measured on a small grey copy; said as a warning, never a refusal."""

from __future__ import annotations

from PIL import Image, ImageFilter, ImageStat

from permits.intake.looking import words
from permits.intake.looking.words import Warned

SIDE = 1024
TILE = 64
SMALLEST = 300
# Of the greys (0 to 255). A covered lens and a sheet without writing have 1 to 3; six characters in the middle of a page, 7.8.
BLANK_DEVIATION = 4.0
# Measured on ten pictures (the demonstration's scan and photos, one of them also dark and pale, pages of a PDF, a screen, a page of six
# characters), each blurred by a Gauss of 0 to 4 pixels of this small copy and saved as JPEG of quality 75. Sharp: 0.20 and more.
# By 1 pixel (small print is hard to read): 0.074 and more. By 2 pixels (it can't be read): 0.021 at most.
BLURRED_BELOW = 0.05
NOISE = 4  # of the Laplacian's variance; what JPEG leaves on an even ground

_LAPLACE = ImageFilter.Kernel((3, 3), [0, 1, 0, 1, -4, 1, 0, 1, 0], scale=1, offset=128)


def look_of(image: Image.Image, *, shortest: int) -> list[Warned]:
    """``shortest`` is the shorter side of the picture as it came, in pixels; ``image`` may have been decoded smaller."""
    grey = grey_copy(image)
    if deviation(grey) < BLANK_DEVIATION:
        return [words.blank_image()]
    found = []
    if shortest < SMALLEST:
        found.append(words.small_image())
    elif sharpness(grey) < BLURRED_BELOW:
        found.append(words.blurred_image())
    return found


def grey_copy(image: Image.Image) -> Image.Image:
    """At most ``SIDE`` pixels long; what is transparent is white. Of a large image only grey is ever copied, not its colours."""
    if image.mode == "PA" or (image.mode == "P" and "transparency" in image.info):
        image = image.convert("RGBA")
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
    """The variance of the Laplacian against that of the greys, in the sharpest fifth of the tiles that have contrast.

    Where a page is empty or out of focus on purpose says nothing, so not the picture as a whole is measured. 1.0 where no tile fits.
    """
    soft = grey.filter(ImageFilter.GaussianBlur(0.8))  # of the grain of a dark photo
    edges = soft.filter(_LAPLACE)
    tiles = []
    for top in range(2, grey.height - TILE - 1, TILE):  # not the border, which a filter leaves as it is
        for left in range(2, grey.width - TILE - 1, TILE):
            box = (left, top, left + TILE, top + TILE)
            tiles.append((ImageStat.Stat(soft.crop(box)).var[0], ImageStat.Stat(edges.crop(box)).var[0]))
    most = max((contrast for contrast, _edges in tiles), default=0)
    found = sorted(((edge - NOISE) / contrast for contrast, edge in tiles if contrast > most / 10), reverse=True)
    best = found[: max(1, len(found) // 5)]
    return sum(best) / len(best) if best else 1.0
