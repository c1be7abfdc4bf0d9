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

# Not a page of an applicant loads these, and to compress them takes ten seconds.
LEFT_OUT = ("pdfjs", "jsqr", "admin", "unfold")


@dataclass(frozen=True)
class Site:
    base: str
    var: Path
    pages: dict[str, str]  # what tests.journeys.states printed


@contextmanager
def site(var: Path, made: Path | None = None) -> Iterator[Site]:
    """In the folder ``var``; ``made`` is one that has the demonstration's database already."""
    clean = {
        key: value for key, value in os.environ.items() if key not in (*PRODUCTION, "DATABASE_URL", "TEST_VAR_DIR")
    }
    clean |= {"VAR_DIR": str(var), "CELERY_BROKER_URL": "filesystem://localhost", "INSPECTION": "here"}
    clean |= {"INSPECTION_SANDBOX": "false"}
    port = free_port()
    embedded = clean | {"SITE_URL": f"http://127.0.0.1:{port}"}
    if made:
        shutil.copytree(made, var, dirs_exist_ok=True)
    else:
        shipped = map(str, sorted((servers.ROOT / "permits" / "services").glob("*.toml")))
        for command in (["migrate", "-v0"], ["publish_service", *shipped], ["demo_data", "--applications", "0"]):
            _run(["manage.py", *command], embedded)
    pages = json.loads(_run(["-m", "tests.journeys.states"], embedded).splitlines()[-1])
    production = embedded | _like_production(var)
    _run(["manage.py", "collectstatic", "--noinput", *(f"--ignore={name}" for name in LEFT_OUT)], production)
    command = ["gunicorn", "portal.wsgi", "-b", f"127.0.0.1:{port}", "--threads", "4"]
    # The process inherits this one's environment: what production has not must be empty there.
    unset = {name: "" for name in ("DATABASE_URL", "TEST_VAR_DIR") if name in os.environ}
    with servers.process(command, unset | production, var / "site.log"):
        wait_for(port, 30)
        yield Site(f"http://127.0.0.1:{port}", var, pages)


def _like_production(var: Path) -> dict[str, str]:
    """The embedded portal's own keys, named: its data can be read by the same site run as production runs it."""
    secret = "embedded-" + hashlib.sha256(str(servers.ROOT).encode()).hexdigest()
    derived = base64.urlsafe_b64encode(hashlib.sha256(b"portal.field-key\0" + secret.encode()).digest())
    return {
        "SECRET_KEY": secret, "FIELD_KEYS": derived.decode(), "ALLOWED_HOSTS": "127.0.0.1", "SECURE": "false",
        "DEMO": "true", "DATABASE_URL": f"sqlite:///{var}/portal.sqlite3",
    }  # fmt: skip


def _run(command: list[str], environment: dict[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, *command], cwd=servers.ROOT, env=environment, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
