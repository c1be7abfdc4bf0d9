"""Who may do what to which task. Each refusal names its rule, and says it in words for the person refused."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from permits.models import Application, User
from reviews.models import Decision, Official, Task


class Refused(Exception):
    """A rule stands against it; ``rule`` is its name, the message is for the person who asked."""

    def __init__(self, rule: str, message: Any) -> None:
        self.rule = rule
        super().__init__(message)


def posting(user: User, task: Task) -> Official:
    """The user's posting in the task's department; raise ``Refused`` when there is none."""
    found = Official.objects.filter(user=user, department=task.department_id, active=True).first()
    if found is None or not user.is_active:
        raise Refused("own_department", _("This task belongs to another department."))
    return found


def check_claim(user: User, task: Task) -> Official:
    official = posting(user, task)
    check_not_involved(user, task.application)
    if task.claimed_by_id and task.claimed_by_id != user.pk:
        raise Refused(
            "claimed",
            _("%(name)s claimed this task at %(time)s.") % {"name": task.claimed_by, "time": _clock(task.claimed_at)},
        )
    return official


def check_decide(user: User, task: Task) -> Official:
    official = check_claim(user, task)
    if task.kind == "decision" and _prechecked(user, task.application):
        raise Refused(
            "separate_decider", _("You pre-checked this application, so somebody else has to take the final decision.")
        )
    return official


def check_not_involved(user: User, application: Application) -> None:
    """Nobody decides what they filed, or what was filed for an enterprise they act for."""
    if application.applicant_id == user.pk or is_member(user, application):
        raise Refused(
            "own_filing", _("You filed this application or act for its enterprise; somebody else has to handle it.")
        )


def check_release(user: User, task: Task) -> Official:
    official = posting(user, task)
    if task.claimed_by_id != user.pk and official.role != Official.Role.SUPERVISOR:
        raise Refused("own_claim", _("Only the one who claimed a task, or a supervisor, can release it."))
    return official


def check_applicant(user: User, application: Application) -> None:
    if application.applicant_id != user.pk and not is_member(user, application):
        raise Refused("own_application", _("This application belongs to somebody else."))


def check_supervisor(user: User, department_ids: list[int]) -> Official:
    official = Official.objects.filter(
        user=user, active=True, role=Official.Role.SUPERVISOR, department__in=department_ids
    ).first()
    if official is None:
        raise Refused("supervisor", _("Only a supervisor of the department can do this."))
    return official


def is_member(user: User, application: Application) -> bool:
    if application.enterprise_id is None:
        return False
    return user.memberships.filter(enterprise=application.enterprise_id, active=True).exists()


def _prechecked(user: User, application: Application) -> bool:
    return Decision.objects.filter(task__application=application, task__kind="precheck", official=user).exists()


def _clock(at: Any) -> str:
    return timezone.localtime(at).strftime("%H:%M:%S")


def is_official_request(request: Any) -> bool:
    return request.user.is_active and (request.user.is_superuser or request.user.postings.filter(active=True).exists())


def is_supervisor_request(request: Any) -> bool:
    supervisors = request.user.postings.filter(active=True, role=Official.Role.SUPERVISOR)
    return request.user.is_active and (request.user.is_superuser or supervisors.exists())


def is_ops_request(request: Any) -> bool:
    return request.user.is_active and request.user.is_superuser


SERVICE_OWNERS = "service_owner"  # the Django group of those who write and publish editions


def is_service_owner(user: User) -> bool:
    """May write, publish and roll back editions of services: ops, and the group of service owners."""
    return user.is_active and (user.is_superuser or user.groups.filter(name=SERVICE_OWNERS).exists())


def service_role(user: User | None) -> str:
    """In which role somebody publishes, for the audit log."""
    return "ops" if user is None or user.is_superuser else SERVICE_OWNERS


def is_service_owner_request(request: Any) -> bool:
    """Asked of the database once a request: the menu asks it of several entries."""
    if not hasattr(request, "_is_service_owner"):
        request._is_service_owner = request.user.is_authenticated and is_service_owner(request.user)
    return bool(request._is_service_owner)
