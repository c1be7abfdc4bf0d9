"""The services run from their definitions alone: the three that ship, and one that the code has never seen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from permits.models import Application, Status
from reviews import workflow
from reviews.models import Notice, Task
from reviews.notices import texts
from reviews.publishing import publish
from tests.cast import Cast, post, task_of
from tests.portal import steps

ROSTER = Path(__file__).parents[1] / "data" / "roster.xlsx"


def signed_in(user) -> Client:
    client = Client()
    client.cookies["django_language"] = "en"
    client.force_login(user)
    return client


def begin(client: Client, slug: str) -> Application:
    client.post(f"/services/{slug}/start/")
    return Application.objects.filter(version__service__slug=slug).latest("pk")


def fill(client: Client, application: Application, section: str, data: dict[str, Any], status: int = 302) -> Any:
    response = client.post(f"/applications/{application.public_id}/fill/{section}/", data)
    assert response.status_code == status, response.content.decode()[:3000]
    application.refresh_from_db()
    return response


MONTHS = {
    f"months-{n}-{key}": value
    for n in range(12)
    for key, value in {"month": f"2019-{n + 1:02}", "insured": "40", "laid_off": "0"}.items()
}
MONEY = {
    "contributions": "￥12,000.00", "requested": "6000元", "account_name": "x", "account": "6222 0210 1111 1111 114",
    "bank": "中国工商银行宜丰支行", "used_for": ["living", "training"], "pledge": "on",
}  # fmt: skip


@pytest.fixture
def refund(cast: Cast) -> tuple[Client, Application]:
    steps.shipped("job_retention")
    client = signed_in(cast.owner)
    application = begin(client, "job-retention")
    enterprise = {key: value for key, value in application.answers.items() if key != "account_name"}
    fill(client, application, "enterprise", {**enterprise, "contact_mobile": "13800000618"})
    return client, application


def test_a_refund_is_filed_with_twelve_months_and_decided(cast: Cast, refund):
    finance = post("finance", "finance")
    client, application = refund
    fill(client, application, "headcount", MONTHS)
    assert len(application.answers["months"]) == 12
    assert application.answers["months"][0] == {"month": "2019-01", "insured": 40, "laid_off": 0}
    fill(client, application, "money", {**MONEY, "account_name": cast.enterprise.name})
    assert (
        application.answers["contributions"] == "12000.00" and application.answers["account"] == "6222021011111111114"
    )
    upload = SimpleUploadedFile("payroll.xlsx", ROSTER.read_bytes())
    added = client.post(f"/applications/{application.public_id}/materials/payroll/add/", {"file": upload})
    assert added.status_code == 302
    page = client.get(f"/applications/{application.public_id}/check/").content.decode()
    assert "¥12,000.00" in page and "2019-12" in page and "6222021011111111114" not in page
    assert client.post(f"/applications/{application.public_id}/check/").status_code == 302
    application.refresh_from_db()
    assert application.status == Status.SUBMITTED
    workflow.decide(task_of(application, "finance").pk, official=finance, outcome="accept")
    review = signed_in(cast.decider).get(f"/admin/reviews/task/{task_of(application, 'bureau').pk}/review/")
    assert review.status_code == 200 and "2019-12" in review.content.decode()
    workflow.decide(task_of(application, "bureau").pk, official=cast.decider, outcome="approve")
    application.refresh_from_db()
    assert application.status_label in ("同意返还", "Refund granted")
    assert not hasattr(application, "permit")


def test_eleven_months_are_told_and_kept(refund):
    client, application = refund
    eleven = {key: value for key, value in MONTHS.items() if not key.startswith("months-11-")}
    page = fill(client, application, "headcount", eleven, status=422).content.decode()
    assert "At least 12 rows are needed; there are 11." in page
    assert len(application.answers["months"]) == 11


def test_a_fault_in_a_row_is_told_with_row_and_column_and_the_row_stays_as_typed(refund):
    client, application = refund
    page = fill(
        client, application, "headcount", {**MONTHS, "months-4-insured": "many", "months-6-month": "2019-13"}, 422
    ).content.decode()
    assert "Row 5, Insured: " in page and "Row 7, Month: Write the month as 2019-01." in page
    assert 'value="many"' in page and application.answers["months"][4]["insured"] == "many"


def test_the_same_month_twice_is_told(refund):
    client, application = refund
    page = fill(client, application, "headcount", {**MONTHS, "months-4-month": "2019-01"}, 422).content.decode()
    assert "This stands in row 1 already." in page


def test_too_many_laid_off_are_refused_by_the_rule_over_all_rows(refund):
    client, application = refund
    page = fill(client, application, "headcount", {**MONTHS, "months-4-laid_off": "3"}, 422).content.decode()
    assert "More were laid off than the rule allows" in page


def test_more_than_half_is_refused_and_a_bad_card_number_too(refund):
    client, application = refund
    page = fill(
        client, application, "money", {**MONEY, "requested": "6000.01", "account": "6222021011111111118"}, 422
    ).content.decode()
    assert "more than half" in page and "check digit" in page


def test_the_last_application_fills_in_what_it_said(cast: Cast, refund):
    client, application = refund
    Application.objects.filter(pk=application.pk).update(
        status=Status.WITHDRAWN, number="360924-20200210-000001-C", submitted_at="2020-02-10T00:00Z"
    )
    again = begin(client, "job-retention")
    assert again.pk != application.pk
    assert again.answers["contact_mobile"] == "13800000618"


# --- a report, by a person, that nobody decides -------------------------------------------------------------


def report(cast: Cast, **changes: Any) -> tuple[Client, Application, Any]:
    steps.shipped("community_report")
    client = signed_in(cast.colleague)
    application = begin(client, "community-report")
    data = {
        "reporter": "余小禾",
        "mobile": "13900000312",
        "region": "360924",
        "address": "竹苑小区3栋",
        "travelled": "false",
    }
    response = client.post(f"/applications/{application.public_id}/fill/household/", data | changes)
    application.refresh_from_db()
    return client, application, response


def test_a_report_is_received_at_once_and_reaches_the_grid_worker(cast: Cast, settings):
    grid = post("grid", "grid")
    client, application, response = report(cast)
    assert response.status_code == 302
    client.post(f"/applications/{application.public_id}/check/")
    application.refresh_from_db()
    assert application.status == Status.RECORDED and application.closed_at and application.number
    assert application.enterprise is None
    task = task_of(application, "grid")
    assert Notice.objects.filter(recipient=grid, channel="inbox").count() == 1
    told = texts.render(Notice.objects.filter(recipient=application.applicant).first(), "en")
    assert application.number in told.body and "Promised" not in told.body  # it is done with
    page = signed_in(grid).get(f"/admin/reviews/task/{task.pk}/review/").content.decode()
    assert "竹苑小区3栋" in page and 'value="acknowledge"' in page and 'value="approve"' not in page
    workflow.decide(task.pk, official=grid, outcome="acknowledge", reason="已电话联系")
    application.refresh_from_db()
    assert application.status == Status.RECORDED and not Task.objects.open().exists()
    assert client.get(f"/applications/{application.public_id}/").status_code == 200
    assert client.get(f"/applications/{application.public_id}/receipt/").status_code == 200


def test_journeys_are_asked_for_only_by_those_who_travelled(cast: Cast):
    row = {
        "journeys-0-day": "2020-02-01",
        "journeys-0-place": "武汉",
        "journeys-0-by": "train",
        "journeys-0-number": "G1",
    }
    _client, application, response = report(cast, **row)
    assert response.status_code == 302 and not application.answers.get("journeys")
    _client, application, response = report(cast, **row, travelled="true")
    assert response.status_code == 302 and application.answers["journeys"][0]["number"] == "G1"
    _client, application, response = report(cast, **row | {"journeys-0-by": "car"}, travelled="true")
    assert "number" not in application.answers["journeys"][0]  # not shown for a car, so not kept
    _client, application, response = report(cast, travelled="true")
    assert response.status_code == 422


def test_without_script_a_row_is_added_and_removed_and_nothing_is_lost(cast: Cast):
    row = {"journeys-0-day": "2020-02-01", "journeys-0-place": "武汉", "travelled": "true"}
    client, application, response = report(cast, **row, rows="add:journeys")
    assert response.status_code == 302 and "more=journeys" in response["Location"]
    page = client.get(response["Location"].partition("#")[0]).content.decode()
    assert 'name="journeys-1-place"' in page and 'value="武汉"' in page
    said = page.index("kept when you press") if "kept when you press" in page else page.index("后，已填内容即存入草稿")
    assert page.rindex("<noscript>", 0, said) > page.rindex("data-saves-itself hidden", 0, said)
    second = {"journeys-1-day": "2020-02-03", "journeys-1-place": "长沙"}
    _client, application, _response = report(cast, **row, **second, rows="drop:journeys:0")
    assert [kept["place"] for kept in application.answers["journeys"]] == ["长沙"]


@pytest.mark.parametrize("bad", ["add:", "drop:journeys:x", "drop:journeys:-1", "drop:mobile:0", "fly:journeys"])
def test_a_button_that_nobody_made_does_no_harm(cast: Cast, bad):
    _client, application, response = report(cast, rows=bad)
    assert response.status_code in (302, 422) and application.answers["address"] == "竹苑小区3栋"


# --- unknown to the code --------------------------------------------------------------------------------------

UNKNOWN = """
slug = "river-fishing"
title = { zh = "禁渔期捕捞特许", en = "Fishing in the closed season" }
summary = { zh = "科研捕捞申请", en = "For research" }
legal_basis = { zh = "渔业法", en = "Fisheries Law" }
decided_by = { zh = "农业农村局", en = "Agriculture bureau" }
audience = "person"
region_field = "county"
[limits]
promised = "2d"
statutory = "20d"
[outcome]
kind = "permit"
title = { zh = "特许捕捞证", en = "Special fishing permit" }
number_prefix = "YL"
statement = { zh = "准予捕捞。", en = "Fishing is permitted." }
valid_days = 30
shown_fields = ["waters"]
[[sections]]
key = "catch"
title = { zh = "捕捞", en = "The catch" }
[[sections.fields]]
key = "county"
type = "region"
label = { zh = "县", en = "County" }
[[sections.fields]]
key = "waters"
type = "multichoice"
label = { zh = "水域", en = "Waters" }
choices = [{ value = "lake", label = { zh = "湖", en = "Lake" } }, { value = "river", label = { zh = "河", en = "River" } }]
[[sections.fields]]
key = "species"
type = "group"
label = { zh = "品种", en = "Species" }
max_rows = 5
[[sections.fields.fields]]
key = "name"
type = "text"
label = { zh = "名称", en = "Name" }
unique = true
[[sections.fields.fields]]
key = "kilos"
type = "decimal"
label = { zh = "公斤", en = "Kilograms" }
minimum = 0.1
[[rules]]
key = "a_tonne"
check = "sum(species.kilos) <= 1000"
message = { zh = "合计不超过1吨", en = "A tonne in all at most" }
fields = ["species"]
[[stages]]
key = "decision"
kind = "decision"
title = { zh = "决定", en = "Decision" }
departments = [{ department = "agriculture" }]
"""


def test_a_service_that_the_code_has_never_seen_runs_to_its_permit(cast: Cast, settings, tmp_path):
    settings.PERMIT_KEY_FILE = tmp_path / "permit.pem"
    officer = post("agriculture", "agriculture")
    client = signed_in(cast.outsider)
    assert client.get("/services/river-fishing/").status_code == 404
    publish(UNKNOWN)
    assert "Fishing in the closed season" in client.get("/services/").content.decode()
    application = begin(client, "river-fishing")
    rows = {"species-0-name": "鳙", "species-0-kilos": "600", "species-3-name": "鲢", "species-3-kilos": "400.1"}
    data = {"county": "360924", "waters": ["lake"], **rows}
    page = fill(client, application, "catch", data, 422).content.decode()
    assert "A tonne in all at most" in page
    fill(client, application, "catch", data | {"species-3-kilos": "400"})
    client.post(f"/applications/{application.public_id}/check/")
    application.refresh_from_db()
    workflow.decide(task_of(application, "agriculture").pk, official=officer, outcome="approve")
    application.refresh_from_db()
    assert application.permit.number.split("-")[1] == "YL"
    assert "Lake" in str(application.permit.content["shown"]) and application.permit.valid_until
    assert client.get(f"/applications/{application.public_id}/permit.pdf").status_code == 200
