"""The text that inspection found in a file, page by page; and words looked for in it as people write them.

Full-width and half-width, capitals and small letters are the same (NFKC, case folded), and a line that breaks within Chinese is no
break: 应急\\n预案 is found as 应急预案.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from permits.intake.storage import open_blob
from permits.models import Material, MaterialPart

MOST_BYTES = 8 * 1024 * 1024  # of one file's texts
MOST_SIGNS = 2_000_000  # that one search reads, of all files together
MOST_WORDS = 5
LONGEST_QUERY = 100
MOST_HITS = 100
HITS_A_PAGE = 3
AROUND = 40  # signs shown on each side of what was found


@dataclass(frozen=True)
class Hit:
    """Words found on a page (from 1): what stands around them, in pieces, and which of these are the words."""

    material: Material
    page: int
    pieces: list[tuple[str, bool]]


@dataclass(frozen=True)
class Found:
    hits: list[Hit]
    cut: bool  # there is more than was read or may be shown
    without_text: list[Material]  # a photo, a scan: nothing could be looked for in them


def pages_of(material: Material) -> list[str]:
    """The text of each page (of a spreadsheet: each sheet); empty when inspection found none, or it is lost."""
    texts = {part.page: part for part in material.parts.all() if part.kind == MaterialPart.Kind.TEXT}
    pages: list[str] = []
    for _page, part in sorted(texts.items()):
        pages += _read(part)
    return pages


def _read(part: MaterialPart) -> list[str]:
    try:
        with open_blob(part.sha256) as blob:
            said: Any = json.loads(blob.read(MOST_BYTES + 1)[:MOST_BYTES])
    except (FileNotFoundError, ValueError):
        return []
    return [text for text in said if isinstance(text, str)] if isinstance(said, list) else []


def words_of(query: str) -> list[str]:
    """What is looked for, as it is compared."""
    said, _places = plain(query[:LONGEST_QUERY])
    return list(dict.fromkeys(said.split()))[:MOST_WORDS]


def plain(text: str) -> tuple[str, list[int]]:
    """The text as it is compared, and for each of its signs where it stands in ``text``."""
    signs: list[str] = []
    places: list[int] = []
    for place, sign in enumerate(text):
        for one in unicodedata.normalize("NFKC", sign).casefold():
            if one.isspace():
                if signs and signs[-1] != " ":
                    signs.append(" ")
                    places.append(place)
                continue
            if len(signs) > 1 and signs[-1] == " " and (_is_chinese(one) and _is_chinese(signs[-2])):
                signs.pop()
                places.pop()
            signs.append(one)
            places.append(place)
    return "".join(signs), places


def _is_chinese(sign: str) -> bool:
    return "\u2e80" <= sign <= "\u9fff" or "\uf900" <= sign <= "\ufaff" or sign >= "\U00020000"


def find(materials: Iterable[Material], query: str) -> Found:
    """The pages that have every word of ``query``, in the order of the files."""
    words = words_of(query)
    hits: list[Hit] = []
    without: list[Material] = []
    left = MOST_SIGNS
    if not words:
        return Found([], False, [])
    for material in materials:
        pages = pages_of(material)
        if not any(page.strip() for page in pages):
            without.append(material)
        for number, text in enumerate(pages, 1):
            if left <= 0 or len(hits) >= MOST_HITS:
                return Found(hits, True, without)
            hits += on_page(material, number, text[:left], words)
            left -= len(text)
    return Found(hits[:MOST_HITS], len(hits) > MOST_HITS, without)


def on_page(material: Material, number: int, text: str, words: list[str]) -> list[Hit]:
    said, places = plain(text)
    if not all(word in said for word in words):
        return []
    spans = [
        (places[begin], places[begin + len(word) - 1] + 1) for word in words for begin in _each(said, word)
    ]  # fmt: skip
    spans.sort()
    hits: list[Hit] = []
    shown = -1
    for begin, end in spans:
        if begin < shown or len(hits) == HITS_A_PAGE:
            continue
        first, last = max(0, begin - AROUND), min(len(text), end + AROUND)
        shown = last
        hits.append(Hit(material, number, _pieces(text, first, last, spans)))
    return hits


def _each(said: str, word: str) -> list[int]:
    found: list[int] = []
    at = said.find(word)
    while at >= 0 and len(found) < HITS_A_PAGE * 10:
        found.append(at)
        at = said.find(word, at + len(word))
    return found


def _pieces(text: str, first: int, last: int, spans: list[tuple[int, int]]) -> list[tuple[str, bool]]:
    """``text[first:last]`` cut where words begin and end; two that overlap are one."""
    pieces: list[tuple[str, bool]] = []
    at = first
    for begin, end in spans:
        begin, end = max(begin, at), min(end, last)
        if begin >= end:
            continue
        if begin > at:
            pieces.append((text[at:begin], False))
        pieces.append((text[begin:end], True))
        at = end
    if at < last:
        pieces.append((text[at:last], False))
    return pieces
