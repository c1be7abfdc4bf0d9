"""授权经办: who may act for an enterprise, in which services, from when until when.

Owners have no limits, and there is always one whose account is open. An agent's authorisation holds on the days that it
names; access asks for it where an object is fetched (``Membership.objects.in_force``), so nothing has to happen at midnight
for it to end. ``keep`` tells those concerned, some days before and on the day after.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.mail import send_mail
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from permits.intake import authority
from permits.models import Enterprise, Invitation, Membership, Service, User
from reviews import times, told
from reviews.enterprises import Refused, check_owner, locked, record
from reviews.models import Event
from reviews.notices import outbox

ANSWER_WITHIN = timedelta(days=14)
REMIND_BEFORE = timedelta(days=7)
MOST_INVITATIONS = 50  # open ones of an enterprise
AT_ONCE = 200


@dataclass(frozen=True)
class Limits:
    """``services``: slugs of the chosen ones, ``None`` for all. A day that is ``None`` is no limit."""

    services: tuple[str, ...] | None = None
    valid_from: date | None = None
    valid_until: date | None = None

    @property
    def columns(self) -> dict[str, Any]:
        return {"all_services": self.services is None, "valid_from": self.valid_from, "valid_until": self.valid_until}

    @property
    def said(self) -> dict[str, Any]:
        """As an event says it."""
        return {
            "services": sorted(self.services) if self.services is not None else [],
            "since": self.valid_from and self.valid_from.isoformat(),
            "until": self.valid_until and self.valid_until.isoformat(),
        }


# --- Members --------------------------------------------------------------------------------------------------------


@transaction.atomic
def authorise(membership_id: int, limits: Limits, *, by: User) -> Membership:
    """Say anew what an agent may do and until when: to give, to limit and to extend is the same step. Raise ``Refused``."""
    membership, enterprise = _member(membership_id, by)
    if membership.is_owner:
        raise Refused("owner_has_no_limits", _("An owner's rights have no limits. Make them an agent first."))
    _check(limits)
    if membership.active and _limits_of(membership) == limits:
        return membership
    _give(membership, limits)
    event = record("authorised", enterprise, by, role="owner", data={"to": _id(membership), **limits.said})
    outbox.write(told.of_enterprise(event, enterprise, "authorised", people=[membership.user], **_words(membership)))
    return membership


def put_document(membership_id: int, upload: UploadedFile, *, by: User) -> Membership:
    """Keep a document of authority, in the place of an earlier one. Raise what ``authority.looked_into`` raises, ``Refused``."""
    with authority.looked_into(upload) as document, transaction.atomic():
        membership, enterprise = _member(membership_id, by)
        if membership.document_sha256 != document.sha256:
            authority.keep(membership, document)
            data = {"to": _id(membership), "sha256": document.sha256}
            record("authority_kept", enterprise, by, role="owner", data=data)
    return membership


@transaction.atomic
def end(membership_id: int, *, by: User) -> Membership:
    """End what somebody may do for the enterprise, at once. Raise ``Refused``, also of the last owner."""
    membership, enterprise = _member(membership_id, by)
    if not membership.active:
        return membership
    _check_not_last(membership)
    _stop(membership)
    event = record("authorisation_ended", enterprise, by, role="owner", data={"to": _id(membership)})
    withdraw_all(enterprise, membership.user, by=by)
    outbox.write(told.of_enterprise(event, enterprise, "authorisation_ended", people=[membership.user], **_NOWHERE))
    return membership


@transaction.atomic
def leave(enterprise_id: int, *, by: User) -> None:
    """Stop acting for the enterprise oneself. Raise ``Refused`` of the last owner."""
    enterprise = locked(enterprise_id)
    membership = Membership.objects.filter(enterprise=enterprise, user=by, active=True).first()
    if membership is None:
        return
    _check_not_last(membership)
    _stop(membership)
    event = record("member_left", enterprise, by, role=membership.role)
    withdraw_all(enterprise, by, by=by)
    outbox.write(told.of_enterprise(event, enterprise, "member_left", owners=True, who=by.name))


@transaction.atomic
def make_owner(membership_id: int, *, by: User) -> Membership:
    membership, enterprise = _member(membership_id, by)
    if membership.is_owner and membership.active:
        return membership
    membership.role = Membership.Role.OWNER
    _give(membership, Limits())
    event = record("owner_made", enterprise, by, role="owner", data={"to": _id(membership)})
    outbox.write(told.of_enterprise(event, enterprise, "authorised", people=[membership.user], **_words(membership)))
    return membership


@transaction.atomic
def make_agent(membership_id: int, *, by: User) -> Membership:
    """An owner becomes an agent without limits. Raise ``Refused`` of the last owner."""
    membership, enterprise = _member(membership_id, by)
    if not membership.is_owner:
        return membership
    _check_not_last(membership)
    membership.role = Membership.Role.AGENT
    membership.save(update_fields=["role"])
    event = record("owner_ended", enterprise, by, role="owner", data={"to": _id(membership)})
    withdraw_all(enterprise, membership.user, by=by)
    outbox.write(told.of_enterprise(event, enterprise, "authorised", people=[membership.user], **_words(membership)))
    return membership


# --- Invitations ----------------------------------------------------------------------------------------------------


@transaction.atomic
def invite(
    enterprise_id: int, email: str, limits: Limits, *, by: User, role: str = Membership.Role.AGENT
) -> Invitation:
    """Invite whoever has that address, with an account or without; nothing tells the owner which. Raise ``Refused``."""
    enterprise = locked(enterprise_id)
    check_owner(by, enterprise)
    limits = Limits() if role == Membership.Role.OWNER else limits
    _check(limits)
    email = email.strip().lower()
    if Membership.objects.in_force().filter(enterprise=enterprise, user__email=email).exists():
        raise Refused("member", _("They act for the enterprise already: change their authorisation below."))
    now = timezone.now()
    # One that nobody answered in time makes room for another.
    stale = enterprise.invitations.filter(state=Invitation.State.OPEN, expires_at__lte=now)
    stale.update(state=Invitation.State.WITHDRAWN, answered_at=now)
    there = enterprise.invitations.filter(state=Invitation.State.OPEN)
    if found := there.filter(email=email).first():
        return found
    if there.count() >= MOST_INVITATIONS:
        raise Refused("too_many", _("Too many invitations wait for an answer. Withdraw some first."))
    made = Invitation.objects.create(
        enterprise=enterprise, email=email, role=role, invited_by=by, created_at=now, expires_at=now + ANSWER_WITHIN,
        **limits.columns,
    )  # fmt: skip
    made.services.set(_services(limits))
    event = record(
        "agent_invited", enterprise, by, role="owner", data={"invitation": str(made.public_id), **limits.said}
    )
    _send(event, made, by)
    return made


def waiting_for(user: User) -> Any:
    """Open invitations to an address that the account has shown to be its own."""
    mine = EmailAddress.objects.filter(user=user, verified=True).values_list("email", flat=True)
    addresses = {address.lower() for address in mine}
    found = Invitation.objects.filter(email__in=addresses, state=Invitation.State.OPEN, expires_at__gt=timezone.now())
    return found.select_related("enterprise", "invited_by")


@transaction.atomic
def answer(invitation: Invitation, *, by: User, accept: bool) -> None:
    """By the one who was invited, once. Raise ``Refused`` when it was withdrawn or too late meanwhile.

    Nobody comes in by the word of somebody who is no owner any more; to decline, that doesn't matter.
    """
    enterprise = locked(invitation.enterprise_id)
    found = waiting_for(by).filter(pk=invitation.pk).first()
    if found is None or (accept and not _stands(found, enterprise)):
        raise Refused("gone", _("The invitation was answered or withdrawn, or its time is over. Ask for a new one."))
    found.state = Invitation.State.ACCEPTED if accept else Invitation.State.DECLINED
    found.answered_at = timezone.now()
    found.save(update_fields=["state", "answered_at"])
    if accept:
        membership = Membership.objects.filter(enterprise=enterprise, user=by).first()
        membership = membership or Membership(enterprise=enterprise, user=by)
        # An owner who is invited as an agent stays an owner.
        if not (membership.pk and membership.active and membership.is_owner):
            membership.role = found.role
            _give(membership, _limits_of(found))
    action = "invitation_accepted" if accept else "invitation_declined"
    event = record(action, enterprise, by, data={"invitation": str(found.public_id)})
    said: dict[str, Any] = {"who": by.name, "email": found.email, "accepted": accept}
    outbox.write(told.of_enterprise(event, enterprise, "invitation_answered", owners=True, **said))


@transaction.atomic
def withdraw(invitation: Invitation, *, by: User) -> None:
    enterprise = locked(invitation.enterprise_id)
    check_owner(by, enterprise)
    _withdraw(Invitation.objects.filter(pk=invitation.pk), enterprise, by)


def withdraw_all(enterprise: Enterprise, inviter: User, *, by: User) -> None:
    """Somebody is an owner no more: nobody answers their invitations. The enterprise's row is locked by the caller."""
    _withdraw(enterprise.invitations.filter(invited_by=inviter), enterprise, by)


