"""好差评: the applicant rates a closed application, once; a bad rating is followed up."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from permits.models import User
from reviews import lifecycle, policy, told
from reviews.models import Rating
from reviews.workflow.errors import ReasonNeeded
from reviews.workflow.step import APPLICANT_ROLE, on_application


def rate(application_id: int, *, applicant: User, score: int, comment: str = "", now: datetime | None = None) -> Rating:
    """Rate a closed application, once. A rating of 1 or 2 opens a follow-up within 15 working days."""
    with on_application(application_id, doing="rate", now=now) as step:
        application = step.application
        policy.check_applicant(applicant, application)
        if earlier := Rating.objects.filter(application=application).first():
            return earlier
        if not application.is_closed:
            raise lifecycle.NotPossible("rate", application.status)
        last = application.tasks.order_by("-pk").first()
        bad = score <= Rating.Score.BAD
        until = step.limit("15d") if bad else None
        rating = Rating.objects.create(
            application=application, department=last.department if last else None, rater=applicant, score=score,
            comment=comment, created_at=step.now, follow_up_due_at=until,
        )  # fmt: skip
        step.by(applicant, APPLICANT_ROLE)
        # The rater's identity is protected: the log says that it was rated, and not by whom or how.
        event = step.record("rated", anonymous=True)
        if until and rating.department:
            words = {"path": "/admin/reviews/rating/", "deadline_at": until.isoformat()}
            step.tell(told.supervisors(event, rating.department, "bad_rating", **words))
        return rating


def follow_up_rating(rating_id: int, *, official: User, text: str, now: datetime | None = None) -> Rating:
    """Record what was done about a bad rating."""
    application_id = Rating.objects.values_list("application_id", flat=True).get(pk=rating_id)
    with on_application(application_id, doing="follow_up_rating", now=now) as step:
        rating = Rating.objects.get(pk=rating_id)
        if rating.followed_up_at:
            return rating
        if not text.strip():
            raise ReasonNeeded(_("Say what was done about it."))
        post = policy.check_supervisor(official, [rating.department_id] if rating.department_id else [], step.now)
        step.by(official, post)
        rating.follow_up, rating.followed_up_at, rating.followed_up_by = text.strip(), step.now, official
        rating.save(update_fields=["follow_up", "followed_up_at", "followed_up_by"])
        step.record("rating_followed_up")
        return rating
