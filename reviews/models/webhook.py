"""Other departments' systems that are told of steps by HTTP, and what was told to each."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from permits.models.fields import EncryptedTextField


class WebhookEndpoint(models.Model):
    """One system: where it is, what it wants to hear of, and how far it has heard."""

    class Disabled(models.TextChoices):
        GONE = "gone", _("It answers 410 Gone")
        SILENT = "silent", _("Nothing got through to it for five days")

    name = models.CharField(_("Name of the system"), max_length=100, help_text=_("Whose system it is."))
    url = models.URLField(_("Address"), max_length=500, help_text=_("https only; redirects are not followed."))
    actions = models.JSONField(
        _("Steps"), default=list, blank=True, help_text=_("Which steps it is told of; none chosen means all.")
    )
    services = models.JSONField(
        _("Services"), default=list, blank=True, help_text=_("Of which services; none chosen means all.")
    )
    region = models.CharField(
        _("Region"), max_length=12, blank=True, help_text=_("GB/T 2260 code; its counties are told too. Empty: all.")
    )
    active = models.BooleanField(_("Active"), default=True)
    # "whsec_…". While one takes the place of the other, both sign.
    secret = EncryptedTextField(editable=False)
    earlier_secret = EncryptedTextField(blank=True, editable=False)
    earlier_until = models.DateTimeField(null=True, editable=False)
    # The next leaf of the audit log that it hasn't been asked about: everything before stands in ``deliveries``.
    next_leaf = models.BigIntegerField(default=0, editable=False)
    # Who sends to it now, until when; when it may be tried again after a failure; since when nothing got through.
    held_until = models.DateTimeField(default=timezone.now, editable=False)
    next_attempt_at = models.DateTimeField(default=timezone.now, editable=False)
    failures = models.PositiveIntegerField(_("Failures in a row"), default=0, editable=False)
    failing_since = models.DateTimeField(_("Failing since"), null=True, editable=False)
    disabled_because = models.CharField(_("Disabled because"), max_length=10, choices=Disabled.choices, blank=True, editable=False)
    created_at = models.DateTimeField(_("Created"), auto_now_add=True)

    class Meta:
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")

    def __str__(self) -> str:
        return self.name


class WebhookDelivery(models.Model):
    """One step that an endpoint is told of. The body is kept: told again, it is the same, under the same id."""

    class State(models.TextChoices):
        PENDING = "pending", _("Waiting")
        SENT = "sent", _("Sent")
        DEAD = "dead", _("Given up")

    endpoint = models.ForeignKey(WebhookEndpoint, models.PROTECT, related_name="deliveries")
    leaf = models.BigIntegerField(null=True)  # NULL: a test
    message_id = models.CharField(max_length=60)
    action = models.CharField(_("Action"), max_length=40)
    body = models.TextField()
    at = models.DateTimeField(_("Time of the step"))
    state = models.CharField(_("State"), max_length=10, choices=State.choices, default=State.PENDING)
    attempts = models.PositiveIntegerField(_("Attempts"), default=0)
    tried_at = models.DateTimeField(_("Last tried"), null=True)
    status = models.PositiveSmallIntegerField(_("Answer"), null=True)
    detail = models.CharField(_("Detail"), max_length=200, blank=True)
    seconds = models.FloatField(null=True)

    class Meta:
        verbose_name = _("webhook delivery")
        verbose_name_plural = _("webhook deliveries")
        constraints = [models.UniqueConstraint(fields=["endpoint", "leaf"], name="webhook_told_once")]
        indexes = [
            models.Index(fields=["endpoint", "leaf"], name="webhook_waiting", condition=models.Q(state="pending")),
            models.Index(fields=["endpoint", "at"], name="webhook_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.endpoint}: {self.action}"
