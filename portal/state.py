"""What a page was opened with: a form that carries another state than the stored one was opened before somebody saved."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def digest(stored: Any) -> str:
    return hashlib.sha256(json.dumps(stored, sort_keys=True).encode()).hexdigest()[:16]
