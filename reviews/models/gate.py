"""Gates where permits and passes are shown, who checks there, and for a short while who came through."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from permits import spoken
from permits.models import Permit


class Verdict(models.TextChoices):
    GOOD = "good", _("Let in")
    REVOKED = "revoked", _("Revoked")
    SUPERSEDED = "superseded", _("Superseded by a renewed one")
    CORRECTED = "corrected", _("A print from before a correction")
    EXPIRED = "expired", _("Expired")
    NOT_YET = "not_yet", _("Not valid yet")
    NOT_HERE = "not_here", _("Not for this gate")
    UNKNOWN = "unknown", _("The register has no such permit")
    FORGED = "forged", _("Forged")
    MALFORMED = "malformed", _("No code of a permit")


class Gate(models.Model):
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name_zh = models.CharField(_("Chinese name"), max_length=80)
    name_en = models.CharField(_("English name"), max_length=80)
    region = models.CharField(_("Region"), max_length=12, help_text=_("GB/T 2260 code"))
    services = models.JSONField(
        _("Services"),
        default=list,
        blank=True,
        help_text=_("Permits of which services open it; none chosen means all."),
    )
    keep_days = models.PositiveSmallIntegerField(
        _("Days that passages are kept"), default=30, help_text=_("Then only how many there were on each day is known.")
    )
    active = models.BooleanField(_("Active"), default=True)

    class Meta:
        verbose_name = _("gate")
        verbose_name_plural = _("gates")
        constraints = [
            models.CheckConstraint(
                condition=Q(keep_days__gte=1, keep_days__lte=180), name="gate_keeps_for_a_short_while"
            )
        ]

    def __str__(self) -> str:
        return self.name_zh if spoken.language() == "zh" else self.name_en


class GateChecker(models.Model):
    """An account that checks at a gate. It opens nothing else, the review desk least of all."""

    gate = models.ForeignKey(Gate, models.PROTECT, related_name="checkers", verbose_name=_("gate"))
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="gates", verbose_name=_("account"))
    active = models.BooleanField(_("Active"), default=True)
    created_at = models.DateTimeField(_("Since"), auto_now_add=True)

    class Meta:
        verbose_name = _("gate checker")
        verbose_name_plural = _("gate checkers")
        constraints = [models.UniqueConstraint(fields=["gate", "user"], name="checker_once_a_gate")]

    def __str__(self) -> str:
        return f"{self.user} · {self.gate}"


class GateScan(models.Model):
    """``permit`` stands here only where its holder is an enterprise, or a person who agreed to it."""

    key = models.UUIDField(unique=True, help_text="Made where it was scanned: sent twice, it is one")
    gate = models.ForeignKey(Gate, models.PROTECT, related_name="scans", verbose_name=_("gate"))
    checker = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("checked by")
    )
    permit = models.ForeignKey(Permit, models.SET_NULL, null=True, related_name="scans", verbose_name=_("permit"))
    result = models.CharField(_("Result"), max_length=12, choices=Verdict)
    at = models.DateTimeField(_("Time"), help_text=_("Of the scan, by the clock of the device where it came late."))
    received_at = models.DateTimeField(_("Received"))
    late = models.BooleanField(_("Sent later"), default=False, help_text=_("Checked without a network."))

    class Meta:
        verbose_name = _("passage")
        verbose_name_plural = _("passages")
        indexes = [
            models.Index(fields=["gate", "-at"], name="scan_by_gate"),
            models.Index(fields=["permit", "-at"], condition=Q(permit__isnull=False), name="scan_by_permit"),
        ]

    def __str__(self) -> str:
        return f"{self.gate} · {self.get_result_display()}"


class GateDay(models.Model):
    """How many scans of a result there were on a day, which stays when the scans are gone."""

    gate = models.ForeignKey(Gate, models.PROTECT, related_name="days")
    day = models.DateField()
    result = models.CharField(max_length=12, choices=Verdict)
    scans = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["gate", "day", "result"], name="gate_day_once")]

    def __str__(self) -> str:
        return f"{self.gate} {self.day} {self.result}: {self.scans}"
