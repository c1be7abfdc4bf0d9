"""Filing over HTTP: nothing typed is lost, nothing is overwritten unseen, and it is sent once."""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from permits.intake import storage
from permits.models import Application, Enterprise, Material, Membership, Service, Status
from reviews import policy, publishing, tasks, workflow
from reviews.audit import verify
from reviews.audit.sealing import seal
from reviews.models import Event, Notice, Thread
from tests.cast import Cast, filled, person
from tests.data import cast as invented
from tests.portal import steps
from tests.portal.browser import at, fault_at, form, links, page, sign_in, told, words
from tests.reviews.test_races import at_once

START = "/services/resumption/start/"


def address(application: Application, part: str) -> str:
    return f"/applications/{application.public_id}/{part}/"


def section(application: Application, key: str) -> str:
    return address(application, f"fill/{key}")


def fill(client: Client, application: Application, key: str, **typed: Any):
    """Open a section, type, and save."""
    opened = form(client.get(section(application, key)))
    return client.post(section(application, key), opened | typed)


def answers(application: Application) -> dict[str, Any]:
    application.refresh_from_db()
    return application.answers


# --- starting ----------------------------------------------------------------------------------------------------


def test_a_draft_is_filled_in_from_the_enterprises_record(cast: Cast) -> None:
    client = at(cast.owner)
    response = client.post(START)
    draft = Application.objects.get()
    assert (draft.enterprise, draft.applicant, draft.status) == (cast.enterprise, cast.owner, Status.DRAFT)
    assert response["Location"] == section(draft, "people")  # the record answers what comes before, and that is said
    assert "“The enterprise” is filled in from your enterprise’s record" in told(client.get(response["Location"]))
    on_page = form(client.get(section(draft, "enterprise")))
    assert on_page["uscc"] == invented.USCC and on_page["region"] == "360924" and on_page["enterprise_size"] == "small"
    on_page = form(client.get(section(draft, "people")))
    assert on_page["legal_id_number"] == invented.LEGAL_ID_NUMBER and on_page["epidemic_lead_name"] == ""


def test_a_record_with_a_gap_is_asked_about_first(cast: Cast) -> None:
    Enterprise.objects.filter(pk=cast.enterprise.pk).update(registered_address="")
    assert at(cast.owner).post(START)["Location"] == section(Application.objects.get(), "enterprise")


def test_what_the_draft_says_stays_when_the_record_changes(cast: Cast) -> None:
    at(cast.owner).post(START)
    Enterprise.objects.filter(pk=cast.enterprise.pk).update(name="改了名的公司")
    assert Application.objects.get().answers["enterprise_name"] == invented.ENTERPRISE_NAME


def test_opening_the_start_page_starts_nothing(cast: Cast) -> None:
    response = at(cast.owner).get(START)
    assert response.status_code == 200 and invented.ENTERPRISE_NAME in words(response)
    assert not Application.objects.exists()


def test_starting_twice_is_one_draft_and_the_second_is_told(cast: Cast) -> None:
    client = at(cast.owner)
    client.post(START)
    response = client.post(START, follow=True)
    assert Application.objects.count() == 1 and "You have a draft already" in told(response)


def test_a_colleague_goes_on_with_the_same_draft(cast: Cast) -> None:
    at(cast.owner).post(START)
    response = at(cast.colleague).post(START, follow=True)
    assert Application.objects.count() == 1 and "You have a draft already" in told(response)


def test_an_outsider_starts_a_draft_of_their_own(cast: Cast) -> None:
    at(cast.owner).post(START)
    at(cast.outsider).post(START)
    assert {draft.enterprise for draft in Application.objects.all()} == {cast.enterprise, cast.other_enterprise}


@pytest.mark.django_db(transaction=True)
def test_eight_clicks_on_start_at_once_are_one_draft(cast: Cast) -> None:
    clients = [at(cast.owner) for _ in range(8)]
    results = at_once(*[lambda client=client: client.post(START)["Location"] for client in clients])
    draft = Application.objects.get()
    assert results == [section(draft, "people")] * 8


def test_who_has_no_enterprise_is_led_to_register_one_and_back(cast: Cast) -> None:
    response = at(person("newcomer")).get(START, follow=True)
    assert response.redirect_chain == [("/enterprises/new/?for=resumption", 302)]
    assert "Register your enterprise first" in told(response)


