"""The portal's settings with the other two logs beside: same database, same accounts."""

from portal.settings import *  # noqa: F403
from portal.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "auditlog", "simple_history", "tests.bench.changes"]
