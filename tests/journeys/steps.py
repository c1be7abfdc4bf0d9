"""What several journeys do: a command of ops beside the running portal, a fresh draft on a phone."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page

from tests import servers
from tests.journeys.production import SETTINGS
from tests.journeys.test_owner import sign_in


def environment(var: Path) -> dict[str, str]:
    """What a command of ops runs with, on the data of the portal whose folder is ``var``."""
    clean = {key: value for key, value in os.environ.items() if key not in ("DATABASE_URL", "REDIS_URL")}
    clean |= {"VAR_DIR": str(var), "CELERY_BROKER_URL": "filesystem://localhost", "INSPECTION_SANDBOX": "true"}
    return clean | SETTINGS


def manage(var: Path, *command: str) -> str:
    """A command of ops: what it says."""
    done = subprocess.run(
        [sys.executable, "manage.py", *command], cwd=servers.ROOT, env=environment(var), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@contextmanager
def draft_on_a_phone(base: str, chromium: Browser, service: str, first: str) -> Iterator[tuple[Page, list[str]]]:
    """A fresh draft of ``service`` at its ``first`` section, in English, thrown away in the end; and what the browser
    complained of.
    """
    context = chromium.new_context(locale="en", viewport={"width": 360, "height": 800})
    context.add_cookies([{"name": "django_language", "value": "en", "url": base}])
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    sign_in(page, base, "owner@demo.invalid")
    page.goto(f"{base}/services/{service}/")
    page.locator("main .actions .btn-primary").first.click()
    page.wait_for_url(f"**/fill/{first}/")
    yield page, complaints
    context.set_offline(False)
    page.goto(f"{page.url.split('/fill/')[0].split('/check/')[0]}/check/")
    page.locator("details.more summary").click()
    with page.expect_navigation():  # a browser that is closed on its way to another page may never answer
        page.locator("details.more button").click()
    context.close()
