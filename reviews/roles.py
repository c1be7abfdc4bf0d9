"""Who holds which role, who gives and takes it, and what a request's account may therefore open.

Reviewer and supervisor are roles of a posting (``Official``); service owner and the three administrators are granted to
an account (``RoleGrant``). The three are apart (三员分立, GB/T 22239-2019 8.1.5): nobody holds two of them, none of them
holds a posting, and nobody gives or takes rights of their own. A right goes only to an account that was let in to the
review desk, which is the system administrator's to do (``reviews.accounts``): it takes two persons to make an official.

Each step locks the account's row, is one transaction, is safe to call twice, and appends an event to the stream
``account:PUBLIC_ID``. ``by`` is who does it; ``None`` is the command line of the server.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from permits.models import User
from reviews.audit import log
from reviews.models import Delegation, Department, Official, RoleGrant

Role = RoleGrant.Role
ADMINISTRATORS = (Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDIT_ADMIN)
WATCHERS = (Role.SECURITY_ADMIN, Role.AUDIT_ADMIN)


class Refused(Exception):
    """A rule stands against it; ``rule`` is its name, the message is for the person who asked."""

    def __init__(self, rule: str, message: str) -> None:
        self.rule = rule
        self.tried: tuple[User, User, str] | None = None  # about which account, by whom, what
        super().__init__(message)


@contextmanager
def refusals_on_record(user: User, *, by: User, doing: str) -> Iterator[None]:
    """What is tried inside on the account and refused by a rule is an event of its stream."""
    try:
        with transaction.atomic():
            yield
    except Refused as refusal:
        refusal.tried = (user, by, doing)
        keep_refusal(refusal)
        raise


@transaction.atomic
def keep_refusal(refusal: Refused) -> None:
    """Said once, however often it is tried in a row: so also whoever rolled the event back with all else may say it."""
    if refusal.tried is None or refusal.rule == "reason":
        return
    user, by, doing = refusal.tried
    user, data = locked(user), {"rule": refusal.rule, "step": doing}
    if not log.was_refused_just_now(stream_of(user), by, data):
        record("refused", user, by=by, data=data)


# --- Grants -------------------------------------------------------------------------------------------------------


@transaction.atomic
def grant(user: User, role: str, *, by: User | None) -> RoleGrant:
    """Give ``user`` the role. Raise ``Refused`` with the rule that stands against it."""
    user = locked(user)
    check_grant(user, role, by=by)
    found = RoleGrant.objects.filter(user=user, role=role).first()
    if found:
        return found
    made = RoleGrant.objects.create(user=user, role=role, granted_by=by)
    record("role_granted", user, by=by, after=role)
    return made


@transaction.atomic
def revoke_grant(user: User, role: str, *, by: User | None, reason: str) -> None:
    """Take the role back. Raise ``Refused``, also for the last account that holds one of the three."""
    user = locked(user)
    check_assigner(by, user)
    check_reason(reason)
    found = RoleGrant.objects.filter(user=user, role=role).first()
    if found is None:
        return
    check_not_last(user, [found.role])
    found.delete()
    record("role_revoked", user, by=by, before=role, reason=reason.strip())


def check_grant(user: User, role: str, *, by: User | None) -> None:
    check_assigner(by, user)
    _check_may_hold_rights(user)
    if role not in Role.values:
        raise ValueError(f"'{role}' is not a role: {', '.join(Role.values)}")
    held = set(RoleGrant.objects.filter(user=user).values_list("role", flat=True)) - {role}
    for apart in (ADMINISTRATORS, (*WATCHERS, Role.SERVICE_OWNER)):
        other = next((each for each in apart if each in held), None)
        if role in apart and other:
            raise Refused("apart", _("%(name)s is %(role)s already, and one account never holds both roles.")
                          % {"name": user, "role": other.label})  # fmt: skip
    if role in ADMINISTRATORS and Official.objects.filter(user=user, active=True).exists():
        raise Refused("no_posting", _("%(name)s is posted to a department; an administrator never is.")
                      % {"name": user})  # fmt: skip


# --- Postings -----------------------------------------------------------------------------------------------------


@transaction.atomic
def post(user: User, department: Department, role: str, *, by: User | None) -> Official:
    """Post ``user`` to the department as reviewer or supervisor, or change which of the two. Raise ``Refused``."""
    user = locked(user)
    check_post(user, by=by)
    if role not in Official.Role.values:
        raise ValueError(f"'{role}' is not a role of a posting: {', '.join(Official.Role.values)}")
    found = Official.objects.filter(user=user, department=department).first()
    before = found.role if found and found.active else ""
    if found and before == role:
        return found
    posting = found or Official(user=user, department=department)
    posting.role, posting.active = role, True
    posting.save()
    record("posting_changed" if before else "posted", user, by=by, before=before, after=role, data=_office(department))
    return posting


@transaction.atomic
def end_posting(posting: Official, *, by: User | None) -> None:
    """The account stays, and what it decided; it opens nothing of that department any more. Raise ``Refused``."""
    user = locked(posting.user)
    check_assigner(by, user)
    found = Official.objects.select_related("department").get(pk=posting.pk)
    if not found.active:
        return
    found.active = False
    found.save(update_fields=["active"])
    record("posting_ended", user, by=by, before=found.role, data=_office(found.department))
    _end_delegations(user, found, by=by)


def _end_delegations(user: User, ended: Official, *, by: User | None) -> None:
    """Nobody stands in for them there any more; nor do they for others, once they are posted nowhere."""
    now, over = timezone.now(), Q(official=ended)
    if not Official.objects.filter(user=user, active=True).exists():
        over |= Q(delegate=user)
    standing = Delegation.objects.filter(over, ended_at=None, ends_at__gt=now).order_by("official", "pk")
    for one in standing.select_related("delegate"):
        end_delegation(one, locked_posting(one.official_id), by=by, role=acting_as(by), now=now, cause="posting_ended")


def locked_posting(posting_id: int) -> Official:
    return Official.objects.select_for_update(of=("self",)).select_related("user", "department").get(pk=posting_id)


def end_delegation(
    delegation: Delegation, posting: Official, *, by: User | None, role: str, now: datetime, **more: str
) -> None:
    """Of a posting whose row is locked; whoever calls has seen that it may be ended."""
    delegation.ended_at = now
    delegation.save(update_fields=["ended_at"])
    log.record(
        action="delegation_ended", actor=by, role=role, at=now, stream=posting.stream,
        data={"to": str(delegation.delegate.public_id), **more},
    )  # fmt: skip


def check_post(user: User, *, by: User | None) -> None:
    check_assigner(by, user)
    _check_may_hold_rights(user)
    held = RoleGrant.objects.filter(user=user, role__in=ADMINISTRATORS).first()
    if held:
        raise Refused("no_posting", _("%(name)s is %(role)s, and an administrator is never posted to a department.")
                      % {"name": user, "role": held.get_role_display()})  # fmt: skip


def _office(department: Department) -> dict[str, str]:
    return {"department": department.kind, "region": department.region}


# --- What every step begins and ends with --------------------------------------------------------------------------


def locked(user: User) -> User:
    """The account, with its row locked until the transaction ends; what refers to it is not held up."""
    return User.objects.select_for_update(of=("self",), no_key=True).get(pk=user.pk)


def check_assigner(by: User | None, user: User) -> None:
    """Rights are the security administrator's to give and take, and never their own."""
    if by is None:
        return
    if not holds(by, Role.SECURITY_ADMIN):
        raise Refused("security_admin", _("Only a security administrator gives and takes rights."))
    check_other(by, user)


