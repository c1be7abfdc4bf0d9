"""An applicant asks, the office answers; who takes a thread in hand; what was said by phone."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from permits.models import User
from reviews import guidance, policy
from reviews.models import Message, Side, Thread
from reviews.workflow.errors import NotSensible
from reviews.workflow.talking import Turn, checked, on_thread

PUT_DOWN_WITHIN = timedelta(days=7)  # a call


class AnsweredMeanwhile(NotSensible):
    """A colleague wrote since the page was opened; what they wrote is there to be read before one writes again."""

    def __init__(self, message: Message) -> None:
        when = timezone.localtime(message.at).strftime("%H:%M:%S")
        said = _("%(name)s has answered meanwhile, at %(time)s. Read it; send yours again if it is still needed.")
        super().__init__(said % {"name": message.author, "time": when})


def ask(application_id: int, *, applicant: User, text: str, key: str, now: datetime | None = None) -> Message:
    """The applicant's side writes to the office. The same ``key`` again gives the message that is there.

    Raise ``ReasonNeeded`` without words, ``NotSensible`` when it is too long or too late, ``guidance.NobodyAnswers``.
    """
    with on_thread(application_id, by=applicant, doing="ask", now=now) as turn:
        policy.check_applicant(applicant, turn.application)
        if same := turn.said(key):
            return same
        text = checked(text)
        check_time(turn)
        thread = turn.opened(guidance.office_of(turn.application, turn.thread))
        message, event = turn.say(thread, Side.APPLICANT, text, key)
        thread.due_at = thread.due_at or turn.limit(guidance.ANSWER)
        turn.tell_office(event, "message_waiting", thread, digest=True, until_at=thread.due_at.isoformat())
        thread.save()
        return message


def check_time(turn: Turn) -> None:
    if not guidance.may_ask(turn.application, turn.now):
        days = guidance.AFTERWARDS.days
        raise NotSensible(
            _("This application was closed more than %(n)d days ago: the thread can only be read.") % {"n": days}
        )


def answer(
    application_id: int, *, official: User, text: str, key: str, seen: int | None = None,
    spoken_at: datetime | None = None, now: datetime | None = None,
) -> Message:  # fmt: skip
    """The office writes to the applicant; with ``spoken_at`` it puts down what was said by phone at that time.

    ``seen`` is the last message that the official had before them: a colleague's later one stops them
    (``AnsweredMeanwhile``), an applicant's later one goes on waiting. The same ``key`` again gives the message that is there.
    """
    with on_thread(application_id, by=official, doing="answer", now=now) as turn:
        post = guidance.check_answers(official, turn.application, turn.thread, turn.now)
        if same := turn.said(key):
            return same
        text = checked(text)
        thread = turn.opened(post.department)
        post = guidance.check_claim(post, thread, turn.now)
        if not guidance.may_ask(turn.application, turn.now) and thread.due_at is None:
            check_time(turn)
        if spoken_at and not turn.now - PUT_DOWN_WITHIN <= spoken_at <= turn.now:
            raise NotSensible(_("Give the time of a call of the last %(n)d days.") % {"n": PUT_DOWN_WITHIN.days})
        earlier = thread.messages.filter(side=Side.OFFICE).exclude(author=official)
        if seen is not None and (other := earlier.filter(pk__gt=seen).select_related("author").order_by("-pk").first()):
            raise AnsweredMeanwhile(other)
        turn.role = post.words
        _seen_by_the_office(thread, turn, seen)
        kind = Message.Kind.PHONE if spoken_at else Message.Kind.WRITTEN
        message, event = turn.say(
            thread, Side.OFFICE, text, key, kind=kind, department=post.department, spoken_at=spoken_at
        )
        turn.tell_applicant(event, "message_answered", thread, digest=True)
        thread.save()
        return message


def _seen_by_the_office(thread: Thread, turn: Turn, seen: int | None) -> None:
    """What was seen is answered, and nobody's any more; a question that came in between goes on waiting."""
    asked = thread.messages.filter(side=Side.APPLICANT)
    known = asked if seen is None else asked.filter(pk__lte=seen)
    known.filter(read_at=None).update(read_at=turn.now)
    later = None if seen is None else asked.filter(pk__gt=seen).order_by("pk").first()
    thread.due_at = turn.limit(guidance.ANSWER, later.at) if later else None
    thread.claimed_by = thread.claimed_until = None


def claim_thread(application_id: int, *, official: User, now: datetime | None = None) -> Thread:
    """Take a question in hand for two working hours; a supervisor takes it from somebody. Raise ``NotSensible`` when none waits."""
    with on_thread(application_id, by=official, doing="claim_thread", now=now) as turn:
        post = guidance.check_answers(official, turn.application, turn.thread, turn.now)
        if turn.thread is None or turn.thread.due_at is None:
            raise NotSensible(_("There is no question here that waits for an answer."))
        post = guidance.check_claim(post, turn.thread, turn.now)
        if turn.thread.is_claimed(turn.now) and turn.thread.claimed_by_id == official.pk:
            return turn.thread
        turn.role = post.words
        thread = turn.opened(post.department)
        thread.claimed_by, thread.claimed_until = official, turn.limit(guidance.CLAIM)
        thread.save(update_fields=["claimed_by", "claimed_until"])
        turn.record("thread_claimed")
        return thread


def release_thread(application_id: int, *, official: User, now: datetime | None = None) -> None:
    """Give it back to the office. A second call changes nothing."""
    with on_thread(application_id, by=official, doing="release_thread", now=now) as turn:
        post = guidance.check_answers(official, turn.application, turn.thread, turn.now)
        thread = turn.thread
        if thread is None or not thread.is_claimed(turn.now):
            return
        post = guidance.check_claim(post, thread, turn.now)
        turn.role = post.words
        thread.claimed_by = thread.claimed_until = None
        thread.save(update_fields=["claimed_by", "claimed_until"])
        turn.record("thread_released")


def read_thread(thread: Thread, *, side: Side, up_to: int, now: datetime | None = None) -> int:
    """``side`` has the other's messages before it, to the one with that key: the mark "unread" goes. No step, and no event."""
    found = thread.messages.exclude(side=side).filter(read_at=None, pk__lte=up_to)
    return found.update(read_at=now or timezone.now())
