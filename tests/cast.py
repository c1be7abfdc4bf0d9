"""The one cast that every test knows, and what they need to act: offices, an enterprise, a complete draft."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.hashers import make_password

from permits.models import Application, Enterprise, Material, Membership, Service, User
from portal import demo
from reviews import roles
from reviews.models import Department, Official, Task
from reviews.publishing import publish
from tests.data import cast as invented

PASSWORD = "a-long-password-2020"
REQUIRED = ("business_licence", "epidemic_plan", "roster", "signed_pledge", "canteen_plan")


@dataclass
class Cast:
    owner: User
    colleague: User
    outsider: User
    street: User
    health: User
    industry: User
    decider: User
    supervisor: User
    other_street: User  # of another county
    enterprise: Enterprise
    other_enterprise: Enterprise


def person(name: str, **fields: Any) -> User:
    email = f"{name}@test.invalid"
    user = User.objects.create(email=email, name=name, language="zh-hans", password=_hashed(), **fields)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


@cache
def _hashed() -> str:
    return make_password(PASSWORD)


def post(name: str, kind: str, region: str = "360924", *, supervisor: bool = False) -> User:
    zh, en = demo.DEPARTMENTS.get(kind, (kind, kind))
    office, _new = Department.objects.get_or_create(kind=kind, region=region, defaults={"name_zh": zh, "name_en": en})
    user = person(name, is_staff=True)
    role = Official.Role.SUPERVISOR if supervisor else Official.Role.REVIEWER
    Official.objects.create(user=user, department=office, role=role)
    return user


def holder(role: str, name: str = "") -> User:
    """Somebody who was given a role, and holds no posting."""
    user = person(name or role, is_staff=True)
    roles.grant(user, role, by=None)
    return user


def make_cast() -> Cast:
    owner, outsider = person("owner"), person("outsider")
    colleague = person("colleague")
    enterprise = Enterprise.objects.create(**invented.ENTERPRISE)
    other = Enterprise.objects.create(**invented.OTHER_ENTERPRISE)
    for user, company, role in (
        (owner, enterprise, "owner"),
        (colleague, enterprise, "agent"),
        (outsider, other, "owner"),
    ):
        Membership.objects.create(user=user, enterprise=company, role=role)
    post("commerce", "commerce")
    return Cast(
        owner=owner, colleague=colleague, outsider=outsider, street=post("street", "street"),
        health=post("health", "health"), industry=post("industry", "industry"), decider=post("decider", "bureau"),
        supervisor=post("supervisor", "bureau", supervisor=True),
        other_street=post("other_street", "street", "360983"), enterprise=enterprise, other_enterprise=other,
    )  # fmt: skip


@pytest.fixture
def published(db: None) -> Service:
    source = Path(settings.BASE_DIR) / "permits" / "services" / "resumption.toml"
    return publish(source.read_text(encoding="utf-8"), name=source.name).version.service


@pytest.fixture
def cast(published: Service) -> Cast:
    return make_cast()


def filled(cast: Cast, **changes: Any) -> Application:
    """A complete draft. Its materials are rows only: tests of intake hand in the real files."""
    version = Service.objects.get(slug="resumption").current
    assert version is not None
    answers = demo.answers_for(cast.enterprise, **changes)
    application = Application.objects.create(
        version=version, enterprise=cast.enterprise, applicant=cast.owner, answers=answers
    )
    Material.objects.bulk_create(
        Material(
            application=application, requirement=key, original_name=f"{key}.pdf", media_type="application/pdf",
            size=1000, sha256=f"{key:0<64}"[:64], uploaded_by=cast.owner, check_state="fine",
            facts={"rows": answers["first_batch"]} if key == "roster" else {},
        )
        for key in REQUIRED
    )  # fmt: skip
    return application


def task_of(application: Application, kind: str) -> Task:
    """The open task of ``application`` in the department of that kind."""
    return Task.objects.open().get(application=application, department__kind=kind)
