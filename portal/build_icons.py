"""``make icons``: of the desk's font of icons, those that a page can show. The whole font is 290 kB, the first thing the desk loads.

An icon stays when its name stands where icons are named: in unfold's templates, in ours of the desk, in the settings or the
admin's Python. The result stands in ``static`` under the name of unfold's own, so that it is served in its place; it is kept
in the repository, so nothing is built where the portal runs, and a test says when it is out of date.
"""

from __future__ import annotations

import re
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
NAME = Path("unfold/fonts/material-symbols/Material-Symbols-Outlined.woff2")
OURS = ROOT / "static" / NAME
IN_PYTHON = ("portal/settings.py", "reviews/admin/**/*.py")
NAMED = re.compile(
    r"""(?:icon|SITE_SYMBOL)["']?\s*[=:]\s*["'](\w+)["']          # icon="add", "icon": "inbox"
    |icon\.html["'][^%]*%}\s*(\w+)\s*{%             # {% component "…/icon.html" %}add{% endcomponent %}
    |content-\['?(\w+)'?\]                          # after:content-['check']
    """,
    re.VERBOSE,
)
SPAN = re.compile(
    r"material-symbols-outlined[^>]*>([^<]*)<"
)  # with tags between: {% if symbol %}…{% else %}settings{% endif %}


def whole() -> Path:
    return _unfold() / "static" / NAME


def named() -> set[str]:
    """What stands where icons are named; some of these words are none."""
    folders = (_unfold() / "templates", ROOT / "templates" / "admin", ROOT / "templates" / "unfold")
    files = [file for folder in folders for file in folder.rglob("*.html")]
    files += [file for pattern in IN_PYTHON for file in ROOT.glob(pattern)] + list(_unfold().rglob("*.py"))
    found: set[str] = set()
    for file in files:
        text = file.read_text(encoding="utf-8")
        found |= {word for words in NAMED.findall(text) for word in words if word}
        found |= {word for inside in SPAN.findall(text) for word in re.findall(r"\w+", inside)}
    return found


def ligatures(font: Any) -> dict[str, str]:
    """The names that ``font`` draws an icon for, each with its glyph."""
    letters = {glyph: chr(code) for code, glyph in font.getBestCmap().items()}
    found = {}
    for lookup in font["GSUB"].table.LookupList.Lookup:
        for table in lookup.SubTable:
            table = getattr(table, "ExtSubTable", table)
            for first, rest in getattr(table, "ligatures", {}).items():
                for each in rest:
                    if all(part in letters for part in [first, *each.Component]):
                        found["".join(letters[part] for part in [first, *each.Component])] = each.LigGlyph
    return found


def build(target: Path) -> None:
    from fontTools import subset
    from fontTools.ttLib import TTFont

    font = TTFont(whole())
    wanted = named()
    kept = {name: glyph for name, glyph in ligatures(font).items() if name in wanted}
    options = subset.Options(flavor="woff2", layout_features=["liga", "rlig"], layout_closure=False, hinting=False)
    options.drop_tables += ["FFTM", "GPOS", "GDEF"]
    cut = subset.Subsetter(options)
    cut.populate(glyphs=list(kept.values()), text="".join(sorted({letter for name in kept for letter in name})))
    cut.subset(font)
    target.parent.mkdir(parents=True, exist_ok=True)
    subset.save_font(font, str(target), options)


def _unfold() -> Path:
    found = find_spec("unfold")
    assert found and found.origin
    return Path(found.origin).parent


if __name__ == "__main__":
    build(OURS)
    sys.stdout.write(f"{OURS.relative_to(ROOT)}: {OURS.stat().st_size} bytes of {whole().stat().st_size}\n")
