"""Who may act for an enterprise: authorisations with a limit and an end, invitations, owners, leaving, the record."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.utils import timezone

from permits.intake import uses
from permits.models import (
    AccessRequest,
    Application,
    Enterprise,
    EnterpriseChange,
    Invitation,
    Membership,
    Service,
    User,
)
from portal.demo import DOCUMENTS
from reviews import authorisations, enterprises, own_account, policy, workflow
from reviews.authorisations import Limits
from reviews.models import Event, Notice
from reviews.notices import texts
from tests.cast import Cast, filled, person
from tests.data import cast as invented
from tests.portal import steps
from tests.portal.browser import at, fault_at, form, links, page, sign_in, told, words

DAY = timedelta(days=1)


def here(cast: Cast, *more: str) -> str:
    return "/".join([f"/enterprises/{cast.enterprise.public_id}", *more, ""])


def of(cast: Cast, user: User) -> Membership:
    return Membership.objects.get(enterprise=cast.enterprise, user=user)


def limit(cast: Cast, **columns: Any) -> Membership:
    """The colleague's authorisation, as if it had been given some time ago."""
    Membership.objects.filter(pk=of(cast, cast.colleague).pk).update(**columns)
    return of(cast, cast.colleague)


def actions(cast: Cast) -> list[str]:
    stream = f"enterprise:{cast.enterprise.public_id}"
    return list(Event.objects.filter(stream=stream).order_by("seq").values_list("action", flat=True))


def kinds_of(user: User) -> list[str]:
    return list(Notice.objects.inbox_of(user).order_by("pk").values_list("kind", flat=True))


# --- what an authorisation lets somebody do -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "last", "acts"),
    [
        (None, None, True),
        (0, 0, True),
        (-5, 5, True),
        (None, -1, False),
        (1, None, False),
        (1, 9, False),
        (None, 0, True),
    ],
)
def test_an_agent_acts_on_the_days_that_the_authorisation_names(
    cast: Cast, first: int | None, last: int | None, acts: bool
) -> None:
    today = timezone.localdate()
    days = [None if n is None else today + n * DAY for n in (first, last)]
    limit(cast, valid_from=days[0], valid_until=days[1])
    application = filled(cast)
    assert Application.objects.visible_to(cast.colleague).filter(pk=application.pk).exists() is acts
    assert Enterprise.objects.visible_to(cast.colleague).filter(pk=cast.enterprise.pk).exists() is acts
    if acts:
        workflow.submit(application.pk, applicant=cast.colleague)
    else:
        with pytest.raises(policy.Refused) as refused:
            workflow.submit(application.pk, applicant=cast.colleague)
        assert refused.value.rule == "authorisation"


def test_an_agent_for_chosen_services_sees_and_starts_those_only(cast: Cast) -> None:
    refund = steps.shipped("job_retention")
    authorisations.authorise(of(cast, cast.colleague).pk, Limits(services=("job-retention",)), by=cast.owner)
    application, client = filled(cast), at(cast.colleague)
    assert not Application.objects.visible_to(cast.colleague).filter(pk=application.pk).exists()
    with pytest.raises(policy.Refused):
        workflow.submit(application.pk, applicant=cast.colleague)
    assert "doesn't cover this service" in told(client.get("/services/resumption/start/", follow=True))
    client.post("/services/job-retention/start/")
    draft = Application.objects.get(version__service=Service.objects.get(slug="job-retention"))
    assert draft.applicant == cast.colleague and client.get(draft.get_absolute_url(), follow=True).status_code == 200
    assert refund is not None
    refused = client.get(application.get_absolute_url())
    assert refused.status_code == 403 and "in some services only" in words(refused)


def test_who_filed_acts_on_it_no_more_once_the_authorisation_is_over(cast: Cast) -> None:
    application = filled(cast)
    Application.objects.filter(pk=application.pk).update(applicant=cast.colleague)
    authorisations.end(of(cast, cast.colleague).pk, by=cast.owner)
    with pytest.raises(policy.Refused):
        workflow.submit(application.pk, applicant=cast.colleague)


