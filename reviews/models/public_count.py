"""What the public board is made of: steps of five that may be shown, and behind them the counts that may not."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from permits.models import Service


class PublicCounting(models.Model):
    """One row: how far the sealed log has been counted, and the lock of the one who counts."""

    next_leaf = models.BigIntegerField(default=0)
    counted_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"counted up to leaf {self.next_leaf}"


class PublicCount(models.Model):
    """How many of something there were for one service in one county: ``seen`` truly, which nobody is shown, and ``shown``."""

    service = models.ForeignKey(Service, models.PROTECT, related_name="+")
    region = models.CharField(max_length=6, blank=True)  # GB/T 2260, as fine as the table has it; "" where there is none
    measure = models.CharField(max_length=20)
    seen = models.PositiveIntegerField(default=0)
    shown = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["service", "region", "measure"], name="one_public_count"),
            models.CheckConstraint(condition=Q(shown__lte=F("seen")), name="public_count_shows_no_more_than_seen"),
        ]

    def __str__(self) -> str:
        return f"{self.service_id} {self.region} {self.measure}: {self.shown}"


class PublicStep(models.Model):
    """So many full fives were reached that day. Everything on the public board is a sum of these."""

    service = models.ForeignKey(Service, models.PROTECT, related_name="+", db_index=False)
    region = models.CharField(max_length=6, blank=True)
    measure = models.CharField(max_length=20)
    day = models.DateField()
    fives = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["day", "service", "region", "measure"], name="one_public_step"),
            models.CheckConstraint(condition=Q(fives__gte=1), name="public_step_is_full"),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.service_id} {self.region} {self.measure}: {self.fives}"
