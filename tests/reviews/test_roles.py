"""Roles are given and taken by the rules, each time with an event; the database itself keeps the three apart."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from permits.models import User
from reviews import accounts, roles, workflow
from reviews.audit import log, naming
from reviews.models import CalendarDay, Department, Event, Official, RoleGrant
from tests.cast import Cast, filled, holder, person, post, task_of

pytestmark = pytest.mark.django_db
SYSTEM, SECURITY, AUDIT, OWNER = "system_admin", "security_admin", "audit_admin", "service_owner"
THREE = (SYSTEM, SECURITY, AUDIT)


def desk_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def events_of(user: User) -> list[tuple[str, str, str, str]]:
    stream = roles.stream_of(user)
    assert log.first_broken_link(stream) is None
    return list(Event.objects.filter(stream=stream).order_by("seq").values_list("action", "role", "before", "after"))


def rule_of(call, *args, **options) -> str:
    with pytest.raises(roles.Refused) as refused:
        call(*args, **options)
    assert str(refused.value)
    return refused.value.rule


# --- The three are apart ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", THREE)
@pytest.mark.parametrize("second", THREE)
def test_the_database_refuses_two_of_the_three_even_in_bulk(db, first, second):
    user = person("x", is_staff=True)
    with pytest.raises(IntegrityError), transaction.atomic():
        RoleGrant.objects.bulk_create([RoleGrant(user=user, role=first), RoleGrant(user=user, role=second)])
    RoleGrant.objects.create(user=user, role=first)
    with pytest.raises(IntegrityError), transaction.atomic():
        RoleGrant.objects.bulk_create([RoleGrant(user=user, role=second)])
    other = person("y", is_staff=True)
    if first != second:
        RoleGrant.objects.create(user=other, role=second)
        with pytest.raises(IntegrityError), transaction.atomic():
            RoleGrant.objects.filter(user=other).update(user=user)
        with pytest.raises(IntegrityError), transaction.atomic():
            RoleGrant.objects.bulk_create(
                [RoleGrant(user=user, role=second)], update_conflicts=True, unique_fields=["user", "role"],
                update_fields=["granted_at"],
            )  # fmt: skip
    assert RoleGrant.objects.filter(user=user).count() == 1


def test_the_database_refuses_a_grant_to_oneself_and_an_unknown_role(db):
    user = person("x", is_staff=True)
    for grant in (RoleGrant(user=user, role=OWNER, granted_by=user), RoleGrant(user=user, role="mayor")):
        with pytest.raises(IntegrityError), transaction.atomic():
            RoleGrant.objects.bulk_create([grant])


@pytest.mark.parametrize(
    ("held", "wanted", "possible"),
    [
        (SYSTEM, SECURITY, False), (SYSTEM, AUDIT, False), (SECURITY, AUDIT, False), (AUDIT, SYSTEM, False),
        (SECURITY, OWNER, False), (OWNER, AUDIT, False), (SYSTEM, OWNER, True), (OWNER, SYSTEM, True),
    ],
)  # fmt: skip
def test_who_watches_holds_nothing_else_and_who_runs_may_own_services(db, held, wanted, possible):
    user = holder(held)
    if possible:
        roles.grant(user, wanted, by=None)
    else:
        assert rule_of(roles.grant, user, wanted, by=None) == "apart"
    assert RoleGrant.objects.filter(user=user).count() == 1 + possible


@pytest.mark.parametrize("role", THREE)
def test_an_administrator_is_never_posted_and_a_posted_official_never_administrator(db, role):
    official = post("wang", "health")
    office = Department.objects.get()
    assert rule_of(roles.grant, official, role, by=None) == "no_posting"
    administrator = holder(role)
    assert rule_of(roles.post, administrator, office, "reviewer", by=None) == "no_posting"
    assert not Official.objects.filter(user=administrator).exists()
    roles.end_posting(Official.objects.get(user=official), by=None)
    roles.grant(official, role, by=None)
    assert rule_of(roles.post, official, office, "reviewer", by=None) == "no_posting"
    assert not roles.posted_administrators()


# --- Who gives and takes ---------------------------------------------------------------------------------------------


def test_only_a_security_administrator_gives_and_takes(db):
    security, system, audit, owner = holder(SECURITY), holder(SYSTEM), holder(AUDIT), holder(OWNER)
    official, somebody = post("wang", "health"), person("somebody", is_staff=True)
    office, posting = Department.objects.get(), Official.objects.get()
    for by in (system, audit, owner, official, somebody):
        other = person(f"for-{by}", is_staff=True)
        assert rule_of(roles.grant, other, OWNER, by=by) == "security_admin"
        assert rule_of(roles.revoke_grant, owner, OWNER, by=by, reason="x") == "security_admin"
        assert rule_of(roles.post, other, office, "reviewer", by=by) == "security_admin"
        assert rule_of(roles.end_posting, posting, by=by) == "security_admin"
        assert rule_of(accounts.deactivate, other, by=by, reason="x") == "security_admin"
    roles.grant(somebody, OWNER, by=security)
    roles.end_posting(posting, by=security)
    User.objects.filter(pk=security.pk).update(is_active=False)
    security.refresh_from_db()
    assert rule_of(roles.grant, somebody, SYSTEM, by=security) == "security_admin"


def test_nobody_changes_their_own_rights(db):
    security = holder(SECURITY)
    holder(SECURITY, "second")
    root = person("root", is_staff=True, is_superuser=True)
    office = Department.objects.create(kind="bureau", region="360924", name_zh="局", name_en="Bureau")
    for user in (security, root):
        for role in (*THREE, OWNER):
            assert rule_of(roles.grant, user, role, by=user) == "own_rights"
        assert rule_of(roles.post, user, office, "supervisor", by=user) == "own_rights"
        assert rule_of(roles.revoke_grant, user, SECURITY, by=user, reason="x") == "own_rights"
        assert rule_of(accounts.deactivate, user, by=user, reason="x") == "own_rights"
        assert rule_of(accounts.close_desk, root, by=root, reason="x") == "own_rights"
    assert [action for action, *_rest in events_of(security)] == ["role_granted"]
    assert not Official.objects.exists()


def test_it_takes_two_administrators_to_make_an_official(db):
    """The security administrator's own second account, signed up as an applicant, can't be posted by them."""
    security, system = holder(SECURITY), holder(SYSTEM)
    office = Department.objects.create(kind="bureau", region="360924", name_zh="局", name_en="Bureau")
    puppet = person("puppet")
    assert rule_of(roles.post, puppet, office, "reviewer", by=security) == "desk"
    assert rule_of(roles.grant, puppet, OWNER, by=security) == "desk"
    assert rule_of(accounts.open_desk, puppet, by=security, reason="x") == "system_admin"
    with pytest.raises(roles.Refused, match="系统管理员|system administrator"):
        accounts.create("puppet2@test.invalid", name="p", by=security)
    accounts.open_desk(puppet, by=system, reason="新入职")
    assert rule_of(roles.post, puppet, office, "reviewer", by=system) == "security_admin"
    roles.post(puppet, office, "reviewer", by=security)
    assert rule_of(accounts.close_desk, puppet, by=system, reason="x") == "has_rights"
    assert events_of(puppet) == [("desk_opened", SYSTEM, "", "desk"), ("posted", SECURITY, "", "reviewer")]


def test_the_last_of_the_three_stays_until_there_is_a_successor(db):
    security = holder(SECURITY)
    for role in (SYSTEM, AUDIT):
        last = holder(role)
        assert rule_of(roles.revoke_grant, last, role, by=security, reason="离任") == "last_of_three"
        assert rule_of(accounts.deactivate, last, by=security, reason="离任") == "last_of_three"
        holder(role, f"{role}-2")
        accounts.deactivate(last, by=security, reason="离任")
        assert rule_of(roles.revoke_grant, User.objects.get(name=f"{role}-2"), role, by=security, reason="x") == (
            "last_of_three"  # a deactivated account is nobody
        )
        roles.revoke_grant(last, role, by=security, reason="离任")


def test_a_deactivated_account_is_given_nothing(db):
    user = person("gone", is_staff=True, is_active=False)
    assert rule_of(roles.grant, user, OWNER, by=None) == "inactive"


# --- Events ----------------------------------------------------------------------------------------------------------


def test_each_step_is_one_event_and_the_second_time_none(db):
    security, system = holder(SECURITY), holder(SYSTEM)
    office = Department.objects.create(kind="health", region="360924", name_zh="卫健委", name_en="Health")
    user = accounts.create("new@test.invalid", name="新人", by=system)
    for _twice in range(2):
        roles.grant(user, OWNER, by=security)
    for _twice in range(2):
        roles.revoke_grant(user, OWNER, by=security, reason="换岗")
    for role in ("reviewer", "reviewer", "supervisor", "supervisor"):
        posting = roles.post(user, office, role, by=security)
    for _twice in range(2):
        roles.end_posting(posting, by=security)
    for _twice in range(2):
        accounts.deactivate(user, by=security, reason="离职")
    for _twice in range(2):
        accounts.activate(user, by=security, reason="返聘")
    for _twice in range(2):
        accounts.close_desk(user, by=system, reason="离职")
    assert events_of(user) == [
        ("account_made", SYSTEM, "", "desk"),
        ("role_granted", SECURITY, "", OWNER),
        ("role_revoked", SECURITY, OWNER, ""),
        ("posted", SECURITY, "", "reviewer"),
        ("posting_changed", SECURITY, "reviewer", "supervisor"),
        ("posting_ended", SECURITY, "supervisor", ""),
        ("account_deactivated", SECURITY, "active", "inactive"),
        ("account_activated", SECURITY, "inactive", "active"),
        ("desk_closed", SYSTEM, "desk", ""),
    ]
    stored = " ".join(Event.objects.values_list("payload", flat=True))
    assert "new@test.invalid" not in stored and "新人" not in stored and "离职" not in stored
    assert Event.objects.get(action="role_revoked").note.text == "换岗"


def test_what_is_refused_changes_nothing(db):
    security = holder(SECURITY)
    user = person("x", is_staff=True)
    before = Event.objects.count()
    for call in (
        lambda: roles.revoke_grant(user, OWNER, by=security, reason="  "),
        lambda: accounts.deactivate(user, by=security, reason=""),
    ):
        assert rule_of(call) == "reason"
    assert Event.objects.count() == before and User.objects.get(pk=user.pk).is_active


# --- At the desk -----------------------------------------------------------------------------------------------------


def test_a_security_administrator_posts_and_grants_at_the_desk(db):
    security, user = holder(SECURITY), person("wang", is_staff=True)
    office = Department.objects.create(kind="health", region="360924", name_zh="卫健委", name_en="Health")
    desk = desk_of(security)
    answer = {"user": user.pk, "department": office.pk, "role": "reviewer"}
    assert desk.post(reverse("admin:reviews_official_add"), answer).status_code == 302
    posting = Official.objects.get()
    change = reverse("admin:reviews_official_change", args=[posting.pk])
    assert desk.post(change, {"role": "supervisor", "active": "on"}).status_code == 302
    assert desk.post(change, {"role": "supervisor"}).status_code == 302
    assert desk.post(reverse("admin:reviews_rolegrant_add"), {"user": user.pk, "role": OWNER}).status_code == 302
    grant = RoleGrant.objects.get(user=user)
    revoke = reverse("admin:reviews_rolegrant_revoke", args=[grant.pk])
    assert desk.post(revoke, {"text": ""}).status_code == 422
    assert desk.post(revoke, {"text": "换岗"}).status_code == 302
    assert [action for action, *_rest in events_of(user)] == [
        "posted", "posting_changed", "posting_ended", "role_granted", "role_revoked",
    ]  # fmt: skip
    assert set(Event.objects.filter(stream=roles.stream_of(user)).values_list("actor", flat=True)) == {security.pk}


def test_no_page_makes_a_security_administrator_anything_else(db):
    security = holder(SECURITY)
    holder(SECURITY, "second")
    office = Department.objects.create(kind="bureau", region="360924", name_zh="局", name_en="Bureau")
    stale = Official.objects.create(user=security, department=office, active=False)
    desk, before = desk_of(security), Event.objects.count()
    for page, answer in (
        (reverse("admin:reviews_official_add"), {"user": security.pk, "department": office.pk, "role": "reviewer"}),
        (reverse("admin:reviews_official_change", args=[stale.pk]), {"role": "supervisor", "active": "on"}),
        (reverse("admin:reviews_rolegrant_add"), {"user": security.pk, "role": OWNER}),
        (reverse("admin:reviews_rolegrant_add"), {"user": security.pk, "role": AUDIT}),
    ):
        response = desk.post(page, answer)
        assert response.status_code == 200 and "本人" in response.content.decode(), page
    for act in ("deactivate", "activate"):
        response = desk.post(reverse("admin:permits_user_act", args=[security.pk, act]), {"text": "x"})
        assert response.status_code == 422
    change = reverse("admin:permits_user_change", args=[security.pk])
    assert desk.post(change, {"is_superuser": "on", "is_staff": "on"}).status_code == 403
    assert desk.get(f"/admin/permits/user/{security.pk}/password/").status_code in (302, 404)
    security.refresh_from_db()
    assert not security.is_superuser and Event.objects.exclude(action="refused").count() == before
    assert not Official.objects.filter(active=True).exists()


def test_a_role_that_was_given_a_moment_ago_is_told_in_words_and_not_as_a_fault(db, monkeypatch):
    """Between the check of the form and the lock, somebody else posted the same account."""
    security, user = holder(SECURITY), person("wang", is_staff=True)
    office = Department.objects.create(kind="bureau", region="360924", name_zh="局", name_en="Bureau")
    checked = roles.check_grant

    def checked_then_posted(*args, **options):
        checked(*args, **options)
        monkeypatch.setattr(roles, "check_grant", checked)
        Official.objects.create(user=user, department=office)

    monkeypatch.setattr(roles, "check_grant", checked_then_posted)
    response = desk_of(security).post(
        reverse("admin:reviews_rolegrant_add"), {"user": user.pk, "role": AUDIT}, follow=True
    )
    assert response.status_code == 200 and "管理员不得兼任" in response.content.decode()
    assert not RoleGrant.objects.filter(user=user).exists()
    refused = Event.objects.get(stream=roles.stream_of(user), action="refused")  # though the page's own was rolled back
    assert log.data_of(refused)["rule"] == "no_posting"


def test_the_form_of_a_new_account_looks_like_every_other_form_of_the_desk(db):
    page = desk_of(holder(SYSTEM)).get(reverse("admin:permits_user_add")).content.decode()
    [field] = re.findall(r"<input[^>]*name=\"email\"[^>]*>", page)
    assert "border" in field and "rounded" in field, "an input without the desk's classes has no frame to see"


def test_a_deactivated_official_is_out_at_once(cast: Cast):
    security, desk = holder(SECURITY), desk_of(cast.street)
    assert desk.get("/admin/reviews/task/").status_code == 200
    page = reverse("admin:permits_user_act", args=[cast.street.pk, "deactivate"])
    assert desk_of(security).post(page, {"text": "离职"}).status_code == 302
    assert "/login/" in desk.get("/admin/reviews/task/").headers["Location"]


@pytest.mark.parametrize("role", [*THREE, OWNER])
def test_no_administrator_sees_an_application(cast: Cast, role):
    application = workflow.submit(filled(cast).pk, applicant=cast.owner)
    task, desk = task_of(application, "street"), desk_of(holder(role))
    for address in (
        "/admin/reviews/task/", reverse("admin:reviews_task_review", args=[task.pk]),
        reverse("admin:permits_application_change", args=[application.pk]), f"/applications/{application.public_id}/",
    ):  # fmt: skip
        assert desk.get(address).status_code in (302, 403, 404), address
    assert application.number not in desk.get("/admin/").content.decode()


def test_an_auditor_reads_who_an_event_concerns_and_what_the_others_did(db):
    auditor, security, user = holder(AUDIT), holder(SECURITY), person("wang", is_staff=True)
    roles.grant(user, OWNER, by=security)
    desk = desk_of(auditor)
    event = Event.objects.get(stream=roles.stream_of(user))
    page = desk.get(reverse("admin:reviews_event_change", args=[event.pk])).content.decode()
    assert user.email in page
    assert "授予角色" in desk.get("/admin/reviews/event/").content.decode()


def test_a_department_and_a_day_of_the_calendar_are_changed_with_an_event(db):
    system = holder(SYSTEM)
    desk = desk_of(system)
    office = {"kind": "health", "region": "360924", "name_zh": "卫健委", "name_en": "Health", "active": "on"}
    assert desk.post(reverse("admin:reviews_department_add"), office).status_code == 302
    made = Department.objects.get()
    change = reverse("admin:reviews_department_change", args=[made.pk])
    assert desk.post(change, office).status_code == 302
    assert desk.post(change, office | {"region": "360983"}).status_code == 302
    assert desk.post(reverse("admin:reviews_calendarday_add"), {"date": "2027-01-01"}).status_code == 302
    stream = f"department:{made.pk}"
    first, second = Event.objects.filter(stream=stream).order_by("seq")
    assert first.actor == system and second.role == SYSTEM
    assert '"region":["360924","360983"]' in second.payload and "name_zh" not in second.payload
    assert log.first_broken_link(stream) is None
    assert Event.objects.filter(stream=f"calendarday:{CalendarDay.objects.get().pk}").count() == 1


def test_what_a_rule_refuses_at_the_desk_is_on_record_once(db):
    """The refusal that an auditor wants most: an administrator who reaches for another of the three."""
    security, user = holder(SECURITY), person("wang", is_staff=True)
    office = Department.objects.create(kind="health", region="360924", name_zh="卫健委", name_en="Health")
    roles.post(user, office, "reviewer", by=None)
    desk = desk_of(security)
    for _again in range(2):
        assert desk.post(reverse("admin:reviews_rolegrant_add"), {"user": security.pk, "role": AUDIT}).status_code == 200
    assert desk.post(reverse("admin:reviews_rolegrant_add"), {"user": user.pk, "role": AUDIT}).status_code == 200
    deactivate = reverse("admin:permits_user_act", args=[security.pk, "deactivate"])
    assert desk.post(deactivate, {"text": "x"}).status_code == desk.post(deactivate, {"text": ""}).status_code == 422
    refused = [(event.stream, log.data_of(event)) for event in Event.objects.filter(action="refused").order_by("pk")]
    assert refused == [
        (roles.stream_of(security), {"rule": "own_rights", "step": "grant"}),
        (roles.stream_of(user), {"rule": "no_posting", "step": "grant"}),
        (roles.stream_of(security), {"rule": "own_rights", "step": "deactivate"}),
    ]
    assert not Event.objects.filter(action="refused").exclude(actor=security).exists()


def test_every_rule_of_rights_has_its_words_in_the_log():
    source = "".join(Path(module.__file__).read_text() for module in (roles, accounts))
    said = set(re.findall(r'Refused\("(\w+)"', source)) - {"reason", "taken"}  # a word or an address that is missing
    assert said == set(naming.RULES_OF_RIGHTS)
