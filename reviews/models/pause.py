"""特别程序: while experts look at it, or a hearing is held, the clock stands still."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from permits.models import Application


class Pause(models.Model):
    class Kind(models.TextChoices):
        EXPERTS = "experts", _("Expert review")
        HEARING = "hearing", _("Hearing")
        INSPECTION = "inspection", _("Inspection, test or quarantine")

    application = models.ForeignKey(Application, models.PROTECT, related_name="pauses")
    kind = models.CharField(_("Procedure"), max_length=12, choices=Kind.choices)
    started_at = models.DateTimeField(_("Begun"))
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(_("Ended"), null=True)
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    # What was left of the time limits when the clock stopped, in seconds of working time.
    promised_left = models.PositiveIntegerField(default=0)
    statutory_left = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("special procedure")
        verbose_name_plural = _("special procedures")
        constraints = [
            models.UniqueConstraint(fields=["application"], condition=Q(ended_at=None), name="one_pause_at_a_time")
        ]

    def __str__(self) -> str:
        return f"{self.application} · {self.get_kind_display()}"
