"""Enterprises over HTTP: registering one, and who may act for it."""

from __future__ import annotations

from typing import Any

import pytest
from stdnum.cn import uscc as uscc_of_stdnum

from permits.codes import uscc
from permits.models import AccessRequest, Application, Enterprise, Membership, Service, User
from portal import throttle
from reviews.models import Event, Notice
from reviews.notices import texts
from tests.cast import Cast, filled, person
from tests.data import cast as invented
from tests.portal.browser import at, fault_at, form, links, page, sign_in, told, words
from tests.reviews.test_races import at_once

NEW = "/enterprises/new/"
ACCESS = "/enterprises/access/"
THIRD = {
    "uscc": "91360924MA35ABC16Y", "name": "宜丰县喆堃竹木制品有限公司", "registered_address": "新昌镇工业大道88号",
    "production_address": "新昌镇工业大道88号", "region": "360924", "industry": "C20", "size": "micro",
    "legal_name": "余喆堃", "legal_id_number": "362229198503120025", "legal_mobile": "139 0000 0312",
}  # fmt: skip


# The one digit by which the organisation code in 91360924MA35ABC1?… fits GB 11714.
(INNER,) = [digit for digit in "0123456789X" if not uscc.inner_fault(f"91360924MA35ABC1{digit}_")]


@pytest.fixture
def newcomer(cast: Cast) -> User:
    return person("newcomer")


def ask(user: User, code: str = invented.USCC, **more: Any):
    return at(user).post(ACCESS, {"uscc": code, "message": "我是经办人", **more}, follow=True)


def reply(user: User, asked: AccessRequest, answer: str):
    return at(user).post(f"{ACCESS}{asked.public_id}/", {"answer": answer}, follow=True)


# --- registering -------------------------------------------------------------------------------------------------


def test_who_registers_an_enterprise_is_its_owner(newcomer: User) -> None:
    client = at(newcomer)
    response = client.post(NEW, form(client.get(NEW)) | THIRD, follow=True)
    enterprise = Enterprise.objects.get(uscc=THIRD["uscc"])
    assert f"“{THIRD['name']}” is registered" in told(response) and response.redirect_chain[-1][0] == (
        f"/enterprises/{enterprise.public_id}/"
    )
    membership = enterprise.memberships.get()
    assert (membership.user, membership.role) == (newcomer, Membership.Role.OWNER)
    assert enterprise.legal_mobile == "13900000312"  # as typed, without the blanks
    assert Event.objects.filter(action="enterprise_registered", actor=newcomer).exists()


def test_the_record_masks_personal_numbers(cast: Cast) -> None:
    text = words(at(cast.owner).get(f"/enterprises/{cast.enterprise.public_id}/"))
    assert "362229********0016" in text and invented.LEGAL_ID_NUMBER not in text
    assert "138****0618" in text and invented.LEGAL_MOBILE not in text and invented.USCC in text


def test_who_came_from_a_service_goes_on_with_it(newcomer: User) -> None:
    address = at(newcomer).post(f"{NEW}?for=resumption", THIRD)["Location"]
    draft = Application.objects.get()
    assert address == f"{draft.get_absolute_url()}fill/people/" and draft.enterprise.uscc == THIRD["uscc"]


def test_who_came_from_a_service_that_is_closed_is_led_back_to_it(newcomer: User) -> None:
    Service.objects.filter(slug="resumption").update(open=False)
    assert at(newcomer).post(f"{NEW}?for=resumption", THIRD)["Location"] == "/services/resumption/"
    assert not Application.objects.exists()


@pytest.mark.parametrize("wanted", ["no-such-service", "../../admin", "//evil.example", "\x00", "a b", ""])
def test_a_made_up_way_back_leads_to_the_enterprise(newcomer: User, wanted: str) -> None:
    client = at(newcomer)
    response = client.post(NEW, THIRD, query_params={"for": wanted})
    assert response["Location"] == f"/enterprises/{Enterprise.objects.get(uscc=THIRD['uscc']).public_id}/"


