"""Find a service by whatever somebody calls it. Pure: definitions in, what was found and why out; no database.

Chinese has no blanks between words. What is typed is cut by the shortest way through the words that are known: those of the
services themselves, of ``search_words``, and nothing else, so that a process keeps kilobytes and not a dictionary
(docs/decisions, the search). What is in no word stays together and is looked for as it is, then by its pairs of characters.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from permits.definition import Definition
from permits.definition_parts import Text
from permits.search_words import AROUND, EVERYWHERE, SIMPLIFIED, SYNONYMS

LONGEST = 80  # characters of what is typed
Kind = Literal["title", "keyword", "summary", "outcome", "material", "section", "question", "answer", "office"]
How = Literal["said", "synonym", "pairs", "near"]
WEIGHTS: dict[Kind, float] = {
    "title": 6, "keyword": 5, "outcome": 3, "summary": 2.5, "material": 2, "section": 1.5, "question": 1, "answer": 1, "office": 1,
}  # fmt: skip
QUALITY: dict[How, float] = {"said": 1, "synonym": 0.8, "pairs": 0.5, "near": 0.5}
ALIKE = 0.6  # share of the pairs of letters that two words have in common, from which on one is a slip for the other
HARDLY = 0.2  # of the best one's points: what has less isn't shown
HAN = r"\u3400-\u4dbf\u4e00-\u9fff"
_PIECES = re.compile(rf"[{HAN}]+|[^\W_{HAN}]+")


@dataclass(frozen=True)
class Phrase:
    """A text of a service, in one language, folded; ``said`` is what a reader is shown of it."""

    kind: Kind
    text: str
    words: frozenset[str]
    said: Text | str


@dataclass(frozen=True)
class Reason:
    """Why a service was found: ``typed`` by somebody, ``word`` of the service's, in ``phrase``."""

    how: How
    typed: str
    word: str
    phrase: Phrase
    points: float


@dataclass(frozen=True)
class Found:
    slug: str
    definition: Definition
    points: float
    reasons: tuple[Reason, ...]

    @property
    def words(self) -> tuple[str, ...]:
        """What is to be marked in the service's texts."""
        return tuple(dict.fromkeys(reason.word for reason in self.reasons))


def fold(text: str) -> str:
    """Full width to half width, capitals to small letters, traditional characters to simplified ones."""
    return unicodedata.normalize("NFKC", text).casefold().translate(SIMPLIFIED)


def highlighted(text: str, words: Iterable[str]) -> list[tuple[str, bool]]:
    """``text`` in pieces, in order, each with whether it is one of the (folded) words."""
    folded, places = _with_places(text)
    marked = [False] * len(text)
    for word in words:
        for match in re.finditer(re.escape(word), folded) if word else ():
            for place in places[match.start() : match.end()]:
                marked[place] = True
    pieces: list[tuple[str, bool]] = []
    for character, mark in zip(text, marked, strict=True):
        if pieces and pieces[-1][1] == mark:
            pieces[-1] = (pieces[-1][0] + character, mark)
        else:
            pieces.append((character, mark))
    return pieces


def _with_places(text: str) -> tuple[str, list[int]]:
    """The folded text, and for each of its characters where it stands in the text: folding one may give several."""
    folded, places = [], []
    for place, character in enumerate(text):
        for one in fold(character):
            folded.append(one)
            places.append(place)
    return "".join(folded), places


@dataclass(frozen=True)
class _Entry:
    """A service with its texts, the weightiest first; ``text`` and ``words`` are all of them, to see soon what isn't there."""

    slug: str
    definition: Definition
    phrases: tuple[Phrase, ...]
    text: str
    words: frozenset[str]
    # Longer words of its name, its keywords and its summary: what a slip of the finger may have been meant for.
    vocabulary: tuple[str, ...]
    names: frozenset[str]  # without blanks

    def has(self, word: str, *, han: bool) -> bool:
        return word in self.text if han else any(_begins(word, other) for other in self.words)