def test_who_has_two_enterprises_is_asked_which(cast: Cast) -> None:
    Membership.objects.create(user=cast.owner, enterprise=cast.other_enterprise, role="agent")
    client = at(cast.owner)
    page = client.get(START)
    assert invented.ENTERPRISE_NAME in words(page) and invented.OTHER_ENTERPRISE_NAME in words(page)
    assert client.post(START).status_code == 200 and not Application.objects.exists()
    client.post(START, {"enterprise": str(cast.other_enterprise.public_id)})
    assert Application.objects.get().enterprise == cast.other_enterprise


@pytest.mark.parametrize("made_up", ["x", "\x00", "00000000-0000-0000-0000-000000000000"])
def test_an_enterprise_of_somebody_else_cannot_be_chosen(cast: Cast, made_up: str) -> None:
    third = Enterprise.objects.create(**invented.ENTERPRISE | {"uscc": "91360924MAYDEMX09A", "name": "第三家"})
    Membership.objects.create(user=cast.owner, enterprise=cast.other_enterprise, role="agent")
    for chosen in (made_up, str(third.public_id)):
        assert at(cast.owner).post(START, {"enterprise": chosen}).status_code == 200
    assert not Application.objects.exists()


def test_a_closed_service_cannot_be_started(cast: Cast) -> None:
    Service.objects.update(open=False)
    assert at(cast.owner).post(START).status_code == 404 and not Application.objects.exists()


def test_a_draft_goes_on_at_its_first_open_part(cast: Cast) -> None:
    draft = filled(cast, headcount=None)
    client = at(cast.owner)
    assert client.get(address(draft, "go-on"))["Location"] == section(draft, "staff")
    fill(client, draft, "staff", headcount="150")
    assert client.get(address(draft, "go-on"))["Location"] == address(draft, "check")
    draft.materials.filter(requirement="epidemic_plan").delete()
    assert client.get(address(draft, "go-on"))["Location"].startswith(address(draft, "materials"))


# --- filling in --------------------------------------------------------------------------------------------------


def test_each_section_leads_to_the_next_and_the_last_to_the_materials(cast: Cast) -> None:
    draft = filled(cast)
    client = at(cast.owner)
    way = ["enterprise", "people", "staff", "arrangement", "supplies"]
    for here, following in pairwise(way):
        assert fill(client, draft, here)["Location"] == section(draft, following)
    assert fill(client, draft, "supplies")["Location"] == address(draft, "materials")


def test_saving_a_section_unchanged_changes_nothing(cast: Cast) -> None:
    draft = filled(cast)
    before = dict(draft.answers)
    for part in draft.definition.sections:
        assert fill(at(cast.owner), draft, part.key).status_code == 302
    after = answers(draft)
    assert {key: value for key, value in after.items() if value is not None} == before


def test_from_the_check_page_one_goes_back_to_the_check_page(cast: Cast) -> None:
    draft = filled(cast)
    client = at(cast.owner)
    here = section(draft, "staff")
    opened = form(client.get(f"{here}?then=check"))
    wrong = client.post(here, opened | {"headcount": "1"})
    assert wrong.status_code == 422 and form(wrong)["then"] == "check"
    assert client.post(here, form(wrong) | {"headcount": "151"})["Location"] == address(draft, "check")


