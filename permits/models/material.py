"""An uploaded document that answers one material requirement (申请材料)."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from permits.intake.looking.words import in_language
from permits.models.application import Application


class Check(models.TextChoices):
    """How far the inspection of a file has come."""

    CHECKING = "checking", _("Being checked")
    FINE = "fine", _("Checked")
    REFUSED = "refused", _("Refused")
    HELD = "held", _("Waiting for the virus scanner")


class MaterialQuerySet(models.QuerySet["Material"]):
    def current(self) -> MaterialQuerySet:
        """Those that count: found fine, and no other took their place."""
        return self.filter(replaced_at=None, check_state=Check.FINE)

    def shown(self) -> MaterialQuerySet:
        """What the applicant sees: those that are being checked and those that were refused too."""
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
    # What the browser sent. ``sha256`` is what is kept, and differs where a photo was stripped of its place and turned.
    received_sha256 = models.CharField(max_length=64, blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    facts = models.JSONField(default=dict, help_text="What inspection found: pages, pixels, rows, warnings")
    check_state = models.CharField(_("Inspection"), max_length=10, choices=Check.choices, default=Check.CHECKING)
    # Why it was refused, by language: {"code": …, "text": {"zh-hans": …, "en": …}, "faults": {"zh-hans": […], …}}
    verdict = models.JSONField(default=dict)
    checked_at = models.DateTimeField(null=True)
    check_tries = models.PositiveSmallIntegerField(default=0)
    check_claimed_until = models.DateTimeField(null=True)
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField(auto_now_add=True)
    replaced_at = models.DateTimeField(null=True)
    # By the rule of retention its bytes went; the row keeps what they were.
    erased_at = models.DateTimeField(null=True)
    from_record = models.BooleanField(
        default=False, help_text="Taken over from the enterprise's record instead of being asked for again"
    )

    objects = MaterialQuerySet.as_manager()

    class Meta:
        verbose_name = _("material")
        verbose_name_plural = _("materials")
        ordering = ["position", "pk"]
        indexes = [
            models.Index(fields=["application", "requirement"], name="material_by_requirement"),
            models.Index(fields=["sha256"], name="material_by_digest"),
            models.Index(fields=["received_sha256"], name="material_by_received"),
            models.Index(
                fields=["uploaded_at"], condition=Q(check_state__in=["checking", "held"]), name="material_to_check"
            ),
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
    def is_fine(self) -> bool:
        return self.check_state == Check.FINE

    @property
    def waits(self) -> bool:
        """Nothing is known of it yet."""
        return self.check_state in (Check.CHECKING, Check.HELD)

    @property
    def why(self) -> str:
        """Why it was refused, in the reader's language."""
        return str(in_language(self.verdict.get("text")) or "")

    @property
    def faults(self) -> list[str]:
        """Of a roster, row by row."""
        return list(in_language(self.verdict.get("faults")) or [])

    @property
    def warnings(self) -> list[str]:
        """What the applicant had better look at, though it was taken."""
        return [str(in_language(each.get("text")) or "") for each in self.facts.get("warnings", [])]

    @property
    def thumbs(self) -> list[MaterialPart]:
        """Small pictures of its pages, where inspection made some."""
        return sorted((each for each in self.parts.all() if each.kind == MaterialPart.Kind.THUMB), key=_by_page)

    @property
    def is_image(self) -> bool:
        return self.media_type.startswith("image/")

    @property
    def is_pdf(self) -> bool:
        return self.media_type == "application/pdf"


def _by_page(part: MaterialPart) -> int:
    return part.page


class MaterialPart(models.Model):
    """What inspection made of a file: a small picture of a page, the text in it. A blob as any other, under its digest."""

    class Kind(models.TextChoices):
        THUMB = "thumb", _("Small picture")
        PAGE = "page", _("Picture of a page")  # one that something is marked on
        TEXT = "text", _("Text")  # JSON: a list with the text of each page

    material = models.ForeignKey(Material, models.CASCADE, related_name="parts")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    page = models.PositiveIntegerField(default=1)
    sha256 = models.CharField(max_length=64, db_index=True)
    media_type = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["material", "kind", "page"], name="one_part_of_a_kind_each_page")
        ]

    def __str__(self) -> str:
        return f"{self.material} {self.kind} {self.page}"
