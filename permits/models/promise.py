"""What stands in for a material: 容缺, it is handed in later; 告知承诺, a pledge is given in its place."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from permits.models.application import Application


class PromiseQuerySet(models.QuerySet["Promise"]):
    def owed(self) -> PromiseQuerySet:
        """Materials that were accepted as missing and haven't come yet."""
        return self.filter(kind=Promise.Kind.LATER, due_at__isnull=False, met_at=None)


class Promise(models.Model):
    class Kind(models.TextChoices):
        LATER = "later", _("Handed in later")
        PLEDGE = "pledge", _("Pledged")

    application = models.ForeignKey(Application, models.PROTECT, related_name="promises")
    requirement = models.CharField(_("Material"), max_length=60)
    kind = models.CharField(_("Kind"), max_length=10, choices=Kind.choices)
    # Word for word what was pledged, in the language it was read in.
    text = models.TextField(_("Pledge"), blank=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    made_at = models.DateTimeField(_("Promised"))
    # Both set when it is accepted with the material missing (by the office, or by its sending where nothing is
    # pre-checked), and anew when its refusal is set aside; nothing is owed before.
    owed_since = models.DateTimeField(null=True)
    due_at = models.DateTimeField(_("Owed by"), null=True)
    remind_at = models.DateTimeField(null=True)
    reminded = models.PositiveSmallIntegerField(default=0, help_text="Per cent of the time at the last reminder")
    met_at = models.DateTimeField(_("Handed in"), null=True)

    objects = PromiseQuerySet.as_manager()

    class Meta:
        verbose_name = _("promised material")
        verbose_name_plural = _("promised materials")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["application", "requirement"], name="one_promise_per_requirement"),
            models.CheckConstraint(
                condition=Q(kind="later", text="") | (Q(kind="pledge") & ~Q(text="")), name="a_pledge_has_its_words"
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(met_at=None), name="promise_owed"),
            models.Index(fields=["remind_at"], condition=Q(met_at=None), name="promise_to_remind"),
        ]

    def __str__(self) -> str:
        return f"{self.application} · {self.requirement} ({self.kind})"
