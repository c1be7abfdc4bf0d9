"""A pytest plugin that is loaded before Django reads its settings (``-p tests.environment`` in pyproject.toml).

Tests have a scratch folder of their own, one for each of pytest's processes, and never see what a shell has set for a
portal in production. Only DATABASE_URL is kept: it chooses the engine, and Django makes its test database there.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest

PRODUCTION = (
    "ADMINS", "ALLOWED_HOSTS", "AUDIT_ARCHIVE_URL", "AUDIT_KEY_FILE", "AUDIT_ORIGIN", "AUDIT_SIGNER", "AUDIT_WITNESSES", "CSRF_TRUSTED_ORIGINS", "DEBUG", "DEFAULT_FROM_EMAIL", "DEMO", "DJANGO_SETTINGS_MODULE",
    "EMAIL_URL", "CLAMD_URL", "FIELD_KEYS", "MAINTENANCE", "METRICS_TOKEN", "NOTICE_QUIET_HOURS", "PERMIT_KEY_FILE", "PERMIT_PKCS11_CERTIFICATE", "PERMIT_PKCS11_CHAIN", "PERMIT_PKCS11_KEY", "PERMIT_PKCS11_MODULE", "PERMIT_PKCS11_PIN", "PERMIT_PKCS11_PIN_FILE", "PERMIT_PKCS11_TOKEN", "PERMIT_PKCS12", "PERMIT_PKCS12_PASSPHRASE", "PERMIT_PKCS12_PASSPHRASE_FILE", "PERMIT_TRUST", "PERMIT_TSA_SECONDS", "PERMIT_TSA_URL", "REDIS_URL", "SECRET_KEY", "SECURE", "SITE_URL", "SMS_URL", "STORAGE_URL", "WEBHOOK_ALLOW_PRIVATE", "WEBHOOK_CA_FILE", "WECHAT_URL",
)  # fmt: skip

for name in PRODUCTION:
    os.environ.pop(name, None)
OURS = "TEST_VAR_DIR" not in os.environ
ROOT = Path(os.environ.setdefault("TEST_VAR_DIR", "") or tempfile.mkdtemp(prefix="portal-tests-"))
os.environ["TEST_VAR_DIR"] = str(ROOT)  # pytest-xdist's processes inherit it
VAR_DIR = ROOT / os.environ.get("PYTEST_XDIST_WORKER", "main")
(VAR_DIR / "static").mkdir(parents=True, exist_ok=True)
os.environ["VAR_DIR"] = str(VAR_DIR)
# What is uploaded is looked into at once and in the same process; tests of the workers and of the sandbox say otherwise.
os.environ["INSPECTION"] = "here"
os.environ["INSPECTION_SANDBOX"] = "false"
os.environ["CELERY_BROKER_URL"] = "memory://localhost"


def pytest_unconfigure(config: pytest.Config) -> None:
    if OURS:
        shutil.rmtree(ROOT, ignore_errors=True)
