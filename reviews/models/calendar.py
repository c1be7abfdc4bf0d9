"""Days on which the official calendar differs from what the ``chinesecalendar`` package knows."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class CalendarDay(models.Model):
    date = models.DateField(_("Date"), unique=True)
    working = models.BooleanField(_("Working day"))
    note = models.CharField(_("Note"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("calendar day")
        verbose_name_plural = _("calendar days")

    def __str__(self) -> str:
        return f"{self.date}: {_('working day') if self.working else _('day off')}"
