"""What somebody chooses to be told, and by which channel: on their account, one step each."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction
from django.utils import timezone

from permits.models import User
from permits.secrets import blind_index
from reviews import roles
from reviews.audit import log
from reviews.notices import choosing


def has(user: User, mobile: str) -> bool:
    """Whether the number can be this account's: it is nobody else's."""
    return not User.objects.filter(mobile_index=blind_index(mobile)).exclude(pk=user.pk).exists()


@transaction.atomic
def keep_mobile(user: User, mobile: str) -> None:
    """Keep a number that the person has shown to have, or none (""). Raise ``IntegrityError`` when it is another's by now."""
    locked = roles.locked(user)
    if locked.mobile == mobile:
        return
    locked.mobile = mobile
    locked.save(update_fields=["mobile", "mobile_index"])
    log.record(
        action="mobile_confirmed" if mobile else "mobile_removed", actor=user, role="own account", at=timezone.now(),
        stream=f"account:{user.public_id}",
    )  # fmt: skip
    user.mobile = mobile


@transaction.atomic
def choose(user: User, wanted: Mapping[tuple[str, str], bool]) -> None:
    """``wanted`` says for a group and a channel whether it is to be on; what is fixed stays as it is."""
    locked = roles.locked(user)
    choices = locked.notice_choices
    for (group, channel), on in wanted.items():
        choices = choosing.chosen(choices, group, channel, on)
    if choices != locked.notice_choices:
        User.objects.filter(pk=locked.pk).update(notice_choices=choices)
    user.notice_choices = choices
