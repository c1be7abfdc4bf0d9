"""Accounts of officials: made and let in to the review desk by a system administrator, shut by a security administrator.

Nobody sets another's password: a new account gets a link to choose one. ``by`` is who does it; ``None`` is the command
line of the server. Each step is an event of the account's stream, as in ``reviews.roles``.
"""

from __future__ import annotations

from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.core.mail import send_mail
from django.core.validators import validate_email
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import override

from permits.models import User
from reviews import roles
from reviews.models import Official, RoleGrant


@transaction.atomic
def create(email: str, *, name: str, by: User | None, password: str | None = None) -> User:
    """An account that may enter the review desk and may do nothing there yet.

    Raise ``ValidationError`` for what is no e-mail address, ``roles.Refused`` for one that has an account. Without a
    password (which only the command line gives) nobody can log in before following ``set_password_link``.
    """
    email = email.strip().lower()
    validate_email(email)
    _check_system_admin(by)
    if User.objects.filter(email=email).exists():
        raise roles.Refused("taken", _("%(email)s has an account already: let it in to the review desk instead.")
                            % {"email": email})  # fmt: skip
    user = User.objects.create_user(email, password, name=name.strip() or email.split("@")[0], is_staff=True)
    # The address is vouched for by who typed it; without this the account couldn't log in.
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    roles.record("account_made", user, by=by, after="desk")
    return user


@transaction.atomic
def open_desk(user: User, *, by: User | None, reason: str = "") -> None:
    """Let an account in to the review desk. Raise ``roles.Refused``."""
    user = roles.locked(user)
    _check_system_admin(by)
    roles.check_other(by, user)
    if by is not None:
        roles.check_reason(reason)
    # The address is vouched for by who opens; also of an account that createsuperuser made.
    EmailAddress.objects.update_or_create(user=user, email=user.email, defaults={"verified": True, "primary": True})
    if user.is_staff:
        return
    user.is_staff = True
    user.save(update_fields=["is_staff"])
    roles.record("desk_opened", user, by=by, after="desk", reason=reason.strip())


@transaction.atomic
def close_desk(user: User, *, by: User | None, reason: str) -> None:
    """Only of an account without rights, for taking those is not the system administrator's. Raise ``roles.Refused``."""
    user = roles.locked(user)
    _check_system_admin(by)
    roles.check_other(by, user)
    roles.check_reason(reason)
    if not user.is_staff:
        return
    if _has_rights(user):
        raise roles.Refused("has_rights", _("%(name)s holds a role or a posting; a security administrator ends it first.")
                            % {"name": user})  # fmt: skip
    user.is_staff = False
    user.save(update_fields=["is_staff"])
    roles.record("desk_closed", user, by=by, before="desk", reason=reason.strip())


@transaction.atomic
def activate(user: User, *, by: User | None, reason: str) -> None:
    _set_active(user, True, by=by, reason=reason)


@transaction.atomic
def deactivate(user: User, *, by: User | None, reason: str) -> None:
    """Shut the account out at once, wherever it is logged in. Raise ``roles.Refused``, also for the last of the three."""
    _set_active(user, False, by=by, reason=reason)


def _set_active(user: User, active: bool, *, by: User | None, reason: str) -> None:
    user = roles.locked(user)
    roles.check_assigner(by, user)
    roles.check_reason(reason)
    if user.is_active == active:
        return
    if not active:
        roles.check_not_last(user, set(RoleGrant.objects.filter(user=user).values_list("role", flat=True)))
    user.is_active = active
    user.save(update_fields=["is_active"])
    before, after = ("inactive", "active") if active else ("active", "inactive")
    action = "account_activated" if active else "account_deactivated"
    roles.record(action, user, by=by, before=before, after=after, reason=reason.strip())


@transaction.atomic
def revoke_superuser(user: User) -> None:
    """By the command line only, once the three administrators are there."""
    user = roles.locked(user)
    if not user.is_superuser:
        return
    user.is_superuser = False
    user.is_staff = _has_rights(user)
    user.save(update_fields=["is_superuser", "is_staff"])
    roles.record("superuser_revoked", user, by=None, before="superuser")


def _has_rights(user: User) -> bool:
    return (
        RoleGrant.objects.filter(user=user).exists() or Official.objects.filter(user=user, active=True).exists()
    )  # fmt: skip


def _check_system_admin(by: User | None) -> None:
    if by is not None and not roles.holds(by, roles.Role.SYSTEM_ADMIN):
        raise roles.Refused("system_admin", _("Only a system administrator makes accounts and opens the review desk."))


# --- The first password ---------------------------------------------------------------------------------------------


def set_password_link(user: User) -> str:
    """Opens once, and for ``PASSWORD_RESET_TIMEOUT`` seconds (three days): who holds it chooses the password."""
    key = {"uidb36": user_pk_to_url_str(user), "key": default_token_generator.make_token(user)}
    return settings.SITE_URL.rstrip("/") + reverse("account_reset_password_from_key", kwargs=key)


def invite(user: User) -> None:
    """Mail the link. Raise what the mail server raises: the account is there, and can ask for a link by itself."""
    with override(user.language):
        body = _(
            "An account was made for you at the review desk. Choose your password here:\n\n%(link)s\n\n"
            "The link opens once, within %(days)s days. After that, ask for another with “Forgot your password?” "
            "at the log-in."
        ) % {"link": set_password_link(user), "days": settings.PASSWORD_RESET_TIMEOUT // 86400}
        send_mail(_("Your account at the review desk"), body, None, [user.email])
