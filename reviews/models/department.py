"""Departments, and the officials posted to them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from permits import spoken


class DepartmentQuerySet(models.QuerySet["Department"]):
    def ids_of(self, user: Any, at: datetime | None = None) -> list[int]:
        """Ids of the departments that ``user`` acts for: by posting, or in somebody's place during their leave."""
        return self._ids(Official.objects.filter(active=True), user, at)

    def ids_headed_by(self, user: Any, at: datetime | None = None, *, in_place_too: bool = True) -> list[int]:
        """Ids of those where ``user`` is a supervisor: by posting, or (unless told not to) in a supervisor's place."""
        posts = Official.objects.filter(active=True, role=Official.Role.SUPERVISOR)
        if not in_place_too:
            return list(posts.filter(user=user).order_by().values_list("department", flat=True))
        return self._ids(posts, user, at)

    def _ids(self, posts: models.QuerySet[Official], user: Any, at: datetime | None) -> list[int]:
        lent = Delegation.objects.in_force(at or timezone.now()).filter(delegate=user)
        offices = posts.order_by().values_list("department", flat=True)
        return list(offices.filter(user=user).union(offices.filter(pk__in=lent.values("official"))))


class Department(models.Model):
    """An office: what it does (``kind``, as service definitions name it) and for which region."""

    kind = models.SlugField(_("Kind"), max_length=50, help_text=_("As service definitions name it: street, health …"))
    region = models.CharField(_("Region"), max_length=12, help_text=_("GB/T 2260 code; the most exact match handles"))
    name_zh = models.CharField(_("Name in Chinese"), max_length=100)
    name_en = models.CharField(_("Name in English"), max_length=150)
    active = models.BooleanField(_("Active"), default=True)

    objects = DepartmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("department")
        verbose_name_plural = _("departments")
        constraints = [models.UniqueConstraint(fields=["kind", "region"], name="one_department_per_kind_and_region")]

    def __str__(self) -> str:
        return self.name_zh if spoken.language() == "zh" else self.name_en

    @property
    def names(self) -> dict[str, str]:
        return {"zh": self.name_zh, "en": self.name_en}


class Official(models.Model):
    """A posting (岗位): one person in one department, with a role."""

    class Role(models.TextChoices):
        REVIEWER = "reviewer", _("Reviewer")
        SUPERVISOR = "supervisor", _("Supervisor")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="postings", verbose_name=_("account")
    )
    department = models.ForeignKey(Department, models.PROTECT, related_name="officials", verbose_name=_("department"))
    role = models.CharField(_("Role"), max_length=12, choices=Role.choices, default=Role.REVIEWER)
    active = models.BooleanField(_("Active"), default=True)

    class Meta:
        verbose_name = _("official")
        verbose_name_plural = _("officials")
        constraints = [models.UniqueConstraint(fields=["user", "department"], name="one_posting_per_department")]

    def __str__(self) -> str:
        return f"{self.user} · {self.department}"

    @property
    def stream(self) -> str:
        """Where the audit log keeps who stands in for them."""
        return f"posting:{self.user.public_id}@{self.department.kind}:{self.department.region}"


class DelegationQuerySet(models.QuerySet["Delegation"]):
    def in_force(self, at: datetime) -> DelegationQuerySet:
        """Nobody stands in for an account that is shut, and who has no posting of their own any more stands in for nobody."""
        posted = Official.objects.filter(user=OuterRef("delegate"), active=True)
        return self.filter(
            Exists(posted), starts_at__lte=at, ends_at__gt=at, ended_at=None, official__active=True,
            official__user__is_active=True, delegate__is_active=True,
        )  # fmt: skip


class Delegation(models.Model):
    """Somebody acts in an official's place while they are on leave: from, to, by whom. It is never passed on further."""

    official = models.ForeignKey(Official, models.PROTECT, related_name="delegations", verbose_name=_("official"))
    delegate = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="delegated", verbose_name=_("stands in")
    )
    starts_at = models.DateTimeField(_("From"))
    ends_at = models.DateTimeField(_("Until"))
    reason = models.CharField(_("Reason"), max_length=200)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("made by"))
    ended_at = models.DateTimeField(_("Ended early"), null=True)

    objects = DelegationQuerySet.as_manager()

    class Meta:
        verbose_name = _("delegation")
        verbose_name_plural = _("delegations")
        constraints = [models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="delegation_ends_later")]
        indexes = [models.Index(fields=["delegate", "ends_at"], name="delegation_by_delegate")]

    def __str__(self) -> str:
        return f"{self.official} → {self.delegate}"


class Interest(models.Model):
    """利害关系: an official is linked to an enterprise, or is a relative of somebody who files; they decide nothing there."""

    class Relation(models.TextChoices):
        LINKED = "linked", _("Linked to the enterprise")
        RELATIVE = "relative", _("Relative of the person")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="interests", verbose_name=_("official")
    )
    relation = models.CharField(_("Relation"), max_length=10, choices=Relation.choices)
    enterprise = models.ForeignKey(
        "permits.Enterprise", models.PROTECT, null=True, blank=True, verbose_name=_("enterprise")
    )
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("person")
    )
    note = models.CharField(_("Note"), max_length=200, blank=True)
    declared_at = models.DateTimeField(_("Declared"), default=timezone.now)
    ended_at = models.DateTimeField(_("Ended"), null=True, blank=True)

    class Meta:
        verbose_name = _("conflict of interest")
        verbose_name_plural = _("conflicts of interest")
        constraints = [
            models.CheckConstraint(
                condition=Q(relation="linked", enterprise__isnull=False, person=None)
                | Q(relation="relative", enterprise=None, person__isnull=False),
                name="interest_names_its_other_side",
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.get_relation_display()}: {self.enterprise or self.person}"
