"""The colours of static/css/portal.css as they stand there, and the contrast of each pair that pages use (WCAG 2.2)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

CSS = Path(__file__).resolve().parent.parent / "static" / "css" / "portal.css"
TEXT, SHAPE = 4.5, 3.0  # least contrast: of text (1.4.3), of what one has to see to use it (1.4.11)
# What stands on what, and how much contrast it needs.
PAIRS = [
    *((text, ground, TEXT) for text in ("text", "muted", "brand", "bad") for ground in ("ground", "surface", "surface-2")),
    *((tone, f"{tone}-soft", TEXT) for tone in ("brand", "ok", "warn", "bad", "info")),
    *((tone, "surface", TEXT) for tone in ("ok", "warn", "info")),
    *(("text", f"{tone}-soft", TEXT) for tone in ("brand", "ok", "warn", "bad", "info")),
    ("muted", "mute-soft", TEXT), ("on-brand", "brand", TEXT), ("on-brand", "brand-hover", TEXT),
    ("on-ink", "ink", TEXT), ("on-ink", "ink-2", TEXT), ("on-ink-muted", "ink", TEXT), ("on-ink-muted", "ink-2", TEXT),
    ("surface", "ok", TEXT), ("surface", "bad", TEXT), ("focus-ink", "focus", TEXT),
    *(("line-strong", ground, SHAPE) for ground in ("ground", "surface", "surface-2")),
    ("seal-on-ink", "ink", SHAPE), ("seal", "surface", SHAPE),
]  # fmt: skip


@dataclass(frozen=True)
class Pair:
    upper: str  # the token of what stands on the other
    lower: str
    upper_hex: str
    lower_hex: str
    wanted: float

    @property
    def ratio(self) -> float:
        one, other = sorted((_luminance(self.upper_hex), _luminance(self.lower_hex)), reverse=True)
        return (one + 0.05) / (other + 0.05)

    @property
    def enough(self) -> bool:
        return self.ratio >= self.wanted


def schemes() -> dict[str, dict[str, str]]:
    """Of ``light`` and ``dark``: each colour's token and its ``#rrggbb``. What the dark one does not name is as in the light."""
    roots = re.findall(r"(?:^|\s):root \{\s+color-scheme: (light|dark);(.*?)\n\s*\}", CSS.read_text(), re.S)
    named = {scheme: dict(re.findall(r"--([a-z0-9-]+):\s*(#[0-9a-f]{6})\b", body)) for scheme, body in roots}
    return {"light": named["light"], "dark": named["light"] | named["dark"]}


def pairs(scheme: str) -> list[Pair]:
    colours = schemes()[scheme]
    return [Pair(upper, lower, colours[upper], colours[lower], wanted) for upper, lower, wanted in PAIRS]


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
