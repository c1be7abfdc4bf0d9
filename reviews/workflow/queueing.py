"""The queue behind the desk: which tasks an official may take, and the next one, which no two officials are ever given.

The order of locks is the one of every step, with one lock in front: the official's own account, then the application,
then its task. Only the first is ever waited for, and whoever waits for it holds nothing; an application that somebody
else has locked is passed over. So nobody waits in a circle: docs/decisions/0007-next-task-lock-order.md.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from permits.models import Status, User
from reviews import policy
from reviews.models import Decision, Delegation, Department, Task
from reviews.workflow.handling import claim

# How many tasks "next task" looks at before it gives up: those that a rule refuses after all, and those that were taken
# in the very moment they were found.
MOST_TRIES = 100
ENCRYPTED = ("application__answers", "application__left_over")


def acts_as(official: User) -> list[int]:
    """Ids of the accounts whose claims are the official's to work on: their own, and of those they stand in for."""
    lent = Delegation.objects.in_force(timezone.now()).filter(delegate=official)
    return [official.pk, *lent.values_list("official__user", flat=True)]


def kept_from(official: User) -> Q:
    """Tasks of what the official filed, or what was filed for an enterprise they act for or have an interest in."""
    enterprises = list(official.memberships.filter(active=True).values_list("enterprise", flat=True))
    interests = official.interests.filter(ended_at=None).values_list("enterprise", "person")
    linked = [enterprise for enterprise, _person in interests if enterprise]
    relatives = [person for _enterprise, person in interests if person]
    return Q(application__applicant__in=[official.pk, *relatives]) | Q(application__enterprise__in=enterprises + linked)


def decided_elsewhere(official: User) -> Q:
    """Tasks of an application whose other stages the official decided."""
    past = Decision.objects.filter(
        task__application=OuterRef("application"), task__kind__in=policy.STAGES, official=official
    )
    return Q(kind__in=policy.STAGES) & Q(Exists(past.exclude(task__stage=OuterRef("stage"))))


def free_for(official: User) -> QuerySet[Task]:
    """Open, in nobody's hands, not standing still, and none of those that ``policy`` is known to refuse to them.

    This only spares the look at them one by one: what counts is ``policy``, asked when the task is taken. Where a
    definition lets one person decide two stages, such a task is claimed from the list.
    """
    tasks = Task.objects.open().filter(department__in=Department.objects.ids_of(official), claimed_by=None)
    tasks = tasks.exclude(application__status=Status.SUSPENDED)
    return tasks.exclude(kept_from(official)).exclude(decided_elsewhere(official))


def claim_next(
    *,
    official: User,
    among: Callable[[QuerySet[Task]], QuerySet[Task]] | None = None,
    since: datetime | None = None,
    now: datetime | None = None,
) -> Task | None:
    """Claim the most urgent task that the official may decide; ``None`` when there is none.

    ``among`` narrows the choice (a service, a region …). ``since`` is the time at which the page with the button was
    made: what the official claimed after it and still has in hand is given again, so that a second click takes no
    second task. Two officials who ask at the same moment are given different tasks.
    """
    tasks = free_for(official)
    if among:
        tasks = among(tasks)
    # No rule looks into the answers, and they would have to be decrypted.
    tasks = tasks.order_by("due_at", "pk").select_related("application").defer(*ENCRYPTED)
    refused: list[int] = []
    for _try in range(MOST_TRIES):
        with transaction.atomic():
            # Two clicks of one official go one after the other. No key is changed, so nobody else waits for this lock.
            User.objects.select_for_update(no_key=True).only("pk").get(pk=official.pk)
            if since and (taken := _taken_since(official, since)):
                return taken
            found = tasks.exclude(pk__in=refused).select_for_update(skip_locked=True, of=("application",)).first()
            if found is None:
                return None
            task = Task.objects.select_related("department", "claimed_by").get(pk=found.pk)
            task.application = found.application
            if task.state != Task.State.OPEN or task.claimed_by_id:
                continue  # taken between the look and the lock; the next look sees that
            try:
                policy.check_claim(official, task, now or timezone.now())
            except policy.Refused:
                refused.append(task.pk)
                continue
            return claim(task.pk, official=official, now=now)
    return None


def _taken_since(official: User, since: datetime) -> Task | None:
    mine = Task.objects.open().filter(claimed_by=official, claimed_at__gt=since)
    return mine.select_related("application").defer(*ENCRYPTED).order_by("-claimed_at", "-pk").first()
