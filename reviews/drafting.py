"""Write an edition: begin a draft, save what is typed. Two people never overwrite each other in silence."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from permits import definition_text
from permits.models import EditionDraft, Service, ServiceVersion, User

MAX_CHARACTERS = 400_000


class Closed(Exception):
    """The draft can't be changed now; the message says why, and what to do."""


class TooLong(ValueError):
    """The text is longer than a definition may be."""


def start(*, by: User, base: ServiceVersion | None = None, source: str = "") -> EditionDraft:
    """Begin a draft with an edition, or with a text, which may still be wrong. Raise ``TooLong``."""
    draft = EditionDraft(
        source=base.source if base else _normal(source), base=base, service=base.service if base else None,
        created_by=by, saved_by=by, saved_at=timezone.now(),
    )  # fmt: skip
    _find_service(draft)
    draft.save()
    return draft


@transaction.atomic
def save(draft_id: int, *, by: User, edit: Callable[[EditionDraft], str]) -> EditionDraft:
    """Give the text to ``edit`` under the row's lock, and keep what it returns.

    What ``edit`` raises (somebody else was first) leaves everything as it was. Raise ``Closed``, ``TooLong``,
    ``EditionDraft.DoesNotExist``.
    """
    draft = locked(draft_id)
    check_open(draft)
    source = _normal(edit(draft))
    return draft if source == draft.source else change(draft, source, by=by)


def change(draft: EditionDraft, source: str, *, by: User) -> EditionDraft:
    """Keep what is new in a draft that is ``locked``, its text or its files: who looked at it before looks again."""
    draft.source = source
    draft.revision += 1
    draft.saved_by, draft.saved_at = by, timezone.now()
    _find_service(draft)
    draft.save()
    return draft


def locked(draft_id: int) -> EditionDraft:
    return EditionDraft.objects.select_for_update(of=("self",)).select_related("service", "saved_by").get(pk=draft_id)


def check_open(draft: EditionDraft) -> None:
    if draft.published_version_id is not None:
        raise Closed(_("This draft is published already; begin a new one from the edition it became."))
    if draft.scheduled:
        raise Closed(_("A time is set for this draft, so it can't be changed. Cancel the schedule first."))


def _normal(source: str) -> str:
    text = source.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    if len(text) > MAX_CHARACTERS:
        raise TooLong(_("The text has more than %(n)s characters; a definition is shorter.") % {"n": MAX_CHARACTERS})
    return text if text.endswith("\n") or not text else text + "\n"


def _find_service(draft: EditionDraft) -> None:
    """A text for a service that exists is its next edition, wherever the text comes from."""
    if draft.service is not None:
        return
    slug = slug_of(draft.source)
    service = Service.objects.filter(slug=slug, current__isnull=False).select_related("current").first()
    if service is not None:
        draft.service, draft.base = service, service.current


def slug_of(source: str) -> str:
    try:
        said: Any = definition_text.read(source).get("slug")
    except tomllib.TOMLDecodeError:
        return ""
    return said if isinstance(said, str) else ""
