"""The portal's own inbox: the row is what it shows. Rendering it once here finds a template that doesn't work."""

from __future__ import annotations

from reviews.models import Notice
from reviews.notices import texts
from reviews.notices.channels.kinds import Receipt


def send(notice: Notice) -> Receipt:
    return Receipt(texts.render(notice).subject)
