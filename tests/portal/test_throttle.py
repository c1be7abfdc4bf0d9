"""How often something may be asked for, and what nobody comes back for."""

from __future__ import annotations

import pickle
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from portal import stash, throttle
from portal.tasks import clear_sessions

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def counted_in_files(settings, tmp_path: Path) -> Path:
    """As the portal has it without Redis."""
    where = {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": tmp_path / "cache"}
    settings.CACHES = {"default": where}
    return tmp_path / "cache"


@pytest.mark.once
def test_an_hours_count_lasts_an_hour_in_files_too(counted_in_files: Path):
    for _each in range(2):
        assert throttle.allowed("codes", "somebody", limit=2, seconds=3600)
    assert not throttle.allowed("codes", "somebody", limit=2, seconds=3600)
    [file] = counted_in_files.glob("*.djcache")
    with file.open("rb") as count:
        assert pickle.load(count) > time.time() + 3600


def test_who_is_not_signed_in_fills_the_database_with_nothing(settings):
    cache.clear()
    for number in range(stash.PER_MINUTE + 5):
        answer = Client().post(f"/enterprises/new/?{number}", {"name": "竹苑" * 100})
        assert answer.status_code == 302 and "/login/" in answer["Location"]
    assert Session.objects.count() == stash.PER_MINUTE


def test_sessions_that_ended_are_deleted_with_what_was_typed_in_them(db):
    Client().post("/enterprises/new/", {"name": "竹苑"})
    Client().post("/enterprises/new/", {"name": "梅苑"})
    old = Session.objects.first()
    Session.objects.filter(pk=old.pk).update(expire_date=timezone.now() - timedelta(seconds=1))
    clear_sessions.apply()
    assert Session.objects.count() == 1 and not Session.objects.filter(pk=old.pk).exists()
