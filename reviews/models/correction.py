"""The one-time notice of corrections (一次性告知补正): everything that is to be mended, item by item."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from permits.models import Application
from permits.models.fields import EncryptedJSONField, EncryptedTextField
from reviews.models.task import Task


class CorrectionNotice(models.Model):
    application = models.ForeignKey(Application, models.PROTECT, related_name="correction_notices")
    task = models.OneToOneField(Task, models.PROTECT, related_name="correction_notice")
    issued_at = models.DateTimeField(_("Issued"))
    deadline = models.DateTimeField(_("To be answered by"))
    answered_at = models.DateTimeField(null=True)
    # One working day before the deadline, until it was done.
    remind_at = models.DateTimeField(null=True)
    # What was left of the time limits when the clock stopped, in seconds of working time.
    promised_left = models.PositiveIntegerField(default=0)
    statutory_left = models.PositiveIntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["remind_at"], condition=Q(answered_at=None), name="correction_to_remind")]

    def __str__(self) -> str:
        return f"{self.application} · {self.issued_at:%Y-%m-%d}"


class CorrectionItem(models.Model):
    class Kind(models.TextChoices):
        FIELD = "field", _("Form field")
        MATERIAL = "material", _("Material")
        ROW = "row", _("Row of a list")
        OTHER = "other", _("Other")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    notice = models.ForeignKey(CorrectionNotice, models.PROTECT, related_name="items")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    key = models.CharField(max_length=60, blank=True)
    # Of a roster (a material) or of a group (a field): the row as people count, from 1.
    row = models.PositiveIntegerField(_("Row"), null=True)
    message = EncryptedTextField(_("What is to be corrected"))
    # What stood there when the notice was issued: an answer, or the digests of the files.
    previous = EncryptedJSONField(default=None, null=True)
    answer = EncryptedTextField(_("Answer"), blank=True)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="row", row__gte=1) | (~Q(kind="row") & Q(row=None)), name="row_item_has_its_row"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"
