"""An application (办件): one filing of one enterprise, or of one person, for one edition of a service."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from permits.definition import Definition
from permits.models.enterprise import Enterprise, Membership
from permits.models.fields import EncryptedJSONField
from permits.models.service import ServiceVersion


class Status(models.TextChoices):
    """Where an application stands. What leads from one to another is in ``reviews.lifecycle`` and nowhere else."""

    DRAFT = "draft", _("Draft")
    SUBMITTED = "submitted", _("Submitted")
    NEEDS_CORRECTION = "needs_correction", _("Needs correction")
    CORRECTED = "corrected", _("Corrected")
    IN_REVIEW = "in_review", _("Accepted, under review")
    APPROVED = "approved", _("Approved")
    REJECTED = "rejected", _("Rejected")
    DECLINED = "declined", _("Not accepted")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    LAPSED = "lapsed", _("Lapsed")
    RECORDED = "recorded", _("Recorded")
    SUSPENDED = "suspended", _("Special procedure: the clock stands still")
    TERMINATED = "terminated", _("Terminated")
    OBJECTED = "objected", _("Objection under review")


# An application that ended so renewed nothing: another one may try.
CLOSED_UNRENEWED = ["declined", "lapsed", "rejected", "terminated", "withdrawn"]


class ApplicationQuerySet(models.QuerySet["Application"]):
    def visible_to(self, user) -> ApplicationQuerySet:
        """Those that ``user`` may see as an applicant: their own, and those of enterprises they act for.

        A draft that was thrown away is nobody's any more.
        """
        if not user.is_authenticated:
            return self.none()
        mine = Membership.objects.in_force().filter(user=user)
        # What limits an authorisation is looked at row by row, so that the enterprise's index still finds the rows.
        chosen = Membership.services.through.objects.filter(membership=OuterRef("pk"))
        limited = mine.filter(enterprise=OuterRef("enterprise"), all_services=False)
        limited = limited.exclude(Exists(chosen.filter(service=OuterRef(OuterRef("version__service")))))
        found = self.filter(Q(enterprise__in=mine.values("enterprise")) | Q(enterprise=None, applicant=user))
        found = found.filter(discarded_at=None)
        return found.exclude(Exists(limited))


class Application(models.Model):
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    number = models.CharField(_("Number"), max_length=40, null=True, unique=True)  # noqa: DJ001 (unique, so none is NULL)
    version = models.ForeignKey(ServiceVersion, models.PROTECT, related_name="applications")
    enterprise = models.ForeignKey(Enterprise, models.PROTECT, null=True, related_name="applications")
    applicant = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="applications")
    status = models.CharField(_("Status"), max_length=20, choices=Status.choices, default=Status.DRAFT)
    stage = models.CharField(_("Stage"), max_length=40, blank=True)
    answers = EncryptedJSONField(default=dict)
    # With it the log's digest of the answers is made (``reviews.audit.log.answers_digest``); without it that says nothing.
    answers_salt = models.CharField(max_length=32, blank=True, editable=False)
    # Answers and promises that a newer edition did not take when the draft was carried over to it: shown until its owner has seen to it.
    left_over = EncryptedJSONField(default=list)
    # Copied out of the answers when it is submitted, for routing, lists and search.
    region = models.CharField(_("Region"), max_length=12, blank=True)
    industry = models.CharField(_("Industry"), max_length=3, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    submitted_at = models.DateTimeField(_("Submitted"), null=True)
    accepted_at = models.DateTimeField(_("Accepted"), null=True)
    due_at = models.DateTimeField(_("Promised by"), null=True)
    statutory_due_at = models.DateTimeField(_("Statutory limit"), null=True)
    closed_at = models.DateTimeField(_("Closed"), null=True)
    extended_at = models.DateTimeField(_("Statutory limit extended"), null=True)
    # A draft that was thrown away, and that the log tells of: its row stays, empty, and is shown to nobody.
    discarded_at = models.DateTimeField(null=True, editable=False)
    # The working calendar (reviews.calendars) that its times are counted with; "" is the package's own.
    calendar = models.CharField(max_length=16, blank=True, editable=False)
    # How often it came to its stages: a return to an earlier one begins another round.
    round = models.PositiveSmallIntegerField(default=1)
    # The permit that this application is to renew.
    renews = models.ForeignKey("permits.Permit", models.PROTECT, null=True, related_name="renewals")
    # Where its chain of events has got to: read and written under this row's lock, so that no step looks it up. The
    # chain itself is proved from the events.
    last_seq = models.PositiveIntegerField(default=0, editable=False)
    last_hash = models.CharField(max_length=64, blank=True, editable=False)

    objects = ApplicationQuerySet.as_manager()

    class Meta:
        verbose_name = _("application")
        verbose_name_plural = _("applications")
        indexes = [
            models.Index(fields=["enterprise", "-created_at"], name="application_by_enterprise"),
            models.Index(fields=["applicant", "-created_at"], name="application_by_applicant"),
            models.Index(fields=["status", "statutory_due_at"], name="application_by_limit"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=Status.values), name="application_status_known"),
            models.UniqueConstraint(
                fields=["renews"], condition=~Q(status__in=CLOSED_UNRENEWED), name="one_renewal_under_way"
            ),
            models.CheckConstraint(
                condition=Q(status="draft", number=None, submitted_at=None)
                | (~Q(status="draft") & Q(number__isnull=False, submitted_at__isnull=False)),
                name="application_numbered_when_submitted",
            ),
            models.CheckConstraint(
                condition=Q(discarded_at=None) | Q(status="draft"), name="application_discarded_as_a_draft"
            ),
        ]

    def __str__(self) -> str:
        return self.number or str(_("draft"))

    def get_absolute_url(self) -> str:
        return reverse("application", args=[self.public_id])

    @property
    def definition(self) -> Definition:
        return self.version.definition

    @property
    def is_draft(self) -> bool:
        return self.status == Status.DRAFT and self.discarded_at is None

    @property
    def is_closed(self) -> bool:
        return self.closed_at is not None

    @property
    def status_label(self) -> str:
        """The status in the words of the service: a filing is 予以备案, a licence 准予许可."""
        wording = self.definition.outcome.wording.get(self.status)
        return str(wording) if wording else str(Status(self.status).label)

    @property
    def stage_label(self) -> str:
        stage = self.definition.stage(self.stage) if self.stage else None
        return str(stage.title) if stage else ""

    @property
    def stage_kind(self) -> str:
        """What kind of stage it stands at, as the table of transitions names it."""
        stage = self.definition.stage(self.stage) if self.stage else None
        return stage.kind if stage else "none"

    def answer(self, key: str) -> Any:
        return self.answers.get(key)
