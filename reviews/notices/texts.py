"""What a notice says, by its kind, the channel and the reader's language: a subject and a body, or a text message.

The portal's own texts are files (``templates/notices/<language>/<kind>.txt``, for text messages in ``sms/``); an official
may have published another wording (``reviews.wording``). Number, state, what to do, by when, address. Of a file of the
first sort the first line is the subject. A published text that fails when it is needed is passed over for the file's,
and somebody hears of it: no notice waits for a text to be mended.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.utils import formats, timezone, translation
from django.utils.translation import gettext as _

from reviews.models import Notice
from reviews.notices import alerts, safe, wordings
from reviews.notices.channels.kinds import Rejected

ONE_PART, EACH_PART = 70, 67  # UCS-2 units: of a message of one part; of each part of a longer one (3GPP TS 23.040)


@dataclass(frozen=True)
class Message:
    subject: str
    body: str


class Empty(ValueError):
    """A text that says nothing, or a message without a subject or a body."""


class Unreadable(Rejected):
    """No words can be made for a notice, not even the file's; its channel is not to blame for it."""


def render(notice: Notice, language: str | None = None) -> Message:
    """In the recipient's language, or in the one asked for."""
    short = _short(language or language_of(notice))
    return _message(_said((notice.kind, "email", short), values(notice, short)))


def short(notice: Notice, language: str | None = None) -> str:
    """The text message: one line. A kind that has none of its own says its subject, and where to look."""
    lang = _short(language or language_of(notice))
    said = values(notice, lang, brief=True)
    key = (notice.kind, "sms", lang)
    if wordings.in_force(key) is None and wordings.of_file(key) is None:
        return f"{_message(_said((notice.kind, 'email', lang), said)).subject} {said['link']}"
    return _one_line(_said(key, said))


def preview(source: str, channel: str, said: Mapping[str, Any]) -> Message:
    """A text with these values; of a text message the subject is empty. Raise whatever is wrong with it."""
    text = safe.render(source, said)
    return Message("", _one_line(text)) if channel == "sms" else _message(text)


def parts(text: str) -> int:
    """How many text messages it takes: one of 70 units of UCS-2, or several of 67. A character beyond the basic plane
    has two units, and is never cut in two.
    """
    units = [2 if ord(character) > 0xFFFF else 1 for character in text]
    if sum(units) <= ONE_PART:
        return 1
    count, room = 1, EACH_PART
    for size in units:
        if size > room:
            count, room = count + 1, EACH_PART
        room -= size
    return count


def footer(language: str) -> str:
    """What stands below every mail: whose it is, and what nobody may ask for."""
    with translation.override(language):
        return "\n".join([
            _("Permit portal") + " " + settings.SITE_URL,
            _("This message was sent by a machine; answers to it are not read."),
            _("Filing is free of charge. Nobody may ask you for a fee to file, and no office visit is needed."),
        ])  # fmt: skip


def language_of(notice: Notice) -> str:
    return notice.recipient.language or settings.LANGUAGE_CODE


def values(notice: Notice, language: str, *, brief: bool = False) -> dict[str, Any]:
    """What its text may name: ``link`` is the short address that a text message has room for."""
    link = f"{settings.SITE_URL}/n/{notice.pk}/"
    return {"name": notice.recipient.name, "url": settings.SITE_URL, "link": link, **spoken(language, notice.params, brief=brief)}


def spoken(language: str, params: Mapping[str, Any], *, brief: bool = False) -> dict[str, Any]:
    """Texts in the reader's language, times on the reader's clock (in figures when they are to be brief), addresses in full."""
    short, said = "SHORT_" if brief else "", dict[str, Any]()
    for key, value in params.items():
        if isinstance(value, dict) and language in value:
            value = value[language]
        elif key.endswith("_at") and value:
            value = _written(timezone.localtime(datetime.fromisoformat(value)), language, f"{short}DATETIME_FORMAT")
        elif key.endswith("_on") and value:
            value = _written(date.fromisoformat(value), language, f"{short}DATE_FORMAT")
        elif key == "path":
            said["url"] = settings.SITE_URL + value
        said[key] = value
    return said


def _written(moment: date, language: str, form: str) -> str:
    """2026年11月26日 17:30, 26 November 2026, 17:30: as ``portal.formats`` has it."""
    with translation.override({"zh": "zh-hans"}.get(language, language)):
        return formats.date_format(moment, form)


def _said(key: wordings.Key, shown: Mapping[str, Any]) -> str:
    source = wordings.in_force(key)
    if source is not None:
        try:
            return _checked(source, key, shown)
        except Exception as error:
            alerts.poisoned(key, error)
    file = wordings.of_file(key)
    if file is None:
        raise Unreadable(f"there is no text for {'.'.join(key)}")
    try:
        return _checked(file, key, shown)
    except Exception as error:
        raise Unreadable(f"the text {'.'.join(key)} fails: {type(error).__name__}: {error}") from error


def _checked(source: str, key: wordings.Key, shown: Mapping[str, Any]) -> str:
    text = safe.render(source, shown)
    if key[1] == "sms":
        _one_line(text)
    else:
        _message(text)
    return text


def _message(text: str) -> Message:
    subject, _newline, body = text.strip().partition("\n")
    if not subject.strip() or not body.strip():
        raise Empty("a message has a subject in its first line, and a body below it")
    return Message(" ".join(subject.split()), body.strip())


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    if not line:
        raise Empty("the text says nothing")
    return line


def _short(language: str) -> str:
    return "zh" if language.startswith("zh") else "en"
