"""E-mail, by whatever ``EMAIL_URL`` says."""

from __future__ import annotations

from smtplib import SMTPRecipientsRefused

from django.conf import settings

from reviews.models import Notice
from reviews.notices import mail, texts, unsubscribing
from reviews.notices.channels.kinds import Receipt, Rejected, key_of

FOR_EVER = range(550, 560)  # RFC 5321, 4.2.2: the mailbox is not there, or the message is not wanted


def send(notice: Notice) -> Receipt:
    domain = settings.SITE_URL.split("//")[-1].split("/")[0].split(":")[0]
    # The same id at every attempt: a mail that went out twice after a crash can be told for what it is.
    message_id = f"<{key_of(notice)}@{domain}>"
    email = mail.build(
        texts.render(notice), to=notice.recipient.email, language=texts.language_of(notice),
        headers={"Message-ID": message_id, "X-Notice-Kind": notice.kind},
        unsubscribe=unsubscribing.address(notice.recipient, notice.kind),
    )  # fmt: skip
    try:
        email.send(fail_silently=False)
    except SMTPRecipientsRefused as refusal:
        codes = [code for code, _text in refusal.recipients.values()]
        if codes and all(code in FOR_EVER for code in codes):
            raise Rejected(f"the mail server refuses the address: {refusal.recipients}") from refusal
        raise
    return Receipt(message_id, message_id)
