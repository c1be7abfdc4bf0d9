"""Closed for maintenance: a file in VAR_DIR (``manage.py maintenance on``), or ``MAINTENANCE=1`` in the environment.

The file is looked for at each request, so that the site's processes need no restart; it is this machine's, where there
are several the command is given on each of them.
"""

from __future__ import annotations

import json
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

UNKNOWN = 600  # seconds: when to try again where nobody said until when


def file() -> Path:
    return Path(settings.VAR_DIR) / "maintenance.json"


def close(until: datetime | None) -> None:
    file().parent.mkdir(parents=True, exist_ok=True)
    fresh = file().with_suffix(".new")
    fresh.write_text(json.dumps({"until": until.isoformat() if until else None}))
    fresh.replace(file())


def open_again() -> bool:
    """Whether it was closed."""
    was = file().exists()
    file().unlink(missing_ok=True)
    return was


def state() -> dict[str, Any] | None:
    """Nothing while the portal is open; else ``until`` (a local moment, or none), ``retry_after`` (seconds) and ``late``."""
    try:
        said = json.loads(file().read_text() or "{}")
    except FileNotFoundError:
        if not settings.MAINTENANCE:
            return None
        said = {}
    except ValueError:  # `touch` will do
        said = {}
    until = datetime.fromisoformat(said["until"]) if said.get("until") else None
    left = int(until.timestamp() - time.time()) if until else UNKNOWN
    if until is None or left <= 0:  # it takes longer than was said: no moment is named any more
        return {"until": None, "retry_after": UNKNOWN, "late": until is not None}
    return {"until": timezone.localtime(until), "retry_after": left, "late": False}
