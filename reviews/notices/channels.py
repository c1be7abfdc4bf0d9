"""How a notice gets to a person. ``send`` returns the provider's word for it, or raises."""

from __future__ import annotations

from django.conf import settings
from django.core.mail import EmailMessage

from reviews.models import Notice
from reviews.notices import texts


def send(notice: Notice) -> str:
    match notice.channel:
        case Notice.Channel.INBOX:
            # The row is what the inbox shows; rendering it once here finds a template that doesn't work.
            return texts.render(notice).subject
        case Notice.Channel.EMAIL:
            return _email(notice)
    raise ValueError(f"no channel '{notice.channel}'")


def _email(notice: Notice) -> str:
    message = texts.render(notice)
    domain = settings.SITE_URL.split("//")[-1].split("/")[0].split(":")[0]
    # The same id at every attempt: a mail that went out twice after a crash can be told for what it is.
    message_id = f"<notice-{notice.pk}.{notice.event_id}@{domain}>"
    email = EmailMessage(
        subject=message.subject,
        body=f"{message.body}\n\n-- \n{texts.footer(notice.recipient.language or settings.LANGUAGE_CODE)}\n",
        to=[notice.recipient.email],
        headers={"Message-ID": message_id, "Auto-Submitted": "auto-generated", "X-Notice-Kind": notice.kind},
    )
    email.send(fail_silently=False)
    return message_id