def test_who_filed_hears_no_more_of_it_once_the_authorisation_is_over(cast: Cast) -> None:
    application = filled(cast)
    Application.objects.filter(pk=application.pk).update(applicant=cast.colleague)
    workflow.submit(application.pk, applicant=cast.colleague)
    assert "submitted" in kinds_of(cast.colleague) and "submitted" in kinds_of(cast.owner)
    limit(cast, valid_until=timezone.localdate() - DAY)
    authorisations.keep()
    steps.in_review(cast, Application.objects.get(pk=application.pk))
    assert "accepted" in kinds_of(cast.owner) and "accepted" not in kinds_of(cast.colleague)


def test_an_expired_one_is_told_what_to_do_wherever_they_come_from(cast: Cast) -> None:
    application = steps.submitted(cast)
    limit(cast, valid_until=date(2020, 2, 9))
    client = at(cast.colleague)
    for address in (application.get_absolute_url(), here(cast), f"{application.get_absolute_url()}receipt/"):
        response = client.get(address)
        assert response.status_code == 403, address
        assert "ran out after 9 February 2020" in words(response) and "Ask the owner to extend it" in words(response)
    listed = client.get("/enterprises/")
    assert invented.ENTERPRISE_NAME in words(listed) and here(cast) not in links(listed)
    assert "2020年2月9日" in words(at(cast.colleague, language="zh-hans").get("/enterprises/"))
    client.post("/enterprises/access/", form(listed, "/enterprises/access/"))
    enterprises.answer_access(AccessRequest.objects.get(), by=cast.owner, grant=True)
    assert client.get(application.get_absolute_url()).status_code == 200


def test_one_who_left_and_a_stranger_are_told_nothing(cast: Cast) -> None:
    application = steps.submitted(cast)
    limit(cast, active=False, valid_until=date(2020, 2, 9))
    for user in (cast.colleague, cast.outsider):
        for address in (application.get_absolute_url(), here(cast)):
            response = at(user).get(address)
            assert response.status_code == 404 and invented.ENTERPRISE_NAME not in words(response)


def test_the_database_keeps_owners_without_limits(cast: Cast) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Membership.objects.filter(pk=of(cast, cast.owner).pk).update(valid_until=date(2030, 1, 1))


def test_an_official_whose_authorisation_ran_out_still_decides_nothing_of_the_enterprise(cast: Cast) -> None:
    application = steps.submitted(cast)
    yesterday = timezone.localdate() - DAY
    Membership.objects.create(enterprise=cast.enterprise, user=cast.street, role="agent", valid_until=yesterday)
    with pytest.raises(policy.Refused) as refused:
        workflow.claim(application.tasks.get().pk, official=cast.street)
    assert refused.value.rule == "own_filing"


# --- time ---------------------------------------------------------------------------------------------------------


def test_both_are_reminded_once_and_told_once_and_anew_when_it_is_extended(cast: Cast) -> None:
    until = timezone.localdate() + 5 * DAY
    agent = of(cast, cast.colleague)
    authorisations.authorise(agent.pk, Limits(valid_until=until), by=cast.owner)
    assert authorisations.keep() == {"expired": 0, "reminded": 1} and authorisations.keep() == {
        "expired": 0,
        "reminded": 0,
    }
    assert kinds_of(cast.owner) == ["authorisation_ends_soon"]
    assert kinds_of(cast.colleague) == ["authorised", "authorisation_ends_soon"]
    after = until + DAY
    assert authorisations.keep(until)["expired"] == 0, "the last day is one of them"
    assert authorisations.keep(after)["expired"] == 1 and authorisations.keep(after)["expired"] == 0
    assert kinds_of(cast.owner)[-1] == kinds_of(cast.colleague)[-1] == "authorisation_expired"
    authorisations.authorise(agent.pk, Limits(valid_until=after), by=cast.owner)
    assert authorisations.keep(after) == {"expired": 0, "reminded": 1}
    assert actions(cast) == [
        "authorised", "authorisation_reminded", "authorisation_expired", "authorised", "authorisation_reminded",
    ]  # fmt: skip
    said = texts.render(Notice.objects.inbox_of(cast.owner).get(kind="authorisation_expired"), "zh").body
    assert f"{until.year}年{until.month}月{until.day}日" in said


