"""The outcome: numbered and signed with the approval, revoked by a supervisor."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from permits import credentials, numbers
from permits.models import Application, Permit, User, next_serial
from reviews import policy, told
from reviews.audit import log
from reviews.notices import kick
from reviews.workflow import step
from reviews.workflow.errors import ReasonNeeded


@transaction.atomic
def revoke_permit(permit_id: int, *, official: User, reason: str, now: datetime | None = None) -> Permit:
    """Revoke an issued permit: by a supervisor of the department that decided, never without a reason."""
    now = now or timezone.now()
    if not reason.strip():
        raise ReasonNeeded(_("Say why the permit is revoked."))
    application = step.locked(Permit.objects.values_list("application_id", flat=True).get(pk=permit_id))
    permit = Permit.objects.select_related("application").get(pk=permit_id)
    if permit.state == Permit.State.REVOKED:
        return permit
    deciding = application.tasks.filter(kind="decision").values_list("department_id", flat=True)
    post = policy.check_supervisor(official, list(deciding))
    policy.check_not_involved(official, application)
    permit.state, permit.revoked_at = Permit.State.REVOKED, now
    permit.save(update_fields=["state", "revoked_at"])
    event = log.record(
        action="permit_revoked", actor=official, role=step.role_of(post), at=now, application=application,
        before=Permit.State.VALID, after=Permit.State.REVOKED, reason=reason, data={"permit": permit.number},
    )  # fmt: skip
    told.applicant(event, "permit_revoked", reason=reason)
    return permit


def issue(application: Application, now: datetime, *, office: dict[str, str]) -> None:
    """Number and sign the outcome now; the PDF is printed by a worker."""
    outcome = application.definition.outcome
    if outcome.kind != "permit":
        return
    serial = next_serial(f"permit:{application.region}:{outcome.number_prefix}:{timezone.localdate(now).year}")
    number = numbers.permit_number(application.region, outcome.number_prefix, now, serial)
    valid_until = timezone.localdate(now) + timedelta(days=outcome.valid_days) if outcome.valid_days else None
    content = credentials.content_of(application, number=number, issued_at=now, valid_until=valid_until, office=office)
    signature, key_id = credentials.sign(content)
    permit = Permit.objects.create(
        application=application, number=number, content=content, signature=signature, key_id=key_id, issued_at=now,
        valid_until=valid_until,
    )  # fmt: skip
    transaction.on_commit(lambda: kick.print_permit(permit.pk), robust=True)
