"""The same file in the filing of somebody else: a fact for the reviewer, which may have a good reason."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q

from permits.models import Application, Material, User
from reviews.models import Task

AT_MOST = 20


@dataclass(frozen=True)
class Same:
    file: Material  # of the application that is looked at
    application: Application  # the other one
    task: Task | None  # of the reader's own department; whose filing it is, only such a reader is told


def elsewhere(application: Application, files: Iterable[Material], user: User) -> dict[str, list[Same]]:
    """By requirement, the latest of what others sent in with the same bytes; three queries however many there are."""
    here: dict[str, list[Material]] = defaultdict(list)
    for file in files:
        if file.received_sha256:
            here[file.received_sha256].append(file)
    if not here:
        return {}
    own = Q(application__enterprise=application.enterprise_id)
    if application.enterprise_id is None:
        own = Q(application__enterprise=None, application__applicant=application.applicant_id)
    there = Material.objects.current().filter(received_sha256__in=here, application__number__isnull=False)
    rows = there.exclude(own).select_related("application__enterprise", "application__applicant")
    found = list(rows.defer("application__answers", "application__left_over").order_by("-pk")[:AT_MOST])
    if not found:
        return {}
    mine = Task.objects.visible_to(user).filter(application__in=[each.application_id for each in found]).order_by("pk")
    tasks = {task.application_id: task for task in mine}
    same: dict[str, dict[tuple[int, int], Same]] = defaultdict(dict)
    for other in found:
        for file in here[other.received_sha256]:
            key = (file.pk, other.application_id)
            same[file.requirement][key] = Same(file, other.application, tasks.get(other.application_id))
    return {requirement: list(each.values()) for requirement, each in same.items()}
