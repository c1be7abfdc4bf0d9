"""The Celery application: ``celery -A portal worker`` and ``celery -A portal beat``."""

import os
import sys
from pathlib import Path
from typing import Any

from celery import Celery, Task
from celery.signals import task_postrun, task_prerun
from django.db import close_old_connections
from kombu.transport import TRANSPORT_ALIASES

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
TRANSPORT_ALIASES["filesystem"] = "portal.filebroker:Transport"
app = Celery("portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
# Celery would connect to the database anew for every task. Django's own way: a connection is kept for CONN_MAX_AGE, and
# before each task it is seen whether it still lives.
app.conf.CELERY_DB_REUSE_MAX = sys.maxsize
app.autodiscover_tasks(["portal", "reviews", "reviews.notices"])

# The filesystem broker wants its folders to be there before the first message.
options = app.conf.broker_transport_options or {}
for key in ("data_folder_in", "control_folder"):
    if key in options:
        Path(options[key]).mkdir(parents=True, exist_ok=True)


@task_prerun.connect
@task_postrun.connect
def keep_or_close_connections(sender: Task, **kwargs: Any) -> None:
    if not sender.request.is_eager:
        close_old_connections()
