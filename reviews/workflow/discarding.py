"""A draft is thrown away: its answers, files, promises and notices go, and its conversation with the office.

The row goes too, unless the log tells of it (a refusal by a rule, files whose time was over): the log takes nothing back,
so what it names stays, empty and with an event, and nobody is shown it.
"""

from __future__ import annotations

from datetime import datetime

from permits.intake.keeping import put_aside
from permits.models import Application, User
from reviews import lifecycle, policy
from reviews.models import Attempt, DeliveryReport, Notice, Thread
from reviews.workflow.step import APPLICANT_ROLE, Step, on_application


def discard_draft(application_id: int, *, applicant: User, now: datetime | None = None) -> None:
    """Throw a draft away. A second call changes nothing; what was sent can't be thrown away (``NotPossible``)."""
    with on_application(application_id, doing="discard_draft", now=now) as step:
        application = step.application
        if application.discarded_at:
            return
        policy.check_applicant(applicant, application)
        if not application.is_draft:
            raise lifecycle.NotPossible("discard", application.status)
        step.by(applicant, APPLICANT_ROLE)
        for material in application.materials.all():
            put_aside(application, material)
        application.promises.all().delete()
        if application.last_seq:
            _empty(step)
        else:
            application.delete()


def _empty(step: Step) -> None:
    application = step.application
    _forget_notices(application)
    Thread.objects.filter(pk=application.pk).delete()
    for rows in (application.callbacks, application.consents, application.uploads):
        rows.all().delete()
    application.answers, application.left_over = {}, []
    application.renews = None  # another may renew the permit
    application.discarded_at = step.now
    step.record("draft_discarded")
    step.write("answers", "left_over", "renews", "discarded_at")


def _forget_notices(application: Application) -> None:
    """What isn't sent yet isn't sent any more, and what was leads nowhere."""
    mine = Notice.objects.filter(application=application)
    for told in (DeliveryReport, Attempt):
        told.objects.filter(notice__in=mine).delete()
    mine.delete()
