"""好差评: the applicant's rating of a closed application."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from permits.models import Application
from reviews.models.department import Department


class Rating(models.Model):
    class Score(models.IntegerChoices):
        VERY_GOOD = 5, _("Very satisfied")
        GOOD = 4, _("Satisfied")
        FAIR = 3, _("Fairly satisfied")
        BAD = 2, _("Dissatisfied")
        VERY_BAD = 1, _("Very dissatisfied")

    application = models.OneToOneField(Application, models.PROTECT, related_name="rating")
    department = models.ForeignKey(Department, models.PROTECT, null=True, related_name="ratings")
    rater = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    score = models.PositiveSmallIntegerField(_("Score"), choices=Score.choices)
    comment = models.TextField(_("Comment"), blank=True, max_length=1000)
    created_at = models.DateTimeField(_("Rated"))
    # A bad rating is followed up within 15 working days: a call back, and what was put right.
    follow_up_due_at = models.DateTimeField(_("Follow-up due"), null=True)
    followed_up_at = models.DateTimeField(_("Followed up"), null=True)
    followed_up_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    follow_up = models.TextField(_("What was done"), blank=True)

    class Meta:
        verbose_name = _("rating")
        verbose_name_plural = _("ratings")
        constraints = [models.CheckConstraint(condition=Q(score__gte=1, score__lte=5), name="rating_one_to_five")]

    def __str__(self) -> str:
        return f"{self.application}: {self.score}"
