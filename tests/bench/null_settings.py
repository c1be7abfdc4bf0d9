"""The portal's settings, and one channel more."""

from portal.settings import *  # noqa: F403
from portal.settings import NOTICE_CHANNELS

NOTICE_CHANNELS = {**NOTICE_CHANNELS, "null": "tests.bench.null.send"}
