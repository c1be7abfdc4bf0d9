"""When a count may be shown: in full fives only, once, and never taken back. No database, no clock.

A *stream* is one service in one county (``Key``); within it every filing falls into exactly one measure of how it was
filed and, later, of how it ended. What is shown of a measure is its count rounded down to a multiple of five, dated on
the day that filled the five. What is shown is therefore itself a possible truth, one in which no count of anything, on
no day and in no sum, is 1 to 4; so no arithmetic over what is shown can find out that a count is
(docs/decisions/0029-what-the-public-board-may-say.md).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

K = 5
FILED, ENDED, GOOD, BAD = "filed", "ended", "good", "bad"
LONG = 0  # of an approval: longer than the longest of the bounds
BOUNDS = (1, 3, 7, 14, 21, 35, 70, 140)  # working hours; a working day has seven

Key = tuple[int, str]  # service, county


def approved(hours: float, on_time: bool) -> str:
    bound = next((bound for bound in BOUNDS if hours <= bound), LONG)
    return f"approved.{'on' if on_time else 'late'}.{bound}"


def rejected(on_time: bool) -> str:
    return f"rejected.{'on' if on_time else 'late'}"


def closes(measure: str) -> bool:
    return measure == ENDED or measure.startswith(("approved.", "rejected."))


@dataclass
class Stream:
    """What is known and what is shown of one service in one county."""

    seen: Counter[str] = field(default_factory=Counter)
    shown: Counter[str] = field(default_factory=Counter)

    def take(self, measure: str) -> list[str]:
        """One more. Return the measures of which one more five may be shown now: at most three."""
        self.seen[measure] += 1
        # Who rates has a closed filing. Were more ratings shown than closed filings, some of these would have to be there.
        found = [each for each in ([measure] if measure not in (BAD, GOOD) else []) if self._full(each)]
        self.shown.update(dict.fromkeys(found, K))
        room = sum(n for each, n in self.shown.items() if closes(each)) - self.shown[BAD] - self.shown[GOOD]
        for each in (BAD, GOOD):
            if self._full(each) and room >= K:
                self.shown[each] += K
                room -= K
                found.append(each)
        return found

    def _full(self, measure: str) -> bool:
        return self.seen[measure] - self.shown[measure] >= K


Steps = Counter[tuple[date, Key, str]]


def take_all(streams: dict[Key, Stream], happened: Iterable[tuple[date, Key, str]]) -> Steps:
    """Count what happened, in this order, into the streams. Return the fives that may be shown."""
    steps: Steps = Counter()
    for day, key, measure in happened:
        for full in streams.setdefault(key, Stream()).take(measure):
            steps[day, key, full] += 1
    return steps
