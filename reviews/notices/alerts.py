"""What an operator has to hear of at once."""

from __future__ import annotations

import logging

from django.core.cache import cache
from django.core.mail import mail_admins

from reviews.models import Notice

log = logging.getLogger(__name__)
PAUSE = 3600  # seconds; one mail an hour and channel, the log has them all


def given_up(notice: Notice, detail: str) -> None:
    """A notice that nobody will try again by himself. The mail goes to ``ADMINS``, if there are any."""
    log.error(
        "notice %s by %s is given up after %s attempts (%s): manage.py resend_notices tries again",
        notice.pk, notice.channel, notice.attempts, detail,
    )  # fmt: skip
    if cache.add(f"alert:notices:{notice.channel}", 1, PAUSE):
        text = (
            f"Notice {notice.pk} by {notice.channel} was given up: {detail}\n\n"
            "See the notices in the review desk, and `manage.py notices` for how many there are.\n"
            f"When the channel works again: manage.py resend_notices --channel {notice.channel}\n"
            "This mail comes once an hour at most.\n"
        )
        try:
            mail_admins(f"Notices by {notice.channel} are given up", text, fail_silently=True)
        except OSError as error:  # a mail that can't be sent must not stop the worker that wants to say so
            log.warning("the alert could not be mailed: %s", error)
