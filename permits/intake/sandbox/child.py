"""The process in which a file is looked into. It gives up what it could do before it reads a byte of it."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

import django
from django.conf import settings

from permits.intake.sandbox import work
from permits.intake.sandbox.confine import confine


def main() -> None:
    folder = Path.cwd()
    job = json.loads((folder / work.JOB).read_text(encoding="utf-8"))
    _minimal_django()
    tempfile.tempdir = str(folder)
    holds = confine(job["limits"], folder)
    answer = work.do(folder, job) if {"name", "page", "headers"} & set(job) else {"holds": holds}
    (folder / work.ANSWER).write_text(json.dumps(answer), encoding="utf-8")
    os._exit(0)  # libraries may hang or crash while they tidy up


def _minimal_django() -> None:
    """Texts in both languages, and nothing else of the portal."""
    root = Path(__file__).resolve().parents[3]
    settings.configure(
        USE_I18N=True, USE_TZ=True, TIME_ZONE="Asia/Shanghai", LANGUAGE_CODE="zh-hans",
        LANGUAGES=[("zh-hans", "简体中文"), ("en", "English")], LOCALE_PATHS=[root / "portal" / "locale"], LOGGING_CONFIG=None,
    )  # fmt: skip
    django.setup()
