"""An opinion that is asked for and does not decide."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from reviews.models.task import Task


class Advice(models.Model):
    """One question to another department, or to one person there. The answer is the decision of its task."""

    task = models.OneToOneField(Task, models.PROTECT, related_name="advice")
    asked_for = models.ForeignKey(Task, models.PROTECT, related_name="advice_asked")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    # Nobody else answers, when the question is put to one person.
    expert = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    question = models.TextField(_("Question"))
    asked_at = models.DateTimeField(_("Asked"))

    class Meta:
        verbose_name = _("opinion asked for")
        verbose_name_plural = _("opinions asked for")

    def __str__(self) -> str:
        return f"{self.task}: {self.question[:60]}"
