"""An uploaded document that answers one material requirement (申请材料)."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from permits.models.application import Application


class MaterialQuerySet(models.QuerySet["Material"]):
    def current(self) -> MaterialQuerySet:
        return self.filter(replaced_at=None)


class Material(models.Model):
    """One file, stored under its SHA-256. A replaced or removed file of a submitted application stays on record."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    application = models.ForeignKey(Application, models.PROTECT, related_name="materials")
    requirement = models.CharField(_("Requirement"), max_length=60)
    original_name = models.CharField(_("File name"), max_length=255)
    media_type = models.CharField(_("Type"), max_length=100)
    size = models.PositiveBigIntegerField(_("Size"))
    sha256 = models.CharField(max_length=64)
    facts = models.JSONField(default=dict, help_text="What inspection found: pages, pixels, rows, warnings")
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField(auto_now_add=True)
    replaced_at = models.DateTimeField(null=True)
    from_record = models.BooleanField(
        default=False, help_text="Taken over from the enterprise's record instead of being asked for again"
    )

    objects = MaterialQuerySet.as_manager()

    class Meta:
        verbose_name = _("material")
        verbose_name_plural = _("materials")
        ordering = ["pk"]
        indexes = [
            models.Index(fields=["application", "requirement"], name="material_by_requirement"),
            models.Index(fields=["sha256"], name="material_by_digest"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["application", "requirement", "sha256"],
                condition=Q(replaced_at=None),
                name="same_file_once_per_requirement",
            ),
            models.CheckConstraint(condition=Q(size__gt=0), name="material_not_empty"),
        ]

    def __str__(self) -> str:
        return self.original_name

    @property
    def url(self) -> str:
        return reverse("material_file", args=[self.application.public_id, self.public_id])

    @property
    def is_image(self) -> bool:
        return self.media_type.startswith("image/")

    @property
    def is_pdf(self) -> bool:
        return self.media_type == "application/pdf"
