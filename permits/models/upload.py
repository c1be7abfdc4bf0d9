"""A file on its way: how much of it has come, and from whom. Its bytes are in the storage's ``incoming`` (permits/intake/arriving.py)."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from permits.models.application import Application
from permits.models.material import Material


class UploadQuerySet(models.QuerySet["Upload"]):
    def under_way(self, now: datetime | None = None) -> UploadQuerySet:
        return self.filter(finished_at=None, expires_at__gt=now or timezone.now())


class Upload(models.Model):
    """``offset`` bytes of ``length`` are on the disk and count: it never says more than is there.

    A row stays for a while after its file was taken in or refused, so that whoever lost the answer can ask for it again.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    application = models.ForeignKey(Application, models.CASCADE, related_name="uploads")
    requirement = models.CharField(max_length=60)
    name = models.CharField(max_length=255)
    length = models.PositiveBigIntegerField(help_text="Bytes")
    offset = models.PositiveBigIntegerField(default=0, help_text="Bytes")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    moved_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    # Whose turn it is to write. One who was silent for long loses it, and what they write then doesn't count.
    turn = models.PositiveIntegerField(default=0)
    busy = models.BooleanField(default=False)
    sha256 = models.CharField(max_length=64, blank=True, help_text="Of the whole, as soon as it is known")
    multipart = models.CharField(max_length=1024, blank=True, help_text="S3's name for the upload in parts")
    direct = models.BooleanField(default=False, help_text="The browser sends its parts to the storage itself")
    parts = models.JSONField(default=list, help_text="S3's ETags of the parts that count")
    finished_at = models.DateTimeField(null=True)
    material = models.ForeignKey(Material, models.SET_NULL, null=True, related_name="+")
    answer = models.JSONField(default=dict, help_text='How it ended: {"status": …, "message": …}')

    objects = UploadQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["expires_at"], name="upload_by_end"),
            models.Index(fields=["user"], condition=Q(finished_at=None), name="upload_under_way"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(length__gt=0), name="upload_not_empty"),
            models.CheckConstraint(condition=Q(offset__lte=F("length")), name="upload_no_longer_than_said"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.offset}/{self.length}"

    @property
    def is_whole(self) -> bool:
        return self.offset == self.length