WRONG = {
    "a credit code with a wrong check character": (
        "enterprise", {"uscc": "91360924MAYDEMQ29H"}, "uscc", "The check character doesn't match"),
    "a credit code with a letter that it never has": (
        "enterprise", {"uscc": "91360924MAYDEMQ2OG"}, "uscc", "which the code never has"),
    "a credit code that is too short": ("enterprise", {"uscc": "9136092"}, "uscc", "this has 7"),
    "an ID number with a wrong check digit": (
        "people", {"legal_id_number": "362229197806150017"}, "legal_id_number", "The check digit of the ID number"),
    "an ID number of the 30th of February": (
        "people", {"legal_id_number": "362229197802300016"}, "legal_id_number", "aren't a date of birth"),
    "a mobile with ten digits": ("people", {"legal_mobile": "1380000061"}, "legal_mobile", "has 11 digits"),
    "origins that don't add up": (
        "staff", {"origin_local": "83"}, "origin_local", "The four origins must add up to the first batch"),
    "a first batch larger than the headcount": (
        "staff", {"headcount": "100"}, "first_batch", "can't be larger than the usual headcount"),
    "a number in words": ("staff", {"headcount": "一百五十"}, "headcount", "Enter a whole number"),
    "a number below nothing": ("staff", {"origin_local": "-1"}, "origin_local", "greater than or equal to 0"),
    "a day in the past": ("arrangement", {"resumption_date": "2020-02-10"}, "resumption_date", "can't be in the past"),
    "a day that there isn't": ("arrangement", {"resumption_date": "2026-02-30"}, "resumption_date", "valid date"),
    "a text that is too long": ("arrangement", {"shift_arrangement": "班" * 2001}, "shift_arrangement", "2000"),
    "a county of another province": ("enterprise", {"region": "420106"}, "region", "not one of the available choices"),
    "something left out": ("people", {"epidemic_lead_name": ""}, "epidemic_lead_name", "Please fill in"),
}  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_is_said_at_its_field_and_everything_typed_is_kept(cast: Cast, wrong: str) -> None:
    key, typed, field, message = WRONG[wrong]
    draft = filled(cast)
    client = at(cast.owner)
    sent = form(client.get(section(draft, key))) | typed
    response = client.post(section(draft, key), sent)
    assert response.status_code == 422
    assert message in fault_at(response, field) and message in words(response).split("Save and continue")[0]
    shown = form(response)
    kept = answers(draft)
    later = form(at(cast.colleague).get(section(draft, key)))  # from the draft, on another device
    for name, value in typed.items():
        # A list can't show what it doesn't have; the draft still says what was sent.
        assert name == "region" or (shown[name], later[name]) == (value, value)
        assert str(kept[name]) == value
    assert {name: value for name, value in shown.items() if name not in (*typed, "state")} == {
        name: value for name, value in sent.items() if name not in (*typed, "state")
    }


def test_the_list_of_what_is_wrong_names_each_field_once(cast: Cast) -> None:
    response = fill(at(cast.owner), filled(cast), "staff", headcount="", origin_local="85")
    listed = [" ".join(item.text_content().split()) for item in page(response).xpath("//*[@class='error-summary']//li")]
    assert listed[0] == "Please fill in “Usual headcount”."
    assert listed[1].startswith("of these, from the local city") and "must add up" in listed[1]


def test_the_pledge_that_is_not_given_is_asked_for(cast: Cast) -> None:
    draft = filled(cast)
    client = at(cast.owner)
    sent = form(client.get(section(draft, "supplies")))
    del sent["pledge"]
    response = client.post(section(draft, "supplies"), sent)
    assert response.status_code == 422 and "without the pledge" in fault_at(response, "pledge")
    assert "pledge" not in form(response) and answers(draft)["pledge"] is False


def test_a_null_character_is_left_out_on_both_engines(cast: Cast) -> None:
    draft = filled(cast)
    response = fill(at(cast.owner), draft, "people", epidemic_lead_name="余\x00小禾")
    assert response.status_code == 302 and answers(draft)["epidemic_lead_name"] == "余小禾"


def test_markup_that_is_typed_is_text(cast: Cast) -> None:
    draft = filled(cast)
    client = at(cast.owner)
    fill(client, draft, "people", epidemic_lead_name="<script>alert(1)</script>")
    for part in (section(draft, "people"), address(draft, "check")):
        body = client.get(part).content.decode()
        assert "<script>alert" not in body and "&lt;script&gt;alert" in body


def test_too_few_masks_are_a_warning_that_stops_nobody(cast: Cast) -> None:
    draft = filled(cast)
    client = at(cast.owner)
    response = fill(client, draft, "supplies", masks="100")
    assert response.status_code == 302
    assert "Fewer masks than the first batch needs" in told(client.get(response["Location"]))
    assert client.post(address(draft, "check")).status_code == 302
    draft.refresh_from_db()
    assert draft.number


def test_a_field_that_is_not_asked_any_more_is_not_kept(cast: Cast) -> None:
    draft = filled(cast)
    response = fill(at(cast.owner), draft, "arrangement", canteen_used="false", canteen_arrangement="两批")
    assert response.status_code == 302 and answers(draft)["canteen_arrangement"] is None


def test_a_section_that_the_service_has_not_is_not_found(cast: Cast) -> None:
    draft = filled(cast)
    assert at(cast.owner).get(section(draft, "nonsense")).status_code == 404


# --- two tabs ----------------------------------------------------------------------------------------------------