class Index:
    """The services that are open, to be searched. Made once for each set of editions."""

    def __init__(self, services: Iterable[tuple[str, Definition]]) -> None:
        listed = list(services)
        own = {piece for _, one in listed for keyword in one.keywords for piece in pieces(keyword)}
        own |= {word for group in SYNONYMS for word in group} | AROUND | EVERYWHERE
        self._known = frozenset(word for word in map(fold, own) if len(word) > 1)
        self._longest = max(map(len, self._known), default=1)
        self._same = _same_words()
        self._entries = [self._entry(slug, definition) for slug, definition in listed]

    def _entry(self, slug: str, definition: Definition) -> _Entry:
        phrases = tuple(sorted(_phrases(definition), key=lambda phrase: -WEIGHTS[phrase.kind]))
        heavy = [phrase for phrase in phrases if WEIGHTS[phrase.kind] > 2]
        vocabulary = {word for phrase in heavy for word in self._cut_all(phrase.text) if len(word) > 2}
        words = frozenset(word for phrase in phrases for word in phrase.words)
        names = frozenset("".join(pieces(phrase.text)) for phrase in phrases if phrase.kind in ("title", "keyword"))
        text = "\n".join(phrase.text for phrase in phrases)
        return _Entry(slug, definition, phrases, text, words, tuple(sorted(vocabulary)), names)

    def terms(self, query: str) -> list[str]:
        """The words of what is typed, folded, each once, without those that only stand around them."""
        found = list(dict.fromkeys(self._cut_all(fold(query[:LONGEST])[:LONGEST])))
        said = [term for term in found if term not in AROUND]
        return [term for term in said if term not in EVERYWHERE] or said or found

    def same_as(self, term: str) -> tuple[str, ...]:
        return self._same.get(term, ())

    def search(self, query: str) -> list[Found]:
        """The services that fit, best first. Whatever is typed: it never raises."""
        terms = self.terms(query)
        if not terms:
            return []
        hits = {term: self._hits(term) for term in terms}
        whole = "".join(pieces(query[:LONGEST]))
        found = []
        for entry in self._entries:
            reasons = [reason for term in terms if (reason := hits[term].get(entry.slug))]
            if not reasons:
                continue
            points = sum(reason.points for reason in reasons) * len(reasons) / len(terms)
            if whole in entry.names:
                points += 2 * WEIGHTS["title"]  # it was called by its name
            reasons.sort(key=lambda reason: -reason.points)
            found.append(Found(entry.slug, entry.definition, points, tuple(reasons)))
        found.sort(key=lambda one: -one.points)
        return [one for one in found if one.points >= HARDLY * found[0].points]

    def meant(self, query: str) -> list[str]:
        """For somebody who found nothing: keywords in which one character is another than typed."""
        keywords = {word for entry in self._entries for word in map(fold, entry.definition.keywords)}
        typed = {piece for term in self.terms(query) for piece in (term, *_pairs(term))}
        close = {word for word in keywords for term in typed if len(word) == len(term) > 1 and _one_differs(word, term)}
        return sorted(close)[:5]

    def _hits(self, term: str) -> dict[str, Reason]:
        """For each service that the term finds, the best reason. Rare words weigh more."""
        han = _is_han(term)
        sure: list[tuple[How, list[str]]] = [("said", [term]), ("synonym", list(self.same_as(term)))]
        if han and len(term) > 2:
            sure.append(("pairs", _pairs(term)))
        found = {entry.slug: best for entry in self._entries if (best := _best(entry, term, sure))}
        rare = math.log(1 + len(self._entries) / len(found)) if found else 0
        return {
            slug: Reason(how, term, word, phrase, worth * rare) for slug, (how, word, phrase, worth) in found.items()
        }

    def _cut_all(self, folded: str) -> Iterator[str]:
        for piece in pieces(folded):
            if _is_han(piece):
                yield from cut(piece, self._known, self._longest)
            else:
                yield piece


def _best(entry: _Entry, term: str, ways: list[tuple[How, list[str]]]) -> tuple[How, str, Phrase, float] | None:
    """By the surest way that leads to the service, its weightiest text."""
    for how, words in ways:
        best: tuple[How, str, Phrase, float] | None = None
        for word in words:
            han = _is_han(word)
            if not entry.has(word, han=han):
                continue
            for phrase in entry.phrases:
                if how == "pairs" and WEIGHTS[phrase.kind] < 2:
                    break  # in the small print some two characters stand together by chance
                worth = WEIGHTS[phrase.kind] * QUALITY[how] * _fits(word, phrase, han=han)
                if worth and (best is None or worth > best[3]):
                    best = (how, word, phrase, worth)
                if best and best[3] >= WEIGHTS[phrase.kind] * QUALITY[how]:
                    break  # those that come weigh no more
        if best:
            return best
    return _near(entry, term)


