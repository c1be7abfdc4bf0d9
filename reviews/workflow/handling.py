"""Who has a task in hand: a claim is a lease, a supervisor gives it to somebody else, somebody stands in during leave."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from permits.models import User
from reviews import policy, roles, told
from reviews.audit import log
from reviews.models import Delegation, Official, Task
from reviews.workflow.errors import NotSensible, ReasonNeeded
from reviews.workflow.refusing import refusals_on_record
from reviews.workflow.step import Step, check_open, on_task

CLAIM = ["claimed_by", "claimed_at", "lease_until"]


def claim(task_id: int, *, official: User, now: datetime | None = None) -> Task:
    """Take a task into one's own hands, for as long as the definition says. A second call changes nothing."""
    with on_task(task_id, doing="claim", now=now) as step:
        task = step.task
        check_open(task)
        post = policy.check_claim(official, task, step.now)
        if task.claimed_by_id == official.pk:
            return task
        step.by(official, post)
        _put_in_hand(step, official)
        step.record("claimed", data={"stage": task.stage} | post.data)
        return task


def keep_claim(task_id: int, *, official: User, now: datetime | None = None) -> bool:
    """The holder is at work on it: the lease begins anew. No event: nothing has changed hands. Return whether it did."""
    with on_task(task_id, doing="keep_claim", now=now) as step:
        task = step.task
        if task.state != Task.State.OPEN or task.claimed_by_id != official.pk:
            return False
        task.lease_until = step.lease_end
        task.save(update_fields=["lease_until"])
        return True


def release(task_id: int, *, official: User, reason: str = "", now: datetime | None = None) -> Task:
    """Give a task back to the department's queue."""
    with on_task(task_id, doing="release", now=now) as step:
        task = step.task
        check_open(task)
        if task.claimed_by_id is None:
            return task
        post = policy.check_release(official, task, step.now)
        step.by(official, post)
        let_go(task)
        step.record("released", reason=reason, data={"stage": task.stage} | post.data)
        return task


def reassign(task_id: int, *, official: User, to: User, reason: str, now: datetime | None = None) -> Task:
    """A supervisor gives a task to somebody of the department, and says why.

    Raise ``Refused`` when the one who gives isn't a supervisor, or a rule stands against the one who gets it.
    """
    with on_task(task_id, doing="reassign", now=now) as step:
        task = step.task
        check_open(task)
        post = policy.check_supervisor(official, [task.department_id], step.now)
        policy.check_not_involved(official, task.application)
        if task.claimed_by_id == to.pk:
            return task
        if not reason.strip():
            raise ReasonNeeded(_("Say why the task is given to somebody else."))
        earlier = task.claimed_by
        let_go(task)
        try:
            policy.check_claim(to, task, step.now)
        except policy.Refused as refusal:
            refusal.user = official  # the one who tried it
            raise
        step.by(official, post)
        _put_in_hand(step, to)
        data = {"stage": task.stage, "to": str(to.public_id), "from": str(earlier.public_id) if earlier else None}
        event = step.record("reassigned", reason=reason.strip(), data=data | post.data)
        people = [to.pk, *([earlier.pk] if earlier else [])]
        step.tell(told.official(event, task, people, "reassigned", reason=reason.strip(), to=to.name))
        return task


def expire_claim(task_id: int, *, now: datetime | None = None) -> bool:
    """Put a task back that its holder left alone for too long, or may not decide any more. Return whether it did."""
    with on_task(task_id, doing="expire_claim", now=now) as step:
        task = step.task
        if task.state != Task.State.OPEN or task.lease_until is None:
            return False
        gone = Task.objects.filter(pk=task.pk).held_by_nobody_there(step.now).exists()
        if task.lease_until > step.now and not gone:
            return False
        holder = task.claimed_by
        data = {"stage": task.stage, "holder": str(holder.public_id) if holder else None}
        event = step.record("lease_expired", data=data | ({"cause": "no_posting"} if gone else {}))
        if gone:
            let_go(task)  # first: it is the department that is told
        step.tell(told.holder(event, task, "lease_expired"))
        if not gone:
            let_go(task)
        return True


