"""Days on which the official calendar differs from what the ``chinesecalendar`` package knows, and the calendars that
due times were counted with.
"""

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


class CalendarEdition(models.Model):
    """The calendar as it stood once. An application is counted with one of them until it is carried over to another."""

    digest = models.CharField(max_length=16, primary_key=True)
    overrides = models.JSONField(default=dict)  # {"2027-01-01": false}: whether it is worked
    package_until = models.PositiveSmallIntegerField()
    made_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.digest
