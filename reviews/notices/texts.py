"""What a notice says: templates by kind and language (``templates/notices/<language>/<kind>.txt``).

The first line is the subject. Plain text: numbers, state, what to do, by when, address.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from reviews.models import Notice


@dataclass(frozen=True)
class Message:
    subject: str
    body: str


def render(notice: Notice, language: str | None = None) -> Message:
    """In the recipient's language, or in the one asked for."""
    language = language or notice.recipient.language or settings.LANGUAGE_CODE
    short = "zh" if language.startswith("zh") else "en"
    with translation.override(language):
        text = render_to_string(
            f"notices/{short}/{notice.kind}.txt", {"name": notice.recipient.name, **_in(short, notice.params)}
        )
    subject, _newline, body = text.strip().partition("\n")
    return Message(" ".join(subject.split()), body.strip())


def footer(language: str) -> str:
    """What stands below every mail: whose it is, and what nobody may ask for."""
    with translation.override(language):
        return "\n".join([
            _("Permit portal") + " " + settings.SITE_URL,
            _("This message was sent by a machine; answers to it are not read."),
            _("Filing is free of charge. Nobody may ask you for a fee to file, and no office visit is needed."),
        ])  # fmt: skip


def _in(language: str, params: dict[str, Any]) -> dict[str, Any]:
    """Texts in the reader's language, times on the reader's clock, addresses in full."""
    shown: dict[str, Any] = {}
    for key, value in params.items():
        if isinstance(value, dict) and language in value:
            value = value[language]
        elif key.endswith("_at") and value:
            value = timezone.localtime(datetime.fromisoformat(value)).strftime("%Y-%m-%d %H:%M")
        elif key == "path":
            shown["url"] = settings.SITE_URL + value
        shown[key] = value
    return shown
