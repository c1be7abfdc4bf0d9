"""Paper, ink, seals, handwriting and camera faults, drawn with Pillow from a seeded generator."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

Point = tuple[float, float]
FONTS = "/usr/share/fonts/opentype/noto/"
SIMPLIFIED = 2  # the index of the SC face in the .ttc collections


def font(size: int, family: str = "Serif", weight: str = "Regular") -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(f"{FONTS}Noto{family}CJK-{weight}.ttc", size, index=SIMPLIFIED)


# ── noise and light ───────────────────────────────────────────────────────────────────────────────


def noise(rng: random.Random, size: tuple[int, int], amplitude: float, mode: str = "L") -> Image.Image:
    """Bell-shaped noise about 128 (four uniform fields averaged); seeded, unlike Image.effect_noise."""
    count = size[0] * size[1] * len(mode)
    fields = [Image.frombytes(mode, size, rng.randbytes(count)) for _ in range(4)]
    mixed = Image.blend(Image.blend(fields[0], fields[1], 0.5), Image.blend(fields[2], fields[3], 0.5), 0.5)
    # four averaged uniform fields have a standard deviation of about 37
    return mixed.point([round(128 + (v - 127.5) * amplitude / 37) & 255 for v in range(256)] * len(mode))


def add(image: Image.Image, field: Image.Image) -> Image.Image:
    """The image plus a field about 128."""
    if image.mode != field.mode:
        field = Image.merge(image.mode, [field] * len(image.mode))
    return ImageChops.add(image, field, 1, -128)


def clouds(rng: random.Random, size: tuple[int, int], cells: tuple[int, int], amplitude: float) -> Image.Image:
    """Smooth noise about 128, `cells` bumps across and down."""
    return noise(rng, cells, amplitude).resize(size, Image.Resampling.BICUBIC)


def shade(size: tuple[int, int], level: Callable[[float, float], float], cells: int = 48) -> Image.Image:
    """A smooth light field: `level(x, y)` of 0..1 → 0..1, to be multiplied with."""
    small = Image.new("L", (cells, cells))
    small.putdata(
        [
            max(0, min(255, round(255 * level(x / (cells - 1), y / (cells - 1)))))
            for y in range(cells)
            for x in range(cells)
        ]
    )
    return small.resize(size, Image.Resampling.BICUBIC)


def multiply(image: Image.Image, light: Image.Image) -> Image.Image:
    return ImageChops.multiply(image, Image.merge("RGB", [light] * 3) if light.mode == "L" else light)


# ── perspective ───────────────────────────────────────────────────────────────────────────────────


def _solve(matrix: list[list[float]], right: list[float]) -> list[float]:
    n = len(right)
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    for i in range(n):
        pivot = max(range(i, n), key=lambda r: abs(rows[r][i]))
        rows[i], rows[pivot] = rows[pivot], rows[i]
        for r in range(n):
            if r != i:
                factor = rows[r][i] / rows[i][i]
                rows[r] = [a - factor * b for a, b in zip(rows[r], rows[i], strict=True)]
    return [rows[i][n] / rows[i][i] for i in range(n)]


def warp(image: Image.Image, quad: Sequence[Point], size: tuple[int, int]) -> tuple[Image.Image, Image.Image]:
    """The image laid on `quad` (corners from top left, clockwise) of a canvas, and its mask there."""
    w, h = image.size
    edged = image.resize((w + 8, h + 8))  # so that the edge of the mask never reaches beyond the texture
    edged.paste(image, (4, 4))
    matrix, right = [], []
    for (x, y), (u, v) in zip(quad, ((4, 4), (w + 4, 4), (w + 4, h + 4), (4, h + 4)), strict=True):
        matrix += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        right += [u, v]
    data = _solve(matrix, right)
    out = edged.transform(size, Image.Transform.PERSPECTIVE, data, Image.Resampling.BICUBIC)
    mask = Image.new("L", size)
    ImageDraw.Draw(mask).polygon(list(quad), fill=255)
    return out, mask.filter(ImageFilter.GaussianBlur(0.6))


# ── a red round seal ──────────────────────────────────────────────────────────────────────────────


def seal(rng: random.Random, around: str, below: str, size: int = 480) -> Image.Image:
    """The coverage (L) of a seal: ring, star, the name round it, a line below; unevenly inked."""
    scale = 2
    n = size * scale
    image = Image.new("L", (n, n))
    draw = ImageDraw.Draw(image)
    c, radius = n / 2, n / 2 - 4 * scale
    draw.ellipse((c - radius, c - radius, c + radius, c + radius), outline=255, width=round(n * 0.022))
    star = []
    for i in range(10):
        r = n * (0.135 if i % 2 == 0 else 0.0525)
        star.append((c + r * math.sin(i * math.pi / 5), c - r * math.cos(i * math.pi / 5) - n * 0.01))
    draw.polygon(star, fill=255)
    span = min(250.0, 21.0 * (len(around) - 1))
    face = font(round(n * 0.105), "Serif", "Bold")
    for i, char in enumerate(around):
        angle = -span / 2 + span * i / max(1, len(around) - 1)
        glyph = Image.new("L", (round(n * 0.16), round(n * 0.16)))
        ImageDraw.Draw(glyph).text((glyph.width / 2, glyph.height / 2), char, 255, face, anchor="mm")
        glyph = glyph.resize((round(glyph.width * 0.82), round(glyph.height * 1.15)), Image.Resampling.BICUBIC)
        glyph = glyph.rotate(-angle, Image.Resampling.BICUBIC, expand=True)
        r = radius - n * 0.105
        x, y = c + r * math.sin(math.radians(angle)), c - r * math.cos(math.radians(angle))
        at = (round(x - glyph.width / 2), round(y - glyph.height / 2))
        image.paste(255, at, glyph)
    draw.text((c, c + n * 0.27), below, 255, font(round(n * 0.075), "Sans", "Bold"), anchor="mm")
    image = image.filter(ImageFilter.GaussianBlur(scale * 0.7)).resize((size, size), Image.Resampling.LANCZOS)
    grain = noise(rng, (size, size), 60).filter(ImageFilter.GaussianBlur(1.1))
    grain = grain.point([max(0, min(255, round(235 + (v - 118) * 5))) for v in range(256)])
    patches = clouds(rng, (size, size), (9, 9), 55).point([min(255, 150 + v // 2 + 20) for v in range(256)])
    return ImageChops.multiply(ImageChops.multiply(image, grain), patches)


def stamp(page: Image.Image, cover: Image.Image, centre: Point, ink: tuple[int, int, int], turn: float) -> None:
    """Ink on paper: darkens what is under it, as a stamp does, and does not hide it."""
    cover = cover.rotate(turn, Image.Resampling.BICUBIC, expand=True)
    at = (round(centre[0] - cover.width / 2), round(centre[1] - cover.height / 2))
    under = page.crop((*at, at[0] + cover.width, at[1] + cover.height))
    inked = ImageChops.multiply(under, Image.new("RGB", under.size, ink))
    page.paste(inked, at, cover)


# ── handwriting ───────────────────────────────────────────────────────────────────────────────────

# Each stroke is a list of points in a box of 100 × 100, in writing order, joined as a running hand does.
STROKES: dict[str, list[list[Point]]] = {
    "江": [
        [(17, 14), (23, 19), (28, 27)],
        [(6, 40), (13, 43), (20, 50)],
        [(5, 84), (10, 88), (17, 78), (32, 56)],
        [
            (42, 31),
            (60, 28),
            (84, 23),
            (80, 29),
            (66, 36),
            (63, 58),
            (60, 80),
            (46, 82),
            (36, 84),
            (60, 81),
            (99, 76),
        ],
    ],
    "立": [
        [(47, 4), (53, 9), (56, 18)],
        [(20, 36), (45, 31), (78, 26)],
        [(34, 46), (40, 55), (43, 68)],
        [(69, 40), (63, 58), (52, 80), (30, 85), (10, 88), (50, 82), (96, 80)],
    ],
    "川": [
        [(24, 12), (27, 40), (21, 66), (5, 96), (20, 70), (46, 26)],
        [(48, 20), (51, 44), (48, 72), (56, 60), (78, 12)],
        [(79, 6), (82, 44), (79, 82), (77, 116), (70, 104)],
    ],
    "0": [[(55, 12), (30, 24), (22, 56), (36, 88), (62, 82), (76, 50), (66, 18), (50, 12)]],
    "1": [[(54, 8), (51, 46), (46, 94)]],
    "2": [[(24, 30), (40, 10), (64, 16), (62, 42), (40, 70), (20, 90), (50, 84), (82, 88)]],
    "3": [[(28, 18), (52, 8), (68, 24), (44, 44), (70, 54), (68, 80), (44, 94), (22, 84)]],
    "6": [[(64, 8), (38, 34), (26, 66), (42, 92), (66, 82), (64, 60), (42, 58), (28, 74)]],
    "✓": [[(10, 52), (28, 66), (40, 86), (62, 40), (98, 4)]],
}


def _spline(points: Sequence[Point], steps: int = 26) -> list[Point]:
    ext = [points[0], *points, points[-1]]
    out: list[Point] = []
    for i in range(1, len(ext) - 2):
        p0, p1, p2, p3 = ext[i - 1 : i + 3]
        for s in range(steps):
            t = s / steps
            out.append(
                tuple(  # type: ignore[arg-type]
                    0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
                    for a, b, c, d in zip(p0, p1, p2, p3, strict=True)
                )
            )
    return [*out, points[-1]]


def write(
    page: Image.Image,
    rng: random.Random,
    text: str,
    at: Point,
    size: float,
    pen: float,
    ink: tuple[int, int, int] = (24, 28, 58),
    advance: float = 0.95,
    slant: float = -0.12,
) -> None:
    """Writes `text` by hand: strokes with pressure and slant, never twice alike."""
    cover = Image.new("L", page.size)
    draw = ImageDraw.Draw(cover)
    x0, y0 = at
    for char in text:
        tilt, drop, wide = rng.uniform(-0.05, 0.02), rng.uniform(-0.03, 0.04), rng.uniform(0.93, 1.06)
        for stroke in STROKES[char]:
            jittered = [(x + rng.uniform(-2, 2), y + rng.uniform(-2, 2)) for x, y in stroke]
            path = _spline(jittered)
            weight = rng.uniform(0.9, 1.12)
            for i, (x, y) in enumerate(path):
                t = i / max(1, len(path) - 1)
                before, after = path[max(0, i - 3)], path[min(len(path) - 1, i + 3)]
                speed = math.hypot(after[0] - before[0], after[1] - before[1])
                press = min(1.0, 0.55 + t * 9) * min(1.0, 0.22 + (1 - t) * 5) * (1.15 - min(0.5, speed / 45))
                # a downstroke is pressed harder than one that goes across or back up
                press *= 1.12 if after[1] - before[1] > 2 else 0.86
                px = x0 + size * (x / 100 * wide + slant * (y - 50) / 100)
                py = y0 + size * (y / 100 + drop + tilt * (x - 50) / 100)
                r = max(0.8, pen * press * weight / 2)
                draw.ellipse((px - r, py - r, px + r, py + r), fill=255)
        x0 += size * advance * wide * (0.62 if char in "0123456789" else 1)
    cover = cover.filter(ImageFilter.GaussianBlur(0.8))
    grain = noise(rng, page.size, 30).point([max(0, min(255, 232 + (v - 120) * 2)) for v in range(256)])
    cover = ImageChops.multiply(cover, grain)
    page.paste(ink, (0, 0), cover)
