"""Enterprises, who may act for them, and requests to join one that is registered already."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from permits.models.fields import EncryptedTextField


class EnterpriseSize(models.TextChoices):
    LARGE = "large", _("Large")
    MEDIUM = "medium", _("Medium")
    SMALL = "small", _("Small")
    MICRO = "micro", _("Micro")


class EnterpriseQuerySet(models.QuerySet["Enterprise"]):
    def visible_to(self, user) -> EnterpriseQuerySet:
        """Those that ``user`` is an active member of."""
        return self.filter(memberships__user=user, memberships__active=True)


class Enterprise(models.Model):
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    uscc = models.CharField(_("Unified social credit code"), max_length=18, unique=True)
    name = models.CharField(_("Enterprise name"), max_length=200)
    registered_address = models.CharField(_("Registered address"), max_length=300)
    production_address = models.CharField(_("Production address"), max_length=300)
    region = models.CharField(_("Region"), max_length=6, help_text=_("GB/T 2260 code of the county"))
    industry = models.CharField(_("Industry"), max_length=3, help_text=_("GB/T 4754 section and division, such as C20"))
    size = models.CharField(_("Size"), max_length=10, choices=EnterpriseSize.choices)
    legal_name = models.CharField(_("Legal representative"), max_length=80)
    legal_id_number = EncryptedTextField(_("Legal representative's ID number"))
    legal_mobile = EncryptedTextField(_("Legal representative's mobile"))
    bad_credit = models.BooleanField(
        _("Bad credit"), default=False, help_text=_("No material may be handed in later or be pledged")
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = EnterpriseQuerySet.as_manager()

    class Meta:
        verbose_name = _("enterprise")
        verbose_name_plural = _("enterprises")
        indexes = [models.Index(fields=["name"], name="enterprise_name")]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """A person who may act for an enterprise: its owner, or an agent (经办人)."""

    class Role(models.TextChoices):
        OWNER = "owner", _("Owner")
        AGENT = "agent", _("Agent")

    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role.choices)
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["enterprise", "user"], name="one_membership_each")]

    def __str__(self) -> str:
        return f"{self.user} @ {self.enterprise}"


class AccessRequest(models.Model):
    """Somebody asks to act for an enterprise that somebody else registered; one of its owners answers."""

    class State(models.TextChoices):
        OPEN = "open", _("Waiting")
        GRANTED = "granted", _("Granted")
        REFUSED = "refused", _("Refused")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="access_requests")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="access_requests")
    message = models.CharField(max_length=300, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["enterprise", "user"], condition=Q(state="open"), name="one_open_access_request"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} → {self.enterprise} ({self.state})"
