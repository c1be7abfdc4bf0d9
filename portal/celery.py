"""The Celery application: ``celery -A portal worker`` and ``celery -A portal beat``."""

import os
from pathlib import Path

from celery import Celery
from kombu.transport import TRANSPORT_ALIASES

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
TRANSPORT_ALIASES["filesystem"] = "portal.filebroker:Transport"
app = Celery("portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["reviews", "reviews.notices"])

# The filesystem broker wants its folders to be there before the first message.
options = app.conf.broker_transport_options or {}
for key in ("data_folder_in", "control_folder"):
    if key in options:
        Path(options[key]).mkdir(parents=True, exist_ok=True)
