"""``setup_roles``, and what doctor says of the administrators."""

from __future__ import annotations

import re

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from permits.models import User
from portal import demo, stack
from portal.management.commands import doctor
from reviews import roles
from reviews.models import Department, Event, Official, RoleGrant
from tests.cast import person, post
from tests.commands.test_commands import run

pytestmark = pytest.mark.django_db
THREE = ("--system", "s@example.cn", "--security", "王安 <sec@example.cn>", "--audit", "a@example.cn")


def test_three_accounts_are_made_with_a_link_each_that_sets_a_password_once():
    said = run("setup_roles", *THREE, "--service-owner", "o1@example.cn", "--service-owner", "o2@example.cn")
    links = re.findall(r"http://[^/]+(/\S+)", said)
    assert len(links) == User.objects.count() == RoleGrant.objects.count() == 5
    security = User.objects.get(email="sec@example.cn")
    assert security.name == "王安" and not security.has_usable_password() and security.is_staff
    client, password = Client(), "a-long-password-2020-x"
    form = client.get(links[1], follow=True).redirect_chain[-1][0]
    client.post(form, {"password1": password, "password2": password})
    assert Client().login(email="sec@example.cn", password=password)
    assert "password1" not in Client().get(links[1], follow=True).content.decode()


def test_the_second_time_nothing_is_made_and_the_table_is_the_same():
    run("setup_roles", *THREE)
    events, grants = Event.objects.count(), list(RoleGrant.objects.values_list("pk", "granted_at"))
    said = run("setup_roles", *THREE)
    assert "http://" not in said and "sec@example.cn" in said
    assert said == run("setup_roles")
    assert Event.objects.count() == events and list(RoleGrant.objects.values_list("pk", "granted_at")) == grants


def test_the_table_names_every_role_what_it_may_and_who_holds_it():
    post("wang", "health", supervisor=True)
    said = run("setup_roles", *THREE)
    for role in (*roles.Role.values, *Official.Role.values):
        assert re.search(rf"^{role} \S+\n  may   \S.*\n  held  \S", said, re.MULTILINE), role
    assert "wang <wang@test.invalid> @ health:360924" in said and "王安 <sec@example.cn>" in said
    assert re.search(r"service_owner .*\n.*\n  held  by nobody", said)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--system", "x@example.cn", "--audit", "x@example.cn"), "x@example.cn can't be audit_admin: .*Nothing was"),
        (("--system", "n@example.cn", "--security", "wang@test.invalid"), "wang@test.invalid can't be security_admin"),
        (("--system", "nobody"), "'nobody' is not an e-mail address"),
        (("--system", "n@example.cn", "--revoke-superusers"), "the superusers stay.* --security E-MAIL --audit E-MAIL"),
    ],
)
def test_what_may_not_be_is_one_clear_line_and_nothing_is_changed(arguments, said):
    post("wang", "health")
    person("root", is_staff=True, is_superuser=True)
    with pytest.raises(CommandError, match=said) as stop:
        run("setup_roles", *arguments)
    assert "\n" not in str(stop.value)
    assert not RoleGrant.objects.exists() and not Event.objects.exists() and User.objects.count() == 2
    assert User.objects.get(name="root").is_superuser


def test_superusers_end_once_the_three_are_there():
    root, boss = (person(name, is_staff=True, is_superuser=True) for name in ("root", "boss"))
    said = run("setup_roles", *THREE, "--service-owner", root.email)
    assert "2 active superusers are left: manage.py setup_roles --revoke-superusers" in said
    run("setup_roles", "--revoke-superusers")
    run("setup_roles", "--revoke-superusers")
    root.refresh_from_db()
    boss.refresh_from_db()
    assert (root.is_superuser, root.is_staff, boss.is_superuser, boss.is_staff) == (False, True, False, False)
    assert Event.objects.filter(action="superuser_revoked").count() == 2


def test_an_official_can_t_be_made_of_an_administrator():
    run("setup_roles", *THREE)
    options = {"name": "王安", "department": "health", "region": "360924", "department_name": ["甲", "A"]}
    with pytest.raises(CommandError, match="never posted"):
        run("create_official", "sec@example.cn", **options)
    assert not Official.objects.exists() and not Department.objects.exists()


# --- doctor --------------------------------------------------------------------------------------------------------


def test_doctor_asks_for_the_three_in_production_only(settings):
    assert "needed in production" in doctor.administrators()
    settings.EMBEDDED = False
    run("setup_roles", *THREE[:4])
    with pytest.raises(doctor.Unwell, match="audit_admin") as unwell:
        doctor.administrators()
    assert unwell.value.mend == "manage.py setup_roles --audit E-MAIL"
    run("setup_roles", *THREE)
    assert doctor.administrators() == "three, and apart"


def test_doctor_finds_a_superuser_that_is_left_and_its_mending_works(settings):
    settings.EMBEDDED = False
    run("setup_roles", *THREE)
    person("root", is_staff=True, is_superuser=True)
    with pytest.raises(doctor.Unwell, match="root@test.invalid") as unwell:
        doctor.administrators()
    call_command(*unwell.value.mend.removeprefix("manage.py ").split())
    assert doctor.administrators() == "three, and apart"


def test_doctor_finds_an_administrator_whom_somebody_posted_in_the_database():
    official = post("wang", "health")
    RoleGrant.objects.create(user=official, role="security_admin")
    with pytest.raises(doctor.Unwell, match="wang@test.invalid"):
        doctor.administrators()


# --- the demonstration ---------------------------------------------------------------------------------------------


def test_the_demonstration_has_the_three_apart_and_no_superuser():
    people = demo.ensure_cast()
    demo.ensure_cast()
    assert not User.objects.filter(is_superuser=True).exists() and not roles.missing_administrators()
    printed = "\n".join(stack.login_lines())
    for name in ("ops", "security", "audit", "service"):
        assert people[name].email in printed
        client = Client()
        assert client.login(email=people[name].email, password=demo.PASSWORD)
        assert client.get("/admin/").status_code == 200
    ops = Client()
    ops.force_login(people["ops"])
    for page in ("permits/service", "permits/serviceversion", "reviews/department", "reviews/notice",
                 "reviews/calendarday", "permits/enterprise", "permits/user"):  # fmt: skip
        assert ops.get(f"/admin/{page}/").status_code == 200, page


def test_a_demonstration_of_before_there_were_roles_loses_its_superuser():
    person("old")
    ops = User.objects.create_user("ops@demo.invalid", "x", name="运维", is_staff=True, is_superuser=True)
    demo.ensure_cast()
    ops.refresh_from_db()
    assert not ops.is_superuser and ops.is_staff
    assert set(ops.role_grants.values_list("role", flat=True)) == {"system_admin", "service_owner"}


def test_a_role_that_was_taken_from_a_demo_account_is_not_given_back_at_the_next_start():
    demo.ensure_cast()
    RoleGrant.objects.filter(role="service_owner").delete()
    demo.ensure_cast()
    assert not RoleGrant.objects.filter(role="service_owner").exists()