def _withdraw(invitations: QuerySet[Invitation], enterprise: Enterprise, by: User) -> None:
    """Those of them that nobody has answered."""
    for invitation in invitations.filter(state=Invitation.State.OPEN).order_by("pk"):
        invitation.state, invitation.answered_at = Invitation.State.WITHDRAWN, timezone.now()
        invitation.save(update_fields=["state", "answered_at"])
        record("invitation_withdrawn", enterprise, by, role="owner", data={"invitation": str(invitation.public_id)})


def _stands(invitation: Invitation, enterprise: Enterprise) -> bool:
    owned = Enterprise.objects.owned_by(invitation.invited_by).filter(pk=enterprise.pk)
    return invitation.invited_by.is_active and owned.exists()


def _send(event: Event, made: Invitation, by: User) -> None:
    """To an account by its notices; to an address without one by a plain mail, once the invitation stands."""
    address = EmailAddress.objects.filter(email__iexact=made.email, verified=True).select_related("user").first()
    path = reverse("invitation", args=[made.public_id])
    if address is not None:
        said: dict[str, Any] = {"who": by.name, "deadline_at": made.expires_at.isoformat(), "path": path}
        outbox.write(told.of_enterprise(event, made.enterprise, "invited", people=[address.user], **said))
        return
    language = get_language() or settings.LANGUAGE_CODE

    def mail() -> None:
        with override(language):
            words = {"name": by.name, "enterprise": made.enterprise.name, "link": settings.SITE_URL.rstrip("/") + path,
                     "until": times.moment(made.expires_at)}  # fmt: skip
            body = _(
                "%(name)s invites you to act for “%(enterprise)s” at the permit portal.\n\n"
                "Create an account with this e-mail address, then answer here:\n\n%(link)s\n\n"
                "The invitation holds until %(until)s. If you don't know who this is, do nothing."
            )
            send_mail(_("An invitation to act for %(enterprise)s") % words, body % words, None, [made.email])

    transaction.on_commit(mail, robust=True)


