"""The portal's settings with viewflow's apps beside: same database, same accounts."""

from portal.settings import *  # noqa: F403
from portal.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "viewflow", "viewflow.workflow", "tests.bench.approval"]