def test_two_tabs_the_second_is_told_what_the_first_saved_and_nothing_typed_is_lost(cast: Cast) -> None:
    draft = filled(cast)
    client = at(cast.owner)
    here = section(draft, "arrangement")
    first, second = form(client.get(here)), form(client.get(here))
    assert client.post(here, first | {"shift_arrangement": "一班倒"}).status_code == 302
    response = client.post(here, second | {"shift_arrangement": "三班倒，每班四十人"})
    assert response.status_code == 409
    assert "This section was changed in another window" in words(response)
    assert "Shifts: 一班倒" in words(response)  # what is saved
    assert form(response)["shift_arrangement"] == "三班倒，每班四十人"  # what was typed
    assert answers(draft)["shift_arrangement"] == "一班倒"
    assert client.post(here, form(response)).status_code == 302
    assert answers(draft)["shift_arrangement"] == "三班倒，每班四十人"


def test_two_people_in_two_sections_do_not_stand_in_each_others_way(cast: Cast) -> None:
    draft = filled(cast)
    owner, colleague = at(cast.owner), at(cast.colleague)
    people, staff = (form(owner.get(section(draft, "people"))), form(colleague.get(section(draft, "staff"))))
    assert colleague.post(section(draft, "staff"), staff | {"headcount": "160"}).status_code == 302
    assert owner.post(section(draft, "people"), people | {"epidemic_lead_name": "卢晓青"}).status_code == 302
    assert (answers(draft)["headcount"], draft.answers["epidemic_lead_name"]) == (160, "卢晓青")


def test_what_is_wrong_in_the_second_tab_is_said_and_overwrites_nothing(cast: Cast) -> None:
    draft = filled(cast)
    client = at(cast.owner)
    here = section(draft, "staff")
    second = form(client.get(here))
    fill(client, draft, "staff", headcount="160")
    response = client.post(here, second | {"headcount": "many"})
    assert response.status_code == 409 and "Usual headcount: 160" in words(response)
    assert form(response)["headcount"] == "many" and "whole number" in fault_at(response, "headcount")
    assert answers(draft)["headcount"] == 160


@pytest.mark.parametrize(("headcount", "status"), [("160", 302), ("many", 422)])
def test_a_double_click_on_save_is_not_taken_for_a_second_window(cast: Cast, headcount: str, status: int) -> None:
    draft = filled(cast)
    client = at(cast.owner)
    sent = form(client.get(section(draft, "staff"))) | {"headcount": headcount}
    first, again = (client.post(section(draft, "staff"), sent) for _ in range(2))
    assert first.status_code == again.status_code == status
    assert str(answers(draft)["headcount"]) == headcount


@pytest.mark.django_db(transaction=True)
def test_of_two_who_save_at_once_one_is_told(cast: Cast) -> None:
    draft = filled(cast)
    here = section(draft, "staff")
    owner, colleague = at(cast.owner), at(cast.colleague)
    opened = form(owner.get(here))
    results = at_once(
        lambda: owner.post(here, opened | {"headcount": "160"}).status_code,
        lambda: colleague.post(here, opened | {"headcount": "170"}).status_code,
    )
    assert sorted(results) == [302, 409]
    assert answers(draft)["headcount"] == (160 if results[0] == 302 else 170)


def test_the_back_button_fetches_the_form_anew(cast: Cast) -> None:
    """A page that the browser kept would carry an old state, and its sender would be told of another window."""
    draft = filled(cast)
    for part in (section(draft, "staff"), address(draft, "check"), address(draft, "materials")):
        assert "no-store" in at(cast.owner).get(part)["Cache-Control"]


def test_a_window_left_open_cannot_change_what_was_sent(cast: Cast) -> None:
    draft = filled(cast)
    client = at(cast.owner)
    opened = form(client.get(section(draft, "staff")))
    client.post(address(draft, "check"))
    sent = answers(draft)
    response = client.post(section(draft, "staff"), opened | {"headcount": "999"}, follow=True)
    assert "was sent already" in told(response) and answers(draft) == sent


# --- a form that saves itself -----------------------------------------------------------------------------------


def saves_itself(client: Client, application: Application, key: str, typed: dict[str, Any]):
    """As the page's script does while one types; gives the line below the form, and the state in it."""
    response = client.post(section(application, key), typed | {"autosave": "1"}, headers={"HX-Request": "true"})
    text = response.content.decode()
    (state,) = re.findall(r'name="state" value="([^"]*)"', text)
    return response, text, {"state": state}


