"""Draws who looks across each page of a PDF, or across a picture. A program of its own, for a process under limits:
``python -I stamp.py``, the task as JSON on stdin (``stamping`` starts it); exit status 0 when the copy is written.

Knows nothing of the portal but how to confine itself, before it opens the file. Pillow draws the words once, and they are laid over
the page again and again.
"""

from __future__ import annotations

import importlib.util
import json
import math
import sys
import zlib
from pathlib import Path

import pikepdf
from PIL import Image, ImageDraw, ImageFont, ImageOps

LIMITS = {"megabytes": 1024, "seconds": 20}
PIXELS = 100_000_000
ANGLE = 30  # degrees, rising
DARK, LIGHT = 66, 60  # of 255: how strong the words are, and the rim that lets them be read on a dark ground
LINE = 1.35
ACROSS = 2.4  # from one stamp to the next, in lengths of the words at least


def main() -> None:
    task = json.load(sys.stdin)
    confined(Path(task["target"]).parent)
    Image.MAX_IMAGE_PIXELS = PIXELS
    stamp = picture if task["media_type"].startswith("image/") else document
    stamp(task["source"], task["target"], task["lines"], task["font"])


def confined(folder: Path) -> None:
    """As the process that looks into files is (``sandbox/confine.py``): read by its path, for the package beside it wants Django."""
    spec = importlib.util.spec_from_file_location("confine", Path(__file__).with_name("sandbox") / "confine.py")
    if spec is None or spec.loader is None:
        raise SystemExit("there is no sandbox/confine.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.confine(LIMITS, folder)


# --- The words ------------------------------------------------------------------------------------------------------


def words(lines: list[str], font: str, height: int) -> tuple[Image.Image, Image.Image]:
    """Two masks of one size: the words rising by ``ANGLE``, letters ``height`` pixels high, and the rim around them."""
    face = ImageFont.truetype(font, height)
    width = max(math.ceil(face.getlength(line)) for line in lines)
    size = (width + 2 * height, math.ceil(height * LINE * len(lines)) + height)
    drawn, rim = Image.new("L", size), Image.new("L", size)
    for n, line in enumerate(lines):
        at = (height, height // 2 + round(n * height * LINE))
        ImageDraw.Draw(drawn).text(at, line, fill=DARK, font=face)
        ImageDraw.Draw(rim).text(at, line, fill=LIGHT, font=face, stroke_width=max(1, height // 12), stroke_fill=LIGHT)
    turned = [each.rotate(ANGLE, expand=True, resample=Image.Resampling.BILINEAR) for each in (drawn, rim)]
    return turned[0], turned[1]


def places(size: tuple[float, float], tile: tuple[float, float]) -> list[tuple[float, float]]:
    """Corners of the tiles that cover a page: row by row, every other one moved by half."""
    step = max(tile[0] * 1.05, 1), max(tile[1] * 0.9, 1)
    found = []
    for row in range(math.ceil(size[1] / step[1]) + 1):
        begin = -step[0] / 2 if row % 2 else 0
        found += [(begin + column * step[0], row * step[1]) for column in range(math.ceil(size[0] / step[0]) + 1)]
    return found


# --- A picture ------------------------------------------------------------------------------------------------------


def picture(source: str, target: str, lines: list[str], font: str) -> None:
    with Image.open(source) as opened:
        kind = opened.format
        upright = ImageOps.exif_transpose(opened)
        image = upright.convert("RGBA" if kind == "PNG" and "A" in upright.getbands() else "RGB")
    drawn, rim = words(lines, font, letters(image.size, lines))
    for x, y in places(image.size, drawn.size):
        at = (round(x), round(y))
        image.paste((255, 255, 255), at, rim)
        image.paste((40, 40, 40), at, drawn)
    if kind == "PNG":
        image.save(target, "PNG", compress_level=4)
    else:
        image.save(target, "JPEG", quality=90)


def letters(size: tuple[float, float], lines: list[str]) -> int:
    """How high the letters are: so that the words take some 40 % of the shorter side, and can be read."""
    longest = max(sum(2 if ord(sign) > 0x2E7F else 1 for sign in line) for line in lines) / 2
    return round(min(max(0.4 * min(size) / max(longest, 1), 11), 0.05 * min(size) + 11))


# --- A PDF ----------------------------------------------------------------------------------------------------------

DOTS = 3  # a point of the page


def document(source: str, target: str, lines: list[str], font: str) -> None:
    with pikepdf.open(source) as pdf:
        forms: dict[tuple[int, int], pikepdf.Object] = {}
        for page in pdf.pages:
            box = pikepdf.Rectangle(page.cropbox)
            turned = int(page.obj.get("/Rotate", 0)) % 180 == 90
            size = (round(box.height), round(box.width)) if turned else (round(box.width), round(box.height))
            size = max(size[0], 1), max(size[1], 1)
            if size not in forms:
                forms[size] = overlay(pdf, size, lines, font)
            page.add_overlay(forms[size], box)
        pdf.save(target, deterministic_id=False)


def overlay(pdf, size: tuple[int, int], lines: list[str], font: str):
    """A form as large as the page is shown, with the words all over it; one picture, placed again and again."""
    drawn, rim = words(lines, font, letters(size, lines) * DOTS)
    images = {"/Words": mask(pdf, drawn, 0.15), "/Rim": mask(pdf, rim, 1.0)}
    width, height = drawn.width / DOTS, drawn.height / DOTS
    content = []
    for x, y in places(size, (width, height)):
        bottom = size[1] - y - height
        content += [
            f"q {width:.2f} 0 0 {height:.2f} {x:.2f} {bottom:.2f} cm {name} Do Q" for name in ("/Rim", "/Words")
        ]
    return pdf.make_stream(
        "\n".join(content).encode(), Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Form, BBox=[0, 0, *size],
        Resources=pikepdf.Dictionary(XObject=pikepdf.Dictionary(images)),
    )  # fmt: skip


def mask(pdf, strength: Image.Image, grey: float):
    """A picture of one grey, as strong at each place as the mask says."""

    def stream(content: bytes, size: tuple[int, int], **more):
        made = pdf.make_stream(
            zlib.compress(content), Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Image, Width=size[0], Height=size[1],
            ColorSpace=pikepdf.Name.DeviceGray, BitsPerComponent=8, **more,
        )  # fmt: skip
        made.stream_dict["/Filter"] = pikepdf.Name.FlateDecode
        return made

    soft = stream(strength.tobytes(), strength.size)
    return stream(bytes([round(255 * grey)]), (1, 1), SMask=soft)


if __name__ == "__main__":
    main()