WRONG = {
    "uscc": ("91360924MA35ABC16X", "check character doesn't match"),
    "legal_id_number": ("362229198503120024", "check digit of the ID number"),
    "legal_mobile": ("12345", "has 11 digits"),
    "name": ("", "This field is required"),
    "region": ("420106", "not one of the available choices"),
    "size": ("huge", "not one of the available choices"),
}


@pytest.mark.parametrize("field", WRONG)
def test_what_is_wrong_is_said_and_everything_typed_is_kept(newcomer: User, field: str) -> None:
    value, message = WRONG[field]
    response = at(newcomer).post(NEW, THIRD | {field: value})
    assert response.status_code == 422 and message in words(response)
    if field not in ("region", "size"):  # a list can't show what it doesn't have
        assert message in fault_at(response, field) and form(response)[field] == value
    shown = form(response)
    assert {key: shown[key] for key in THIRD if key != field} == {key: THIRD[key] for key in THIRD if key != field}
    assert not Enterprise.objects.filter(uscc=THIRD["uscc"]).exists()


def test_an_unusual_inner_check_digit_is_a_warning_only(newcomer: User) -> None:
    for inner, warned in (("0", True), ("3", True), (INNER, False)):
        body = f"91360924MA35ABC1{inner}"
        code = body + uscc_of_stdnum.calc_check_digit(body)
        response = at(newcomer).post(NEW, THIRD | {"uscc": code}, follow=True)
        assert Enterprise.objects.filter(uscc=code).exists()
        assert ("compare it once more with the licence" in told(response)) is warned


def test_a_registered_one_is_told_with_the_way_to_ask_for_access(cast: Cast, newcomer: User) -> None:
    response = at(newcomer).post(NEW, THIRD | {"uscc": invented.USCC})
    assert response.status_code == 422
    assert "This enterprise is registered already" in fault_at(response, "uscc")
    request = form(response, ACCESS)
    assert request["uscc"] == invented.USCC
    nothing_else = at(newcomer).post(NEW, {"uscc": invented.USCC})
    assert "This field is required" not in words(nothing_else)  # nothing else matters then
    text = words(response)
    for theirs in (invented.ENTERPRISE_NAME, cast.owner.email, invented.LEGAL_NAME):
        assert theirs not in text  # who registered it is nobody's business
    at(newcomer).post(ACCESS, request | {"message": "我是新来的经办人"})
    assert AccessRequest.objects.get().message == "我是新来的经办人"
    assert Enterprise.objects.filter(uscc=invented.USCC).count() == 1


def test_a_code_in_small_letters_is_the_same_enterprise(newcomer: User) -> None:
    response = at(newcomer).post(NEW, THIRD | {"uscc": f" {invented.USCC.lower()} "})
    assert response.status_code == 422 and "is registered already" in words(response)


@pytest.mark.django_db(transaction=True)
def test_of_eight_who_register_it_at_once_one_does_and_the_others_are_told(cast: Cast) -> None:
    people = [person(f"newcomer{n}") for n in range(8)]
    clients = [at(user) for user in people]
    results = at_once(*[lambda client=client: client.post(NEW, THIRD).status_code for client in clients])
    assert sorted(results) == [302, *[422] * 7], results
    assert Membership.objects.filter(enterprise__uscc=THIRD["uscc"]).count() == 1


def test_the_form_typed_without_a_session_is_there_after_the_log_in_and_not_sent(newcomer: User) -> None:
    client = at()
    landed = sign_in(client, newcomer, after=client.post(f"{NEW}?for=resumption", THIRD))
    assert "What you had typed is here again" in told(landed)
    assert form(landed)["name"] == THIRD["name"] and form(landed)["region"] == "360924"
    assert not Enterprise.objects.filter(uscc=THIRD["uscc"]).exists()
    address = landed.redirect_chain[-1][0]
    assert client.post(address, form(landed))["Location"].endswith("/fill/people/")