def test_what_is_typed_is_saved_as_it_is_typed_and_then_by_the_button(cast: Cast) -> None:
    draft = filled(cast)
    client = at(cast.owner)
    opened = form(client.get(section(draft, "staff")))
    response, text, state = saves_itself(client, draft, "staff", opened | {"headcount": "1"})  # on the way to 160
    assert response.status_code == 200 and "Saved at" in text and answers(draft)["headcount"] == 1
    response, _text, state = saves_itself(client, draft, "staff", opened | state | {"headcount": "16x"})
    assert response.status_code == 200 and answers(draft)["headcount"] == "16x"
    assert client.post(section(draft, "staff"), opened | state | {"headcount": "160"}).status_code == 302
    assert answers(draft)["headcount"] == 160


def test_a_second_tab_that_saves_itself_overwrites_nothing_and_the_button_shows_both(cast: Cast) -> None:
    draft = filled(cast)
    client = at(cast.owner)
    second = form(client.get(section(draft, "staff"))) | {"headcount": "170"}
    fill(client, draft, "staff", headcount="160")
    response, text, state = saves_itself(client, draft, "staff", second)
    assert response.status_code == 409 and "changed in another window" in text and answers(draft)["headcount"] == 160
    response = client.post(section(draft, "staff"), second | state)
    assert response.status_code == 409 and "Usual headcount: 160" in words(response)
    assert form(response)["headcount"] == "170" and answers(draft)["headcount"] == 160


def test_a_form_that_saves_itself_after_it_was_sent_is_told(cast: Cast) -> None:
    draft = filled(cast)
    client = at(cast.owner)
    opened = form(client.get(section(draft, "staff")))
    client.post(address(draft, "check"))
    response, text, _state = saves_itself(client, draft, "staff", opened | {"headcount": "170"})
    assert response.status_code == 409 and "was sent already" in text and answers(draft)["headcount"] == 150


def test_a_form_that_saves_itself_without_a_session_says_so_and_loses_nothing(cast: Cast) -> None:
    draft = filled(cast)
    client, here = at(), section(draft, "staff")
    opened = form(at(cast.owner).get(here))
    response, text, state = saves_itself(client, draft, "staff", opened | {"headcount": "170"})
    assert response.status_code == 401 and "You were signed out" in text and state["state"] == opened["state"]
    assert f'href="/accounts/login/?next={here}"' in text
    response["Location"] = f"/accounts/login/?next={here}"
    landed = sign_in(client, cast.owner, after=response)
    assert "What you had typed is here again" in told(landed) and "<html" in landed.content.decode()
    assert answers(draft)["headcount"] == 170


# --- the session ended -------------------------------------------------------------------------------------------


def test_what_was_typed_outlives_the_session(cast: Cast) -> None:
    draft = filled(cast)
    client = at(cast.owner, enforce_csrf_checks=True)
    here = section(draft, "arrangement")
    page = client.get(here)
    typed = form(page) | {"shift_arrangement": "四班三运转", "csrfmiddlewaretoken": client.cookies["csrftoken"].value}
    client.session.flush()
    response = client.post(here, typed)
    assert response.status_code == 302 and parse_qs(urlsplit(response["Location"]).query) == {"next": [here]}
    assert "What you typed is kept: sign in" in told(client.get(response["Location"]))
    client.handler.enforce_csrf_checks = False
    landed = sign_in(client, cast.owner, after=response)
    assert "What you had typed is here again" in told(landed)
    assert answers(draft)["shift_arrangement"] == "四班三运转"
    assert landed.redirect_chain[-1][0] == section(draft, "supplies")  # as if the session had been there
    client.get(here)
    assert "typed" not in client.session or not client.session["typed"]


def test_a_wrong_value_typed_without_a_session_is_there_to_be_mended(cast: Cast) -> None:
    draft = filled(cast)
    client = at()
    here = section(draft, "staff")
    response = client.post(here, form(at(cast.owner).get(here)) | {"headcount": "many", "then": "check"})
    landed = sign_in(client, cast.owner, after=response)
    assert landed.status_code == 422 and form(landed)["headcount"] == "many" and form(landed)["then"] == "check"
    assert answers(draft)["headcount"] == "many"


