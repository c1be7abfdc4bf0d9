"""Cut the permit's two fonts out of Debian's Noto CJK: every name prints, and the repository stays small.

    apt-get install fonts-noto-cjk && python permits/fonts/make_subset.py

Needs fonttools (requirements-dev.txt). The same input gives the same bytes; README.md says what is in them.
"""

from __future__ import annotations

import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

SOURCE = Path("/usr/share/fonts/opentype/noto")
TARGET = Path(__file__).resolve().parent
REGIONS = TARGET.parent / "codes" / "regions.tsv"
SIMPLIFIED_CHINESE = 2  # the third font of each of Debian's collections

SIGNS = {
    *range(0x20, 0x7F), *range(0xA0, 0x250), *range(0x2000, 0x2070), *range(0x2100, 0x2190), *range(0x2460, 0x2500),
    *range(0x3000, 0x3040), *range(0xFF00, 0xFFF0),
}  # fmt: skip
# The ideographs of Extension B that 通用规范汉字表 (2013) has; the rest of B is of no use in names of today.
EXTENSION_B = "𠅤𠙶𠳐𡎚𡐓𣗋𣲗𣲘𣸣𤧛𤩽𤫉𥔲𥕢𥖨𥻗𦈡𦒍𦙶𦝼𦭜𦰡𧿹𨐈𨙸𨚕𨟠𨭉𨱇𨱏𨱑𨱔𨺙𩽾𩾃𩾌"
NAMES = {
    *range(0x3400, 0x4DC0),  # Extension A: 㛃, 䶮
    *range(0x4E00, 0xA000),
    *map(ord, EXTENSION_B),
    *range(0x2A700, 0x32000),  # Extensions C to G as far as Noto draws them, all of 通用规范汉字表 among them
}


def encodable(codec: str, first: int = 0x81, last: int = 0xFE) -> set[int]:
    """Every character of a two-byte Chinese encoding whose first byte lies between ``first`` and ``last``."""
    pairs = (bytes([high, low]).decode(codec, "ignore") for high in range(first, last + 1) for low in range(0x40, 0xFF))
    return {ord(character) for character in pairs if len(character) == 1}


def in_region_names() -> set[int]:
    """An office is called by its region, and its name stands in the seal: 婺源县, 鄱阳县."""
    return set(map(ord, REGIONS.read_text(encoding="utf-8"))) - {ord("\n"), ord("\t")}


FONTS = {
    # Sets all text, so it has to know every name.
    "PermitSansSC-Regular.otf": ("NotoSansCJK-Regular.ttc", "Permit Sans SC", SIGNS | NAMES | encodable("gbk")),
    # Sets titles and the seal: the 3,755 common characters of GB 2312 and the names of regions. What is missing
    # falls back to the Sans.
    "PermitSerifSC-Bold.otf": (
        "NotoSerifCJK-Bold.ttc",
        "Permit Serif SC",
        SIGNS | encodable("gb2312", 0xA1, 0xD7) | in_region_names(),
    ),
}


def cut(target: str, source: str, family: str, wanted: set[int]) -> set[int]:
    font = TTFont(SOURCE / source, fontNumber=SIMPLIFIED_CHINESE, recalcTimestamp=False)
    options = subset.Options(
        layout_features=["ccmp", "kern", "locl"], hinting=False, notdef_outline=True,
        name_IDs=[0, 1, 2, 3, 4, 5, 6, 13, 14], name_languages=[0x409],
        drop_tables=["BASE", "DSIG", "VORG", "vhea", "vmtx"],
    )  # fmt: skip
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=wanted)
    subsetter.subset(font)
    rename(font, family, style=Path(target).stem.rpartition("-")[2])
    font.save(TARGET / target)
    return set(font.getBestCmap())


def rename(font: TTFont, family: str, *, style: str) -> None:
    """A changed font goes under a name of its own, so that nobody takes it for Noto, nor the portal Noto for it."""
    postscript = f"{family.replace(' ', '')}-{style}"
    version = font["name"].getDebugName(5)
    texts = {1: family, 2: style, 3: f"{postscript};{version}", 4: f"{family} {style}", 6: postscript}
    for name_id, text in texts.items():
        font["name"].setName(text, name_id, 3, 1, 0x409)
    top = font["CFF "].cff
    top.fontNames = [postscript]
    top[0].FullName, top[0].FamilyName = f"{family} {style}", family


def ranges(codes: set[int]) -> str:
    """``3400-4DBF`` a line."""
    lines: list[list[int]] = []
    for code in sorted(codes):
        if lines and code == lines[-1][1] + 1:
            lines[-1][1] = code
        else:
            lines.append([code, code])
    return "".join(f"{first:04X}-{last:04X}\n" for first, last in lines)


def main() -> None:
    for target, (source, family, wanted) in FONTS.items():
        has = cut(target, source, family, wanted)
        if target.startswith("PermitSans"):
            (TARGET / "coverage.txt").write_text(ranges(has), encoding="ascii")
        sys.stdout.write(f"{target}: {len(has)} characters, {(TARGET / target).stat().st_size:,} bytes\n")


if __name__ == "__main__":
    main()
