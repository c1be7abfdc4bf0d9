"""E-mail, by whatever ``EMAIL_URL`` says."""

from __future__ import annotations

from dataclasses import replace
from smtplib import SMTPRecipientsRefused

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from reviews.models import Notice
from reviews.notices import enclosed, mail, texts, unsubscribing
from reviews.notices.channels.kinds import Receipt, Rejected, key_of

FOR_EVER = range(550, 560)  # RFC 5321, 4.2.2: the mailbox is not there, or the message is not wanted


def send(notice: Notice) -> Receipt:
    domain = settings.SITE_URL.split("//")[-1].split("/")[0].split(":")[0]
    # The same id at every attempt: a mail that went out twice after a crash can be told for what it is.
    message_id = f"<{key_of(notice)}@{domain}>"
    message, language, enclosure = texts.render(notice), texts.language_of(notice), enclosed.permit_of(notice)
    if enclosure:
        with translation.override(language):
            said = _("The permit is enclosed, signed (PDF). Anybody can check at %(url)s whether it is in force.")
        message = replace(message, body=f"{message.body}\n\n{said % {'url': f'{settings.SITE_URL}/verify/'}}")
    email = mail.build(
        message, to=notice.recipient.email, language=language,
        headers={"Message-ID": message_id, "X-Notice-Kind": notice.kind},
        unsubscribe=unsubscribing.address(notice.recipient, notice.kind),
    )  # fmt: skip
    if enclosure:
        email.attach(*enclosure, "application/pdf")
    try:
        email.send(fail_silently=False)
    except SMTPRecipientsRefused as refusal:
        codes = [code for code, _text in refusal.recipients.values()]
        if codes and all(code in FOR_EVER for code in codes):
            raise Rejected(f"the mail server refuses the address: {refusal.recipients}") from refusal
        raise
    return Receipt(message_id, message_id)
