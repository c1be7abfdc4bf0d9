"""The process in which a file is looked into. It gives up what it could do before it reads a byte of it."""

from __future__ import annotations

import ctypes
import json
import os
import resource
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import django
from django.conf import settings

from permits.intake.sandbox import work

NO_NEW_PRIVILEGES, DUMPABLE = 38, 4  # prctl(2)
NEW_USER, NEW_NETWORK = 0x10000000, 0x40000000  # unshare(2)


def main() -> None:
    folder = Path.cwd()
    job = json.loads((folder / work.JOB).read_text(encoding="utf-8"))
    _confine(job["limits"])
    _minimal_django()
    answer = work.look(folder, job)
    (folder / work.ANSWER).write_text(json.dumps(answer), encoding="utf-8")
    sys.stdout.flush()
    os._exit(0)  # libraries may hang or crash while they tidy up


def _confine(limits: dict[str, Any]) -> None:
    memory, seconds = int(limits["megabytes"]) * 1024 * 1024, int(limits["seconds"])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 2))
    resource.setrlimit(resource.RLIMIT_FSIZE, (memory, memory))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))  # starts nothing (root would be let)
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    libc.prctl(DUMPABLE, 0, 0, 0, 0)
    # Without a network of its own where the kernel lets it; as root at once, else as its own user namespace's root.
    if libc.unshare(NEW_NETWORK) != 0:
        libc.unshare(NEW_USER | NEW_NETWORK)


def _minimal_django() -> None:
    """Texts in both languages, and nothing else of the portal."""
    root = Path(__file__).resolve().parents[3]
    settings.configure(
        USE_I18N=True, USE_TZ=True, TIME_ZONE="Asia/Shanghai", LANGUAGE_CODE="zh-hans",
        LANGUAGES=[("zh-hans", "简体中文"), ("en", "English")], LOCALE_PATHS=[root / "portal" / "locale"], LOGGING_CONFIG=None,
    )  # fmt: skip
    django.setup()