def test_two_windows_without_a_session_keep_both(cast: Cast) -> None:
    draft = filled(cast)
    client, owner = at(), at(cast.owner)
    staff, shifts = section(draft, "staff"), section(draft, "arrangement")
    client.post(staff, form(owner.get(staff)) | {"headcount": "160"})
    response = client.post(shifts, form(owner.get(shifts)) | {"shift_arrangement": "一班"})
    sign_in(client, cast.owner, after=response)
    client.get(staff)
    assert (answers(draft)["headcount"], draft.answers["shift_arrangement"]) == (160, "一班")


def test_what_somebody_else_saved_meanwhile_is_not_overwritten(cast: Cast) -> None:
    draft = filled(cast)
    client, owner = at(), at(cast.owner)
    here = section(draft, "staff")
    response = client.post(here, form(owner.get(here)) | {"headcount": "160"})
    fill(owner, draft, "staff", headcount="170")
    landed = sign_in(client, cast.owner, after=response)
    assert landed.status_code == 409 and "Usual headcount: 170" in words(landed)
    assert form(landed)["headcount"] == "160" and answers(draft)["headcount"] == 170


def test_who_signs_in_as_somebody_else_puts_nothing_into_the_draft(cast: Cast) -> None:
    draft = filled(cast)
    client = at()
    here = section(draft, "staff")
    response = client.post(here, form(at(cast.owner).get(here)) | {"headcount": "160"})
    assert sign_in(client, cast.outsider, after=response).status_code == 404
    assert answers(draft)["headcount"] == 150


def test_what_is_kept_until_the_log_in_is_encrypted(cast: Cast) -> None:
    draft = filled(cast)
    client = at()
    client.post(section(draft, "people"), {"legal_id_number": invented.LEGAL_ID_NUMBER, "legal_name": "江立川"})
    kept = str(dict(client.session.items()))
    assert section(draft, "people") in kept
    assert invented.LEGAL_ID_NUMBER not in kept and "%E6%B1%9F" not in kept


def test_what_is_far_too_long_is_not_put_into_a_session(cast: Cast) -> None:
    draft = filled(cast)
    client = at()
    response = client.post(section(draft, "arrangement"), {"shift_arrangement": "x" * 300_000})
    assert response.status_code == 302 and not client.session.get("typed")


def test_of_many_forms_without_a_session_the_newest_are_kept(cast: Cast) -> None:
    draft = filled(cast)
    client = at()
    for key in ("a", "b", "c", "d", "e", "f", "g"):
        client.post(section(draft, key), {"x": "1"})
    assert [path[-2] for path in client.session["typed"]] == ["c", "d", "e", "f", "g"]


# --- checking and sending ----------------------------------------------------------------------------------------


def test_a_complete_draft_is_sent_and_has_a_number(cast: Cast) -> None:
    draft = filled(cast)
    client = at(cast.owner)
    response = client.post(address(draft, "check"), follow=True)
    draft.refresh_from_db()
    assert draft.status == Status.SUBMITTED and draft.number in words(response)
    assert response.redirect_chain == [(draft.get_absolute_url(), 302)]


def test_the_check_page_shows_everything_and_masks_personal_numbers(cast: Cast) -> None:
    draft = filled(cast)
    text = words(at(cast.owner).get(address(draft, "check")))
    assert "362229********0016" in text and invented.LEGAL_ID_NUMBER not in text
    assert "138****0618" in text and invented.LEGAL_MOBILE not in text
    for answer in ("分早晚两班", "120 people", "厂区东侧独立宿舍楼", "epidemic_plan.pdf"):
        assert answer in text


def test_sending_without_a_material_says_which_and_links_to_it(cast: Cast) -> None:
    draft = filled(cast)
    draft.materials.filter(requirement="epidemic_plan").delete()
    response = at(cast.owner).post(address(draft, "check"))
    assert response.status_code == 422
    assert "It was not sent yet" in words(response) and "Please upload “Epidemic emergency plan”" in words(response)
    assert f"{address(draft, 'materials')}#material-epidemic_plan" in links(response)
    draft.refresh_from_db()
    assert draft.status == Status.DRAFT and draft.number is None


def test_everything_that_is_missing_is_said_at_once_each_with_its_place(cast: Cast) -> None:
    draft = filled(cast, headcount=None, epidemic_lead_name="")
    draft.materials.filter(requirement="roster").delete()
    response = at(cast.owner).post(address(draft, "check"))
    places = links(response)
    for place in (
        f"{section(draft, 'staff')}?then=check#id_headcount",
        f"{section(draft, 'people')}?then=check#id_epidemic_lead_name",
        f"{address(draft, 'materials')}#material-roster",
    ):
        assert place in places
    assert 'id="id_headcount"' in at(cast.owner).get(section(draft, "staff")).content.decode()
    assert 'id="material-roster"' in at(cast.owner).get(address(draft, "materials")).content.decode()


