"""What somebody does with their own account: its name, its sessions, its data as a file, its end. Each step is an event.

An account is closed, never deleted: what it filed and decided stays on record, as the law demands. Whatever only serves to
reach somebody or to let them in is gone with it.
"""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from permits.models import AccessRequest, Application, Enterprise, Membership, Status, User
from reviews import authorisations, roles
from reviews.audit import log
from reviews.enterprises import Refused
from reviews.models import Event, Notice

MOST = 5000  # rows of a kind in the file


@transaction.atomic
def rename(user: User, name: str) -> None:
    locked = roles.locked(user)
    if locked.name == name:
        return
    locked.name = name
    locked.save(update_fields=["name"])
    user.name = name
    _record("name_changed", user)


@transaction.atomic
def end_other_sessions(user: User) -> None:
    """Nobody is signed in to the account any more; the caller's own session is renewed by the caller."""
    locked = roles.locked(user)
    locked.sessions_ended += 1
    locked.save(update_fields=["sessions_ended"])
    user.sessions_ended = locked.sessions_ended
    _record("sessions_ended", user)


@transaction.atomic
def take_out(user: User) -> dict[str, Any]:
    """All that the portal knows of somebody by their account, as plain values: with an event, for it leaves the portal."""
    roles.locked(user)
    _record("own_data_taken", user)
    filings = Application.objects.visible_to(user).filter(applicant=user).select_related("version", "enterprise")
    filings = filings.defer("version__source").prefetch_related("materials").order_by("pk")[:MOST]
    members = Membership.objects.filter(user=user).select_related("enterprise").order_by("pk")
    asked = AccessRequest.objects.filter(user=user).select_related("enterprise").order_by("pk")[:MOST]
    notices = Notice.objects.inbox_of(user).order_by("pk").values("kind", "created_at", "read_at")[:MOST]
    events = Event.objects.filter(actor=user).order_by("pk").values("stream", "action", "at")[:MOST]
    return {
        "account": {
            "name": user.name, "email": user.email, "mobile": user.mobile, "language": user.language,
            "since": user.date_joined, "notices": user.notice_choices,
            "addresses": list(EmailAddress.objects.filter(user=user).values("email", "verified", "primary")),
        },
        "enterprises": [
            {"code": each.enterprise.uscc, "name": each.enterprise.name, "role": each.role, "active": each.active,
             "from": each.valid_from, "until": each.valid_until} for each in members
        ],
        "access_asked": [
            {"code": each.enterprise.uscc, "message": each.message, "state": each.state, "at": each.created_at}
            for each in asked
        ],
        "applications": [
            {"number": each.number, "service": each.definition.title.zh, "status": each.status, "begun": each.created_at,
             "sent": each.submitted_at, "closed": each.closed_at, "answers": each.answers,
             "files": [{"name": file.original_name, "size": file.size, "sha256": file.sha256} for file in each.materials.all()]}
            for each in filings
        ],
        "notices": list(notices), "events": list(events),
    }  # fmt: skip


def obstacles(user: User) -> list[str]:
    """What stands against closing the account, and what to do about it."""
    found = []
    if user.is_staff or user.postings.filter(active=True).exists():
        found.append(_("The account has a part in the review desk: a security administrator ends that first."))
    owned = Enterprise.objects.filter(memberships__user=user, memberships__active=True, memberships__role="owner")
    for enterprise in owned.order_by("name")[:20]:
        others = enterprise.memberships.filter(active=True, role="owner", user__is_active=True).exclude(user=user)
        if not others.exists():
            words = _("You are the only owner of “%(name)s”: make somebody else an owner first.")
            found.append(words % {"name": enterprise.name})
    own = Application.objects.filter(applicant=user, enterprise=None, closed_at=None).exclude(status=Status.DRAFT)
    numbers = list(own.exclude(status=Status.RECORDED).order_by("pk").values_list("number", flat=True)[:20])
    found += [
        _("%(number)s is under way: wait for its end, or withdraw it.") % {"number": number} for number in numbers
    ]
    return found


@transaction.atomic
def close(user: User) -> None:
    """Shut the account for good. Raise ``Refused`` while something stands against it. Safe to call twice."""
    locked = roles.locked(user)
    if not locked.is_active:
        return
    owned = Membership.objects.filter(user=locked, active=True, role="owner").values("enterprise")
    # Of two last owners who close at once, the second finds the first one gone.
    enterprises = list(Enterprise.objects.select_for_update(of=("self",)).filter(pk__in=owned).order_by("pk"))
    if said := obstacles(locked):
        raise Refused("not_yet", " ".join(said))
    _record("account_closed", locked)
    for enterprise in enterprises:
        authorisations.withdraw_all(enterprise, locked, by=locked)
    Membership.objects.filter(user=locked).update(active=False, role="agent")
    AccessRequest.objects.filter(user=locked, state=AccessRequest.State.OPEN).update(
        state=AccessRequest.State.REFUSED, answered_at=timezone.now()
    )
    EmailAddress.objects.filter(user=locked).delete()
    Authenticator.objects.filter(user=locked).delete()
    locked.email, locked.mobile, locked.notice_choices = f"{locked.public_id}@closed.invalid", "", {}
    locked.is_active = False
    locked.sessions_ended += 1
    locked.set_unusable_password()
    locked.save()


def _record(action: str, user: User) -> None:
    log.record(
        action=action, actor=user, role="own account", at=timezone.now(), stream=f"account:{user.public_id}"
    )  # fmt: skip
