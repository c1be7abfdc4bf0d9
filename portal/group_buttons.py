"""The buttons of a group of rows, pressed by a browser without script: the form is saved and comes back with a row more or less."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import QueryDict


@dataclass(frozen=True)
class Rows:
    group: str
    add: bool

    @property
    def where(self) -> str:
        """What follows the page's address: the blank row, and the group itself."""
        return f"{f'?more={self.group}' if self.add else ''}#id_{self.group}"


def rows_asked(typed: QueryDict) -> tuple[Rows | None, QueryDict]:
    """What the button asked for; and what was typed, without the row that is to go."""
    action, _colon, rest = typed.get("rows", "").partition(":")
    group, _colon, number = rest.partition(":")
    if action not in ("add", "drop"):
        return None, typed
    if action == "drop":
        kept = typed.copy()
        for key in [key for key in typed if key.startswith(f"{group}-{number}-")]:
            del kept[key]
        typed = kept
    return Rows(group, add=action == "add"), typed