# --- owners -------------------------------------------------------------------------------------------------------


def test_there_is_always_an_owner(cast: Cast) -> None:
    mine = of(cast, cast.owner)
    client = at(cast.owner)
    for address, sent in (
        (here(cast, "leave"), {}),
        (here(cast, "members", str(cast.owner.public_id)), {"step": "end"}),
        (here(cast, "members", str(cast.owner.public_id)), {"step": "make_agent"}),
    ):
        response = client.post(address, sent)
        assert response.status_code == 409 and "always has an owner" in words(response)
    authorisations.make_owner(of(cast, cast.colleague).pk, by=cast.owner)
    User.objects.filter(pk=cast.colleague.pk).update(is_active=False)
    assert client.post(here(cast, "leave")).status_code == 409, "an account that is shut owns nothing"
    User.objects.filter(pk=cast.colleague.pk).update(is_active=True)
    assert client.post(here(cast, "leave"))["Location"] == "/enterprises/"
    mine.refresh_from_db()
    assert (mine.active, mine.role) == (False, "agent") and client.get(here(cast)).status_code == 404
    assert kinds_of(cast.colleague)[-1] == "member_left" and actions(cast) == ["owner_made", "member_left"]


def test_an_owner_limits_extends_and_ends_by_the_page(cast: Cast) -> None:
    client, address = at(cast.owner), here(cast, "members", str(cast.colleague.public_id))
    sent = {"step": "authorise", "extent": "chosen", "services": [], "valid_from": "", "valid_until": "2020-01-01"}
    response = client.post(address, sent)
    assert response.status_code == 422
    assert "in the past" in fault_at(response, "valid_until") and "at least one service" in fault_at(
        response, "services"
    )
    until = timezone.localdate() + 30 * DAY
    client.post(address, sent | {"services": ["resumption"], "valid_until": until.isoformat()})
    agent = of(cast, cast.colleague)
    assert (agent.all_services, agent.valid_until) == (False, until) and agent.services.get().slug == "resumption"
    shown = page(client.get(address))
    assert shown.xpath("//input[@name='extent'][@checked]/@value") == ["chosen"]
    assert shown.xpath("//input[@name='valid_until']/@value") == [until.isoformat()]
    listed = words(at(cast.colleague).get(here(cast)))
    assert f"until {until.day} {until:%B %Y}" in listed and "Resumption-of-work filing" in listed
    client.post(address, {"step": "end"})
    assert at(cast.colleague).get(here(cast)).status_code == 404
    assert client.get(address).status_code == 404 and actions(cast) == ["authorised", "authorisation_ended"]


@pytest.mark.parametrize("who", ["colleague", "outsider", "street"])
def test_only_an_owner_says_who_may_act(cast: Cast, who: str) -> None:
    user = getattr(cast, who)
    agent, mine = of(cast, cast.colleague), of(cast, cast.owner)
    for step in (
        lambda: authorisations.authorise(agent.pk, Limits(), by=user),
        lambda: authorisations.make_owner(agent.pk, by=user),
        lambda: authorisations.make_agent(mine.pk, by=user),
        lambda: authorisations.end(mine.pk, by=user),
        lambda: authorisations.invite(cast.enterprise.pk, "x@test.invalid", Limits(), by=user),
        lambda: enterprises.change(cast.enterprise.pk, {"name": "X"}, by=user, revision=0),
    ):
        with pytest.raises(enterprises.Refused) as refused:
            step()
        assert refused.value.rule == "owner"
    for more in (["record"], ["history"], ["invite"], ["members", str(cast.colleague.public_id)]):
        assert at(user).get(here(cast, *more)).status_code == 404
    assert not actions(cast) and not Invitation.objects.exists()


# --- invitations --------------------------------------------------------------------------------------------------


