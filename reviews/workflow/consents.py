"""The applicant lets the office look at a draft, or no more; the office looks, and it is on record. Nobody sends it for them."""

from __future__ import annotations

from datetime import datetime

from permits.models import Application, Status, User
from reviews import clock, guidance, lifecycle, policy
from reviews.models import GuidanceConsent
from reviews.workflow.talking import on_thread


def give_consent(application_id: int, *, applicant: User, now: datetime | None = None) -> GuidanceConsent:
    """Let the office look at the draft for two weeks. A second call gives the consent in force.

    Raise ``guidance.NobodyAnswers`` when no office is known, ``lifecycle.NotPossible`` once it is sent.
    """
    with on_thread(application_id, by=applicant, doing="give_consent", now=now) as turn:
        application = turn.application
        policy.check_applicant(applicant, application)
        if application.status != Status.DRAFT:
            raise lifecycle.NotPossible("submit", application.status)
        if there := guidance.consent_of(application, turn.now):
            return there
        office = guidance.office_of(application, turn.thread)
        turn.opened(office)
        application.consents.filter(revoked_at=None).update(revoked_at=turn.now)  # it has run out
        until = clock.end_of_day(turn.now + guidance.LOOKED_AT_FOR)
        consent = GuidanceConsent.objects.create(
            application=application, given_by=applicant, given_at=turn.now, until=until
        )
        turn.record(
            "consent_given", data={"department": office.kind, "region": office.region, "until": until.isoformat()}
        )
        return consent


def revoke_consent(application_id: int, *, applicant: User, now: datetime | None = None) -> None:
    """The office looks no more. A second call changes nothing."""
    with on_thread(application_id, by=applicant, doing="revoke_consent", now=now) as turn:
        policy.check_applicant(applicant, turn.application)
        if turn.application.consents.filter(revoked_at=None).update(revoked_at=turn.now):
            turn.record("consent_revoked")


def look_at_draft(
    application_id: int, *, official: User, now: datetime | None = None
) -> tuple[Application, policy.Post]:
    """The draft, for an official whom its applicant lets look. The caller puts the look on record before it shows anything."""
    with on_thread(application_id, by=official, doing="look_at_draft", now=now) as turn:
        return turn.application, guidance.check_looks(official, turn.application, turn.thread, turn.now)