def test_a_canteen_that_is_used_needs_its_plan(cast: Cast) -> None:
    draft = filled(cast)
    draft.materials.filter(requirement="canteen_plan").delete()
    assert "Canteen and dormitory plan" in words(at(cast.owner).post(address(draft, "check")))
    fill(at(cast.owner), draft, "arrangement", canteen_used="false")
    assert at(cast.owner).post(address(draft, "check")).status_code == 302


def test_a_second_click_a_retry_and_the_back_button_give_one_number(cast: Cast) -> None:
    draft = filled(cast)
    client = at(cast.owner)
    first, second = (client.post(address(draft, "check")) for _ in range(2))
    assert first["Location"] == second["Location"] == draft.get_absolute_url()
    assert client.get(address(draft, "check"))["Location"] == draft.get_absolute_url()
    assert client.get(section(draft, "staff"))["Location"] == draft.get_absolute_url()
    assert client.get(address(draft, "go-on"))["Location"] == draft.get_absolute_url()
    assert Application.objects.count() == 1 and Event.objects.filter(action="submitted").count() == 1


@pytest.mark.django_db(transaction=True)
def test_eight_clicks_on_send_at_once_give_one_number(cast: Cast) -> None:
    draft = filled(cast)
    clients = [at(cast.owner) for _ in range(8)]
    results = at_once(*[lambda client=client: client.post(address(draft, "check"))["Location"] for client in clients])
    assert set(results) == {draft.get_absolute_url()}, results
    assert Event.objects.filter(action="submitted").count() == 1
    draft.refresh_from_db()
    assert draft.number.split("-")[2] == "000001"


def test_a_colleague_may_send_it(cast: Cast) -> None:
    draft = filled(cast)
    at(cast.colleague).post(address(draft, "check"))
    draft.refresh_from_db()
    assert draft.number and draft.applicant == cast.owner


def test_a_county_without_an_office_is_said_and_the_draft_stays(cast: Cast) -> None:
    draft = filled(cast, region="360121")
    response = at(cast.owner).post(address(draft, "check"))
    assert response.status_code == 409
    assert "handles “Pre-check by the town or street office” in 江西省南昌市南昌县" in told(response)
    assert "Your application is kept as a draft." in told(response)
    draft.refresh_from_db()
    assert draft.status == Status.DRAFT


def test_sent_without_a_session_it_is_sent_after_the_log_in_by_hand(cast: Cast) -> None:
    draft = filled(cast)
    client = at()
    landed = sign_in(client, cast.owner, after=client.post(address(draft, "check")))
    assert landed.status_code == 200 and "Check everything, then send" in words(landed)
    draft.refresh_from_db()
    assert draft.status == Status.DRAFT  # a log-in alone sends nothing


# --- throwing away -----------------------------------------------------------------------------------------------


def test_a_draft_is_thrown_away_with_its_files(
    cast: Cast, draft: Application, django_capture_on_commit_callbacks
) -> None:
    digests = list(draft.materials.values_list("sha256", flat=True))
    assert digests and all(storage.exists(digest) for digest in digests)
    with django_capture_on_commit_callbacks(execute=True):
        response = at(cast.owner).post(address(draft, "discard"), follow=True)
    assert "The draft was thrown away" in told(response)
    assert not Application.objects.exists() and not any(storage.exists(digest) for digest in digests)


def test_after_throwing_away_one_may_begin_again(cast: Cast) -> None:
    client = at(cast.owner)
    client.post(START)
    old = Application.objects.get()
    client.post(address(old, "discard"))
    assert client.get(section(old, "people")).status_code == 404
    client.post(START)
    assert Application.objects.get().pk != old.pk


@pytest.mark.parametrize("kind", ["later", "pledge"])
def test_a_draft_with_a_promise_is_thrown_away(cast: Cast, kind: str) -> None:
    draft = filled(cast)
    workflow.promise_material(
        draft.pk, applicant=cast.owner, requirement="canteen_plan" if kind == "later" else "epidemic_plan", kind=kind
    )
    assert "The draft was thrown away" in told(at(cast.owner).post(address(draft, "discard"), follow=True))
    assert not Application.objects.exists()


