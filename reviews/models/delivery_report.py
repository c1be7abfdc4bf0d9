"""What a provider of text messages or WeChat messages says became of one."""

from __future__ import annotations

from django.db import models

from reviews.models.notice import Notice


class DeliveryReport(models.Model):
    """Kept also when nobody knows the message yet: it may come before the worker has written down what it is called."""

    class Status(models.TextChoices):
        DELIVERED = "delivered"
        FAILED = "failed"

    channel = models.CharField(max_length=10, choices=Notice.Channel.choices)
    provider_id = models.CharField(max_length=200)
    status = models.CharField(max_length=10, choices=Status.choices)
    code = models.CharField(max_length=60, blank=True)
    at = models.DateTimeField()  # as the provider says
    received_at = models.DateTimeField()
    notice = models.ForeignKey(Notice, models.PROTECT, null=True, related_name="reports")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["channel", "provider_id", "status"], name="reported_once")]
        indexes = [models.Index(fields=["received_at"], name="report_of_nobody", condition=models.Q(notice=None))]

    def __str__(self) -> str:
        return f"{self.channel} {self.provider_id}: {self.status}"