# --- asking for access -------------------------------------------------------------------------------------------


def test_access_is_asked_for_granted_and_then_had(cast: Cast, newcomer: User) -> None:
    client = at(newcomer)
    application = filled(cast)
    assert "The owner was asked" in told(ask(newcomer))
    assert "its owner has not answered yet" in words(client.get("/enterprises/"))
    assert client.get(application.get_absolute_url()).status_code == 404
    asked = AccessRequest.objects.get()
    owners_page = at(cast.owner).get(f"/enterprises/{cast.enterprise.public_id}/")
    assert "newcomer@test.invalid" in words(owners_page) and "我是经办人" in words(owners_page)
    assert page(owners_page).xpath(f"//form[@action='{ACCESS}{asked.public_id}/']//button[@value='grant']")
    reply(cast.owner, asked, "grant")
    membership = Membership.objects.get(user=newcomer)
    assert (membership.enterprise, membership.role) == (cast.enterprise, Membership.Role.AGENT)
    assert f"/enterprises/{cast.enterprise.public_id}/" in links(client.get("/enterprises/"))
    assert client.get(application.get_absolute_url(), follow=True).status_code == 200
    assert client.get("/services/resumption/start/").status_code == 200
    assert list(Event.objects.order_by("pk").filter(action__startswith="access").values_list("action", "actor")) == [
        ("access_requested", newcomer.pk), ("access_granted", cast.owner.pk)
    ]  # fmt: skip


def notices_of(user: User) -> list[tuple[str, str, str]]:
    """The inbox: subject, text, where it leads. Its mails say the same."""
    rows = Notice.objects.filter(recipient=user).order_by("pk")
    assert [row.kind for row in rows if row.channel == "email"] == [row.kind for row in rows if row.channel == "inbox"]
    messages = [(texts.render(row, "en"), row.params["path"]) for row in rows if row.channel == "inbox"]
    return [(message.subject, message.body, path) for message, path in messages]


def test_the_owner_is_told_who_asks_and_the_one_who_asked_what_came_of_it(cast: Cast, newcomer: User) -> None:
    here = f"/enterprises/{cast.enterprise.public_id}/"
    ask(newcomer)
    ((subject, body, path),) = notices_of(cast.owner)
    assert (subject, path) == (f"Somebody asks to act for {invented.ENTERPRISE_NAME}", here)
    assert "newcomer@test.invalid" in body and "我是经办人" not in body  # a mail carries no stranger's words
    assert "please answer" in words(at(cast.owner).get("/enterprises/"))
    assert "please answer" not in words(at(cast.colleague).get("/enterprises/"))  # who is no owner can't
    reply(cast.owner, AccessRequest.objects.get(), "grant")
    ((subject, body, path),) = notices_of(newcomer)
    assert (subject, path) == (f"You may act for {invented.ENTERPRISE_NAME}", here)
    assert at(newcomer).get(path).status_code == 200
    assert "please answer" not in words(at(cast.owner).get("/enterprises/"))


def test_who_is_refused_learns_no_more_than_they_knew(cast: Cast, newcomer: User) -> None:
    ask(newcomer)
    reply(cast.owner, AccessRequest.objects.get(), "refuse")
    ((subject, body, path),) = notices_of(newcomer)
    assert invented.USCC in subject and invented.ENTERPRISE_NAME not in subject + body and path == "/enterprises/"


def test_who_is_refused_has_no_access(cast: Cast, newcomer: User) -> None:
    ask(newcomer)
    reply(cast.owner, AccessRequest.objects.get(), "refuse")
    assert AccessRequest.objects.get().state == AccessRequest.State.REFUSED
    assert not Membership.objects.filter(user=newcomer).exists()
    assert at(newcomer).get(f"/enterprises/{cast.enterprise.public_id}/").status_code == 404


