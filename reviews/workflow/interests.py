"""利害关系: a link that keeps an official from deciding; declared by themself, or recorded by a supervisor of theirs."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from permits.models import Enterprise, User
from reviews import policy, roles
from reviews.audit import log
from reviews.models import Interest, Official
from reviews.workflow.errors import NotSensible
from reviews.workflow.refusing import refusals_on_record


def declare_interest(
    user_id: int, *, by: User, enterprise: Enterprise | None = None, person: User | None = None, note: str = "",
    now: datetime | None = None,
) -> Interest:  # fmt: skip
    """Put on record that an official is linked to an enterprise, or is a relative of a person: one of the two.

    A second call gives the one that stands. Raise ``Refused`` for anybody but the official, a supervisor of theirs or
    a superuser; ``NotSensible`` when the other side makes no sense.
    """
    now = now or timezone.now()
    if (enterprise is None) == (person is None):
        raise NotSensible(_("Name either an enterprise or a person."))
    if person and person.pk == user_id:
        raise NotSensible(_("Name another person than the official."))
    relation = Interest.Relation.LINKED if enterprise else Interest.Relation.RELATIVE
    with _refusals(user_id, by, "declare_interest", now), transaction.atomic():
        user = _locked(user_id)
        role = _may_record(by, user, now)
        if not Official.objects.filter(user=user, active=True).exists():
            raise NotSensible(_("%(name)s is no official.") % {"name": user})
        standing = Interest.objects.filter(user=user, enterprise=enterprise, person=person, ended_at=None).first()
        if standing:
            return standing
        made = Interest.objects.create(
            user=user, relation=relation, enterprise=enterprise, person=person, note=note.strip(), declared_at=now
        )
        log.record(
            action="interest_declared", actor=by, role=role, at=now, stream=roles.stream_of(user),
            reason=note.strip(), data=_data(made),
        )  # fmt: skip
        return made


def end_interest(interest_id: int, *, by: User, reason: str = "", now: datetime | None = None) -> Interest:
    """The link is no more: a supervisor or a superuser says so, never the official alone. A second call changes nothing."""
    now = now or timezone.now()
    user_id = Interest.objects.values_list("user_id", flat=True).get(pk=interest_id)
    with _refusals(user_id, by, "end_interest", now), transaction.atomic():
        user = _locked(user_id)
        if by.pk == user.pk:
            raise policy.Refused("own_interest", _("Somebody else has to end what you declared: ask a supervisor."), by)
        role = _may_record(by, user, now)
        found = Interest.objects.select_related("enterprise", "person").get(pk=interest_id)
        if found.ended_at is None:
            found.ended_at = now
            found.save(update_fields=["ended_at"])
            log.record(
                action="interest_ended", actor=by, role=role, at=now, stream=roles.stream_of(user),
                reason=reason.strip(), data=_data(found),
            )  # fmt: skip
        return found


def _refusals(user_id: int, by: User, doing: str, now: datetime) -> AbstractContextManager[None]:
    return refusals_on_record(lambda: roles.stream_of(_locked(user_id)), by, doing=doing, now=now)


def _locked(user_id: int) -> User:
    return User.objects.select_for_update(of=("self",), no_key=True).get(pk=user_id)


def _may_record(by: User, user: User, now: datetime) -> str:
    if by.pk == user.pk:
        return "official"
    if by.is_superuser and by.is_active:
        return "superuser"
    offices = Official.objects.filter(user=user, active=True).values_list("department_id", flat=True)
    return policy.check_supervisor(by, list(offices), now).words


def _data(interest: Interest) -> dict[str, str]:
    other = interest.enterprise or interest.person
    return {"relation": str(interest.relation), "other": str(other.public_id) if other else ""}
