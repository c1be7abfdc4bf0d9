"""Strangers' files handed in as an applicant does: none of the hostile ones is kept, and an iPhone's photo becomes a JPEG."""

from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image

from permits.intake import checking, storage
from permits.intake.materials import Refused, take_in
from permits.models import Application, Check, Material
from tests.data.benign import photos
from tests.data.hostile import make
from tests.permits.intake.conftest import blobs_in, upload

pytestmark = pytest.mark.django_db
ASKED = {"xlsx": "roster", "jpg": "stock_photos", "png": "stock_photos", "heic": "stock_photos"}


def handed_in(draft: Application, key: str, content: bytes, name: str) -> Material:
    material = take_in(application=draft, requirement_key=key, upload=upload(content, name), user=draft.applicant)
    checking.check(material.pk)
    material.refresh_from_db()
    return material


def some_of_each() -> list[make.Entry]:
    """One of each code of each family, the heavy ones left out."""
    chosen = {
        (entry.family, entry.code): entry
        for entry in make.CORPUS
        if "bomb" not in entry.family and entry.code != "too_large"
    }
    return list(chosen.values())


def test_nothing_hostile_is_kept(draft, settings, storage_folder, django_capture_on_commit_callbacks):
    settings.INSPECTION = "worker"
    refused = 0
    for entry in some_of_each():
        key = ASKED.get(entry.file.rpartition(".")[2], "epidemic_plan")
        try:
            with django_capture_on_commit_callbacks(execute=True):
                material = handed_in(draft, key, entry.make(), entry.name)
        except Refused:  # at once
            refused += 1
            continue
        assert material.check_state == Check.REFUSED, entry.file
        assert set(material.verdict["text"]) == {"zh-hans", "en"}
        refused += 1
        material.delete()
    assert refused == len(some_of_each()) > 40
    assert not draft.materials.current().exists()
    assert blobs_in(storage_folder) == []


def test_an_iphone_s_photo_is_kept_as_an_upright_jpeg_without_its_place(draft, settings):
    settings.INSPECTION = "worker"
    photo = next(good for good in photos.photos.files if good.file == "turned.heic")
    material = handed_in(draft, "stock_photos", photo.make(), "IMG_0001.HEIC")
    assert (material.check_state, material.media_type) == (Check.FINE, "image/jpeg")
    assert material.original_name == "IMG_0001.jpg"
    assert material.received_sha256 != material.sha256
    with storage.open_blob(material.sha256) as blob:
        content = blob.read()
    with Image.open(BytesIO(content)) as kept:
        assert (kept.format, kept.size) == ("JPEG", (900, 1200)) and not kept.getexif()
    assert b"ELS-AN00" not in content
