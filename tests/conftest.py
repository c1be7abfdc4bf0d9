"""What every test has: a scratch folder, the cast, and an audit log that transactional tests can empty."""

from __future__ import annotations

import gc
import os

import pytest
from django.conf import settings
from django.core.management.commands import flush
from django.db import connections
from django.utils import translation
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from tests.cast import cast, published  # noqa: F401

hypothesis_settings.register_profile(
    "portal", deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
hypothesis_settings.load_profile("portal")

# Each test client is a portal of its own, and would read the whole folder of static files before its first page.
settings.WHITENOISE_AUTOREFRESH = True
# Nobody tests Argon here, and the whole cast is made for every test. Before the first of them: Django keeps what it read.
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# No test loses power: the disk needn't have what a process of tests wrote (tests/run.py has the databases do so too).
os.fsync = lambda _handle: None
# Most of what a test makes dies at once by its count of references: the collector looks seldom, a twentieth of the time is saved.
gc.set_threshold(100_000, 50, 1000)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What asks no database runs beside SQLite only; so does what is marked ``once``."""
    if connections["default"].vendor != "postgresql":
        return
    kept, left = [], []
    for item in items:
        asks = {"db", "transactional_db"} & set(getattr(item, "fixturenames", ()))
        asks = asks or any(item.get_closest_marker(mark) for mark in ("django_db", "production", "journey", "services"))
        (kept if asks else left).append(item)
    config.hook.pytest_deselected(items=left)
    items[:] = kept


@pytest.fixture(scope="session", autouse=True)
def _flush_goes_around_the_triggers():
    """Transactional tests empty every table afterwards; the log's triggers refuse that, as they should."""
    from reviews.audit import triggers

    plain = flush.Command.handle

    def handle(self, **options):
        connection = connections[options["database"]]
        triggers.remove(connection)
        try:
            return plain(self, **options)
        finally:
            triggers.install(connection)

    flush.Command.handle = handle
    yield
    flush.Command.handle = plain


@pytest.fixture(autouse=True)
def _nobodys_language():
    """A page leaves the language of its reader behind in the thread; the next test begins without it."""
    translation.deactivate()


@pytest.fixture(autouse=True)
def _no_texts_of_another_test():
    """A process keeps the published wording of notices for some seconds."""
    from reviews.notices import wordings

    wordings.forget()


@pytest.fixture
def engine() -> str:
    from django.db import connection

    return str(connection.vendor)
