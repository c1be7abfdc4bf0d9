"""Enterprises: registered, their record changed, access asked for and granted. Who may act for one: ``authorisations``.

Each step is one transaction under the lock of the enterprise's row, which serialises its stream of events, and is safe
to call twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from permits.models import AccessRequest, Enterprise, EnterpriseChange, Membership, User
from reviews import told
from reviews.audit import log
from reviews.models import Event
from reviews.notices import outbox

# What an owner may change. The code is what the enterprise is: another code is another enterprise.
EDITABLE = (
    "name", "registered_address", "production_address", "region", "industry", "size", "legal_name", "legal_id_number",
    "legal_mobile",
)  # fmt: skip


class Refused(Exception):
    """A rule stands against it; ``rule`` is its name, the message is for the person who asked."""

    def __init__(self, rule: str, message: str) -> None:
        self.rule = rule
        super().__init__(message)


@transaction.atomic
def register(enterprise: Enterprise, *, by: User) -> Enterprise:
    """Keep a new enterprise; its first member is its owner. Raise ``IntegrityError`` when it was registered meanwhile."""
    enterprise.save()
    Membership.objects.create(enterprise=enterprise, user=by, role=Membership.Role.OWNER)
    record("enterprise_registered", enterprise, by, role="owner")
    return enterprise


@transaction.atomic
def change(enterprise_id: int, said: Mapping[str, Any], *, by: User, revision: int) -> Enterprise:
    """Write what an owner says of the record, seen as it was at ``revision``.

    Raise ``Refused``: by somebody who is no owner, or of a record that somebody else changed meanwhile (``stale``).
    """
    enterprise = locked(enterprise_id)
    check_owner(by, enterprise)
    changed = {key: value for key, value in said.items() if key in EDITABLE and getattr(enterprise, key) != value}
    if not changed:  # also the same form sent twice
        return enterprise
    if enterprise.revision != revision:
        raise Refused("stale", _("Somebody changed the record meanwhile. Below is what you typed; what is on record now stands beside it."))  # fmt: skip
    before = {key: getattr(enterprise, key) for key in changed}
    for key, value in changed.items():
        setattr(enterprise, key, value)
    enterprise.revision += 1
    enterprise.save(update_fields=[*changed, "revision"])
    now = timezone.now()
    EnterpriseChange.objects.create(
        enterprise=enterprise, by=by, at=now, said={key: [before[key], changed[key]] for key in changed}
    )
    record("enterprise_changed", enterprise, by, role="owner", data={"fields": [*changed]})
    return enterprise


@transaction.atomic
def ask_access(enterprise_id: int, *, by: User, message: str) -> None:
    """Ask the owners; nothing happens for somebody who may act for it without limits, or who has asked already."""
    enterprise = locked(enterprise_id)
    unlimited = Membership.objects.in_force().filter(user=by, all_services=True, valid_until=None)
    if unlimited.filter(enterprise=enterprise).exists():
        return
    asked, is_new = AccessRequest.objects.get_or_create(
        enterprise=enterprise, user=by, state=AccessRequest.State.OPEN, defaults={"message": message}
    )
    if is_new:
        event = record("access_requested", enterprise, by, data={"request": str(asked.public_id)})
        outbox.write(told.access_requested(event, asked))


@transaction.atomic
def answer_access(asked: AccessRequest, *, by: User, grant: bool, until: date | None = None) -> AccessRequest:
    """Grant or refuse, once; by an owner. Who had an authorisation that ran out has it again, for the same services."""
    enterprise = locked(asked.enterprise_id)
    check_owner(by, enterprise)
    asked = AccessRequest.objects.select_for_update(of=("self",)).select_related("user", "enterprise").get(pk=asked.pk)
    if asked.state != AccessRequest.State.OPEN:
        return asked
    asked.state = AccessRequest.State.GRANTED if grant else AccessRequest.State.REFUSED
    asked.answered_by, asked.answered_at = by, timezone.now()
    asked.save(update_fields=["state", "answered_by", "answered_at"])
    if grant:
        again = {"active": True, "valid_from": None, "valid_until": until, "reminded_of": None, "expired_of": None}
        Membership.objects.update_or_create(
            enterprise=enterprise, user=asked.user, defaults=again,
            create_defaults=again | {"role": Membership.Role.AGENT},
        )  # fmt: skip
    action = "access_granted" if grant else "access_refused"
    event = record(action, enterprise, by, data={"request": str(asked.public_id)})
    outbox.write(told.access_answered(event, asked))
    return asked


# --- What every step begins and ends with ---------------------------------------------------------------------------


def locked(enterprise_id: int) -> Enterprise:
    return Enterprise.objects.select_for_update(of=("self",)).get(pk=enterprise_id)


def check_owner(user: User, enterprise: Enterprise) -> None:
    if not Enterprise.objects.owned_by(user).filter(pk=enterprise.pk).exists():
        raise Refused("owner", _("Only an owner of the enterprise can do this."))


def record(
    action: str, enterprise: Enterprise, by: User | None, *, role: str = "applicant", data: dict[str, Any] | None = None
) -> Event:
    return log.record(
        action=action, actor=by, role=role if by else "system", at=timezone.now(),
        stream=f"enterprise:{enterprise.public_id}", data=data,
    )  # fmt: skip