def test_one_with_an_account_is_invited_accepts_and_acts(cast: Cast) -> None:
    invited = person("invited")
    until = timezone.localdate() + 90 * DAY
    client, address = at(cast.owner), here(cast, "invite")
    sent = form(client.get(address)) | {"email": "Invited@Test.invalid", "valid_until": until.isoformat()}
    assert "invited@test.invalid was invited" in told(client.post(address, sent, follow=True))
    invitation = Invitation.objects.get()
    mine = f"/enterprises/invitations/{invitation.public_id}/"
    assert kinds_of(invited) == ["invited"] and Notice.objects.inbox_of(invited).get().params["path"] == mine
    assert mine in links(at(invited).get("/enterprises/"))
    assert "until" in words(at(invited).get(mine)) and invented.ENTERPRISE_NAME in words(at(invited).get(mine))
    assert not Membership.objects.filter(user=invited).exists(), "looking is not accepting"
    at(invited).post(mine, {"answer": "accept"})
    member = of(cast, invited)
    assert (member.role, member.valid_until) == ("agent", until)
    assert kinds_of(cast.owner) == ["invitation_answered"] and actions(cast) == ["agent_invited", "invitation_accepted"]
    assert at(invited).post(mine, {"answer": "accept"}).status_code == 404


def test_one_without_an_account_gets_a_mail_and_the_owner_is_not_told_which(
    cast: Cast, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        authorisations.invite(cast.enterprise.pk, "new@test.invalid", Limits(), by=cast.owner)
    invitation = Invitation.objects.get()
    (letter,) = [each for each in mail.outbox if each.to == ["new@test.invalid"]]
    assert f"/enterprises/invitations/{invitation.public_id}/" in letter.body
    newcomer = person("new")
    assert at(newcomer).get(f"/enterprises/invitations/{invitation.public_id}/").status_code == 200


def test_an_invitation_is_for_a_confirmed_address_and_for_a_time(cast: Cast) -> None:
    invited = person("invited")
    authorisations.invite(cast.enterprise.pk, invited.email, Limits(), by=cast.owner)
    invitation = Invitation.objects.get()
    address = f"/enterprises/invitations/{invitation.public_id}/"
    invited.emailaddress_set.update(verified=False)
    assert at(invited).post(address, {"answer": "accept"}).status_code == 404
    invited.emailaddress_set.update(verified=True)
    Invitation.objects.update(expires_at=timezone.now() - DAY)
    assert at(invited).post(address, {"answer": "accept"}).status_code == 404
    with pytest.raises(enterprises.Refused):
        authorisations.answer(invitation, by=invited, accept=True)
    assert not Membership.objects.filter(user=invited).exists()
    again = authorisations.invite(cast.enterprise.pk, invited.email, Limits(), by=cast.owner)
    assert again.pk != invitation.pk, "one that is too old makes room for another"
    assert authorisations.invite(cast.enterprise.pk, invited.email, Limits(), by=cast.owner).pk == again.pk


def test_an_invitation_is_declined_or_withdrawn(cast: Cast) -> None:
    invited = person("invited")
    first = authorisations.invite(cast.enterprise.pk, invited.email, Limits(), by=cast.owner)
    at(invited).post(f"/enterprises/invitations/{first.public_id}/", {"answer": "decline"})
    second = authorisations.invite(cast.enterprise.pk, invited.email, Limits(), by=cast.owner)
    for _click in range(2):
        at(cast.owner).post(here(cast, "invitations", str(second.public_id)))
    assert at(invited).get(f"/enterprises/invitations/{second.public_id}/").status_code == 404
    assert actions(cast) == ["agent_invited", "invitation_declined", "agent_invited", "invitation_withdrawn"]
    assert not Membership.objects.filter(user=invited).exists()


@pytest.mark.parametrize("how", ["ended", "made an agent", "left", "closed the account"])
def test_who_stops_being_an_owner_leaves_no_invitation_behind(cast: Cast, how: str) -> None:
    second = person("second")
    was = authorisations.make_owner(of(cast, cast.colleague).pk, by=cast.owner)
    theirs = authorisations.invite(cast.enterprise.pk, second.email, Limits(), by=cast.colleague, role="owner")
    others = authorisations.invite(cast.enterprise.pk, person("third").email, Limits(), by=cast.owner)
    match how:
        case "ended":
            authorisations.end(was.pk, by=cast.owner)
        case "made an agent":
            authorisations.make_agent(was.pk, by=cast.owner)
        case "left":
            authorisations.leave(cast.enterprise.pk, by=cast.colleague)
        case _:
            own_account.close(cast.colleague)
    address = f"/enterprises/invitations/{theirs.public_id}/"
    assert at(second).post(address, {"answer": "accept"}).status_code == 404
    with pytest.raises(enterprises.Refused):
        authorisations.answer(theirs, by=second, accept=True)
    assert not Membership.objects.filter(user=second).exists()
    assert actions(cast).count("invitation_withdrawn") == 1
    others.refresh_from_db()
    assert others.state == "open", "another owner's invitation stands"


@pytest.mark.parametrize("shut", [True, False])
def test_nobody_comes_in_by_the_word_of_one_who_is_no_owner_any_more(cast: Cast, shut: bool) -> None:
    second = person("second")
    invitation = authorisations.invite(cast.enterprise.pk, second.email, Limits(), by=cast.owner, role="owner")
    if shut:
        User.objects.filter(pk=cast.owner.pk).update(is_active=False)
    else:  # before this rule stood, and nobody withdrew what they had invited to
        Membership.objects.filter(pk=of(cast, cast.owner).pk).update(role="agent")
    response = at(second).post(f"/enterprises/invitations/{invitation.public_id}/", {"answer": "accept"}, follow=True)
    assert "Ask for a new one" in told(response) and not Membership.objects.filter(user=second).exists()
    authorisations.answer(invitation, by=second, accept=False)
    assert Invitation.objects.get().state == "declined"


def test_who_acts_for_it_already_is_not_invited(cast: Cast) -> None:
    client = at(cast.owner)
    sent = form(client.get(here(cast, "invite"))) | {"email": cast.colleague.email}
    response = client.post(here(cast, "invite"), sent)
    assert response.status_code == 422 and "already" in fault_at(response, "email")


# --- the record ---------------------------------------------------------------------------------------------------


def test_the_record_is_changed_with_its_history_and_fills_in_the_next_filing(cast: Cast) -> None:
    client = at(cast.owner)
    sent = form(client.get(here(cast, "record")))
    assert (
        sent["legal_id_number"] == ""
        and invented.LEGAL_ID_NUMBER not in client.get(here(cast, "record")).content.decode()
    )
    client.post(here(cast, "record"), sent | {"production_address": "工业园区新厂房", "legal_mobile": "13900000777"})
    cast.enterprise.refresh_from_db()
    assert (cast.enterprise.production_address, cast.enterprise.legal_mobile) == ("工业园区新厂房", "13900000777")
    assert cast.enterprise.legal_id_number == invented.LEGAL_ID_NUMBER and cast.enterprise.revision == 1
    event = Event.objects.get(action="enterprise_changed")
    assert "工业园区" not in event.payload and "13900000777" not in event.payload and "legal_mobile" in event.payload
    history = words(client.get(here(cast, "history")))
    assert "工业园区新厂房" in history and "139****0777" in history and "13900000777" not in history
    client.post("/services/resumption/start/", {"enterprise": str(cast.enterprise.public_id)})
    draft = Application.objects.get(status="draft")
    assert draft.answers["production_address"] == "工业园区新厂房"


def test_of_two_who_change_it_the_second_is_shown_what_the_first_saved(cast: Cast) -> None:
    client = at(cast.owner)
    first = form(client.get(here(cast, "record")))
    client.post(here(cast, "record"), first | {"size": "large"})
    response = client.post(here(cast, "record"), first | {"size": "micro", "legal_name": "余新"})
    assert response.status_code == 409 and "Somebody changed the record meanwhile" in words(response)
    assert form(response)["legal_name"] == "余新" and "Large" in words(response)
    client.post(here(cast, "record"), form(response) | {"revision": "1"})
    cast.enterprise.refresh_from_db()
    assert cast.enterprise.legal_name == "余新" and EnterpriseChange.objects.count() == 2


@pytest.mark.parametrize("way", ["a typing error", "a log-in"])
def test_what_another_owner_changed_is_not_overwritten_after(cast: Cast, way: str) -> None:
    client = at(cast.owner)
    opened = form(client.get(here(cast, "record")))
    at(cast.owner).post(here(cast, "record"), opened | {"production_address": "工业园区新厂房"})
    mine = opened | {"legal_name": "余新"}
    if way == "a log-in":
        client.logout()
        back = sign_in(client, cast.owner, after=client.post(here(cast, "record"), mine))
    else:
        back = client.post(here(cast, "record"), mine | {"legal_mobile": "123"})
        assert back.status_code == 422
    response = client.post(here(cast, "record"), form(back) | {"legal_mobile": ""})
    assert response.status_code == 409 and "工业园区新厂房" in words(response) and form(response)["legal_name"] == "余新"
    cast.enterprise.refresh_from_db()
    assert cast.enterprise.production_address == "工业园区新厂房" and cast.enterprise.legal_name != "余新"
    looked_at = form(response) | {"production_address": "工业园区新厂房"}
    assert client.post(here(cast, "record"), looked_at).status_code == 302
    cast.enterprise.refresh_from_db()
    assert (cast.enterprise.production_address, cast.enterprise.legal_name) == ("工业园区新厂房", "余新")


def test_saving_the_same_again_is_no_change(cast: Cast) -> None:
    client = at(cast.owner)
    client.post(here(cast, "record"), form(client.get(here(cast, "record"))))
    assert not EnterpriseChange.objects.exists() and not actions(cast)


@pytest.mark.once
def test_the_page_counts_filings_and_shows_what_is_on_record(cast: Cast, django_assert_max_num_queries: Any) -> None:
    steps.approved(cast)
    filled(cast)
    client = at(cast.owner)
    with django_assert_max_num_queries(20) as few:
        text = words(client.get(here(cast)))
    assert "Drafts1" in text and "Sent in all1" in text and "Granted or recorded1" in text
    assert "Documents on record" in text and "business_licence.pdf" in text
    for n in range(3):
        filled(cast)
        Membership.objects.create(enterprise=cast.enterprise, user=person(f"more{n}"), role="agent")
    with django_assert_max_num_queries(len(few)):
        client.get(here(cast))


# --- the document of authority --------------------------------------------------------------------------------------


def hand_in(client: Any, cast: Cast, name: str, content: bytes) -> Any:
    address = here(cast, "members", str(cast.colleague.public_id))
    return client.post(address, {"step": "document", "document": SimpleUploadedFile(name, content)}, follow=True)


def test_a_document_of_authority_is_looked_into_kept_and_shown_to_both(cast: Cast) -> None:
    client, address = at(cast.owner), here(cast, "members", str(cast.colleague.public_id), "document")
    refused = hand_in(client, cast, "authority.pdf", b"<html>no pdf</html>")
    assert refused.status_code == 422 and client.get(address).status_code == 404
    assert "Choose a file first" in words(
        client.post(here(cast, "members", str(cast.colleague.public_id)), {"step": "document"})
    )
    first, second = ((DOCUMENTS / name).read_bytes() for name in ("epidemic_plan.pdf", "pledge.jpg"))
    assert "is saved" in told(hand_in(client, cast, "授权书.pdf", first))
    kept = of(cast, cast.colleague)
    for user in (cast.owner, cast.colleague):
        assert b"".join(at(user).get(address).streaming_content) == first
    for user in (cast.outsider, cast.street):
        assert at(user).get(address).status_code == 404
    assert uses.is_used(kept.document_sha256)
    hand_in(client, cast, "authority.jpg", second)
    assert not uses.is_used(kept.document_sha256) and actions(cast) == ["authority_kept", "authority_kept"]
    hand_in(client, cast, "authority.jpg", second)
    assert len(actions(cast)) == 2, "the same again is no step"
