"""One good file: how it is called, what it is, what inspection has to find in it, and how it is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Good:
    file: str
    what: str
    make: Callable[[], bytes]
    found: dict[str, Any] = field(default_factory=dict, hash=False)  # facts, and what ``limited`` says of the outcome
    words: str = ""  # that are in its text
    warned: tuple[str, ...] = ()


class Set:
    def __init__(self) -> None:
        self.files: list[Good] = []

    def add(
        self,
        file: str,
        what: str,
        make: Callable[[], bytes],
        *,
        words: str = "",
        warned: tuple[str, ...] = (),
        **found: Any,
    ) -> None:
        self.files.append(Good(file, what, make, found, words, warned))
