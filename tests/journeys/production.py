"""The site as production has it (its settings, hashed and compressed static files, gunicorn), over plain http on loopback,
with an application in each state. What weight, speed and accessibility are measured on."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests import servers
from tests.environment import PRODUCTION
from tests.run import free_port, wait_for

PAGES = "pages.json"
SETTINGS = {"DJANGO_SETTINGS_MODULE": "tests.journeys.settings"}


@dataclass(frozen=True)
class Site:
    base: str
    var: Path
    pages: dict[str, str]  # what tests.journeys.states printed


def prepare(var: Path, made: Path | None = None) -> None:
    """In the folder ``var``: the demonstration's database, an application in each state, and what is static, compressed.

    ``made`` is a folder that has the database already.
    """
    embedded = _embedded(var)
    if made:
        shutil.copytree(made, var, dirs_exist_ok=True)
    else:
        _run(["-m", "tests.journeys.made"], embedded)
    (var / PAGES).write_text(_run(["-m", "tests.journeys.states"], embedded).splitlines()[-1])
    _run(["manage.py", "collectstatic", "--noinput"], embedded | _like_production(var))


@contextmanager
def site(var: Path) -> Iterator[Site]:
    """On what was prepared in the folder ``var``, or in another of which it is a copy."""
    port = free_port()
    production = _embedded(var) | _like_production(var) | {"SITE_URL": f"http://127.0.0.1:{port}"}
    command = ["gunicorn", "portal.wsgi", "-b", f"127.0.0.1:{port}", "--threads", "4"]
    # The process inherits this one's environment: what production has not must be empty there.
    unset = {name: "" for name in ("DATABASE_URL", "TEST_VAR_DIR") if name in os.environ}
    with servers.process(command, unset | production, var / "site.log"):
        wait_for(port)
        yield Site(f"http://127.0.0.1:{port}", var, json.loads((var / PAGES).read_text()))


def _embedded(var: Path) -> dict[str, str]:
    clean = {
        key: value for key, value in os.environ.items() if key not in (*PRODUCTION, "DATABASE_URL", "TEST_VAR_DIR")
    }
    clean |= {"VAR_DIR": str(var), "CELERY_BROKER_URL": "filesystem://localhost", "INSPECTION": "here"}
    return clean | {"INSPECTION_SANDBOX": "false", "SITE_URL": "http://127.0.0.1"} | SETTINGS


def _like_production(var: Path) -> dict[str, str]:
    """The embedded portal's own keys, named: its data can be read by the same site run as production runs it."""
    secret = "embedded-" + hashlib.sha256(str(servers.ROOT).encode()).hexdigest()
    derived = base64.urlsafe_b64encode(hashlib.sha256(b"portal.field-key\0" + secret.encode()).digest())
    return {
        "SECRET_KEY": secret, "FIELD_KEYS": derived.decode(), "ALLOWED_HOSTS": "127.0.0.1", "SECURE": "false",
        "DEMO": "true", "DATABASE_URL": f"sqlite:///{var}/portal.sqlite3",
        # There is text messaging, so that there are its pages; nothing is sent from here.
        "SMS_URL": "http://127.0.0.1:9/", "SMS_SECRET": "of the walk over every page",
    }  # fmt: skip


def _run(command: list[str], environment: dict[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, *command], cwd=servers.ROOT, env=environment, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
