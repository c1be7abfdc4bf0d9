"""A draft of a small enterprise, a storage of its own for each test, and the real documents as uploads."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings as portal_settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import translation
from PIL import Image

from permits.definition import Definition
from permits.definition_file import parse
from permits.models import Application, Enterprise, Service, ServiceVersion, User
from tests.data import cast
from tests.permits.intake.storages import kept, s3_service  # noqa: F401

DATA = Path(__file__).parents[2] / "data"
SOURCE = (Path(portal_settings.BASE_DIR) / "permits" / "services" / "resumption.toml").read_text(encoding="utf-8")


def document(name: str, *, called: str | None = None) -> SimpleUploadedFile:
    return upload((DATA / name).read_bytes(), called or name)


def upload(content: bytes, name: str) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="application/octet-stream")


@pytest.fixture(autouse=True)
def storage_folder(settings, tmp_path: Path) -> Path:
    folder = tmp_path / "materials"
    settings.STORAGE_URL = f"file://{folder}"
    return folder


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture(scope="session")
def definition() -> Definition:
    return parse(SOURCE)


@pytest.fixture
def owner(db: None) -> User:
    return User.objects.create(email="owner@test.invalid", name="owner")


@pytest.fixture
def enterprise(db: None) -> Enterprise:
    return Enterprise.objects.create(**cast.ENTERPRISE)


@pytest.fixture
def version(definition: Definition, db: None) -> ServiceVersion:
    return edition(definition)


def edition(definition: Definition) -> ServiceVersion:
    service, _new = Service.objects.get_or_create(slug=definition.slug)
    number = service.versions.count() + 1
    return ServiceVersion.objects.create(
        service=service,
        edition=number,
        source=SOURCE,
        document=definition.model_dump(mode="json"),
        digest=hashlib.sha256(definition.model_dump_json().encode()).hexdigest(),
    )


@pytest.fixture
def draft(version: ServiceVersion, enterprise: Enterprise, owner: User) -> Application:
    return Application.objects.create(version=version, enterprise=enterprise, applicant=owner)


def blobs_in(folder: Path) -> list[str]:
    """The digests that are kept, however whole the folder is."""
    return sorted(path.name for path in (folder / "sha256").rglob("*") if path.is_file())


def photo(number: int) -> bytes:
    """Nine of them are nine different pictures."""
    made = io.BytesIO()
    Image.effect_noise((64 + number, 48), 60).save(made, "PNG")
    return made.getvalue()
