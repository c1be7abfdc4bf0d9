"""Every transition of the table × everybody: who may, and that nobody else can. Generated from the table.

It asks ``policy`` and ``lifecycle``, which are the same on both engines, so it runs beside SQLite only.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import transaction

from permits.models import Status
from reviews import policy, workflow
from reviews.lifecycle import TRANSITIONS, By, NotPossible, Transition
from reviews.models import Decision, Delegation, Event
from tests.cast import holder, person, post
from tests.reviews.audit.honest import check_told
from tests.reviews.situations import Situation, arrange, fresh, take
from tests.reviews.steps import TUESDAY

pytestmark = [pytest.mark.django_db, pytest.mark.once]


def name_of(row: Transition) -> str:
    return f"{row.action}-{row.source}-{row.stage or row.ends or 'any'}" + (f"-to-{row.to}" if row.to else "")


def everybody(cast, there: Situation) -> dict:
    """By relation: the officials of the task's own department, those of others, the applicant's side, everybody else."""
    task = there.task
    own = {}
    if task:
        own = {
            "own_reviewer": post("own_reviewer", task.department.kind),
            "own_supervisor": post("own_supervisor", task.department.kind, supervisor=True),
        }
        own["stand_in"] = stand_in_for(own["own_reviewer"])
    other = "grid"  # handles nothing of the model case
    return own | {
        "other_department": post("other_department", other),
        "other_supervisor": post("other_supervisor", other, supervisor=True),
        "other_region": post("other_region", task.department.kind if task else "street", "360983"),
        "inactive_official": inactive(task),
        "owner": cast.owner,
        "agent": cast.colleague,
        "other_owner": cast.outsider,
        "staff_without_a_posting": person("staff", is_staff=True),
        "superuser": person("root", is_staff=True, is_superuser=True),
        "anonymous": AnonymousUser(),
        **{role: holder(role) for role in ("system_admin", "security_admin", "audit_admin", "service_owner")},
    }


def inactive(task):
    user = post("inactive", task.department.kind if task else "street")
    user.postings.update(active=False)
    return user


def stand_in_for(official):
    """Somebody of another department, for the days around ``TUESDAY``."""
    user = post("stand_in", "finance")
    Delegation.objects.create(
        official=official.postings.get(), delegate=user, starts_at=TUESDAY - timedelta(days=1),
        ends_at=TUESDAY + timedelta(days=1), reason="年休假", made_by=official,
    )  # fmt: skip
    return user


MAY = {
    By.APPLICANT: {"owner", "agent"},
    By.OFFICIAL: {"own_reviewer", "own_supervisor", "stand_in"},
    By.SYSTEM: set(),
}


@pytest.mark.parametrize("row", TRANSITIONS, ids=name_of)
def test_who_may_take_a_step_and_that_nobody_else_can(cast, row):
    there = arrange(row, cast)
    assert fresh(there.application).status == row.source
    people = everybody(cast, there)
    decisions = Decision.objects.count()
    for relation, who in people.items():
        if relation in MAY[row.by]:
            continue
        with pytest.raises((policy.Refused, *_no_such_step(row))):
            take(row, there, who)
        assert fresh(there.application).status == row.source, f"{relation} moved it"
    assert Decision.objects.count() == decisions
    refused = set(
        Event.objects.filter(application=there.application, action="refused").values_list("actor__name", flat=True)
    )
    if row.by == By.OFFICIAL:
        assert {"owner", "root", "other_department", "system_admin"} <= refused, "each refusal is on record"
    for relation in MAY[row.by]:
        point = transaction.savepoint()
        take(row, there, people[relation])
        assert fresh(there.application).status == row.target, relation
        check_told(there.application)
        transaction.savepoint_rollback(point)


def _no_such_step(row: Transition) -> tuple:
    """What only time brings about is no step of anybody's."""
    return (NotPossible, workflow.AlreadyDecided) if row.by == By.SYSTEM else ()


def test_every_status_of_the_portal_stands_in_the_table():
    assert {row.source for row in TRANSITIONS} | {row.target for row in TRANSITIONS} == set(Status)
