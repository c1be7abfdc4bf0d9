"""What is known of the state of the storage: the looks that were taken at it, and the blobs that are not well."""

from __future__ import annotations

from django.db import models


class StorageCheck(models.Model):
    """A look at rows and blobs: all of them by ``check_storage``, or the share of a night, slice by slice."""

    night = models.DateField(null=True, unique=True, help_text="Whose share it is; empty for a look at everything")
    began_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)
    after = models.CharField(max_length=64, blank=True, help_text="How far a night's share has got: the last digest")
    blobs = models.PositiveBigIntegerField(default=0)
    read = models.PositiveBigIntegerField(default=0, help_text="Blobs that were read to their end")
    lost = models.PositiveIntegerField(default=0)
    damaged = models.PositiveIntegerField(default=0)
    orphans = models.PositiveIntegerField(default=0)
    leftovers = models.PositiveIntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["-ended_at"], name="storage_check_latest")]

    def __str__(self) -> str:
        return f"{self.night or 'all'} {self.began_at:%Y-%m-%d %H:%M}"


class StorageFault(models.Model):
    """A blob that a row needs and that is gone or is not what it was; until it is there again."""

    class Kind(models.TextChoices):
        LOST = "lost"
        DAMAGED = "damaged"

    sha256 = models.CharField(max_length=64, unique=True)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    needed_by = models.CharField(max_length=100, blank=True, help_text="A row that needs it: material 17, permit 4")
    found_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.kind} {self.sha256[:12]}"