def check_other(by: User | None, user: User) -> None:
    if by is not None and by.pk == user.pk:
        raise Refused("own_rights", _("Nobody changes their own rights or account; a colleague in the same role can."))


def check_reason(reason: str) -> None:
    if not reason.strip():
        raise Refused("reason", _("Give the reason: it goes on record."))


def check_not_last(user: User, roles: Any) -> None:
    """One of the three is never left without anybody: a successor first. Waits for others who take away the same."""
    for role in ADMINISTRATORS:
        if role not in roles:
            continue
        list(RoleGrant.objects.select_for_update(of=("self",)).filter(role=role).order_by("pk"))
        if not holders(role).exclude(pk=user.pk).exists():
            raise Refused("last_of_three", _("%(name)s is the only %(role)s: grant the role to a successor first.")
                          % {"name": user, "role": role.label})  # fmt: skip


def _check_may_hold_rights(user: User) -> None:
    if not user.is_active:
        raise Refused("inactive", _("%(name)s's account is deactivated.") % {"name": user})
    if not user.is_staff:
        raise Refused("desk", _("%(name)s may not enter the review desk; a system administrator lets them in first.")
                      % {"name": user})  # fmt: skip


def record(
    action: str, user: User, *, by: User | None, before: str = "", after: str = "", reason: str = "",
    data: dict[str, Any] | None = None,
) -> None:  # fmt: skip
    """An event of an account: under the lock of its row."""
    log.record(
        action=action, actor=by, role=acting_as(by), at=timezone.now(), stream=stream_of(user), before=before,
        after=after, reason=reason, data=data,
    )  # fmt: skip


