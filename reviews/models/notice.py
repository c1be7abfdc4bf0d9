"""The outbox: what is to be told to whom, by which channel, and every attempt to tell it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from permits.models import Application
from permits.models.fields import EncryptedJSONField
from reviews.models.event import Event


class NoticeQuerySet(models.QuerySet["Notice"]):
    def inbox_of(self, user) -> NoticeQuerySet:
        return self.filter(recipient=user, channel=Notice.Channel.INBOX)

    def unread_of(self, user) -> NoticeQuerySet:
        return self.inbox_of(user).filter(read_at=None)


class Notice(models.Model):
    class Channel(models.TextChoices):
        INBOX = "inbox", _("Inbox")
        EMAIL = "email", _("E-mail")
        SMS = "sms", _("Text message")
        WECHAT = "wechat", _("WeChat")

    class State(models.TextChoices):
        PENDING = "pending", _("Waiting")
        SENDING = "sending", _("Being sent")
        SENT = "sent", _("Sent")
        DEAD = "dead", _("Given up")
        DROPPED = "dropped", _("Not sent: the account is switched off or closed")  # nothing failed, nobody has to do anything

    event = models.ForeignKey(Event, models.PROTECT, related_name="notices", db_constraint=False)  # it may be archived
    application = models.ForeignKey(Application, models.PROTECT, null=True, related_name="notices")
    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="notices")
    channel = models.CharField(_("Channel"), max_length=10, choices=Channel.choices)
    kind = models.CharField(_("Kind"), max_length=40)
    params = EncryptedJSONField(default=dict)
    state = models.CharField(_("State"), max_length=10, choices=State.choices, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(_("Attempts"), default=0)
    created_at = models.DateTimeField(_("Created"))
    # When it may be tried (again); while it is being sent: when its worker is taken for dead.
    next_attempt_at = models.DateTimeField()
    sent_at = models.DateTimeField(_("Sent"), null=True)
    # What the provider calls it, and what its delivery report said of it.
    provider_id = models.CharField(max_length=200, blank=True)
    delivered_at = models.DateTimeField(_("Delivered"), null=True)
    read_at = models.DateTimeField(null=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        constraints = [models.UniqueConstraint(fields=["event", "recipient", "channel"], name="told_once")]
        indexes = [
            models.Index(fields=["state", "next_attempt_at"], name="notice_outbox"),
            models.Index(fields=["recipient", "channel", "-created_at"], name="notice_inbox"),
            models.Index(fields=["recipient", "channel"], name="notice_unread", condition=models.Q(read_at=None)),
            models.Index(fields=["provider_id"], name="notice_by_provider", condition=~models.Q(provider_id="")),
        ]

    def __str__(self) -> str:
        return f"{self.get_channel_display()} → {self.recipient}"


class Attempt(models.Model):
    """One try to deliver a notice: the receipt."""

    notice = models.ForeignKey(Notice, models.PROTECT, related_name="tries")
    at = models.DateTimeField()
    ok = models.BooleanField()
    detail = models.CharField(max_length=500, blank=True)
    provider_id = models.CharField(max_length=200, blank=True)
    seconds = models.FloatField()

    class Meta:
        indexes = [models.Index(fields=["at"], name="tries_by_time")]

    def __str__(self) -> str:
        return f"{self.notice_id} {'ok' if self.ok else self.detail}"
