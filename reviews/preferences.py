"""What somebody chooses to be told, and by which channel: on their account, one step each."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction

from permits.models import User
from reviews import roles
from reviews.notices import choosing


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