def test_a_draft_that_the_log_tells_of_is_thrown_away_and_the_log_stays_whole(
    cast: Cast, settings: Any, django_capture_on_commit_callbacks: Any
) -> None:
    settings.KEEP_FILES = {"draft": 60}
    client = at(cast.owner)
    client.post(START)
    draft = Application.objects.get()
    stored = storage.put([b"a plan"])
    Material.objects.create(
        application=draft, requirement="canteen_plan", original_name="plan.pdf", media_type="application/pdf", size=6,
        sha256=stored.sha256, uploaded_by=cast.owner, check_state="fine",
    )  # fmt: skip
    workflow.promise_material(draft.pk, applicant=cast.owner, requirement="epidemic_plan", kind="pledge")
    workflow.ask(draft.pk, applicant=cast.owner, text="您好", key="1")
    long_ago = timezone.now() - timedelta(days=59)
    Application.objects.update(updated_at=long_ago, left_over=[{"label": {"zh": "", "en": ""}, "value": "机密"}])
    Material.objects.update(uploaded_at=long_ago)
    tasks.announce_erasures()
    assert draft.events.exists() and draft.notices.exists()
    with pytest.raises(policy.Refused):  # an event too
        workflow.submit(draft.pk, applicant=cast.outsider)
    with django_capture_on_commit_callbacks(execute=True):
        assert "The draft was thrown away" in told(client.post(address(draft, "discard"), follow=True))
    gone = Application.objects.get()
    assert (gone.answers, gone.left_over, gone.is_draft) == ({}, [], False) and gone.discarded_at
    assert not storage.exists(stored.sha256)
    for rows in (gone.materials, gone.promises, gone.notices, gone.callbacks, gone.consents):
        assert not rows.exists()
    assert not Thread.objects.exists() and not Notice.objects.inbox_of(cast.owner).exists()
    last = gone.events.latest("seq")
    assert (last.action, last.actor) == ("draft_discarded", cast.owner)
    seal()
    assert verify.verify().first is None
    for part in ("check", "go-on", "materials", "messages", "fill/people"):
        assert client.get(address(draft, part)).status_code == 404
    assert client.get(draft.get_absolute_url()).status_code == 404
    for listed in ("/", "/applications/", "/services/resumption/", f"/enterprises/{cast.enterprise.public_id}/"):
        assert str(draft.public_id) not in client.get(listed).content.decode()
    workflow.discard_draft(draft.pk, applicant=cast.owner)
    assert gone.events.latest("seq") == last, "a second click changes nothing"
    assert client.post(START).status_code == 302
    fresh = Application.objects.visible_to(cast.owner).get()
    assert fresh.pk != draft.pk and fresh.answers
    assert publishing.preview(fresh.version.source).drafts == 1


def test_a_renewal_that_was_thrown_away_can_be_begun_again(cast: Cast) -> None:
    permit = steps.approved(cast).permit
    draft = filled(cast)
    Application.objects.filter(pk=draft.pk).update(renews=permit)
    with pytest.raises(policy.Refused):
        workflow.submit(draft.pk, applicant=cast.outsider)
    at(cast.owner).post(address(draft, "discard"))
    draft.refresh_from_db()
    assert draft.discarded_at and draft.renews is None
    Application.objects.filter(pk=filled(cast).pk).update(renews=permit)


def test_what_was_sent_cannot_be_thrown_away(cast: Cast) -> None:
    application = workflow.submit(filled(cast).pk, applicant=cast.owner)
    response = at(cast.owner).post(address(application, "discard"), follow=True)
    assert "it can be withdrawn, not thrown away" in told(response)
    assert Application.objects.filter(pk=application.pk).exists() and application.materials.count() == 5


def test_a_link_alone_throws_nothing_away(cast: Cast) -> None:
    draft = filled(cast)
    assert at(cast.owner).get(address(draft, "discard"))["Location"] == address(draft, "check")
    client = at()
    sign_in(client, cast.owner, after=client.post(address(draft, "discard")))
    assert Application.objects.filter(pk=draft.pk).exists()


def test_a_form_without_its_token_is_refused_in_words(cast: Cast) -> None:
    draft = filled(cast)
    client = at(cast.owner, enforce_csrf_checks=True)
    response = client.post(address(draft, "check"))
    assert response.status_code == 403 and "This page was open for too long" in words(response)
