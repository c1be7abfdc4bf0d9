"""A call is asked for, and made: the office says whether it reached the applicant."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from permits.models import User
from reviews import calendars, guidance, policy, times
from reviews.models import CallbackRequest, Message, Side
from reviews.workflow.errors import NotSensible
from reviews.workflow.messages import check_time
from reviews.workflow.talking import checked, on_thread

State = CallbackRequest.State


def ask_call(
    application_id: int, *, applicant: User, mobile: str, slot: str, key: str, now: datetime | None = None
) -> CallbackRequest:
    """Ask to be called at ``mobile`` (a clean number) in one of the half days of ``guidance.slots``, named by its key.

    The same ``key`` again gives the request that is there. Raise ``NotSensible`` while another is open, when the half day
    isn't offered any more, and too late; ``guidance.NobodyAnswers``.
    """
    with on_thread(application_id, by=applicant, doing="ask_call", now=now) as turn:
        application = turn.application
        policy.check_applicant(applicant, application)
        if same := application.callbacks.filter(asked_by=applicant, key=key).first():
            return same
        check_time(turn)
        if application.callbacks.filter(state=State.OPEN).exists():
            raise NotSensible(_("A call is asked for already."))
        chosen = next((each for each in guidance.slots(turn.now, calendars.current()) if each.key == slot), None)
        if chosen is None:
            raise NotSensible(_("This time is not offered any more: choose another one."))
        thread = turn.opened(guidance.office_of(application, turn.thread))
        made = CallbackRequest.objects.create(
            application=application, department=thread.department, asked_by=applicant, asked_at=turn.now, mobile=mobile,
            starts_at=chosen.starts_at, ends_at=chosen.ends_at, key=key,
        )  # fmt: skip
        event = turn.record("call_asked", data={"call": str(made.public_id), "from": chosen.starts_at.isoformat()})
        from_at, until_at = chosen.starts_at.isoformat(), chosen.ends_at.isoformat()
        turn.tell_office(event, "call_asked", thread, from_at=from_at, until_at=until_at)
        thread.save(update_fields=["office_told_at"])
        return made


def cancel_call(application_id: int, *, applicant: User, now: datetime | None = None) -> None:
    """No call is wanted any more. A second call changes nothing."""
    with on_thread(application_id, by=applicant, doing="cancel_call", now=now) as turn:
        policy.check_applicant(applicant, turn.application)
        call = turn.application.callbacks.filter(state=State.OPEN).first()
        if call is None:
            return
        call.state, call.handled_by, call.handled_at = State.CANCELLED, applicant, turn.now
        call.save(update_fields=["state", "handled_by", "handled_at"])
        turn.record("call_cancelled", data={"call": str(call.public_id)})


def handle_call(
    call_id: UUID, *, official: User, reached: bool, note: str = "", now: datetime | None = None
) -> CallbackRequest:
    """The applicant was called. What was said (``note``) goes into the thread, as does that nobody answered.

    The same again by the same official changes nothing; anybody else is told who was first (``NotSensible``).
    """
    application_id = CallbackRequest.objects.values_list("application_id", flat=True).get(public_id=call_id)
    with on_thread(application_id, by=official, doing="handle_call", now=now) as turn:
        post = guidance.check_answers(official, turn.application, turn.thread, turn.now)
        call = CallbackRequest.objects.select_related("handled_by").get(public_id=call_id)
        state = State.DONE if reached else State.MISSED
        if call.state == state and call.handled_by_id == official.pk:
            return call
        if call.state != State.OPEN:
            raise NotSensible(_already(call))
        note = checked(note) if reached or note.strip() else ""
        turn.role = post.words
        thread = turn.opened(post.department)
        call.state, call.handled_by, call.handled_at, call.note = state, official, turn.now, note
        call.save(update_fields=["state", "handled_by", "handled_at", "note"])
        event = turn.record("call_done" if reached else "call_missed", data={"call": str(call.public_id)})
        kind = Message.Kind.PHONE if reached else Message.Kind.MISSED
        turn.say(thread, Side.OFFICE, note, str(call_id), kind=kind, department=post.department, spoken_at=turn.now)
        if not reached:
            turn.tell_applicant(event, "call_missed", thread)
        thread.save()
        return call


def _already(call: CallbackRequest) -> str:
    when = times.moment(call.handled_at) if call.handled_at else ""
    said = _("%(name)s has seen to this call already (%(state)s, %(time)s). Nothing was changed.")
    return str(said % {"name": call.handled_by, "state": call.get_state_display(), "time": when})
