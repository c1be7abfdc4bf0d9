"""The outcome: numbered and signed with the approval; corrected, revoked, renewed afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import formats, timezone
from django.utils.translation import gettext_lazy as _

from permits import comparing, credentials, numbers
from permits.credentials import listing, passes
from permits.forms import as_data, section_form
from permits.models import Application, Permit, PermitCorrection, Service, User, next_serial
from permits.models.application import CLOSED_UNRENEWED
from permits.ready import insert
from reviews import policy, told
from reviews.models import Task
from reviews.notices import kick
from reviews.workflow.errors import NotSensible, ReasonNeeded
from reviews.workflow.step import Step, on_application

CORRECTED = ("content", "person", "signature", "key_id", "code", "corrected_at", "pdf_sha256", "pdf_size")


def issue(step: Step, *, office: dict[str, str]) -> None:
    """Number and sign the outcome now; the PDF is printed by a worker."""
    application, now = step.application, step.now
    outcome = application.definition.outcome
    if not outcome.is_issued:
        return
    earlier = _to_renew(application.renews_id) if application.renews_id else None
    serial = next_serial(f"permit:{application.region}:{outcome.number_prefix}:{timezone.localdate(now).year}")
    number = numbers.permit_number(application.region, outcome.number_prefix, now, serial)
    valid_until = _valid_until(outcome.valid_days, now, earlier)
    person = passes.taken(application)
    content = credentials.content_of(
        application, number=number, issued_at=now, valid_until=valid_until, office=office, person=person
    )
    signature, key_id = credentials.sign(content)
    permit = Permit(
        application=application, number=number, content=content, person=person, signature=signature, key_id=key_id,
        issued_at=now, valid_until=valid_until, code=credentials.make_code(content, now=now), **listing.columns(content),
    )  # fmt: skip
    insert([permit])
    if earlier:
        earlier.state, earlier.superseded_by = Permit.State.SUPERSEDED, permit
        earlier.save(update_fields=["state", "superseded_by"])
        step.record(
            "permit_superseded", before=Permit.State.VALID, after=Permit.State.SUPERSEDED,
            data={"permit": earlier.number, "by": number},
        )  # fmt: skip
    _print(permit)


def _to_renew(permit_id: int) -> Permit:
    """The earlier permit, which a renewed one goes on from: so it has to stand until then. One that only ran out may
    have been open to renewal in time."""
    earlier = lock_permit(permit_id)
    if earlier.state != Permit.State.VALID:
        raise NotSensible(
            _("Permit %(number)s, which this is to renew, is not valid any more (%(state)s): reject the application.")
            % {"number": earlier, "state": earlier.get_state_display()}
        )
    return earlier


def lock_permit(permit_id: int) -> Permit:
    """The permit, its row locked until the transaction ends: a renewal holds another application's lock than whoever
    corrects or revokes it. Called after the application is locked, so that no two wait for each other."""
    return Permit.objects.select_for_update(of=("self",)).get(pk=permit_id)


def _valid_until(days: int | None, now: datetime, earlier: Permit | None) -> date | None:
    """A renewed permit goes on where the earlier one ends."""
    if not days:
        return None
    begin = timezone.localdate(now)
    if earlier and earlier.valid_until:
        begin = max(begin, earlier.valid_until)
    return begin + timedelta(days=days)


def _print(permit: Permit) -> None:
    transaction.on_commit(lambda: kick.print_permit(permit.pk), robust=True)


def revoke_permit(permit_id: int, *, official: User, reason: str, now: datetime | None = None) -> Permit:
    """Revoke an issued permit: by a supervisor of the department that decided, never without a reason."""
    if not reason.strip():
        raise ReasonNeeded(_("Say why the permit is revoked."))
    with on_application(_application_of(permit_id), doing="revoke_permit", now=now) as step:
        permit = lock_permit(permit_id)
        if permit.state == Permit.State.REVOKED:
            return permit
        _by_a_supervisor_of_the_deciders(step, official)
        before = permit.state
        permit.state, permit.revoked_at = Permit.State.REVOKED, step.now
        permit.save(update_fields=["state", "revoked_at"])
        event = step.record(
            "permit_revoked", before=before, after=permit.state, reason=reason, data={"permit": permit.number}
        )
        step.tell(told.applicant(event, "permit_revoked", reason=reason))
        return permit


def correct_permit(
    permit_id: int, *, official: User, changes: Mapping[str, Any], reason: str, now: datetime | None = None
) -> Permit:
    """勘误: put a slip in a permit right. Its number stays, what it said before is kept, earlier prints are void.

    ``changes`` maps fields that are printed on it to what they should say; with none, the enterprise's name and
    address are taken anew from its record. Raise ``NotSensible`` for a field that isn't printed, for a value that the
    form itself would refuse, or when nothing would change.
    """
    if not reason.strip():
        raise ReasonNeeded(_("Say what the slip was."))
    with on_application(_application_of(permit_id), doing="correct_permit", now=now) as step:
        permit, application = lock_permit(permit_id), step.application
        if permit.state != Permit.State.VALID:
            raise NotSensible(_("Only a permit that is in force can be corrected."))
        _by_a_supervisor_of_the_deciders(step, official)
        application.answers = _corrected_answers(application, changes)
        earlier, person = permit.content, passes.taken(application, like=permit.person)
        content = credentials.content_of(
            application, number=permit.number, issued_at=permit.issued_at, valid_until=permit.valid_until,
            office=earlier["office"], person=person,
        )  # fmt: skip
        if content == earlier:
            raise NotSensible(_("Nothing would change: the permit says so already."))
        PermitCorrection.objects.create(
            permit=permit, content=earlier, person=permit.person, signature=permit.signature, key_id=permit.key_id,
            code=permit.code, pdf_sha256=permit.pdf_sha256, corrected_at=step.now, corrected_by=official,
        )  # fmt: skip
        permit.signature, permit.key_id = credentials.sign(content)
        permit.code = credentials.make_code(content, now=step.now)
        permit.content, permit.person = content, person
        permit.corrected_at, permit.pdf_sha256, permit.pdf_size = step.now, "", 0
        columns = listing.columns(content)
        for name, value in columns.items():
            setattr(permit, name, value)
        permit.save(update_fields=[*CORRECTED, *columns])
        event = step.record(
            "permit_corrected",
            reason=reason.strip(),
            data={"permit": permit.number, "fields": sorted(changes), **step.answers_sealed()},
        )
        step.tell(told.applicant(event, "permit_corrected", reason=reason.strip()))
        _print(permit)
        return permit


def _corrected_answers(application: Application, changes: Mapping[str, Any]) -> dict[str, Any]:
    definition = application.definition
    if unprinted := sorted(set(changes) - set(definition.outcome.printed_fields)):
        raise NotSensible(_("“%(key)s” is not printed on the permit.") % {"key": unprinted[0]})
    answers = dict(application.answers)
    data = as_data(definition, {**answers, **changes})
    for section in definition.sections:
        if not any(field.key in changes for field in section.fields):
            continue
        form = section_form(definition, section, answers, data)
        for key in changes:
            if key in form.errors:
                label = definition.field(key)
                raise NotSensible(f"{label.label if label else key}: {form.errors[key][0]}")
        typed = form.answers()
        answers |= {key: typed[key] for key in changes if key in typed}
    return answers


def start_renewal(permit_id: int, *, applicant: User, now: datetime | None = None) -> Application:
    """Begin an application that is to renew a permit, filled in with what the last one said. A second call gives the
    same one. Raise ``NotSensible`` when the permit can't be renewed, or not yet."""
    with on_application(_application_of(permit_id), doing="start_renewal", now=now) as step:
        earlier = step.application
        policy.check_applicant(applicant, earlier)
        permit = lock_permit(permit_id)
        if begun := permit.renewals.exclude(status__in=CLOSED_UNRENEWED).order_by("pk").last():
            return begun
        service = Service.objects.select_related("current").get(pk=earlier.version.service_id)
        if service.current is None or not service.open:
            raise NotSensible(_("This service takes no applications at the moment."))
        _check_renewable(permit, service, step.now)
        kept, left = comparing.carry(earlier.answers, earlier.definition, service.current.definition)
        return Application.objects.create(
            version=service.current, enterprise=earlier.enterprise, applicant=applicant, answers=kept,
            left_over=[asdict(each) for each in left], renews=permit,
        )  # fmt: skip


def renewable_from(permit: Permit, service: Service) -> date | None:
    """The day from which on the permit can be renewed by the edition in force; nothing when it never can."""
    if service.current is None or not service.open or permit.state != Permit.State.VALID or permit.valid_until is None:
        return None
    days = service.current.definition.outcome.renewable_days
    return permit.valid_until - timedelta(days=days) if days else None


def _check_renewable(permit: Permit, service: Service, now: datetime) -> None:
    opens = renewable_from(permit, service)
    if opens is None:
        raise NotSensible(_("This permit can't be renewed: apply anew instead."))
    if timezone.localdate(now) < opens:
        raise NotSensible(_("This permit can be renewed from %(day)s on.") % {"day": formats.date_format(opens, "DATE_FORMAT")})


def _application_of(permit_id: int) -> int:
    return Permit.objects.values_list("application_id", flat=True).get(pk=permit_id)


def _by_a_supervisor_of_the_deciders(step: Step, official: User) -> None:
    decided = step.application.tasks.filter(kind="decision", state=Task.State.DONE).order_by("-pk")
    post = policy.check_supervisor(official, list(decided.values_list("department_id", flat=True)), step.now)
    policy.check_not_involved(official, step.application)
    step.by(official, post)
