"""A row of the width of an application's, four times: on nobody's record, and on each of the three."""

from __future__ import annotations

from auditlog.registry import auditlog
from django.conf import settings
from django.db import models
from simple_history.models import HistoricalRecords


class Row(models.Model):
    status = models.CharField(max_length=20)
    stage = models.CharField(max_length=40)
    region = models.CharField(max_length=12)
    number = models.CharField(max_length=40)
    holder = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    due_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    last_seq = models.PositiveIntegerField(default=0)
    last_hash = models.CharField(max_length=64, default="")

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.number} {self.status}"


class Plain(Row):
    """On nobody's record."""


class Chained(Row):
    """On the audit log's."""


class Logged(Row):
    """On django-auditlog's."""


class Historied(Row):
    """On django-simple-history's."""

    history = HistoricalRecords()


auditlog.register(Logged)