def test_an_answer_is_given_once(cast: Cast, newcomer: User) -> None:
    ask(newcomer)
    asked = AccessRequest.objects.get()
    reply(cast.owner, asked, "refuse")
    assert reply(cast.owner, asked, "grant").status_code == 200
    asked.refresh_from_db()
    assert asked.state == AccessRequest.State.REFUSED and not Membership.objects.filter(user=newcomer).exists()


@pytest.mark.parametrize("who", ["colleague", "outsider", "street"])
def test_only_an_owner_of_it_answers(cast: Cast, newcomer: User, who: str) -> None:
    ask(newcomer)
    asked = AccessRequest.objects.get()
    for user in (getattr(cast, who), newcomer):
        assert reply(user, asked, "grant").status_code == 404
    asked.refresh_from_db()
    assert asked.state == AccessRequest.State.OPEN and not Membership.objects.filter(user=newcomer).exists()


def test_an_agent_does_not_see_who_asks(cast: Cast, newcomer: User) -> None:
    ask(newcomer)
    assert "newcomer" not in words(at(cast.colleague).get(f"/enterprises/{cast.enterprise.public_id}/"))


def test_an_owner_who_left_answers_no_more(cast: Cast, newcomer: User) -> None:
    ask(newcomer)
    cast.owner.memberships.update(active=False)
    assert reply(cast.owner, AccessRequest.objects.get(), "grant").status_code == 404


def test_asking_twice_is_one_request(cast: Cast, newcomer: User) -> None:
    for _ in range(2):
        assert "The owner was asked" in told(ask(newcomer))
    assert AccessRequest.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_eight_clicks_on_ask_at_once_are_one_request(cast: Cast) -> None:
    newcomer = person("newcomer")
    clients = [at(newcomer) for _ in range(8)]
    results = at_once(
        *[lambda client=client: client.post(ACCESS, {"uscc": invented.USCC}).status_code for client in clients]
    )
    assert results == [302] * 8 and AccessRequest.objects.count() == 1


def test_who_acts_for_it_already_asks_nobody(cast: Cast) -> None:
    ask(cast.colleague)
    assert not AccessRequest.objects.exists()


def test_the_answer_to_asking_says_the_same_whether_it_is_registered_or_not(cast: Cast, newcomer: User) -> None:
    answers = []
    for code in (invented.USCC, THIRD["uscc"]):
        client = at(newcomer)
        response = client.post(ACCESS, {"uscc": code, "message": "x"})
        said = [str(message) for message in client.get("/").context["messages"]]
        answers.append((response.status_code, response["Location"], response.content, said))
    assert answers[0] == answers[1] and answers[0][3]
    assert AccessRequest.objects.count() == 1


def test_a_wrong_code_is_said(newcomer: User) -> None:
    assert "this has 5" in told(ask(newcomer, "12345"))
    assert not AccessRequest.objects.exists()


def test_the_eleventh_request_in_a_minute_is_told_to_wait(newcomer: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle.time, "time", lambda: 1_600_000_000)
    client = at(newcomer)
    for _ in range(10):
        assert client.post(ACCESS, {"uscc": "12345"}).status_code == 302
    assert client.post(ACCESS, {"uscc": invented.USCC}).status_code == 429
    assert not AccessRequest.objects.exists()


def test_a_link_alone_asks_nobody_and_answers_nothing(cast: Cast, newcomer: User) -> None:
    assert at(newcomer).get(ACCESS)["Location"] == NEW
    ask(newcomer)
    asked = AccessRequest.objects.get()
    response = at(cast.owner).get(f"{ACCESS}{asked.public_id}/")
    assert response["Location"] == f"/enterprises/{cast.enterprise.public_id}/"
    asked.refresh_from_db()
    assert asked.state == AccessRequest.State.OPEN