def stream_of(user: User) -> str:
    return f"account:{user.public_id}"


def acting_as(by: User | None) -> str:
    """The role that an event names for who did it."""
    if by is None:
        return "command_line"
    held = RoleGrant.objects.filter(user=by).order_by("pk").values_list("role", flat=True)
    return "+".join(held) or ("superuser" if by.is_superuser else "none")


# --- Who holds what ------------------------------------------------------------------------------------------------


def holds(user: User, role: str) -> bool:
    """Also true of an active superuser, who is there for the first set-up only."""
    if not user.is_active:
        return False
    return user.is_superuser or RoleGrant.objects.filter(user=user, role=role).exists()


def holders(role: str) -> Any:
    """The accounts that can act in the role."""
    return User.objects.filter(is_active=True, is_staff=True, role_grants__role=role).order_by("pk")


def missing_administrators() -> list[str]:
    return [role.value for role in ADMINISTRATORS if not holders(role).exists()]


def posted_administrators() -> list[str]:
    """The addresses of accounts that ``grant`` and ``post`` would have refused: somebody wrote to the database."""
    three = RoleGrant.objects.filter(role__in=ADMINISTRATORS, user__postings__active=True)
    return sorted(set(three.values_list("user__email", flat=True)))


def of_request(request: Any) -> frozenset[str]:
    """The roles granted to the account behind a request: asked of the database once a request."""
    if not hasattr(request, "_roles"):
        user = request.user
        if not user.is_active:  # nobody, or a deactivated account
            request._roles = frozenset()
        elif user.is_superuser:
            request._roles = frozenset(Role.values)
        else:
            request._roles = frozenset(RoleGrant.objects.filter(user=user).values_list("role", flat=True))
    return request._roles


def is_service_owner_request(request: Any) -> bool:
    return Role.SERVICE_OWNER in of_request(request)


def is_system_admin_request(request: Any) -> bool:
    return Role.SYSTEM_ADMIN in of_request(request)


def is_security_admin_request(request: Any) -> bool:
    return Role.SECURITY_ADMIN in of_request(request)


def is_audit_admin_request(request: Any) -> bool:
    return Role.AUDIT_ADMIN in of_request(request)


def is_accounts_request(request: Any) -> bool:
    """Accounts are made by one administrator and given rights by another; both look at them."""
    return is_system_admin_request(request) or is_security_admin_request(request)


def is_gates_request(request: Any) -> bool:
    """Gates are made by one administrator and manned by another; the third looks at who came through."""
    return any(role in of_request(request) for role in ADMINISTRATORS)


def is_services_request(request: Any) -> bool:
    return is_service_owner_request(request) or is_system_admin_request(request)