# --- Time -----------------------------------------------------------------------------------------------------------


def keep(today: date | None = None) -> dict[str, int]:
    """Remind of what ends soon, and say once what has ended. Each in a transaction of its own; safe to call twice."""
    day = today or timezone.localdate()
    ending = Membership.objects.filter(active=True, valid_until__isnull=False)
    over = ending.filter(valid_until__lt=day).exclude(expired_of__isnull=False)
    soon = ending.filter(valid_until__gte=day, valid_until__lte=day + REMIND_BEFORE)
    soon = soon.exclude(Q(reminded_of__isnull=False) & Q(reminded_of=F("valid_until")))
    counted = {"expired": 0, "reminded": 0}
    for name, found, step in (("expired", over, _expire), ("reminded", soon, _remind)):
        for pk in list(found.order_by("valid_until").values_list("pk", flat=True)[:AT_ONCE]):
            counted[name] += step(pk, day)
    return counted


@transaction.atomic
def _expire(pk: int, day: date) -> bool:
    membership, enterprise = _locked_member(pk)
    if not membership.active or membership.expired_of or not (membership.valid_until and membership.valid_until < day):
        return False
    membership.expired_of = membership.valid_until
    membership.save(update_fields=["expired_of"])
    event = record("authorisation_expired", enterprise, None, data=_ends(membership))
    told_of: dict[str, Any] = {"who": membership.user.name, "until_on": _ends(membership)["until"]}
    letters = told.of_enterprise(event, enterprise, "authorisation_expired", owners=True, **told_of)
    agent = told.of_enterprise(
        event, enterprise, "authorisation_expired", people=[membership.user], **told_of, **_NOWHERE
    )
    outbox.write(letters + agent)
    return True


