"""A photo as it is kept: upright, in sRGB, with nothing attached to it; and its small picture."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import IO

from PIL import Image, ImageCms

from permits.intake.looking import images
from permits.intake.looking.words import MB

THUMB = 320  # pixels, the longer side
THUMB_QUALITY = 80
QUALITY = 88  # a stamp's fine lines stay, a phone's photo gets no larger than it came
MAX_PIXELS = 40_000_000  # of a HEIC
# A JPEG that would take more, decoded and turned around, is kept half as wide and high: 48 million pixels of a phone just fit.
MAX_MEMORY = 290 * MB

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def kept(stream: IO[bytes], kind: str, folder: Path) -> tuple[Path, Path]:
    """The image that replaces the one that came, and its small picture. Raise ``Refused`` where it can't be decoded."""
    picture = _upright(stream, kind)
    content, thumb = folder / f"content.{'png' if kind == 'png' else 'jpg'}", folder / "thumb-1.jpg"
    transparency = picture.info.get("transparency")
    picture.info = {}
    if kind == "png":
        picture.save(content, "PNG", **({} if transparency is None else {"transparency": transparency}))
    else:
        picture.save(content, "JPEG", quality=QUALITY)
    write_thumb(picture, thumb)
    return content, thumb


def _upright(stream: IO[bytes], kind: str) -> Image.Image:
    with images.opened(stream, kind) as image:
        turn = _TURNS.get(images.orientation_of(image))
        if kind == "heic":
            return _in_srgb(images.heic_pixels(stream, most=MAX_PIXELS), is_png=False)
        if kind == "jpg":
            _draft_what_fits(image, turned=turn is not None)
        image.load()
        picture = _in_srgb(image, is_png=kind == "png")
        return picture if turn is None else picture.transpose(turn)


def _draft_what_fits(image: Image.Image, *, turned: bool) -> None:
    """A progressive JPEG needs two bytes for each pixel and colour besides; libjpeg gives them back before anything is turned."""
    pixels = image.width * image.height
    channels = len(image.getbands())
    picture = pixels * channels * (2 if turned or channels == 4 else 1)
    first = pixels * channels * (3 if image.info.get("progressive") else 1)
    if max(picture, first) > MAX_MEMORY:
        image.draft(None, (image.width // 2, image.height // 2))


def _in_srgb(image: Image.Image, *, is_png: bool) -> Image.Image:
    """In a mode that the format can hold. A profile that can't be read is left out of account, as browsers do."""
    if image.mode.startswith("I"):  # 16 bit
        return image.point(lambda value: value / 256).convert("L")
    if profile := image.info.get("icc_profile"):
        image = _converted(image, profile)
    if image.mode in {"L", "RGB"} or (is_png and image.mode in {"1", "P", "LA", "RGBA"}):
        return image
    if image.mode == "RGBA":  # a HEIC with a mask
        white = Image.new("RGB", image.size, "white")
        white.paste(image, mask=image.getchannel("A"))
        return white
    return image.convert("RGB")


def _converted(image: Image.Image, profile: bytes) -> Image.Image:
    if image.mode not in {"RGB", "RGBA", "CMYK"}:
        return image
    try:
        source, target = ImageCms.ImageCmsProfile(BytesIO(profile)), ImageCms.createProfile("sRGB")
        if "sRGB" in ImageCms.getProfileDescription(source):
            return image
        if image.mode == "CMYK":
            return ImageCms.profileToProfile(image, source, target, outputMode="RGB") or image
        ImageCms.profileToProfile(image, source, target, inPlace=True)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return image
    return image


def write_thumb(image: Image.Image, path: Path) -> None:
    factor = max(1, max(image.size) // (THUMB * 4))
    if image.mode in {"P", "1"}:  # nothing between two of their colours
        small = image.resize((-(-image.width // factor), -(-image.height // factor)), Image.Resampling.NEAREST)
    else:
        small = image.reduce(factor)
    if small.mode in {"P", "LA", "PA", "RGBA"}:
        small = small.convert("RGBA")
        white = Image.new("RGBA", small.size, "white")
        small = Image.alpha_composite(white, small)
    small = small.convert("L" if small.mode in {"1", "L"} else "RGB")
    small.thumbnail((THUMB, THUMB), Image.Resampling.LANCZOS)
    small.info = {}
    small.save(path, "JPEG", quality=THUMB_QUALITY)
