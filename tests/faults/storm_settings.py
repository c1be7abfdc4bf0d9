"""The portal's settings, and text messages by a provider that the storm stands in for."""

from portal.settings import *  # noqa: F403
from portal.settings import NOTICE_CHANNELS

NOTICE_CHANNELS = {**NOTICE_CHANNELS, "sms": "tests.faults.storm_channel.send"}
NOTICE_QUIET_HOURS = ""
