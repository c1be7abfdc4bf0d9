"""Enterprises, who may act for them, and requests to join one that is registered already."""

from __future__ import annotations

import uuid
from datetime import date

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from permits.models.fields import EncryptedJSONField, EncryptedTextField
from permits.models.service import Service


class EnterpriseSize(models.TextChoices):
    LARGE = "large", _("Large")
    MEDIUM = "medium", _("Medium")
    SMALL = "small", _("Small")
    MICRO = "micro", _("Micro")


class EnterpriseQuerySet(models.QuerySet["Enterprise"]):
    def visible_to(self, user, *, service: Service | None = None) -> EnterpriseQuerySet:
        """Those that ``user`` may act for today; with ``service`` only those whose filings of it they may make."""
        mine = Membership.objects.in_force().filter(user=user)
        if service is not None:
            mine = mine.covering(service.pk)
        return self.filter(pk__in=mine.values("enterprise"))

    def owned_by(self, user) -> EnterpriseQuerySet:
        owned = Membership.objects.in_force().filter(user=user, role=Membership.Role.OWNER)
        return self.filter(pk__in=owned.values("enterprise"))


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
    created_at = models.DateTimeField(_("Registered"), auto_now_add=True)
    # How often the record was changed: a form says from which state it started.
    revision = models.PositiveIntegerField(default=0, editable=False)

    objects = EnterpriseQuerySet.as_manager()

    class Meta:
        verbose_name = _("enterprise")
        verbose_name_plural = _("enterprises")
        indexes = [models.Index(fields=["name"], name="enterprise_name")]

    def __str__(self) -> str:
        return self.name


class EnterpriseChange(models.Model):
    """One change of an enterprise's record. What it says is personal in part, so the log has only the fields' names."""

    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="changes")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    said = EncryptedJSONField()  # {field: [before, after]}

    class Meta:
        indexes = [models.Index(fields=["enterprise", "-at"], name="enterprise_change_by_time")]

    def __str__(self) -> str:
        return f"{self.enterprise} {self.at}"


class Terms(models.Model):
    """For what somebody is authorised, and from which day to which, both included. No day is no limit."""

    all_services = models.BooleanField(_("All services"), default=True)
    services = models.ManyToManyField(Service, blank=True, related_name="+", verbose_name=_("Chosen services"))
    valid_from = models.DateField(_("Authorised from"), null=True, blank=True)
    valid_until = models.DateField(_("Authorised until"), null=True, blank=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.valid_from or ''}…{self.valid_until or ''}"


class MembershipQuerySet(models.QuerySet["Membership"]):
    def in_force(self, on: date | None = None) -> MembershipQuerySet:
        """Those by which somebody may act on that day, today if none is given."""
        day = on or timezone.localdate()
        begun = Q(valid_from=None) | Q(valid_from__lte=day)
        return self.filter(begun, Q(valid_until=None) | Q(valid_until__gte=day), active=True)

    def covering(self, service_id: int) -> MembershipQuerySet:
        chosen = Membership.services.through.objects.filter(membership=OuterRef("pk"), service=service_id)
        return self.filter(Q(all_services=True) | Exists(chosen))


class Membership(Terms):
    """A person who may act for an enterprise: its owner, or an agent (经办人), whose authorisation may have limits."""

    class Role(models.TextChoices):
        OWNER = "owner", _("Owner")
        AGENT = "agent", _("Agent")

    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="memberships")
    role = models.CharField(_("Role"), max_length=10, choices=Role.choices)
    active = models.BooleanField(_("Active"), default=True)
    created_at = models.DateTimeField(_("Since"), auto_now_add=True)
    # Of which last day it was reminded, and told that it is over: each is said once, and anew when it is extended.
    reminded_of = models.DateField(null=True, editable=False)
    expired_of = models.DateField(null=True, editable=False)
    # The document of authority (授权书), where one was handed in: a blob of the storage.
    document_sha256 = models.CharField(max_length=64, blank=True, editable=False)
    document_name = models.CharField(max_length=200, blank=True, editable=False)
    document_type = models.CharField(max_length=100, blank=True, editable=False)
    document_size = models.PositiveIntegerField(default=0, editable=False)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["enterprise", "user"], name="one_membership_each"),
            models.CheckConstraint(
                condition=~Q(role="owner") | Q(all_services=True, valid_from=None, valid_until=None),
                name="owner_without_limits",
            ),
            models.CheckConstraint(
                condition=Q(valid_from=None) | Q(valid_until=None) | Q(valid_until__gte=models.F("valid_from")),
                name="authorised_in_this_order",
            ),
        ]
        indexes = [models.Index(fields=["valid_until"], condition=Q(active=True), name="membership_by_end")]

    def __str__(self) -> str:
        return f"{self.user} @ {self.enterprise}"

    @property
    def state(self) -> str:
        """``ended``, ``expired``, ``coming``, or ``in_force``."""
        today = timezone.localdate()
        if not self.active:
            return "ended"
        if self.valid_until and self.valid_until < today:
            return "expired"
        return "coming" if self.valid_from and self.valid_from > today else "in_force"

    @property
    def is_owner(self) -> bool:
        return self.role == self.Role.OWNER


class Invitation(Terms):
    """An owner asks somebody, by e-mail address, to act for the enterprise. Who has that address answers."""

    class State(models.TextChoices):
        OPEN = "open", _("Waiting for an answer")
        ACCEPTED = "accepted", _("Accepted")
        DECLINED = "declined", _("Declined")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="invitations")
    email = models.EmailField(_("E-mail"))  # in small letters
    role = models.CharField(_("Role"), max_length=10, choices=Membership.Role.choices, default=Membership.Role.AGENT)
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(_("Answer by"))
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["enterprise", "email"], condition=Q(state="open"), name="one_open_invitation")
        ]
        indexes = [models.Index(fields=["email"], condition=Q(state="open"), name="invitation_by_email")]

    def __str__(self) -> str:
        return f"{self.email} → {self.enterprise} ({self.state})"


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
