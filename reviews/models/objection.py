"""异议: the applicant objects to a refusal, once; somebody who had no part in it looks at it again."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from permits.models import Application
from permits.models.fields import EncryptedTextField
from reviews.models.task import Decision, Task


class Objection(models.Model):
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    application = models.ForeignKey(Application, models.PROTECT, related_name="objections")
    against = models.OneToOneField(Decision, models.PROTECT, related_name="objection")
    task = models.OneToOneField(Task, models.PROTECT, related_name="objection")
    text = EncryptedTextField(_("What is objected to"))
    filed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    filed_at = models.DateTimeField(_("Filed"))

    class Meta:
        verbose_name = _("objection")
        verbose_name_plural = _("objections")

    def __str__(self) -> str:
        return f"{self.application} · {self.filed_at:%Y-%m-%d}"
