"""Each test of pages has its own counts, its own files and its own key; and a real draft with real documents."""

from __future__ import annotations

import copy
import shutil
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as portal_settings

from permits.models import Application, Material, MaterialPart, Service
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


@dataclass
class Inspected:
    """What inspection made of the demonstration's documents, by the process's first test that wanted them."""

    folder: Path
    materials: list[Material] = field(default_factory=list)
    parts: dict[Any, list[MaterialPart]] = field(default_factory=dict)


@pytest.fixture(scope="session")
def inspected(tmp_path_factory: pytest.TempPathFactory) -> Inspected:
    return Inspected(tmp_path_factory.mktemp("inspected"))


@pytest.fixture
def draft(cast: Cast, inspected: Inspected, settings, tmp_path: Path) -> Application:
    """Complete, with the demonstration's real documents in the storage.

    Inspecting them takes longer than most tests: where files are kept in the test's own folder, they are copied.
    """
    answers, here = demo.answers_for(cast.enterprise), tmp_path / "materials"
    if f"file://{here}" != settings.STORAGE_URL:
        return demo.draft(cast.owner, cast.enterprise, answers)
    if not inspected.materials:
        made = demo.draft(cast.owner, cast.enterprise, answers)
        shutil.copytree(here, inspected.folder, dirs_exist_ok=True)
        inspected.materials = list(made.materials.all())
        inspected.parts = {each.pk: list(each.parts.all()) for each in inspected.materials}
        return made
    shutil.copytree(inspected.folder, here, dirs_exist_ok=True)
    application = Application.objects.create(
        version=Service.objects.get(slug="resumption").current, enterprise=cast.enterprise, applicant=cast.owner,
        answers=answers,
    )  # fmt: skip
    for old in inspected.materials:
        new = copy.copy(old)
        new.pk, new.public_id, new.application, new.uploaded_by = None, uuid.uuid4(), application, cast.owner
        new.save(force_insert=True)
        for part in map(copy.copy, inspected.parts[old.pk]):
            part.pk, part.material = None, new
            part.save(force_insert=True)
    return application


@pytest.fixture
def documents() -> Path:
    return Path(portal_settings.BASE_DIR) / "tests" / "data"
