"""The applicant sends a draft, carries it over to a newer edition, takes an application back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from permits import checks, comparing, mobiles, numbers
from permits.forms import kept_answers, values_of
from permits.intake.materials import take_from_record
from permits.models import Application, Permit, Promise, Service, Status, User, next_serial
from permits.ready import Ready
from reviews import calendars, lifecycle, policy, routing, told
from reviews.workflow import carrying, promises
from reviews.workflow.errors import Incomplete, NotSensible
from reviews.workflow.step import APPLICANT_ROLE, on_application


def submit(application_id: int, *, applicant: User, now: datetime | None = None) -> Application:
    """Send a draft. A second call gives the same application with the same number.

    Raise ``Incomplete`` with everything that is missing, ``NobodyHandles`` when no office is registered for it,
    ``NotSensible`` when the permit that it is to renew doesn't stand any more.
    """
    with on_application(application_id, doing="submit", now=now) as step:
        application, now = step.application, step.now
        policy.check_applicant(applicant, application)
        if application.status != Status.DRAFT:
            return application
        if application.renews_id:
            _check_still_renewable(application.renews_id)
        step.by(applicant, APPLICANT_ROLE)
        take_from_record(application)
        if problems := checks.problems(application):
            raise Incomplete(problems)
        promises.drop_needless(application)
        definition = application.definition
        first = definition.stages[0] if definition.stages else None
        row = lifecycle.transition("submit", application.status, first.kind if first else "none")
        values = values_of(definition, application.answers)
        promised = _promised(application)
        # Hidden answers aren't kept; what is kept is what the form showed.
        application.answers = kept_answers(definition, application.answers)
        write_place(application, values)
        day = timezone.localdate(now)
        serial = next_serial(f"case:{application.region}:{day:%Y%m%d}")
        application.number = numbers.case_number(application.region, now, serial)
        application.submitted_at = now
        application.calendar = calendars.name_of(step.calendar)
        application.due_at = step.limit(definition.limits.promised)
        application.statutory_due_at = step.limit(definition.limits.statutory)
        if row.target == Status.IN_REVIEW:
            application.accepted_at = now
        event = step.move(row, "submitted", data={"number": application.number, **step.answers_sealed(), **promised})
        mobiles.add(application)
        step.write("calendar")
        # What begins with a countersign or a decision is accepted by its sending: nobody comes who says so later.
        later = row.target == Status.IN_REVIEW and Promise.Kind.LATER in promised
        if owed := promises.owe(step) if later else []:
            promises.tell_accepted(step, event, owed)
        else:
            step.tell(told.applicant(event, "submitted"))
        if first:
            step.open_stage(first)
            check_everybody_is_there(application, values, pledged=promised.get(Promise.Kind.PLEDGE, []))
        if row.target == Status.RECORDED:
            step.close()
        return application


def _check_still_renewable(permit_id: int) -> None:
    """It was when the renewal was begun. That it ran out since is no matter: it was begun in time."""
    permit = Permit.objects.get(pk=permit_id)
    if permit.state != Permit.State.VALID:
        raise NotSensible(
            _("Permit %(number)s is not valid any more (%(state)s), so it can't be renewed. Throw this draft away and apply anew.")
            % {"number": permit, "state": permit.get_state_display()}
        )


def write_place(application: Application, values: Mapping[str, Any]) -> None:
    """What routing, lists and permits read of the answers: columns of their own."""
    definition = application.definition
    application.region = str(values[definition.region_field] or "")
    application.industry = str(values.get(definition.industry_field or "") or "")


def check_everybody_is_there(application: Application, values: Mapping[str, Any], *, pledged: list[str]) -> None:
    """Each later stage has its offices, and each pledge has who checks it: or it would be sent, and be stuck on the way."""
    definition = application.definition
    region = str(values[definition.region_field] or "")
    for stage in definition.stages[1:]:  # the first is open
        routing.departments_for(stage, region=region, values=values)
    for key in pledged:
        asked = definition.requirement(key)
        if asked and asked.pledge:
            routing.nearest([asked.pledge.department], region, what=str(asked.title))


def _promised(application: Application) -> dict[str, list[str]]:
    """What of the materials is promised instead of handed in, for the record."""
    promised: dict[str, list[str]] = {}
    for kind, requirement in _promises(application=application.pk):
        promised.setdefault(kind, []).append(requirement)
    return promised


@Ready
def _promises(*, application: int) -> QuerySet[Any, Any]:
    return Promise.objects.filter(application=application).values_list("kind", "requirement")


def carry_draft(application_id: int, *, applicant: User) -> Application:
    """Carry a draft over to the edition in force. What no longer fits is put aside to be shown, not dropped.

    A second call changes nothing; what was sent stays on its edition for ever (``NotPossible``). A draft is its
    owner's own affair until it is sent, so this is no event.
    """
    with on_application(application_id, doing="carry_draft") as step:
        application = step.application
        policy.check_applicant(applicant, application)
        if not application.is_draft:
            raise lifecycle.NotPossible("submit", application.status)
        service = Service.objects.select_related("current").get(pk=application.version.service_id)
        if service.current is None or service.current_id == application.version_id:
            return application
        kept, left = comparing.carry(application.answers, application.definition, service.current.definition)
        before = application.definition
        application.version, application.answers = service.current, kept
        left += [*carrying.carry_promises(application, before), *carrying.carry_files(application, before)]
        application.left_over = [*application.left_over, *(asdict(each) for each in left)]
        application.save(update_fields=["version", "answers", "left_over", "updated_at"])
        return application


def withdraw(application_id: int, *, applicant: User, reason: str = "", now: datetime | None = None) -> Application:
    """Take an application back before it is decided. A second call changes nothing."""
    with on_application(application_id, doing="withdraw", now=now) as step:
        application = step.application
        policy.check_applicant(applicant, application)
        if application.status == Status.WITHDRAWN:
            return application
        step.by(applicant, APPLICANT_ROLE)
        row = lifecycle.transition("withdraw", application.status, step.stage_kind)
        step.cancel_tasks()
        application.pauses.filter(ended_at=None).update(ended_at=step.now, ended_by=applicant)
        event = step.move(row, "withdrawn", reason=reason)
        step.close()
        step.tell(told.applicant(event, "withdrawn"))
        return application
