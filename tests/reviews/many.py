"""Many applications at once, without walking each through the process: what a full queue is made of."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from permits import numbers
from permits.models import Application, Service, Status, User
from portal import demo
from reviews.models import Department, Official, Task
from tests.cast import Cast


def tasks_at_decision(
    cast: Cast, n: int, *, due: Callable[[int], datetime] | None = None, first: int = 1, **changes: Any
) -> list[Task]:
    """``n`` applications that wait for the bureau's decision, task ``i`` due at ``due(i)``; each as the steps leave it."""
    now = timezone.now().replace(microsecond=0)
    due = due or (lambda i: now + timedelta(hours=1, minutes=i))
    version = Service.objects.get(slug="resumption").current
    assert version is not None
    answers = demo.answers_for(cast.enterprise)
    applications = Application.objects.bulk_create(
        Application(**{
            "version": version, "enterprise": cast.enterprise, "applicant": cast.owner, "answers": answers,
            "status": Status.IN_REVIEW, "stage": "decision", "region": "360924", "industry": "C20",
            "number": numbers.case_number("360924", now, first + i), "submitted_at": now, "accepted_at": now,
            "due_at": due(i), "statutory_due_at": now + timedelta(days=30), **changes,
        })
        for i in range(n)
    )  # fmt: skip
    office = Department.objects.get(kind="bureau", region="360924")
    return Task.objects.bulk_create(
        Task(
            application=application, stage="decision", kind="decision", department=office, opened_at=now,
            due_at=application.due_at,
        )
        for application in applications
    )  # fmt: skip


def officials(n: int, kind: str = "bureau") -> list[User]:
    people = User.objects.bulk_create(
        User(email=f"official-{i}@test.invalid", name=f"official {i}", is_staff=True, password="!") for i in range(n)
    )
    office = Department.objects.get(kind=kind, region="360924")
    Official.objects.bulk_create(Official(user=user, department=office) for user in people)
    return people
