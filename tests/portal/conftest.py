"""Each test of pages has its own counts, its own files and its own key; and a real draft with real documents."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings as portal_settings

from permits.models import Application
from portal import demo
from tests.cast import Cast
from tests.permits.intake.storages import s3_service  # noqa: F401


@pytest.fixture(autouse=True)
def own_counts_files_and_key(settings, tmp_path: Path) -> None:
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": str(tmp_path)}
    }
    settings.STORAGE_URL = f"file://{tmp_path / 'materials'}"
    settings.PERMIT_KEY_FILE = tmp_path / "permit.pem"


@pytest.fixture
def draft(cast: Cast) -> Application:
    """Complete, with the demonstration's real documents in the storage."""
    return demo.draft(cast.owner, cast.enterprise, demo.answers_for(cast.enterprise))


@pytest.fixture
def documents() -> Path:
    return Path(portal_settings.BASE_DIR) / "tests" / "data"
