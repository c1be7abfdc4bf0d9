"""How each channel of the outbox is doing: shared by every worker."""

from __future__ import annotations

from django.db import models


class ChannelState(models.Model):
    """The circuit breaker of a channel, and the tokens of its rate limit (``reviews.notices.gate``)."""

    channel = models.CharField(max_length=10, primary_key=True)
    failures = models.PositiveIntegerField(default=0)  # in a row
    closed_at = models.DateTimeField(null=True)
    open_until = models.DateTimeField(null=True)  # nothing is handed over before
    pauses = models.PositiveIntegerField(default=0)  # how often in a row, each time for longer
    tokens = models.FloatField(default=0)
    refilled = models.FloatField(default=0)  # seconds since the epoch

    def __str__(self) -> str:
        return self.channel
