"""The production set, by its environment alone, on real PostgreSQL and Redis: what the README tells, done."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.core.management.utils import get_random_secret_key
from django.db import connection

from tests import servers
from tests.run import free_port

ROOT = Path(__file__).parents[1]


def production(tmp_path: Path, **changes: str) -> dict[str, str]:
    ours = ("TEST_VAR_DIR", "CELERY_BROKER_URL", "DJANGO_SETTINGS_MODULE")
    kept = {key: value for key, value in os.environ.items() if key not in ours and not key.startswith("PYTEST")}
    return kept | {
        "SECRET_KEY": get_random_secret_key(), "FIELD_KEYS": Fernet.generate_key().decode(),
        "ALLOWED_HOSTS": "permits.example.gov.cn", "DATABASE_URL": "postgres://portal@127.0.0.1:1/portal",
        "REDIS_URL": os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:1/0"),
        "ADMINS": "ops@example.gov.cn", "EMAIL_URL": "smtp://127.0.0.1:1", "STORAGE_URL": f"file://{tmp_path}/materials",
        "PERMIT_KEY_FILE": f"{tmp_path}/permit.pem", "SITE_URL": "https://permits.example.gov.cn",
        "BEHIND_PROXY": "1", "TRUSTED_PROXY_COUNT": "1", "VAR_DIR": str(tmp_path / "var"),
    } | changes  # fmt: skip


def manage(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error::UserWarning", "manage.py", *arguments],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120,
    )  # fmt: skip


@pytest.mark.once
def test_the_deployment_check_is_clean(tmp_path):
    result = manage(production(tmp_path), "check", "--deploy", "--fail-level", "WARNING")
    assert result.returncode == 0, result.stderr
    assert "no issues" in result.stdout


@pytest.mark.once
@pytest.mark.parametrize(
    ("changes", "said"),
    [({"FIELD_KEYS": ""}, "FIELD_KEYS is not set"), ({"FIELD_KEYS": "short"}, "FIELD_KEYS")],
)
def test_without_a_good_key_for_personal_data_it_does_not_start(tmp_path, changes, said):
    result = manage(production(tmp_path, **changes), "check")
    assert result.returncode != 0
    assert said in result.stderr.strip().splitlines()[-1]


@pytest.mark.once
def test_every_variable_of_the_readme_is_read_by_the_settings():
    told = set(re.findall(r"^\| `([A-Z_]+)`", (ROOT / "README.md").read_text(), re.MULTILINE))
    assert {"SECRET_KEY", "DATABASE_URL", "REDIS_URL", "EMAIL_URL", "STORAGE_URL", "ALLOWED_HOSTS"} <= told
    settings = "".join(file.read_text() for file in (ROOT / "portal").glob("*.py"))
    assert not [name for name in told if name not in settings]


@pytest.fixture
def site(tmp_path, transactional_db) -> Iterator[tuple[int, dict[str, str]]]:
    """gunicorn as the README starts it, on this test's own PostgreSQL database."""
    if connection.vendor != "postgresql":
        pytest.fail("this runs on PostgreSQL only: python -m tests.run postgresql")
    environment = production(tmp_path, DATABASE_URL=servers.database_url(connection.settings_dict))
    for command in (["migrate"], ["collectstatic", "--noinput"]):
        result = manage(environment, *command)
        assert result.returncode == 0, result.stderr
    port = free_port()
    command = ["gunicorn", "portal.wsgi", "--workers", "2", "--threads", "4", "--bind", f"127.0.0.1:{port}"]
    log = tmp_path / "gunicorn.log"
    with servers.process(command, environment, log):
        servers.wait_until(lambda: b"Booting worker" in log.read_bytes(), f"gunicorn's start, see {log}")
        yield port, environment


def get(port: int, path: str, **headers: str) -> tuple[int, dict[str, str], str]:
    link = HTTPConnection("127.0.0.1", port, timeout=20)
    proxied = {"Host": "permits.example.gov.cn", "X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"}
    link.request("GET", path, headers=proxied | {name.replace("_", "-"): value for name, value in headers.items()})
    response = link.getresponse()
    return response.status, {k.lower(): v for k, v in response.getheaders()}, response.read().decode(errors="replace")


@pytest.mark.production
def test_the_production_set_serves(site):
    port, environment = site
    status, headers, page = get(port, "/", Accept_Language="zh-CN")
    assert status == 200
    assert headers["strict-transport-security"].startswith("max-age=31536000")
    assert "content-security-policy" in headers

    sheet = re.search(r'href="(/static/[^"]+\.[0-9a-f]{12}\.css)"', page)
    assert sheet, "static files carry their digest in production"
    status, headers, _css = get(port, sheet[1])
    assert status == 200 and "immutable" in headers["cache-control"]

    status, headers, _page = get(port, "/accounts/login/")
    assert status == 200 and "secure" in headers["set-cookie"].lower()
    assert get(port, "/nowhere/")[0] == 404 and "Traceback" not in get(port, "/nowhere/")[2]
    assert get(port, "/", Host="evil.example")[0] == 400
    assert get(port, "/", X_Forwarded_Proto="http")[0] == 301
    assert get(port, "/healthz", X_Forwarded_Proto="http")[0] == 200
    assert get(port, "/readyz")[0] == 200
    published = manage(environment, "publish_service", "permits/services/resumption.toml")
    assert published.returncode == 0, published.stderr
    assert "resumption" in get(port, "/services/")[2]
