"""Departments, and the officials posted to them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _


class Department(models.Model):
    """An office: what it does (``kind``, as service definitions name it) and for which region."""

    kind = models.SlugField(_("Kind"), max_length=50, help_text=_("As service definitions name it: street, health …"))
    region = models.CharField(_("Region"), max_length=12, help_text=_("GB/T 2260 code; the most exact match handles"))
    name_zh = models.CharField(_("Name in Chinese"), max_length=100)
    name_en = models.CharField(_("Name in English"), max_length=150)
    active = models.BooleanField(_("Active"), default=True)

    class Meta:
        verbose_name = _("department")
        verbose_name_plural = _("departments")
        constraints = [models.UniqueConstraint(fields=["kind", "region"], name="one_department_per_kind_and_region")]

    def __str__(self) -> str:
        return self.name_zh if (get_language() or "zh").startswith("zh") else self.name_en

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
