"""What notices say, where an official published another wording than the portal's own file."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class NoticeText(models.Model):
    """An edition of one text: of a kind of notice, a channel and a language. Written by ``reviews.wording`` only.

    An empty ``source`` puts the file's text in force again.
    """

    class Channel(models.TextChoices):
        EMAIL = "email", _("Inbox and e-mail")
        SMS = "sms", _("Text message")

    kind = models.CharField(max_length=40)
    channel = models.CharField(_("Channel"), max_length=10, choices=Channel.choices)
    language = models.CharField(_("Language"), max_length=2, choices=[("zh", "中文"), ("en", "English")])
    edition = models.PositiveIntegerField(_("Edition"))
    source = models.TextField(blank=True)
    current = models.BooleanField(_("In force"), default=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("Published by")
    )
    published_at = models.DateTimeField(_("Published"), default=timezone.now)

    class Meta:
        verbose_name = _("wording of a notice")
        verbose_name_plural = _("wording of notices")
        constraints = [
            models.UniqueConstraint(fields=["kind", "channel", "language", "edition"], name="notice_text_edition"),
            models.UniqueConstraint(
                fields=["kind", "channel", "language"], condition=Q(current=True), name="one_notice_text_in_force"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} · {self.channel} · {self.language} · {self.edition}"
