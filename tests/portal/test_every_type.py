"""Every type of question on the page: its words in both languages, its bounds, its conditions; what is hidden is not stored."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from permits.models import Application, Material, Status
from reviews import workflow
from reviews.publishing import publish
from tests.cast import Cast, task_of
from tests.portal.browser import at
from tests.portal.test_services_as_data import begin, fill, signed_in

pytestmark = pytest.mark.django_db
SOURCE = Path(__file__).with_name("every_type.toml").read_text(encoding="utf-8")
PHOTO = (Path(__file__).parents[1] / "data" / "stock_1.jpg").read_bytes()
GOOD: dict[str, Any] = {
    "name": "演示公司", "plate": "赣C12345", "people": "3", "litres": "4.5", "day": "2026-12-01",
    "moment": "2026-12-01T08:30", "one_of": "a", "some_of": ["x", "z"], "well": "true", "place": "360924", "trade": "C20",
    "code": "91110000600037341L", "person": "11010519491231002X", "phone": "13800000618", "mail": "li@example.cn",
    "account": "6222021011111111114",
}  # fmt: skip


@pytest.fixture
def begun(cast: Cast) -> tuple[Client, Application]:
    publish(SOURCE)
    client = signed_in(cast.owner)
    return client, begin(client, "every-type")


def section(client: Client, application: Application, key: str, **headers: str) -> str:
    return client.get(f"/applications/{application.public_id}/fill/{key}/", headers=headers).content.decode()


def test_each_type_is_taken_and_shown_in_words(begun):
    client, application = begun
    fill(client, application, "one", GOOD)
    kept = application.answers
    assert kept["people"] == 3 and kept["litres"] == "4.5" and kept["day"] == "2026-12-01" and kept["well"] is True
    assert kept["moment"] == "2026-12-01T08:30:00+08:00" and kept["some_of"] == ["x", "z"]
    again = section(client, application, "one")
    assert 'value="2026-12-01T08:30"' in again and 'type="datetime-local"' in again
    page = client.get(f"/applications/{application.public_id}/check/").content.decode()
    for words in (
        "Left, Middle",
        "First",
        "1 December 2026, 08:30",
        "江西省宜春市宜丰县",
        "3 people",
        "110105********002X",
    ):
        assert words in page, words
    for secret in ("11010519491231002X", "6222021011111111114", "li@example.cn", "13800000618"):
        assert secret not in page


WRONG = [
    ("plate", "京A12345", "A plate is written as 赣C12345", "车牌写法不对，如：赣C12345"),
    ("story", "短", "at least 5 characters", "至少包含 5 字符"),
    ("people", "51", "less than or equal to 50", "小于或等于50"),
    ("people", "0", "greater than or equal to 1", "大于或等于1"),
    ("litres", "0.4", "Between 0.5 and 9.5 litres", "应在0.5到9.5升之间"),
    ("litres", "many", "Between 0.5 and 9.5 litres", "应在0.5到9.5升之间"),
    ("day", "2025-12-31", "Not before", "不能早于2026年1月1日"),
    ("day", "2031-01-01", "Not after", "不能晚于2030年12月31日"),
    ("day", "2026-02-30", "valid date", "有效的日期"),
    ("moment", "2025-12-31T23:59", "Not before", "不能早于2026年1月1日"),
    ("moment", "tomorrow", "valid date/time", "有效的日期"),
    ("one_of", "c", "valid choice", "有效的选项"),
    ("some_of", ["w"], "valid choice", "有效的选项"),
    ("place", "110101", "valid choice", "有效的选项"),
    ("mail", "li", "This is no e-mail address", "邮箱写法不对"),
    ("account", "6222021011111111115", "Not an account number", "账号不对，请核对银行卡"),
    ("account", "12", "Not an account number", "账号不对，请核对银行卡"),
    ("name", "", "Please fill in “Name”.", "请填写“名称”"),
]


@pytest.mark.parametrize(("key", "typed", "en", "zh"), WRONG, ids=[f"{key}-{typed}" for key, typed, *_ in WRONG])
def test_a_wrong_answer_is_told_in_both_languages_and_kept(cast: Cast, begun, key, typed, en, zh):
    client, application = begun
    page = fill(client, application, "one", GOOD | {key: typed}, 422).content.decode()
    assert en in page
    assert application.answers[key] in (typed, None if typed == "" else typed)
    chinese = at(cast.owner, language="zh-hans")
    page = chinese.post(f"/applications/{application.public_id}/fill/one/", GOOD | {key: typed}).content.decode()
    assert zh in page


def test_labels_and_help_are_in_the_readers_language(cast: Cast, begun):
    client, application = begun
    english = section(client, application, "one")
    chinese = section(at(cast.owner, language="zh-hans"), application, "one")
    for key, en, zh in (
        ("label", "Bank account", "银行账号"),
        ("help", "Beijing time", "北京时间"),
        ("choice", "Middle", "寅"),
    ):
        assert en in english and zh not in english, key
        assert zh in chinese and en not in chinese, key


def test_what_is_required_in_some_cases_is_asked_for_in_these_only(begun):
    client, application = begun
    fill(client, application, "one", GOOD)
    page = fill(client, application, "one", GOOD | {"people": "11"}, 422).content.decode()
    assert "Please fill in “Amount”." in page
    page = fill(client, application, "one", GOOD | {"people": "11", "amount": "¥1,100.01"}, 422).content.decode()
    assert "At most ¥100 each" in page  # a rule of level error
    response = fill(client, application, "one", GOOD | {"people": "11", "amount": "¥1,100"})
    after = client.get(response["Location"]).content.decode()
    assert "Less than a litre each" in after  # a rule of level warning does not hold it up
    assert "Less than a litre each" in client.get(f"/applications/{application.public_id}/check/").content.decode()


# --- defaults and prefills ----------------------------------------------------------------------------------------


def test_a_new_draft_begins_with_defaults_and_the_enterprise_s_record(cast: Cast, begun):
    _client, application = begun
    enterprise = cast.enterprise
    assert application.answers == {
        "people": 3, "one_of": "b", "some_of": ["y"], "well": True, "name": enterprise.name, "place": enterprise.region,
        "trade": enterprise.industry, "code": enterprise.uscc, "person": enterprise.legal_id_number,
    }  # fmt: skip
    page = section(_client, application, "one")
    for shown in (f'value="{enterprise.name}"', 'value="3"', f'value="{enterprise.uscc}"'):
        assert shown in page
    assert page.count(" checked") == 3 and page.count(" selected") == 2


def test_what_the_record_does_not_know_overrides_nothing(cast: Cast):
    publish(
        SOURCE.replace(
            'default = true\n\n[[sections.fields]]\nkey = "why"',
            'default = true\n\n[[sections.fields]]\nkey = "why"\ndefault = "见说明"\nprefill = "production_address"',
        )
    )
    cast.enterprise.production_address = ""
    cast.enterprise.save()
    assert begin(signed_in(cast.owner), "every-type").answers["why"] == "见说明"


def sent(client: Client, application: Application, answers: dict[str, Any] = GOOD) -> Application:
    fill(client, application, "one", answers)
    assert client.post(f"/applications/{application.public_id}/check/").status_code == 302
    application.refresh_from_db()
    assert application.status == Status.IN_REVIEW, application.status
    return application


def test_the_last_application_s_answers_come_back_and_those_of_another_edition_only_where_they_fit(cast: Cast, begun):
    client, application = begun
    sent(client, application)
    second = begin(client, "every-type")
    assert second.pk != application.pk
    assert second.answers["plate"] == "赣C12345" and second.answers["phone"] == "13800000618"
    assert "mail" not in second.answers  # it doesn't ask for that
    second.delete()
    publish(SOURCE.replace('key = "phone"\ntype = "mobile"', 'key = "phone"\ntype = "integer"'))
    third = begin(client, "every-type")
    assert third.answers["plate"] == "赣C12345" and "phone" not in third.answers


# --- what is hidden -----------------------------------------------------------------------------------------------

TRIP = {"trips-0-where": "南昌", "trips-0-by": "train", "trips-0-number": "G1", "trips-0-seat": "1A"}


def test_columns_hidden_by_an_answer_given_later_are_neither_asked_nor_stored(cast: Cast, begun):
    client, application = begun
    bad = GOOD | {"well": "false", "why": "停电"}
    fill(client, application, "one", bad)
    fill(client, application, "two", TRIP)
    assert application.answers["trips"] == [{"where": "南昌", "by": "train", "number": "G1", "seat": "1A"}]
    page = fill(client, application, "two", {key: v for key, v in TRIP.items() if "number" not in key}, 422)
    assert "Please fill in “Train number”." in page.content.decode()
    fill(client, application, "two", TRIP)
    # All is well after all: the number is hidden by that, and the seat by the number.
    sent(client, application)
    assert application.answers["trips"] == [{"where": "南昌", "by": "train"}] and "why" not in application.answers
    page = client.get(f"/applications/{application.public_id}/").content.decode()
    page = re.sub('csrfmiddlewaretoken" value="[^"]+"', "", page)  # chance writes it
    assert "G1" not in page and "1A" not in page and "停电" not in page


def test_a_file_is_asked_for_only_where_its_question_is_shown_and_goes_with_it(cast: Cast, begun):
    client, application = begun
    fill(client, application, "one", GOOD)
    assert "Proof of what happened" not in client.get(f"/applications/{application.public_id}/check/").content.decode()
    fill(client, application, "one", GOOD | {"well": "false", "why": "停电"})
    page = client.get(f"/applications/{application.public_id}/check/").content.decode()
    assert "Please upload “Proof of what happened”." in page
    assert 'id="material-proof"' in section(client, application, "one")
    add = f"/applications/{application.public_id}/materials/proof/add/"
    assert client.post(add, {"file": SimpleUploadedFile("a.jpg", PHOTO)}).status_code == 302
    assert "Please upload" not in client.get(f"/applications/{application.public_id}/check/").content.decode()
    sent(client, application)  # all is well after all
    assert not Material.objects.filter(application=application).exists()


def test_a_correction_that_hides_another_answer_takes_it_away(cast: Cast, begun):
    precheck = '[[stages]]\nkey = "look"\nkind = "precheck"\ntitle = { zh = "预审", en = "Look" }\ndepartments = [{ department = "bureau" }]\n\n'
    publish(SOURCE.replace("[[stages]]", precheck + "[[stages]]"))
    begun[1].delete()
    client = begun[0]
    application = begin(client, "every-type")
    fill(client, application, "two", TRIP | {"trips-0-by": "car"})
    fill(client, application, "one", GOOD | {"well": "false", "why": "停电"})
    client.post(
        f"/applications/{application.public_id}/materials/proof/add/", {"file": SimpleUploadedFile("a.jpg", PHOTO)}
    )
    assert client.post(f"/applications/{application.public_id}/check/").status_code == 302
    application.refresh_from_db()
    assert application.answers["why"] == "停电"
    asked = [workflow.Correction("field", "well", "请核对")]
    workflow.decide(task_of(application, "bureau").pk, official=cast.decider, outcome="correct", corrections=asked)
    application.refresh_from_db()
    application.answers = {**application.answers, "well": True}
    application.save()
    workflow.answer_corrections(application.pk, applicant=cast.owner, answers={})
    application.refresh_from_db()
    assert "why" not in application.answers and application.answers["well"] is True
