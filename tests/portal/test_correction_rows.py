"""A notice that names one row of a list: the row is shown as it was sent, and mended by itself."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from permits.codes import resident_id
from permits.intake import sandbox, sheets
from permits.models import Application, Status
from reviews import workflow
from reviews.models import CorrectionItem, CorrectionNotice
from tests.cast import Cast, post, task_of
from tests.portal import steps
from tests.portal.browser import at, form, page, told, words
from tests.portal.test_material_views import read, send
from tests.portal.test_services_as_data import MONEY, MONTHS, begin, fill, signed_in

ROSTER = Path(__file__).parents[1] / "data" / "roster.xlsx"
THIRD = ("row", "months", "与参保记录不符")


def where(application: Application) -> str:
    return f"/applications/{application.public_id}/corrections/"


@pytest.fixture
def refund(cast: Cast) -> Application:
    """Twelve months were sent; the office asks for the third of them."""
    steps.shipped("job_retention")
    finance, client = post("finance", "finance"), signed_in(cast.owner)
    application = begin(client, "job-retention")
    enterprise = {key: value for key, value in application.answers.items() if key != "account_name"}
    fill(client, application, "enterprise", {**enterprise, "contact_mobile": "13800000618"})
    fill(client, application, "headcount", MONTHS)
    fill(client, application, "money", {**MONEY, "account_name": cast.enterprise.name})
    upload = SimpleUploadedFile("payroll.xlsx", ROSTER.read_bytes())
    client.post(f"/applications/{application.public_id}/materials/payroll/add/", {"file": upload})
    workflow.submit(application.pk, applicant=cast.owner)
    workflow.decide(
        task_of(application, "finance").pk, official=finance, outcome="correct",
        corrections=[workflow.Correction(*THIRD, row=3)],
    )  # fmt: skip
    return application


def send_typed(cast: Cast, application: Application, **typed: str) -> Any:
    client = at(cast.owner)
    sent = form(client.get(where(application))) | typed | {"send": "1"}
    return client.post(where(application), sent, follow=True)


def test_the_row_is_named_shown_as_sent_and_it_alone_can_be_typed_into(cast: Cast, refund: Application) -> None:
    response = at(cast.owner).get(where(refund))
    assert "Insured staff by month, row 3" in words(response) and "2019-03" in words(response)
    cells = {name for name in form(response) if name.startswith("months-")}
    assert cells == {"months-2-month", "months-2-insured", "months-2-laid_off"}


def test_the_row_is_mended_and_sent(cast: Cast, refund: Application) -> None:
    before = [dict(row) for row in refund.answers["months"]]
    response = send_typed(cast, refund, **{"months-2-insured": "41", "months-5-insured": "999"})
    assert "Your corrections were sent" in told(response)
    refund.refresh_from_db()
    assert refund.status == Status.CORRECTED
    before[2]["insured"] = 41
    assert refund.answers["months"] == before, "the other rows stay, whatever was posted of them"


def test_without_a_change_words_are_asked_for(cast: Cast, refund: Application) -> None:
    response = send_typed(cast, refund)
    assert response.status_code == 422 and "Change it as asked" in words(response)
    item = CorrectionItem.objects.get()
    assert "were sent" in told(send_typed(cast, refund, **{f"answer-{item.public_id}": "已核对无误"}))


def test_a_wrong_cell_is_said_beside_it_and_kept(cast: Cast, refund: Application) -> None:
    response = send_typed(cast, refund, **{"months-2-insured": "many"})
    assert response.status_code == 422 and form(response)["months-2-insured"] == "many"
    (wrong,) = page(response).xpath("//*[@id='id_months-2-insured-wrong']")
    assert wrong.text_content()
    assert form(at(cast.colleague).get(where(refund)))["months-2-insured"] == "many"


def test_what_the_row_puts_wrong_elsewhere_is_said_too(cast: Cast, refund: Application) -> None:
    response = send_typed(cast, refund, **{"months-2-month": "2019-05"})
    assert response.status_code == 422 and "This stands in row 3 already" in words(response)
    refund.refresh_from_db()
    assert refund.status == Status.NEEDS_CORRECTION
    assert "were sent" in told(send_typed(cast, refund, **{"months-2-month": "2019-03", "months-2-insured": "39"}))


def test_a_whole_list_is_typed_into_and_its_buttons_for_rows_send_nothing(cast: Cast, refund: Application) -> None:
    CorrectionItem.objects.update(kind="field", row=None, previous=refund.answers["months"])
    client = at(cast.owner)
    typed = form(client.get(where(refund)))
    assert typed["months-2-insured"] == "40" and typed["months-11-month"] == "2019-12"
    fewer = client.post(where(refund), typed | {"months-0-insured": "38", "rows": "drop:months:11"}, follow=True)
    refund.refresh_from_db()
    assert refund.status == Status.NEEDS_CORRECTION, "only “Send the answers” sends"
    assert len(refund.answers["months"]) == 11 and refund.answers["months"][0]["insured"] == 38
    more = client.post(where(refund), form(fewer) | {"rows": "add:months"}, follow=True)
    assert form(more)["months-11-month"] == ""
    last = {"months-11-month": "2019-12", "months-11-insured": "40", "months-11-laid_off": "0", "send": "1"}
    assert "Your corrections were sent" in told(client.post(where(refund), form(more) | last, follow=True))
    refund.refresh_from_db()
    assert len(refund.answers["months"]) == 12 and refund.answers["months"][11]["insured"] == 40


def test_two_rows_of_one_roster_are_mended_in_one_upload(cast: Cast, draft: Application) -> None:
    workflow.submit(draft.pk, applicant=cast.owner)
    items = [workflow.Correction("row", "roster", "请核对", row=row) for row in (3, 4)]
    steps.decide(cast, draft, "street", "correct", corrections=items)
    response = at(cast.owner).get(where(draft))
    assert len(page(response).xpath("//form[@data-upload]")) == 1
    first, second = CorrectionItem.objects.order_by("row")
    assert page(response).xpath(f"//*[@id='item-{second.public_id}']//a/@href") == [f"#item-{first.public_id}"]


def test_the_rows_of_a_roster_are_taken_out_of_it_at_once_and_not_by_the_process_of_the_site(
    cast: Cast, draft: Application, settings, monkeypatch
) -> None:
    workflow.submit(draft.pk, applicant=cast.owner)
    items = [workflow.Correction("row", "roster", "请核对", row=row) for row in (3, 4)]
    steps.decide(cast, draft, "street", "correct", corrections=items)
    opened, rows_of = [], sandbox.rows_of
    monkeypatch.setattr(sandbox, "rows_of", lambda file, **asked: opened.append(asked["most"]) or rows_of(file, **asked))
    monkeypatch.setattr(sheets, "open_sheets", lambda _file: pytest.fail("opened by the site itself"))
    settings.INSPECTION_SANDBOX = True
    text = words(at(cast.owner).get(where(draft)))
    sheet = openpyxl.load_workbook(ROSTER).worksheets[0]
    assert sheet.cell(3, 1).value in text and sheet.cell(4, 1).value in text and opened == [4]
    settings.INSPECTION_LIMITS = {"megabytes": 60, "seconds": 30}  # too little to begin with
    assert at(cast.owner).get(where(draft)).status_code == 200


def test_a_row_of_a_roster_is_shown_from_the_sheet_masked_and_uploaded_again(cast: Cast, draft: Application) -> None:
    workflow.submit(draft.pk, applicant=cast.owner)
    row = workflow.Correction("row", "roster", "身份证号与姓名不符", row=3)
    steps.decide(cast, draft, "street", "correct", corrections=[row])
    sheet = openpyxl.load_workbook(ROSTER).worksheets[0]
    name, number = sheet.cell(3, 1).value, str(sheet.cell(3, 2).value)
    client = at(cast.owner)
    text = words(client.get(where(draft)))
    assert "Returning-staff plan, row 3" in text and name in text
    assert resident_id.mask(number) in text and number not in text
    assert "can't be changed" in told(send(client, draft, "signed_pledge", ("a.pdf", read("canteen_plan.pdf"))))
    book = openpyxl.load_workbook(ROSTER)
    book.worksheets[0].cell(3, 1).value = "余更正"
    mended = draft_file(book)
    assert "Saved." in told(send(client, draft, "roster", ("roster.xlsx", mended)))
    assert name in words(client.get(where(draft))), "the row as it was sent stays beside the new sheet"
    sent = client.post(where(draft), form(client.get(where(draft))) | {"send": "1"}, follow=True)
    assert "were sent" in told(sent) and CorrectionNotice.objects.get().answered_at


def draft_file(book: Any) -> bytes:
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()


def test_a_row_that_isnt_there_is_answered_in_words(cast: Cast, draft: Application) -> None:
    workflow.submit(draft.pk, applicant=cast.owner)
    row = workflow.Correction("row", "roster", "请核对", row=9000)
    steps.decide(cast, draft, "street", "correct", corrections=[row])
    response = at(cast.owner).get(where(draft))
    assert response.status_code == 200 and "row 9000" in words(response)
    item = CorrectionItem.objects.get()
    sent = form(response) | {f"answer-{item.public_id}": "名单只有120行", "send": "1"}
    assert "were sent" in told(at(cast.owner).post(where(draft), sent, follow=True))


def test_of_two_who_mend_a_row_the_second_is_told_what_the_first_saved(cast: Cast, refund: Application) -> None:
    client = at(cast.owner)
    first, second = form(client.get(where(refund))), form(client.get(where(refund)))
    assert client.post(where(refund), first | {"months-2-insured": "41", "save": "1"}).status_code == 302
    response = client.post(where(refund), second | {"months-2-insured": "42", "save": "1"})
    assert response.status_code == 409 and "Insured staff by month, row 3: " in words(response)
    assert " / 41 / " in words(response) and form(response)["months-2-insured"] == "42"
    refund.refresh_from_db()
    assert refund.answers["months"][2]["insured"] == 41
    assert client.post(where(refund), form(response) | {"save": "1"}).status_code == 302
    refund.refresh_from_db()
    assert refund.answers["months"][2]["insured"] == 42
