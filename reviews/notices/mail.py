"""A message as a mail: plain text, and simple HTML made of the same text. No picture, nothing from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Mapping

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.utils import translation
from django.utils.html import escape
from django.utils.translation import gettext as _

from reviews.notices import texts
from reviews.notices.texts import Message

FRAME = """<!doctype html>
<html lang="{language}"><head><meta charset="utf-8"><title>{title}</title></head>
<body style="font-family:sans-serif;line-height:1.6;max-width:40em">
{body}
<hr>
<div style="font-size:.85em">
{footer}
</div>
</body></html>
"""


def build(
    message: Message, *, to: str, language: str, headers: Mapping[str, str] | None = None, unsubscribe: str = ""
) -> EmailMultiAlternatives:
    """Not sent yet. With an address to ``unsubscribe`` at, it is said in the headers, where mail programs look for it
    (RFC 2369 and RFC 8058), and in the footer.
    """
    below, more = texts.footer(language), dict(headers or {})
    if unsubscribe:
        with translation.override(language):
            below += "\n" + _("To get no more mails of this kind:") + " " + unsubscribe
        more |= {"List-Unsubscribe": f"<{unsubscribe}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    mail = EmailMultiAlternatives(
        subject=message.subject, body=f"{message.body}\n\n-- \n{below}\n", to=[to],
        headers={"Auto-Submitted": "auto-generated", **more},
    )  # fmt: skip
    mail.attach_alternative(_html(message, below, language), "text/html")
    return mail


def _html(message: Message, below: str, language: str) -> str:
    return FRAME.format(
        language=escape(language), title=escape(message.subject), body=_paragraphs(message.body),
        footer=_paragraphs(below),
    )  # fmt: skip


def _paragraphs(text: str) -> str:
    blocks = re.split(r"\n\s*\n", text.strip())
    return "\n".join(f"<p>{'<br>'.join(_linked(line) for line in block.splitlines())}</p>" for block in blocks)


def _linked(line: str) -> str:
    """Escaped; addresses of the portal can be clicked. Those that a stranger's words bring along are only read."""
    pieces = re.split(rf"({re.escape(settings.SITE_URL)}(?=[/\s]|$)[^\s<>\"'，。；：）]*)", line)
    return "".join(
        f'<a href="{escape(piece)}">{escape(piece)}</a>' if place % 2 else escape(piece)
        for place, piece in enumerate(pieces)
    )
