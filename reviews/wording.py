"""The wording of notices: what an official publishes in place of the portal's own text, and takes back again.

Both languages of a text are published in one step, with one event on the stream ``notice_text:KIND.CHANNEL``. An edition
never changes; going back makes a new edition with the earlier words. Only a service owner publishes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from permits.models import User
from reviews import roles
from reviews.audit import log
from reviews.models import NoticeText
from reviews.notices import choosing, safe, samples, texts, wordings
from reviews.notices.safe import Fault

LANGUAGES = ("zh", "en")
EMAIL, SMS = NoticeText.Channel.EMAIL, NoticeText.Channel.SMS
MOST_PARTS = 10  # no provider takes a longer text message


class Stale(Exception):
    """Somebody else published another wording since this one was begun."""


class Faulty(Exception):
    def __init__(self, faults: dict[str, list[Fault]]) -> None:
        self.faults = faults
        super().__init__(str(faults))


def all_texts() -> list[tuple[str, str]]:
    """Every text there is, as kind and channel."""
    return [(kind, channel) for kind in wordings.kinds() for channel in (EMAIL, SMS) if exists(kind, channel)]


def exists(kind: str, channel: str) -> bool:
    if kind not in wordings.kinds() or channel not in NoticeText.Channel.values:
        return False
    return channel == EMAIL or choosing.SMS in choosing.GROUPS[choosing.group_of(kind)].offered


def in_force(kind: str, channel: str) -> dict[str, NoticeText]:
    """By language: the edition in force, where one was ever published."""
    rows = NoticeText.objects.filter(kind=kind, channel=channel, current=True).select_related("published_by")
    return {row.language: row for row in rows}


def source_of(kind: str, channel: str, language: str, row: NoticeText | None) -> str:
    """The words of an edition; of one without any, and where there is none, the file's."""
    return row.source if row and row.source else wordings.of_file((kind, channel, language)) or ""


def faults(kind: str, channel: str, language: str, source: str) -> list[Fault]:
    """What is wrong with a text. It is also tried, with usual values and with none where there may be none."""
    said = samples.values(kind, channel, language)
    if not source.strip():
        own = wordings.of_file((kind, channel, language))
        return [] if own is None else [Fault(0, _("The text says nothing."))]
    found = safe.faults(source, said, samples.needed(kind, channel))
    if found:
        return found
    bare = said | {name: "" for name in ("due_at", "reason", "enterprise", "outcome") if name in said}
    try:
        shown = [texts.preview(source, channel, each) for each in (said, bare)]
    except texts.Empty:
        return [Fault(1, _("The first line is the subject, and the message stands below it; neither may be empty."))]
    except Exception as error:  # whatever it is, it would be the same when a notice needs the text
        return [Fault(0, _("This can't be read: %(words)s") % {"words": error})]
    if channel == SMS and texts.parts(shown[0].body) > MOST_PARTS:
        return [Fault(0, _("This is longer than %(most)d text messages.") % {"most": MOST_PARTS})]
    return []


def publish(kind: str, channel: str, sources: Mapping[str, str], *, seen: Mapping[str, int], by: User) -> list[str]:
    """Put these texts in force, by language; those that say what is said already are left alone. Return the languages
    that changed. ``seen`` is the edition that each was begun from (0: none). Raise ``Faulty``, ``Stale``, ``roles.Refused``.
    """
    if not roles.holds(by, roles.Role.SERVICE_OWNER):
        raise roles.Refused("service_owner", _("Only a service owner changes the wording of notices."))
    if not exists(kind, channel):
        raise LookupError(f"there is no text {kind}.{channel}")
    sources = {language: source.replace("\r\n", "\n").strip() + "\n" for language, source in sources.items()}
    wrong = {language: faults(kind, channel, language, source) for language, source in sources.items()}
    if any(wrong.values()):
        raise Faulty(wrong)
    try:
        with transaction.atomic():
            changed = _written(kind, channel, sources, seen, by)
            transaction.on_commit(wordings.forget)
    except IntegrityError as error:  # two were the first at once
        raise Stale from error
    return changed


@transaction.atomic
def tested(kind: str, channel: str, sent: Iterable[tuple[str, str]], *, by: User) -> None:
    """On record: words that were typed went to the one who typed them, by these channels in these languages."""
    log.record(
        action="notice_text_tested", actor=by, role=roles.acting_as(by), at=timezone.now(),
        stream=f"notice_text:{kind}.{channel}", data={"sent": [f"{way} {language}" for way, language in sent]},
    )  # fmt: skip


def go_back(row: NoticeText, *, by: User) -> list[str]:
    """Put an earlier edition's words in force again. Raises as ``publish`` does."""
    now = in_force(row.kind, row.channel).get(row.language)
    source = source_of(row.kind, row.channel, row.language, row)
    seen = {row.language: now.edition if now else 0}
    return publish(row.kind, row.channel, {row.language: source}, seen=seen, by=by)


def _written(kind: str, channel: str, sources: Mapping[str, str], seen: Mapping[str, int], by: User) -> list[str]:
    rows = NoticeText.objects.select_for_update().filter(kind=kind, channel=channel, current=True)
    current = {row.language: row for row in rows}
    at, data, before = timezone.now(), {}, {}
    for language, source in sources.items():
        row = current.get(language)
        if (row.edition if row else 0) != seen.get(language, 0):
            raise Stale
        if source.strip() == source_of(kind, channel, language, row).strip():
            continue
        own = (wordings.of_file((kind, channel, language)) or "").strip()
        kept = "" if source.strip() == own else source
        if row is not None:
            NoticeText.objects.filter(pk=row.pk).update(current=False)
        new = NoticeText.objects.create(
            kind=kind, channel=channel, language=language, edition=(row.edition if row else 0) + 1, source=kept,
            published_by=by, published_at=at,
        )  # fmt: skip
        digest: Any = hashlib.sha256(kept.encode()).hexdigest() if kept else None
        data[language] = {"edition": new.edition, "digest": digest}
        before[language] = row.edition if row else 0
    if data:
        log.record(
            action="notice_text_published", actor=by, role=roles.acting_as(by), at=at,
            stream=f"notice_text:{kind}.{channel}", before=_editions(before),
            after=_editions({language: each["edition"] for language, each in data.items()}), data=data,
        )  # fmt: skip
    return list(data)


def _editions(numbers: Mapping[str, int]) -> str:
    return ", ".join(f"{language} {number}" for language, number in numbers.items())
