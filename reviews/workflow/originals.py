"""Evidence: a file as it was handed in, without anybody's name across it, leaves the office only by this act."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from permits.models import Application, Material, User
from reviews import policy, roles
from reviews.models import RoleGrant
from reviews.workflow.errors import ReasonNeeded
from reviews.workflow.step import Step, on_application


def may_take_originals(user: User, application: Application, at: datetime) -> bool:
    """A supervisor of a department that has or had a task of it; the audit administrator. A superuser's rights don't reach here."""
    return _is_auditor(user) or any(policy.post_in(user, each, at, supervisor=True) for each in _offices(application))


def take_original(material_id: int, *, by: User, reason: str, now: datetime | None = None) -> Material:
    """Put on record that the original is taken out, and why. Each time anew: a copy that is made twice went out twice.

    Raise ``ReasonNeeded``, ``policy.Refused``.
    """
    if not reason.strip():
        raise ReasonNeeded(_("Say what the original is needed for."))
    material = Material.objects.get(pk=material_id)
    with on_application(material.application_id, doing="take_original", now=now) as step:
        _by_who_may(step, by)
        data = {"file": str(material.public_id), "requirement": material.requirement}
        step.record("original_taken", reason=reason.strip(), data=data)
    return material


def _by_who_may(step: Step, by: User) -> None:
    policy.check_not_involved(by, step.application)
    if _is_auditor(by):
        step.by(by, roles.acting_as(by))
        return
    step.by(by, policy.check_supervisor(by, _offices(step.application), step.now))


def _is_auditor(user: User) -> bool:
    return user.is_active and RoleGrant.objects.filter(user=user, role=RoleGrant.Role.AUDIT_ADMIN).exists()


def _offices(application: Application) -> list[int]:
    return list(application.tasks.order_by("department_id").values_list("department_id", flat=True).distinct())
