"""After it is sent: where it stands, what may still be done, and who may look."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from typing import Any

import pikepdf
import pytest
from django.utils import timezone

from permits import numbers
from permits.models import Application, Check, Material, Permit, Status
from portal import throttle
from portal.views import tracking
from reviews import workflow
from reviews.models import Event, Notice, Rating
from tests.cast import Cast, filled, task_of
from tests.data import cast as invented
from tests.portal import steps
from tests.portal.browser import at, form, links, page, sign_in, told, words, written


def part(application: Application, name: str) -> str:
    return f"/applications/{application.public_id}/{name}"


def timeline(application: Application, which: str = "timeline", *, language: str = "en") -> list[str]:
    (found,) = page(at(application.applicant, language=language).get(application.get_absolute_url())).xpath(
        f"//ol[@class='{which}']"
    )
    return [" ".join(row.text_content().split()) for row in found.xpath("./li")]


# --- the page of an application ----------------------------------------------------------------------------------


def test_the_page_says_where_it_stands_and_what_comes(cast: Cast) -> None:
    application = steps.submitted(cast)
    response = at(cast.owner).get(application.get_absolute_url())
    text = words(response)
    assert application.number in text and "Submitted" in text
    assert written(application.due_at) in text
    assert [re.split(r" \d{1,2} \w+ 20", row)[0] for row in timeline(application, "timeline stages")] == [
        "Sent and received",
        "Pre-check by the town or street office Within 1 working hour Xinchang Town Government, Yifeng At work since",
        "Countersign (still to come) Within 1 working hour",
        "Decision by the approval bureau (still to come) Within 1 working hour",
    ]
    assert "owner" in timeline(application)[0]


def test_what_was_just_sent_is_said_to_have_arrived_until_something_happens(cast: Cast) -> None:
    application = steps.submitted(cast)
    for _once_and_again in range(2):  # the first answer to a double click is never seen
        text = words(at(cast.owner).get(application.get_absolute_url()))
        due = written(application.due_at)
        assert "It was sent, and received" in text and f"Promised by {due}. There is nothing for you to do now" in text
    steps.in_review(cast, application)
    assert "It was sent, and received" not in words(at(cast.owner).get(application.get_absolute_url()))


def test_the_timeline_tells_who_did_what_by_office_and_not_by_name(cast: Cast) -> None:
    application = steps.approved(cast)
    rows = timeline(application)
    assert [re.split(r" \d{1,2} \w+ 20", row)[0] for row in rows] == ["Submitted", "Accepted", "Agreed", "Agreed", "Filing recorded"]
    assert "Xinchang Town Government, Yifeng" in rows[1] and "Yifeng County Approval Bureau" in rows[-1]
    text = words(at(cast.owner).get(application.get_absolute_url()))
    for official in (cast.street, cast.health, cast.industry, cast.decider):
        assert official.email not in text and f" {official.name} " not in " ".join(rows)


def test_the_timeline_is_told_in_chinese_too(cast: Cast) -> None:
    rows = timeline(steps.approved(cast), language="zh-hans")
    assert rows[-1].startswith("予以备案") and "宜丰县行政审批局" in rows[-1]


def test_what_the_office_does_inside_is_not_told(cast: Cast) -> None:
    application = steps.submitted(cast)
    before = timeline(application)
    workflow.claim(task_of(application, "street").pk, official=cast.street)
    assert Event.objects.filter(action="claimed").exists() and timeline(application) == before


def test_a_rejection_is_told_with_its_reason(cast: Cast) -> None:
    application = steps.rejected(cast, "隔离场所不符合要求")
    assert "隔离场所不符合要求" in timeline(application)[-1] and "Filing refused" in timeline(application)[-1]
    assert part(application, "permit.pdf") not in links(at(cast.owner).get(application.get_absolute_url()))


def test_personal_numbers_are_masked_in_what_was_sent(cast: Cast) -> None:
    text = words(at(cast.owner).get(steps.submitted(cast).get_absolute_url()))
    assert "362229********0016" in text and invented.LEGAL_ID_NUMBER not in text
    assert invented.LEGAL_MOBILE not in text and invented.EPIDEMIC_LEAD_MOBILE not in text


@pytest.mark.parametrize(("left", "chip"), [(3 * 3600, "due-ok"), (1800, "due-soon"), (-60, "due-late")])
def test_the_promised_time_is_shown_as_it_is(cast: Cast, left: int, chip: str) -> None:
    application = steps.submitted(cast)
    Application.objects.filter(pk=application.pk).update(due_at=timezone.now() + timedelta(seconds=left))
    assert chip in at(cast.owner).get(application.get_absolute_url()).content.decode()


def test_while_corrections_are_awaited_no_clock_is_shown(cast: Cast) -> None:
    application = steps.asked_to_correct(cast, ("field", "masks", "请核对"))
    response = at(cast.owner).get(application.get_absolute_url())
    assert "until then the clock stands still" in words(response) and 'class="due ' not in response.content.decode()
    assert part(application, "corrections/") in links(response)


def test_a_drafts_page_is_its_check_page(cast: Cast) -> None:
    draft = filled(cast)
    assert at(cast.owner).get(draft.get_absolute_url())["Location"] == part(draft, "check/")


# --- the receipt -------------------------------------------------------------------------------------------------


def test_the_receipt_names_number_times_and_materials(cast: Cast) -> None:
    application = steps.submitted(cast)
    text = words(at(cast.owner).get(part(application, "receipt/")))
    for expected in (application.number, invented.USCC, "epidemic_plan.pdf", "signed_pledge.pdf"):
        assert expected in text
    for at_ in (application.submitted_at, application.due_at, application.statutory_due_at):
        assert written(at_) in text


def test_the_receipt_stays_what_it_was_when_a_file_is_corrected(cast: Cast) -> None:
    application = steps.submitted(cast)
    sent = application.materials.get(requirement="epidemic_plan")
    sent.replaced_at = timezone.now()
    sent.save()
    Material.objects.create(
        application=application, requirement="epidemic_plan", original_name="改后的预案.pdf", media_type="application/pdf",
        size=9, sha256="c" * 64, uploaded_by=cast.owner, check_state=Check.FINE,
    )  # fmt: skip
    text = words(at(cast.owner).get(part(application, "receipt/")))
    received, _heading, later = text.partition("Received later")
    assert sent.original_name in received and "改后的预案.pdf" in later and "改后的预案.pdf" not in received
    assert str(application.tasks.get().department) in received


def test_there_is_no_receipt_for_what_was_not_sent(cast: Cast) -> None:
    draft = filled(cast)
    assert at(cast.owner).get(part(draft, "receipt/"))["Location"] == part(draft, "check/")


# --- withdrawing -------------------------------------------------------------------------------------------------


def test_an_application_is_withdrawn_once_and_then_told(cast: Cast) -> None:
    application = steps.submitted(cast)
    client = at(cast.owner)
    address = part(application, "withdraw/")
    assert address in links(client.get(application.get_absolute_url()))
    response = client.post(address, form(client.get(address)) | {"reason": "计划改变"}, follow=True)
    assert "The application was withdrawn" in told(response)
    again = client.post(address, {"reason": "再点一次"}, follow=True)
    assert again.status_code == 200
    application.refresh_from_db()
    assert application.status == Status.WITHDRAWN and not application.tasks.open().exists()
    assert Event.objects.filter(action="withdrawn").count() == 1
    assert Notice.objects.filter(kind="withdrawn", channel="inbox").count() == 1
    response = client.get(address, follow=True)
    assert "can't be withdrawn any more" in told(response) and address not in links(response)


def test_a_reason_is_not_needed_to_withdraw(cast: Cast) -> None:
    application = steps.in_review(cast)
    at(cast.colleague).post(part(application, "withdraw/"))
    application.refresh_from_db()
    assert application.status == Status.WITHDRAWN


def test_a_reason_that_is_too_long_is_said_and_kept(cast: Cast) -> None:
    application = steps.submitted(cast)
    response = at(cast.owner).post(part(application, "withdraw/"), {"reason": "因" * 501})
    assert response.status_code == 422 and form(response)["reason"] == "因" * 501
    application.refresh_from_db()
    assert application.status == Status.SUBMITTED


@pytest.mark.parametrize("decided", [steps.approved, steps.rejected])
def test_what_is_decided_cannot_be_withdrawn(cast: Cast, decided: Any) -> None:
    application = decided(cast)
    response = at(cast.owner).post(part(application, "withdraw/"), {"reason": ""}, follow=True)
    assert "“Withdraw” is not possible" in told(response)
    application.refresh_from_db()
    assert application.status != Status.WITHDRAWN


def test_a_draft_is_not_withdrawn(cast: Cast) -> None:
    draft = filled(cast)
    response = at(cast.owner).post(part(draft, "withdraw/"), {"reason": ""}, follow=True)
    assert "“Withdraw” is not possible" in told(response)
    draft.refresh_from_db()
    assert draft.status == Status.DRAFT


# --- rating ------------------------------------------------------------------------------------------------------


def test_the_service_is_rated_once_it_is_decided_and_only_once(cast: Cast) -> None:
    application = steps.rejected(cast)
    client = at(cast.owner)
    address = part(application, "rate/")
    assert address in links(client.get(application.get_absolute_url()))
    response = client.post(address, {"score": "4", "comment": "快"}, follow=True)
    assert "Thank you for your rating" in told(response) and "Your rating" in words(response)
    response = client.post(address, {"score": "1", "comment": "改主意"}, follow=True)
    assert "is rated already" in told(response) and "Thank you" not in told(response)
    rating = Rating.objects.get()
    assert (rating.score, rating.comment) == (4, "快")
    assert address not in links(client.get(application.get_absolute_url()))


@pytest.mark.parametrize("made", [filled, steps.submitted, steps.countersigned])
def test_before_the_decision_there_is_nothing_to_rate(cast: Cast, made: Any) -> None:
    application = made(cast)
    response = at(cast.owner).post(part(application, "rate/"), {"score": "5"}, follow=True)
    assert "once the application is closed" in told(response) and not Rating.objects.exists()


@pytest.mark.parametrize(("what", "typed"), [("rate", {"score": "5", "comment": "三小时就批了"}), ("withdraw", {"reason": "重名了"})])
def test_what_was_typed_in_a_session_that_had_ended_is_there_after_the_log_in(cast: Cast, what: str, typed: dict) -> None:
    application = steps.approved(cast) if what == "rate" else steps.submitted(cast)
    address, browser = part(application, f"{what}/"), at(None)
    back = sign_in(browser, cast.owner, after=browser.post(address, typed))
    assert "What you had typed is here again" in told(back)
    assert typed.items() <= form(back).items() and not Rating.objects.exists()
    assert browser.post(address, form(back)).status_code == 302
    application.refresh_from_db()
    assert Rating.objects.exists() or application.status == Status.WITHDRAWN


@pytest.mark.parametrize("score", ["", "0", "6", "five", "\x00"])
def test_a_rating_without_a_score_is_said_and_the_comment_kept(cast: Cast, score: str) -> None:
    application = steps.rejected(cast)
    response = at(cast.owner).post(part(application, "rate/"), {"score": score, "comment": "等得太久"})
    assert "How satisfied are you? Choose one of the five." in words(response)
    assert response.status_code == 422 and form(response)["comment"] == "等得太久" and not Rating.objects.exists()


# --- the permit --------------------------------------------------------------------------------------------------


def test_an_approved_application_has_its_permit_to_download(cast: Cast) -> None:
    application = steps.approved(cast)
    client = at(cast.owner)
    permit = Permit.objects.get()
    response = client.get(application.get_absolute_url())
    assert permit.number in words(response) and part(application, "permit.pdf") in links(response)
    assert f"/verify/{permit.number}/" in links(response)
    response = client.get(part(application, "permit.pdf"))
    content = b"".join(response.streaming_content)
    assert response["Content-Type"] == "application/pdf" and len(content) == int(response["Content-Length"])
    assert response["Content-Disposition"] == f'attachment; filename="{permit.number}.pdf"'
    assert "no-store" in response["Cache-Control"]
    with pikepdf.open(io.BytesIO(content)) as pdf:
        assert len(pdf.pages) == 1
    assert b"".join(at(cast.colleague).get(part(application, "permit.pdf")).streaming_content) == content


@pytest.mark.parametrize("made", [filled, steps.submitted, steps.countersigned, steps.rejected])
def test_without_an_approval_there_is_no_permit(cast: Cast, made: Any) -> None:
    application = made(cast)
    assert at(cast.owner).get(part(application, "permit.pdf")).status_code == 404


@pytest.mark.parametrize("who", ["outsider", "street", "decider", "other_street"])
def test_the_permits_pdf_is_for_the_applicants_side_only(cast: Cast, who: str) -> None:
    application = steps.approved(cast)
    assert at(getattr(cast, who)).get(part(application, "permit.pdf")).status_code == 404


@pytest.mark.parametrize("what", ["rejected", "revoked"])
def test_what_was_decided_against_the_applicant_stands_first_with_its_reason_and_what_they_can_do(cast: Cast, what: str) -> None:
    application = steps.rejected(cast, "隔离场所不符合要求") if what == "rejected" else steps.approved(cast)
    if what == "revoked":
        workflow.revoke_permit(Permit.objects.get().pk, official=cast.supervisor, reason="隔离场所不符合要求")
    owner = at(cast.owner)
    found = page(owner.get(application.get_absolute_url()))
    [first, *_others] = found.xpath("//main//section[contains(@class, 'panel')]")
    text = " ".join(first.text_content().split())
    assert "隔离场所不符合要求" in text and "reconsideration" in text and "Apply anew" in text
    assert first.get("id") == "against"
    assert f"{application.get_absolute_url()}#against" in links(owner.get("/applications/"))


def test_a_revoked_permit_says_so_on_the_page_and_in_the_pdf(cast: Cast) -> None:
    application = steps.approved(cast)
    client = at(cast.owner)
    good = b"".join(client.get(part(application, "permit.pdf")).streaming_content)
    workflow.revoke_permit(Permit.objects.get().pk, official=cast.supervisor, reason="承诺不实")
    assert "Revoked: no longer valid" in words(client.get(application.get_absolute_url()))
    assert "承诺不实" in timeline(application)[-1]
    response = client.get(part(application, "permit.pdf"))
    assert response.content.startswith(b"%PDF-") and response.content != good
    assert "no-store" in response["Cache-Control"]


# --- the look-up by number ---------------------------------------------------------------------------------------


def look_up(number: str | None, last4: str, client=None, **extra: Any):
    return (client or at()).get("/track/", {"number": number, "mobile_last4": last4}, **extra)


@pytest.mark.parametrize("mobile", [invented.LEGAL_MOBILE, invented.EPIDEMIC_LEAD_MOBILE])
def test_who_knows_number_and_four_digits_is_told_where_it_stands(cast: Cast, mobile: str) -> None:
    application = steps.submitted(cast)
    response = look_up(application.number, mobile[-4:])
    text = words(response)
    assert response.status_code == 200 and application.number in text and "Submitted" in text
    for secret in (cast.enterprise.name, cast.owner.email, cast.enterprise.legal_name, invented.USCC, mobile):
        assert secret not in text


def test_the_applicants_own_mobile_counts_too(cast: Cast) -> None:
    cast.owner.mobile = "15800000927"
    cast.owner.save()
    assert look_up(steps.submitted(cast).number, "0927").status_code == 200


def test_a_number_may_be_typed_as_people_type(cast: Cast) -> None:
    number = steps.submitted(cast).number
    assert look_up(f" {number.lower().replace('-', '－')} ", " 0618 ").status_code == 200


def test_a_wrong_guess_says_the_same_whether_the_number_exists_or_not(cast: Cast) -> None:
    number = steps.submitted(cast).number
    never = numbers.case_number("360924", timezone.now(), 9)
    answers = [(look_up(typed, "9999"), typed) for typed in (number, never)]
    assert [response.status_code for response, _typed in answers] == [404, 404]
    first, second = (
        re.sub('csrfmiddlewaretoken" value="[^"]+"', "", response.content.decode()).replace(typed, "N")
        for response, typed in answers
    )
    assert first == second and "No application fits this number and these four digits" in first


@pytest.mark.parametrize("last4", ["", "618", "00618", "138", "****", "None", "\x00"])
def test_less_than_four_digits_open_nothing(cast: Cast, last4: str) -> None:
    application = steps.submitted(cast)
    assert look_up(application.number, last4).status_code == 404


@pytest.mark.parametrize("number", ["", "None", "\x00", "' OR 1=1 --", "9" * 500, "<script>alert(1)</script>", "😷"])
def test_nonsense_is_not_found_on_both_engines(cast: Cast, number: str) -> None:
    filled(cast)  # a draft has no number, and nobody finds it by none
    response = look_up(number, "0618")
    assert response.status_code == 404 and "<script>alert" not in response.content.decode()


def test_the_twenty_first_look_up_in_a_minute_is_told_to_wait(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle.time, "time", lambda: 1_600_000_000)
    number = steps.submitted(cast).number
    for _ in range(tracking.PER_MINUTE):
        assert look_up(number, "9999").status_code == 404
    response = look_up(number, "0618")  # right, and too late
    assert response.status_code == 429 and response["Retry-After"] == "60" and "Too many attempts" in words(response)
    assert at().get("/track/").status_code == 200  # the empty form costs nothing
    assert look_up(number, "0618", REMOTE_ADDR="203.0.113.9").status_code == 200


def test_four_digits_are_not_guessed_from_many_addresses(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle.time, "time", lambda: 1_600_000_000)
    number, other = steps.submitted(cast).number, steps.submitted(cast).number
    for guess in range(tracking.PER_HOUR):
        look_up(number, f"{guess:04d}", REMOTE_ADDR=f"203.0.113.{guess}")
    assert look_up(number, "0618", REMOTE_ADDR="198.51.100.1").status_code == 429
    assert look_up(other, "0618", REMOTE_ADDR="198.51.100.1").status_code == 200
    never = numbers.case_number("360924", timezone.now(), 9)  # the limit is no oracle either
    for guess in range(tracking.PER_HOUR):
        look_up(never, f"{guess:04d}", REMOTE_ADDR=f"203.0.113.{guess}")
    assert look_up(never, "0618", REMOTE_ADDR="198.51.100.1").status_code == 429