def _near(entry: _Entry, term: str) -> tuple[How, str, Phrase, float] | None:
    if len(term) < 3:
        return None
    alike, word = max(((_alike(term, word), word) for word in entry.vocabulary), default=(0.0, ""))
    if alike < ALIKE:
        return None
    phrase = next(phrase for phrase in entry.phrases if _fits(word, phrase, han=_is_han(word)))
    return "near", word, phrase, WEIGHTS[phrase.kind] * QUALITY["near"] * alike**2


def pieces(folded: str) -> list[str]:
    """Runs of Chinese characters, and of other letters and digits."""
    return _PIECES.findall(fold(folded))


def cut(run: str, known: frozenset[str], longest: int) -> list[str]:
    """A run of Chinese characters in words: the fewest known ones, the longest of them; what is unknown stays together."""
    best: list[tuple[int, int]] = [(0, 0)]  # for each end: what the way up to it costs, and where its last word begins
    for end in range(1, len(run) + 1):
        ways = [(best[end - 1][0] + 12, end - 1)]
        for begin in range(max(0, end - longest), end - 1):
            if run[begin:end] in known:
                ways.append((best[begin][0] + max(1, 10 - (end - begin)), begin))
        best.append(min(ways))
    words: list[str] = []
    end = len(run)
    while end:
        begin = best[end][1]
        words.append(run[begin:end])
        end = begin
    joined: list[str] = []
    unknown = False
    for word in reversed(words):
        alone = len(word) == 1 and word not in AROUND
        if alone and unknown:
            joined[-1] += word
        else:
            joined.append(word)
        unknown = alone
    return joined


def _phrases(definition: Definition) -> Iterator[Phrase]:
    for kind, said in _texts(definition):
        for text in (said.zh, said.en) if isinstance(said, Text) else (said,):
            folded = fold(text)
            yield Phrase(kind, folded, frozenset(piece for piece in pieces(folded) if not _is_han(piece)), said)


def _texts(definition: Definition) -> Iterator[tuple[Kind, Text | str]]:
    yield "title", definition.title
    for keyword in definition.keywords:
        yield "keyword", keyword
    yield "outcome", definition.outcome.title
    yield "summary", definition.summary
    for material in definition.materials:
        yield "material", material.title
    for section in definition.sections:
        yield "section", section.title
        for field in section.fields:
            yield "question", field.label
    for each in definition.faq:
        yield "answer", each.question
    yield "office", definition.decided_by
    yield "office", definition.legal_basis


def _same_words() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for group in SYNONYMS:
        folded = [fold(word) for word in group]
        for word in folded:
            found[word] = tuple(dict.fromkeys([*found.get(word, ()), *(other for other in folded if other != word)]))
    return found


def _fits(word: str, phrase: Phrase, *, han: bool) -> float:
    if han:
        return 1 if word in phrase.text else 0
    if word in phrase.words:
        return 1
    return 0.8 if any(_begins(word, other) for other in phrase.words) else 0


def _begins(word: str, other: str) -> bool:
    return word == other or (len(word) > 2 and other.startswith(word))


def _is_han(text: str) -> bool:
    return re.fullmatch(rf"[{HAN}]+", text) is not None


def _pairs(text: str) -> list[str]:
    return [text[place : place + 2] for place in range(len(text) - 1)]


def _alike(one: str, other: str) -> float:
    """Dice's coefficient of their pairs of letters, the ends counted: 1 for the same word."""
    if len(one) < 3 or len(other) < 3 or abs(len(one) - len(other)) > 3:
        return 0
    here, there = set(_pairs(f"^{one}$")), set(_pairs(f"^{other}$"))
    return 2 * len(here & there) / (len(here) + len(there))


def _one_differs(one: str, other: str) -> bool:
    return sum(a != b for a, b in zip(one, other, strict=True)) == 1
