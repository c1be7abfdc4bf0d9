"""What an operator has to hear of at once."""

from __future__ import annotations

import logging

from django.core.cache import cache
from django.core.mail import mail_admins

from permits.intake import faults
from permits.intake.reading import Damaged
from reviews.models import Notice, WebhookEndpoint

log = logging.getLogger(__name__)
PAUSE = 3600  # seconds; one mail an hour and channel, the log has them all


def given_up(notice: Notice, detail: str) -> None:
    """A notice that nobody will try again by himself. The mail goes to ``ADMINS``, if there are any."""
    log.error(
        "notice %s by %s is given up after %s attempts (%s): manage.py resend_notices tries again",
        notice.pk, notice.channel, notice.attempts, detail,
    )  # fmt: skip
    text = (
        f"Notice {notice.pk} by {notice.channel} was given up: {detail}\n\n"
        "See the notices in the review desk, and `manage.py notices` for how many there are.\n"
        f"When the channel works again: manage.py resend_notices --channel {notice.channel}\n"
    )
    _mail(notice.channel, f"Notices by {notice.channel} are given up", text)


def poisoned(key: tuple[str, str, str], error: Exception) -> None:
    """A published text that failed; the notice went out in the words of the portal's own file."""
    name = ".".join(key)
    log.error("the published text %s failed (%s: %s): the file's text was used", name, type(error).__name__, error)
    text = (
        f"The published text {name} failed: {type(error).__name__}: {error}\n\n"
        "Notices go out in the words of the portal's own file. A service owner mends the text under Wording of notices.\n"
    )
    _mail(f"text:{name}", f"The text of a notice fails: {name}", text)


def webhook(endpoint: WebhookEndpoint, what: str) -> None:
    """An endpoint that is disabled, or a step that it will not be told of."""
    log.error("webhook %s (%s): %s", endpoint.pk, endpoint.name, what)
    text = (
        f"Webhook {endpoint.pk} ({endpoint.name}): {what}\n\n"
        "See it in the review desk under Webhooks. Nothing is lost: what waits is sent when it is switched on, and\n"
        f"manage.py replay_webhooks --endpoint {endpoint.pk} --since DAY tells it again what it refused.\n"
    )
    _mail(f"webhook:{endpoint.pk}", f"Webhook {endpoint.name}: {what[:60]}", text)


def storage(what: str, examples: list[str]) -> None:
    """Files that are lost or damaged, or a storage that can't be checked."""
    log.error("storage: %s %s", what, "; ".join(examples[:10]))
    listed = "".join(f"  {each}\n" for each in examples[:50])
    text = (
        f"{what}\n{listed}\n"
        "No damaged file is shown to anybody. Put it back from a backup under the same name (docs/operations.md, \"Files\"), then\n"
        "manage.py check_storage says whether all is well again.\n"
    )
    _mail("storage", f"Storage: {what[:80]}", text)


def damaged_file(damaged: Damaged) -> None:
    """Somebody wanted to see a file that isn't what was stored: put it down, and say so."""
    kind = faults.Kind.LOST if damaged.lost else faults.Kind.DAMAGED
    faults.found(damaged.sha256, kind, "met when somebody wanted to see it")
    storage(f"A file that somebody wanted to see is {kind}", [f"{kind} {damaged.sha256}"])


def _mail(about: str, subject: str, text: str) -> None:
    if not cache.add(f"alert:notices:{about}", 1, PAUSE):
        return
    try:
        mail_admins(subject, f"{text}This mail comes once an hour at most.\n", fail_silently=True)
    except OSError as error:  # a mail that can't be sent must not stop the worker that wants to say so
        log.warning("the alert could not be mailed: %s", error)
