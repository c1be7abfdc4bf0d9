"""好差评: the applicant rates a closed application, once; a bad rating is followed up."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from permits.models import User
from reviews import calendars, clock, lifecycle, policy, told
from reviews.audit import log
from reviews.models import Rating
from reviews.workflow import step
from reviews.workflow.errors import ReasonNeeded


@transaction.atomic
def rate(application_id: int, *, applicant: User, score: int, comment: str = "", now: datetime | None = None) -> Rating:
    """Rate a closed application, once. A rating of 1 or 2 opens a follow-up within 15 working days."""
    now = now or timezone.now()
    application = step.locked(application_id)
    policy.check_applicant(applicant, application)
    if earlier := Rating.objects.filter(application=application).first():
        return earlier
    if not application.is_closed:
        raise lifecycle.NotPossible("rate", application.status)
    last = application.tasks.order_by("-pk").first()
    bad = score <= Rating.Score.BAD
    rating = Rating.objects.create(
        application=application, department=last.department if last else None, rater=applicant, score=score,
        comment=comment, created_at=now,
        follow_up_due_at=clock.due(now, clock.Limit(15, "d"), calendars.current()) if bad else None,
    )  # fmt: skip
    # The rater's identity is protected: the log says that it was rated, and not by whom or how.
    event = log.record(action="rated", actor=None, role=step.APPLICANT_ROLE, at=now, application=application)
    if bad and rating.department:
        told.supervisors(event, rating.department, "bad_rating")
    return rating


@transaction.atomic
def follow_up_rating(rating_id: int, *, official: User, text: str, now: datetime | None = None) -> Rating:
    """Record what was done about a bad rating."""
    now = now or timezone.now()
    rating = Rating.objects.select_for_update(of=("self",)).get(pk=rating_id)
    if rating.followed_up_at:
        return rating
    if not text.strip():
        raise ReasonNeeded(_("Say what was done about it."))
    post = policy.check_supervisor(official, [rating.department_id] if rating.department_id else [])
    application = step.locked(rating.application_id)
    rating.follow_up, rating.followed_up_at, rating.followed_up_by = text.strip(), now, official
    rating.save(update_fields=["follow_up", "followed_up_at", "followed_up_by"])
    log.record(action="rating_followed_up", actor=official, role=step.role_of(post), at=now, application=application)
    return rating
