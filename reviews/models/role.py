"""Roles that belong to an account, not to a posting: who owns the services, and the three administrators."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class RoleGrant(models.Model):
    """An account holds a role. Written by ``reviews.roles`` only; the log keeps what was taken back.

    The three administrators are apart (三员分立, GB/T 22239-2019 8.1.5): the database itself refuses an account two of
    them, and lets a service owner be a system administrator besides, but not one of the two who watch.
    """

    class Role(models.TextChoices):
        SERVICE_OWNER = "service_owner", _("Service owner")
        SYSTEM_ADMIN = "system_admin", _("System administrator")
        SECURITY_ADMIN = "security_admin", _("Security administrator")
        AUDIT_ADMIN = "audit_admin", _("Audit administrator")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="role_grants", verbose_name=_("account")
    )
    role = models.CharField(_("Role"), max_length=20, choices=Role.choices)
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("granted by"),
        help_text=_("empty: by manage.py setup_roles"),
    )  # fmt: skip
    granted_at = models.DateTimeField(_("granted"), default=timezone.now)

    class Meta:
        verbose_name = _("role of an account")
        verbose_name_plural = _("roles of accounts")
        constraints = [
            models.UniqueConstraint(fields=["user", "role"], name="one_grant_per_role"),
            models.UniqueConstraint(
                fields=["user"],
                condition=Q(role__in=["system_admin", "security_admin", "audit_admin"]),
                name="one_of_the_three_administrators",
            ),
            models.UniqueConstraint(
                fields=["user"],
                condition=Q(role__in=["security_admin", "audit_admin", "service_owner"]),
                name="who_watches_owns_no_service",
            ),
            models.CheckConstraint(
                condition=Q(role__in=["service_owner", "system_admin", "security_admin", "audit_admin"]),
                name="granted_role_known",
            ),
            models.CheckConstraint(
                condition=Q(granted_by=None) | ~Q(granted_by=F("user")), name="nobody_grants_to_themself"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.get_role_display()}"