@transaction.atomic
def _remind(pk: int, day: date) -> bool:
    membership, enterprise = _locked_member(pk)
    until = membership.valid_until
    if not membership.active or until is None or until < day or membership.reminded_of == until:
        return False
    membership.reminded_of = until
    membership.save(update_fields=["reminded_of"])
    event = record("authorisation_reminded", enterprise, None, data=_ends(membership))
    said: dict[str, Any] = {"who": membership.user.name, "until_on": until.isoformat()}
    outbox.write(told.of_enterprise(
        event, enterprise, "authorisation_ends_soon", people=[membership.user], owners=True, **said
    ))  # fmt: skip
    return True


# --- What every step begins with --------------------------------------------------------------------------------------

_NOWHERE: dict[str, Any] = {"path": "/enterprises/"}  # who acts for it no more can't open its page


def _locked_member(membership_id: int) -> tuple[Membership, Enterprise]:
    where = Membership.objects.values_list("enterprise_id", flat=True).get(pk=membership_id)
    enterprise = locked(where)
    return Membership.objects.select_related("user").get(pk=membership_id), enterprise


def _member(membership_id: int, by: User) -> tuple[Membership, Enterprise]:
    membership, enterprise = _locked_member(membership_id)
    check_owner(by, enterprise)
    return membership, enterprise


def _check_not_last(membership: Membership) -> None:
    if not membership.is_owner:
        return
    others = Membership.objects.filter(
        enterprise=membership.enterprise_id, role=Membership.Role.OWNER, active=True, user__is_active=True
    )
    if not others.exclude(pk=membership.pk).exists():
        raise Refused("last_owner", _("An enterprise always has an owner. Make somebody else an owner first."))


def _check(limits: Limits) -> None:
    if limits.valid_until and limits.valid_until < timezone.localdate():
        raise Refused("past", _("The last day is in the past."))
    if limits.valid_from and limits.valid_until and limits.valid_until < limits.valid_from:
        raise Refused("order", _("The last day is before the first."))
    if limits.services is not None and not _services(limits):
        raise Refused("no_service", _("Choose at least one service, or all of them."))


def _services(limits: Limits) -> list[Service]:
    return list(Service.objects.filter(slug__in=limits.services)) if limits.services is not None else []


def _limits_of(terms: Membership | Invitation) -> Limits:
    slugs = None if terms.all_services else tuple(terms.services.order_by("slug").values_list("slug", flat=True))
    return Limits(slugs, terms.valid_from, terms.valid_until)


def _give(membership: Membership, limits: Limits) -> None:
    membership.active, membership.reminded_of, membership.expired_of = True, None, None
    for name, value in limits.columns.items():
        setattr(membership, name, value)
    membership.save()
    membership.services.set(_services(limits))


def _stop(membership: Membership) -> None:
    """An owner who comes back is an agent first."""
    membership.active, membership.role = False, Membership.Role.AGENT
    membership.save(update_fields=["active", "role"])


def _id(membership: Membership) -> str:
    return str(membership.user.public_id)


def _ends(membership: Membership) -> dict[str, str]:
    return {"to": _id(membership), "until": membership.valid_until.isoformat() if membership.valid_until else ""}


def _words(membership: Membership) -> dict[str, Any]:
    limits = _limits_of(membership)
    chosen = [service.definition.title for service in _services(limits) if service.current_id]
    return {
        "owner": membership.is_owner, "until_on": limits.said["until"] or "",
        "items": [{"zh": title.zh, "en": title.en} for title in chosen],
    }  # fmt: skip
