"""One hostile file: how it is called, what it is, which refusal it gets, and how it is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

MB = 1024 * 1024


@dataclass(frozen=True)
class Entry:
    family: str
    file: str  # in the folder, unique
    name: str  # as it is uploaded
    what: str
    code: str  # of the refusal
    make: Callable[[], bytes]


class Family:
    """Collects the entries of one family: ``family.add("a.pdf", "what it is", "code", make)``."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.entries: list[Entry] = []

    def add(
        self, file: str, what: str, code: str, make: Callable[[], bytes] | bytes, *, name: str | None = None
    ) -> None:
        content = make
        maker = content if callable(content) else lambda: content
        self.entries.append(Entry(self.name, f"{self.name}-{file}", file if name is None else name, what, code, maker))