def delegate(
    posting_id: int, *, to: User, starts_at: datetime, ends_at: datetime, by: User, reason: str,
    now: datetime | None = None,
) -> Delegation:  # fmt: skip
    """Somebody stands in for an official during leave: asked for by that official, or by a supervisor of theirs.

    Raise ``Refused`` for anybody else, ``NotSensible`` when the times or the persons make no sense: a stand-in is an
    official too, is not the one on leave, and there is one at a time.
    """
    now = now or timezone.now()
    with _refusals(posting_id, by, "delegate", now), transaction.atomic():
        posting = roles.locked_posting(posting_id)
        role = _may_delegate(by, posting, now)
        if not reason.strip():
            raise ReasonNeeded(_("Say why somebody stands in."))
        if ends_at <= starts_at or ends_at <= now:
            raise NotSensible(_("The leave has to end after it begins, and in the future."))
        if ends_at - starts_at > timedelta(days=366):
            raise NotSensible(_("A leave of more than a year is a new posting: ask the security administrator."))
        if to.pk == posting.user_id or not Official.objects.filter(user=to, active=True, user__is_active=True).exists():
            raise NotSensible(_("The one who stands in has to be another official."))
        overlapping = posting.delegations.filter(ended_at=None, starts_at__lt=ends_at, ends_at__gt=starts_at)
        if standing := overlapping.select_related("delegate").first():
            if (standing.delegate_id, standing.starts_at, standing.ends_at) == (to.pk, starts_at, ends_at):
                return standing
            raise NotSensible(_("%(name)s stands in during that time already.") % {"name": standing.delegate})
        made = Delegation.objects.create(
            official=posting, delegate=to, starts_at=starts_at, ends_at=ends_at, reason=reason.strip(), made_by=by
        )
        log.record(
            action="delegated", actor=by, role=role, at=now, stream=posting.stream, reason=reason.strip(),
            data={"to": str(to.public_id), "from": starts_at.isoformat(), "until": ends_at.isoformat()},
        )  # fmt: skip
        return made


def end_delegation(delegation_id: int, *, by: User, now: datetime | None = None) -> Delegation:
    """The official is back early. A second call changes nothing."""
    now = now or timezone.now()
    posting_id = Delegation.objects.values_list("official_id", flat=True).get(pk=delegation_id)
    with _refusals(posting_id, by, "end_delegation", now), transaction.atomic():
        posting = roles.locked_posting(posting_id)
        role = _may_delegate(by, posting, now)
        found = Delegation.objects.select_related("delegate").get(pk=delegation_id)
        if found.ended_at is None:
            roles.end_delegation(found, posting, by=by, role=role, now=now)
        return found


def _refusals(posting_id: int, by: User, doing: str, now: datetime) -> AbstractContextManager[None]:
    return refusals_on_record(lambda: roles.locked_posting(posting_id).stream, by, doing=doing, now=now)


def _may_delegate(by: User, posting: Official, now: datetime) -> str:
    if by.pk == posting.user_id and posting.active:
        return policy.Post(posting, by).words
    post = policy.check_supervisor(by, [posting.department_id], now)
    if post.on_behalf_of:
        raise policy.Refused("not_passed_on", _("Who stands in for a supervisor can't let others, or themselves, stand in."), by)
    return post.words


def let_go(task: Task) -> None:
    task.claimed_by = task.claimed_at = task.lease_until = None
    task.save(update_fields=CLAIM)


def _put_in_hand(step: Step, official: User) -> None:
    task = step.task
    task.claimed_by, task.claimed_at = official, step.now
    task.lease_until = step.lease_end
    task.save(update_fields=CLAIM)
