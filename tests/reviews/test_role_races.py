"""Two administrators at once: threads against the real database, on both engines."""

from __future__ import annotations

import pytest

from permits.models import User
from reviews import accounts, roles
from reviews.audit import log
from reviews.models import Department, Event, Official, RoleGrant
from tests.cast import person
from tests.reviews.test_races import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def test_of_three_grants_to_one_account_at_once_one_stays():
    user = person("x", is_staff=True)
    results = at_once(*[lambda role=role: roles.grant(user, role, by=None) for role in roles.ADMINISTRATORS * 2])
    [grant] = RoleGrant.objects.all()
    assert all(
        isinstance(result, RoleGrant) if role == grant.role else isinstance(result, roles.Refused)
        for role, result in zip(roles.ADMINISTRATORS * 2, results, strict=True)
    ), results
    assert Event.objects.count() == 1


def test_posting_and_granting_at_once_leave_one_of_the_two():
    office = Department.objects.create(kind="health", region="360924", name_zh="卫健委", name_en="Health")
    for number in range(5):
        user = person(f"x{number}", is_staff=True)
        results = at_once(
            lambda user=user: roles.post(user, office, "reviewer", by=None),
            lambda user=user: roles.grant(user, "security_admin", by=None),
        )
        assert sum(isinstance(result, roles.Refused) for result in results) == 1, results
    assert not roles.posted_administrators()
    assert Official.objects.count() + RoleGrant.objects.count() == 5


def test_the_last_two_of_a_kind_taken_away_at_once_leave_one():
    security = person("s", is_staff=True)
    roles.grant(security, "security_admin", by=None)
    auditors = [person(f"a{number}", is_staff=True) for number in range(4)]
    for auditor in auditors:
        roles.grant(auditor, "audit_admin", by=None)
    calls = [
        lambda user=user, take=take: take(user)
        for user, take in zip(auditors, [
            lambda user: roles.revoke_grant(user, "audit_admin", by=security, reason="x"),
            lambda user: accounts.deactivate(user, by=security, reason="x"),
        ] * 2, strict=True)
    ]  # fmt: skip
    results = at_once(*calls)
    assert sum(isinstance(result, roles.Refused) for result in results) == 1, results
    assert roles.holders("audit_admin").count() == 1
    assert all(log.first_broken_link(roles.stream_of(user)) is None for user in User.objects.all())
