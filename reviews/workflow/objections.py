"""异议: the applicant objects to a refusal, once; somebody who had no part in it upholds it or sets it aside."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from permits.models import Application, Status, User
from permits.models.application import CLOSED_UNRENEWED
from reviews import calendars, clock, lifecycle, policy, told
from reviews.models import Decision, Objection
from reviews.workflow import issuing, promises
from reviews.workflow.errors import NotSensible, ReasonNeeded
from reviews.workflow.step import APPLICANT_ROLE, Step, on_application

REFUSALS = ("reject", "decline")


def object_to(application_id: int, *, applicant: User, text: str, now: datetime | None = None) -> Objection:
    """Object to the refusal of an application. A second call gives the objection that stands.

    Raise ``NotSensible`` when it is too late, this refusal was objected to already, or another application is to renew
    the permit by now.
    """
    with on_application(application_id, doing="object", now=now) as step:
        application = step.application
        policy.check_applicant(applicant, application)
        if application.status == Status.OBJECTED:
            return application.objections.latest("filed_at")
        row = lifecycle.transition("object", application.status, step.stage_kind)
        if not text.strip():
            raise ReasonNeeded(_("Say what you object to, and why."))
        refusal = latest_refusal(step)
        if Objection.objects.filter(application=application).exists():
            raise NotSensible(_("An objection was decided already. You can go to court or ask for reconsideration."))
        closed_at = application.closed_at
        if refusal is None or closed_at is None or step.now > _deadline(application, closed_at, step.calendar):
            raise NotSensible(_("The time for objections is over. You can still go to court or apply anew."))
        if application.renews_id:
            _check_no_other_renewal(application, application.renews_id)
        step.by(applicant, APPLICANT_ROLE)
        event = step.move(row, "objected", reason=text.strip())
        application.closed_at = None
        due = step.limit(application.definition.limits.objection_review)
        task = step.new_task(application.stage, "objection", refusal.task.department, due)
        step.tell(told.applicant(event, "objected", until_at=due.isoformat()))
        step.open_tasks([task])
        return Objection.objects.create(
            application=application,
            against=refusal,
            task=task,
            text=text.strip(),
            filed_by=applicant,
            filed_at=step.now,
        )


def _check_no_other_renewal(application: Application, permit_id: int) -> None:
    """One application at a time renews a permit (the database holds it), and one that is objected to is one again."""
    permit = issuing.lock_permit(permit_id)
    other = permit.renewals.exclude(pk=application.pk).exclude(status__in=CLOSED_UNRENEWED).first()
    if other is None:
        return
    if other.status == Status.APPROVED:
        raise NotSensible(
            _("Permit %(permit)s was renewed meanwhile, by application %(number)s; this one can't be taken up again.")
            % {"permit": permit, "number": other}
        )
    if other.is_draft:
        raise NotSensible(
            _("Another renewal of permit %(permit)s was begun. Throw that draft away first, then object.")
            % {"permit": permit}
        )
    raise NotSensible(
        _("Another renewal of permit %(permit)s is under way: %(number)s. Withdraw it first, then object.")
        % {"permit": permit, "number": other}
    )


def objection_until(application: Application) -> datetime | None:
    """Until when its refusal can be objected to; nothing when it wasn't refused, or was objected to already."""
    if application.status not in (Status.REJECTED, Status.DECLINED) or application.closed_at is None:
        return None
    if application.objections.exists():
        return None
    return _deadline(application, application.closed_at, calendars.of(application.calendar))


def _deadline(application: Application, refused_at: datetime, calendar: clock.WorkCalendar) -> datetime:
    return clock.due(refused_at, clock.Limit.parse(application.definition.limits.objection), calendar)


def latest_refusal(step: Step) -> Decision | None:
    refusals = Decision.objects.filter(task__application=step.application, outcome__in=REFUSALS)
    return refusals.select_related("task__department").order_by("-decided_at", "-pk").first()


def after_overturning(step: Step) -> None:
    """The stage at which it was refused begins again, with other people and with its time."""
    limits = step.application.definition.limits
    step.application.due_at = step.limit(limits.promised)
    step.application.statutory_due_at = step.limit(limits.statutory)
    promises.owe_anew(step)
    step.application.round += 1
    step.open_stage(step.stage, returned=True)
