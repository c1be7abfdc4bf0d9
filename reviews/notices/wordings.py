"""Where a notice's words come from: the edition in force, or the portal's own file."""

from __future__ import annotations

import time
from functools import cache
from pathlib import Path

from django.conf import settings

from reviews.models import NoticeText

FOLDER = Path(settings.BASE_DIR) / "templates" / "notices"
FRESH = 10.0  # seconds: how long another process may still say it in the earlier words
Key = tuple[str, str, str]  # kind, channel ("email" is the inbox too), language ("zh", "en")
_kept: tuple[float, dict[Key, str]] | None = None


def in_force(key: Key) -> str | None:
    """The source of the edition in force; ``None`` where the file's text is. All are asked at once, now and then."""
    global _kept
    if _kept is None or time.monotonic() - _kept[0] > FRESH:
        rows = NoticeText.objects.filter(current=True).exclude(source="")
        found = {(kind, channel, language): source for kind, channel, language, source in
                 rows.values_list("kind", "channel", "language", "source")}  # fmt: skip
        _kept = (time.monotonic(), found)
    return _kept[1].get(key)


def forget() -> None:
    """An edition was published: this process says it at once."""
    global _kept
    _kept = None


@cache
def of_file(key: Key) -> str | None:
    """The file's text; ``None`` where the portal has none (most kinds have no text message of their own)."""
    kind, channel, language = key
    path = FOLDER / language / ("sms" if channel == "sms" else ".") / f"{kind}.txt"
    return path.read_text(encoding="utf-8") if path.is_file() else None


@cache
def kinds() -> list[str]:
    return sorted(path.stem for path in (FOLDER / "zh").glob("*.txt"))
