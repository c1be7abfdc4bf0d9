"""Answering a notice of corrections: what is asked and no more, nothing lost, and no dead end."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from permits.models import Application, Status
from portal import demo
from reviews import workflow
from reviews.models import CorrectionItem, CorrectionNotice, Event
from tests.cast import Cast, task_of
from tests.data import cast as invented
from tests.data import roster
from tests.portal import steps
from tests.portal.browser import at, fault_at, form, page, sign_in, told, words, written
from tests.reviews.test_races import at_once

DATA = Path(__file__).parents[1] / "data"
MASKS = ("field", "masks", "口罩数量与照片不符，请核对")
PLEDGE = ("material", "signed_pledge", "承诺书未盖章，请重新上传")
OTHER = ("other", "", "请说明夜班如何测温")


def where(application: Application) -> str:
    return f"/applications/{application.public_id}/corrections/"


def upload(client: Client, application: Application, key: str, name: str, content: bytes) -> Any:
    address = f"/applications/{application.public_id}/materials/{key}/add/"
    return client.post(address, {"file": SimpleUploadedFile(name, content)}, follow=True)


def answer(client: Client, application: Application, **typed: Any) -> Any:
    """Type into the page as it is, and press “Send the answers”."""
    return client.post(where(application), form(client.get(where(application))) | typed | {"send": "1"}, follow=True)


def note(key: str) -> str:
    """The name of the box for words about the item."""
    return f"answer-{CorrectionItem.objects.get(key=key).public_id}"


def status(application: Application) -> str:
    application.refresh_from_db()
    return str(application.status)


def asked(response: Any) -> list[str]:
    """The headings of what the page asks for, without their numbers."""
    headings = page(response).xpath("//section[contains(@class, 'asked')]//h2")
    return ["".join(heading.xpath("text()")).strip() for heading in headings]


def test_only_what_is_asked_is_shown_beside_what_was_sent(cast: Cast) -> None:
    application = steps.asked_to_correct(cast, MASKS, PLEDGE, OTHER)
    response = at(cast.owner).get(where(application))
    assert asked(response) == ["Masks in stock", "Other", "Signed pledge"]
    shown = form(response, "")
    assert set(shown) == {"state", "masks", *(f"answer-{item.public_id}" for item in CorrectionItem.objects.all())}
    text = words(response)
    for expected in (MASKS[2], PLEDGE[2], OTHER[2], "Sent before: 2000 pieces", "signed_pledge.pdf"):
        assert expected in text
    uploads = page(response).xpath("//form[@data-upload]/@action")
    assert uploads == [f"/applications/{application.public_id}/materials/signed_pledge/add/"]


def test_the_deadline_is_told(cast: Cast) -> None:
    application = steps.asked_to_correct(cast, MASKS)
    deadline = written(CorrectionNotice.objects.get().deadline)
    assert f"Answer by {deadline}" in words(at(cast.owner).get(where(application)))


def test_personal_numbers_sent_before_are_masked(cast: Cast) -> None:
    application = steps.asked_to_correct(cast, ("field", "legal_mobile", "号码停机"))
    assert "Sent before: 138****0618" in words(at(cast.owner).get(where(application)))


def test_nothing_else_can_be_changed_by_the_way(cast: Cast) -> None:
    application = steps.asked_to_correct(cast, MASKS)
    before = dict(application.answers)
    answer(at(cast.owner), application, masks="2400", headcount="9999", legal_name="别人", uscc=invented.OTHER_USCC)
    application.refresh_from_db()
    assert application.answers == before | {"masks": 2400}


def test_saving_keeps_without_sending(cast: Cast) -> None:
    application = steps.asked_to_correct(cast, MASKS, PLEDGE)
    client = at(cast.owner)
    typed = form(client.get(where(application))) | {"masks": "2400", note("signed_pledge"): "明天盖章", "save": "1"}
    response = client.post(where(application), typed, follow=True)
    assert "Saved. It is not sent yet" in told(response)
    later = form(at(cast.colleague).get(where(application)))
    assert later["masks"] == "2400" and later[note("signed_pledge")] == "明天盖章"
    assert status(application) == Status.NEEDS_CORRECTION and not application.tasks.open().exists()
    assert not Event.objects.filter(action="corrections_answered").exists()


def test_what_is_left_unanswered_is_named_and_the_rest_is_kept(cast: Cast) -> None:
    application = steps.asked_to_correct(cast, MASKS, PLEDGE, OTHER)
    response = answer(at(cast.owner), application, masks="2400")
    assert response.status_code == 422 and "It was not sent yet" in words(response)
    (summary,) = page(response).xpath("//*[@role='alert']")
    assert [row.text_content() for row in summary.xpath(".//li")] == [
        "Other: Change it as asked, or write why it stays as it is.",
        "Signed pledge: Change it as asked, or write why it stays as it is.",
    ]
    for target in summary.xpath(".//a/@href"):
        assert page(response).xpath(f"//*[@id='{target[1:]}']"), "each leads to its place on the page"
    assert form(response)["masks"] == "2400" and status(application) == Status.NEEDS_CORRECTION


def test_a_wrong_value_is_said_and_everything_typed_is_kept(cast: Cast) -> None:
    application = steps.asked_to_correct(cast, MASKS, ("field", "legal_id_number", "与证件不符"))
    client = at(cast.owner)
    response = answer(
        client, application, legal_id_number="362229197806150017", masks="2400", **{note("masks"): "已补"}
    )
    assert response.status_code == 422
    assert "check digit of the ID number" in fault_at(response, "legal_id_number")
    for shown in (form(response), form(at(cast.colleague).get(where(application)))):
        assert shown["legal_id_number"] == "362229197806150017" and shown["masks"] == "2400"
        assert shown[note("masks")] == "已补"
    assert status(application) == Status.NEEDS_CORRECTION


def test_a_file_is_uploaded_where_it_is_asked_for_and_nowhere_else(cast: Cast) -> None:
    application = steps.asked_to_correct(cast, PLEDGE)
    client = at(cast.owner)
    response = upload(client, application, "signed_pledge", "盖章.jpg", (DATA / "pledge.jpg").read_bytes())
    assert response.redirect_chain[-1][0].startswith(where(application)) and "盖章.jpg" in words(response)
    response = upload(client, application, "epidemic_plan", "新.pdf", (DATA / "epidemic_plan.pdf").read_bytes())
    assert "its materials can't be changed now" in told(response)
    kept = dict(application.materials.current().values_list("requirement", "original_name"))
    assert kept["signed_pledge"] == "盖章.jpg" and kept["epidemic_plan"] == "epidemic_plan.pdf"
    assert application.materials.filter(requirement="signed_pledge").count() == 2  # the first stays on record
    assert answer(client, application).status_code == 200 and status(application) == Status.CORRECTED


def test_answering_starts_the_clock_again_with_what_was_left(cast: Cast) -> None:
    application = steps.asked_to_correct(cast, MASKS)
    CorrectionNotice.objects.update(promised_left=2 * 3600)
    response = answer(at(cast.owner), application, masks="2400")
    assert "Your corrections were sent" in told(response)
    assert status(application) == Status.CORRECTED
    task = task_of(application, "street")
    assert task.claimed_by == cast.street and application.due_at > timezone.now() + timedelta(hours=1, minutes=50)
    assert "Corrections answered" in words(response)


def test_words_are_an_answer_where_nothing_changes(cast: Cast) -> None:
    application = steps.asked_to_correct(cast, MASKS, OTHER)
    response = answer(at(cast.colleague), application, **{note("masks"): "已核对，无误", note(""): "每班两次"})
    assert response.status_code == 200 and status(application) == Status.CORRECTED
    assert sorted(item.answer for item in CorrectionItem.objects.all()) == ["已核对，无误", "每班两次"]


def test_a_double_click_sends_once_and_then_there_is_nothing_to_answer(cast: Cast) -> None:
    application = steps.asked_to_correct(cast, MASKS)
    client = at(cast.owner)
    typed = form(client.get(where(application))) | {"masks": "2400", "send": "1"}
    for _ in range(2):
        response = client.post(where(application), typed, follow=True)
        assert response.status_code == 200
    assert "No corrections are asked for at the moment" in told(response)
    assert Event.objects.filter(action="corrections_answered").count() == 1
    assert application.tasks.filter(stage="precheck").count() == 2  # the one that asked, and the one that follows


@pytest.mark.django_db(transaction=True)
def test_eight_clicks_at_once_send_once(cast: Cast) -> None:
    application = steps.asked_to_correct(cast, MASKS)
    clients = [at(cast.owner) for _ in range(8)]
    typed = form(clients[0].get(where(application))) | {"masks": "2400", "send": "1"}
    results = at_once(*[lambda client=client: client.post(where(application), typed).status_code for client in clients])
    assert results == [302] * 8
    assert Event.objects.filter(action="corrections_answered").count() == 1


@pytest.mark.parametrize("made", [steps.submitted, steps.in_review, steps.approved])
def test_where_nothing_is_asked_the_page_says_so(cast: Cast, made: Any) -> None:
    application = made(cast)
    for response in (
        at(cast.owner).get(where(application), follow=True),
        at(cast.owner).post(where(application), {"masks": "1"}, follow=True),
    ):
        assert "No corrections are asked for at the moment" in told(response)
    application.refresh_from_db()
    assert application.answers["masks"] == 2000


def test_what_was_withdrawn_meanwhile_is_not_corrected(cast: Cast) -> None:
    application = steps.asked_to_correct(cast, MASKS)
    client = at(cast.owner)
    typed = form(client.get(where(application))) | {"masks": "2400", "send": "1"}
    workflow.withdraw(application.pk, applicant=cast.colleague)
    assert "No corrections are asked for" in told(client.post(where(application), typed, follow=True))
    assert status(application) == Status.WITHDRAWN and application.answers["masks"] == 2000


def test_answers_typed_without_a_session_are_there_after_the_log_in_and_not_sent(cast: Cast) -> None:
    application = steps.asked_to_correct(cast, MASKS, OTHER)
    client = at()
    typed = form(at(cast.owner).get(where(application))) | {"masks": "2400", note(""): "每班两次", "send": "1"}
    landed = sign_in(client, cast.owner, after=client.post(where(application), typed))
    assert "What you had typed is here again" in told(landed)
    assert form(landed)["masks"] == "2400" and form(landed)[note("")] == "每班两次"
    assert status(application) == Status.NEEDS_CORRECTION
    assert answer(client, application).status_code == 200 and status(application) == Status.CORRECTED


# --- what hangs on what is asked ---------------------------------------------------------------------------------


def test_a_corrected_first_batch_lets_the_origins_and_the_roster_be_mended(cast: Cast) -> None:
    """Only the first batch is asked for; but the origins no longer add up then, and the roster has other rows."""
    application = steps.asked_to_correct(cast, ("field", "first_batch", "请按实际人数填写"))
    client = at(cast.owner)
    assert asked(client.get(where(application))) == ["Returning in the first batch"]
    response = answer(client, application, first_batch="118")
    assert response.status_code == 422
    assert "The four origins must add up" in fault_at(response, "origin_local")
    assert "The roster has 120 rows" in words(response)
    assert {"origin_local", "origin_province", "origin_other", "origin_key_area"} <= set(form(response))
    assert "Not asked for in the notice" in words(response)
    people = [row for row in roster.people() if row[3] != "420106" and row[3] != "420112"]
    upload(client, application, "roster", "118.xlsx", roster.workbook_bytes(people))
    response = answer(client, application, origin_key_area="0")
    assert status(application) == Status.CORRECTED, words(response)
    assert (application.answers["first_batch"], application.answers["origin_key_area"]) == (118, 0)


def test_a_canteen_that_opens_by_a_correction_asks_for_its_plan(cast: Cast) -> None:
    application = steps.submitted(cast, canteen_used=False, canteen_arrangement=None)
    application.materials.filter(requirement="canteen_plan").delete()
    steps.asked_to_correct(cast, ("field", "canteen_used", "现场有食堂"), application=application)
    client = at(cast.owner)
    response = answer(client, application, canteen_used="true")
    assert response.status_code == 422
    assert "Please fill in" in fault_at(response, "canteen_arrangement")
    assert "Please upload “Canteen and dormitory plan”" in words(response)
    upload(client, application, "canteen_plan", "食堂.pdf", (DATA / "canteen_plan.pdf").read_bytes())
    answer(client, application, canteen_arrangement="分三批错峰取餐")
    assert status(application) == Status.CORRECTED


def test_a_day_that_passed_while_the_clock_stood_still_can_be_moved(cast: Cast) -> None:
    application = steps.asked_to_correct(cast, MASKS)
    past = (timezone.localdate() - timedelta(days=1)).isoformat()
    Application.objects.filter(pk=application.pk).update(answers=application.answers | {"resumption_date": past})
    client = at(cast.owner)
    response = client.get(where(application))
    assert asked(response) == ["Masks in stock", "Planned resumption date"]
    response = answer(client, application, masks="2400")
    assert response.status_code == 422 and "can't be in the past" in fault_at(response, "resumption_date")
    coming = (timezone.localdate() + timedelta(days=3)).isoformat()
    answer(client, application, resumption_date=coming)
    assert status(application) == Status.CORRECTED and application.answers["resumption_date"] == coming


def test_what_fits_stays_closed(cast: Cast) -> None:
    application = steps.asked_to_correct(cast, ("field", "first_batch", "请核对"))
    client = at(cast.owner)
    for key in ("roster", "signed_pledge"):
        response = upload(client, application, key, "x.pdf", (DATA / "canteen_plan.pdf").read_bytes())
        assert "its materials can't be changed now" in told(response)
    assert demo.answers_for(cast.enterprise)["first_batch"] == application.answers["first_batch"]


# --- two people ---------------------------------------------------------------------------------------------------

PLACE, SHIFTS = ("field", "quarantine_place", "请核对"), ("field", "shift_arrangement", "请核对")


def test_of_two_who_answer_the_second_is_told_what_the_first_saved_and_nothing_typed_is_lost(cast: Cast) -> None:
    application = steps.asked_to_correct(cast, PLACE, SHIFTS)
    one, two = at(cast.owner), at(cast.colleague)
    first, second = form(one.get(where(application))), form(two.get(where(application)))
    saved = {"shift_arrangement": "两班倒", note("shift_arrangement"): "已改"}
    assert one.post(where(application), first | saved | {"save": "1"}).status_code == 302
    typed = {"quarantine_place": "新的隔离点", note("quarantine_place"): "见附图"}
    for button in ("save", "send"):
        response = two.post(where(application), second | typed | {button: "1"})
        assert response.status_code == 409 and "The answers were changed in another window" in words(response)
    for line in ("Shifts: 两班倒", "Note on “Shifts”: 已改"):
        assert line in words(response), "what is saved"
    shown = form(response)
    assert {key: shown[key] for key in typed} == typed, "what was typed"
    application.refresh_from_db()
    assert application.answers["shift_arrangement"] == "两班倒" and application.status == Status.NEEDS_CORRECTION
    assert CorrectionItem.objects.get(key="shift_arrangement").answer == "已改"
    assert two.post(where(application), shown | saved | {"send": "1"}).status_code == 302
    application.refresh_from_db()
    assert application.status == Status.CORRECTED
    assert (application.answers["shift_arrangement"], application.answers["quarantine_place"]) == ("两班倒", "新的隔离点")


def test_what_was_typed_before_a_log_in_overwrites_nothing_that_was_saved_meanwhile(cast: Cast) -> None:
    application = steps.asked_to_correct(cast, PLACE, SHIFTS)
    client = at(cast.colleague)
    opened = form(client.get(where(application)))
    client.logout()
    to_login = client.post(where(application), opened | {"quarantine_place": "新的隔离点", "save": "1"})
    other = at(cast.owner)
    other.post(where(application), form(other.get(where(application))) | {"shift_arrangement": "两班倒", "save": "1"})
    back = sign_in(client, cast.colleague, after=to_login)
    assert back.status_code == 409 and "班次安排：两班倒" in words(back).replace(": ", "：")
    assert form(back)["quarantine_place"] == "新的隔离点"
    application.refresh_from_db()
    assert application.answers["shift_arrangement"] == "两班倒"


def test_the_same_answers_sent_twice_stand_in_nobodys_way(cast: Cast) -> None:
    application = steps.asked_to_correct(cast, MASKS, OTHER)
    client = at(cast.owner)
    typed = form(client.get(where(application))) | {"masks": "5000", note(""): "每班两次\r\n夜班一次", "save": "1"}
    assert [client.post(where(application), typed).status_code for _click in range(2)] == [302, 302]


def test_a_file_added_meanwhile_on_the_same_page_is_no_other_window(cast: Cast) -> None:
    application = steps.asked_to_correct(cast, MASKS, PLEDGE)
    client = at(cast.owner)
    opened = form(client.get(where(application)))
    upload(client, application, "signed_pledge", "pledge.jpg", (DATA / "pledge.jpg").read_bytes())
    assert client.post(where(application), opened | {"masks": "5000", "save": "1"}).status_code == 302


def test_what_the_others_answer_puts_on_the_page_is_not_emptied(cast: Cast) -> None:
    application = steps.asked_to_correct(cast, ("field", "first_batch", "请核对"), MASKS)
    one, two = at(cast.owner), at(cast.colleague)
    second = form(two.get(where(application)))
    before = application.answers["origin_local"]
    one.post(where(application), form(one.get(where(application))) | {"first_batch": "7", "save": "1"})
    response = two.post(where(application), second | {"masks": "5000", "save": "1"})
    assert response.status_code == 409
    assert two.post(where(application), form(response) | {"first_batch": "7", "save": "1"}).status_code in (302, 422)
    application.refresh_from_db()
    assert application.answers["origin_local"] == before and application.answers["masks"] == 5000
