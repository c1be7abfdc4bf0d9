"""The open API: its document is valid, every answer is as the document says, and who calls it wrongly is told how."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from jsonschema import Draft202012Validator, FormatChecker
from openapi_spec_validator import OpenAPIV31SpecValidator

from permits.models import Permit
from portal import throttle
from portal.openapi import document
from portal.openapi.calls import CALLS
from portal.views import api
from tests.cast import Cast
from tests.portal import steps
from tests.portal.browser import at, links, page, words
from tests.portal.permits_issued import issued
from tests.portal.test_register import SHOWN, edition

CALLED = {
    "api_permits": "/api/v1/permits?state=in_force&limit=2", "api_permit": "/api/v1/permits/{number}",
    "api_services": "/api/v1/services", "api_service": "/api/v1/services/{slug}",
}  # fmt: skip


def fits(response: Any, call: str, made: dict[str, Any]) -> None:
    """The answer is what the document ``made`` says of its call and status."""
    (path,) = [each.path for each in CALLS if each.name == call]
    said = made["paths"][path]["get"]["responses"][str(response.status_code)]["content"]
    schema = said[response["Content-Type"].partition(";")[0]]["schema"]
    whole = {"$schema": made["jsonSchemaDialect"], **schema, "components": made["components"]}
    Draft202012Validator(whole, format_checker=FormatChecker()).validate(response.json())


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_document_is_openapi_3_1_in_both_languages(client: Client, language: str) -> None:
    response = at(language=language).get("/api/v1/openapi.json")
    made = response.json()
    OpenAPIV31SpecValidator(made).validate()
    for schema in made["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    assert response["Access-Control-Allow-Origin"] == "*" and set(made["paths"]) == {call.path for call in CALLS}
    assert ("证照公示" in str(made)) == (language == "zh-hans")


def test_every_answer_fits_its_schema(cast: Cast) -> None:
    good, old, *_more = issued(cast, 4)
    Permit.objects.filter(pk=old.pk).update(state="superseded", superseded_by=good, corrected_at=good.issued_at)
    for name in ("job_retention", "community_report"):
        steps.shipped(name)
    client, made = at(), document.document()
    assert {call.name for call in CALLS} == set(CALLED), "a new call: say here how it is called"
    asked = [(name, path.format(number=old.number, slug="resumption")) for name, path in CALLED.items()]
    asked += [("api_service", f"/api/v1/services/{slug}") for slug in ("job-retention", "community-report")]
    asked += [("api_permits", "/api/v1/permits")]
    for name, path in asked:
        response = client.get(path)
        assert response.status_code == 200, path
        fits(response, name, made)


def test_an_answer_with_a_wrong_value_does_not_fit(cast: Cast) -> None:
    """Or the test above would be content with anything."""
    (permit,) = issued(cast)
    response, made = at().get(f"/api/v1/permits/{permit.number}"), document.document()
    for wrong in ({"state": "good"}, {"owner": "欧阳"}, {"title": {"zh": "x"}}):
        answer = response.json() | wrong
        with pytest.raises(Exception, match="is not one of|unexpected|required property"):
            response.json = lambda answer=answer: answer
            fits(response, "api_permit", made)


def test_an_entry_says_what_its_service_shows_and_nothing_else(cast: Cast) -> None:
    permit = steps.approved(cast).permit
    client = at()
    entry = client.get(f"/api/v1/permits/{permit.number.lower()}").json()
    assert entry["holder"] == cast.enterprise.name and entry["uscc"] == cast.enterprise.uscc
    assert entry["state"] == "in_force" and entry["valid_until"] is None
    assert entry["verify_url"].endswith(f"/verify/{permit.number}/")
    said = str(entry) + client.get("/api/v1/permits").content.decode()
    for key in ("legal_name", "legal_id_number", "legal_mobile", "epidemic_lead_name", "epidemic_lead_mobile"):
        assert permit.application.answers[key] not in said
    edition(register=(SHOWN, 'in_register = ["number", "issued"]'))
    entry = client.get(f"/api/v1/permits/{permit.number}").json()
    assert set(entry) == {"number", "service", "title", "state", "issued_at", "verify_url"}
    edition(register=(SHOWN, ""))
    assert client.get(f"/api/v1/permits/{permit.number}").status_code == 404


def test_a_persons_permit_is_not_there(cast: Cast) -> None:
    (permit,) = issued(cast, kind="person", name="欧阳喆堃", uscc="")
    client = at()
    assert client.get(f"/api/v1/permits/{permit.number}").status_code == 404
    for asked in ("", "?holder=欧阳", f"?number={permit.number}"):
        assert client.get(f"/api/v1/permits{asked}").json()["permits"] == []


def test_pages_follow_each_other_while_permits_are_issued(cast: Cast) -> None:
    begun = [permit.number for permit in issued(cast, 12)][::-1]
    client, address, seen, serial = at(), "/api/v1/permits?limit=5&region=360924", [], 50
    while address:
        response = client.get(address)
        seen += [entry["number"] for entry in response.json()["permits"]]
        address = response.json()["next"]
        assert ("Link" in response) == bool(address)
        issued(cast, 2, begin=serial, at=Permit.objects.latest("issued_at").issued_at)
        serial += 2
    assert seen == begun


@pytest.mark.parametrize(("asked", "wrong"), [
    ("x=1", ["x"]), ("limit=0", ["limit"]), ("limit=101", ["limit"]), ("limit=many", ["limit"]), ("state=good", ["state"]),
    ("region=999999", ["region"]), ("region=36", ["region"]), ("holder=竹", ["holder"]), ("uscc=123", ["uscc"]),
    ("number=1", ["number"]), ("cursor=360924-FG-2020-000001-C", ["cursor"]), ("service=A%20B", ["service"]),
    ("state=revoked&state=expired", ["state"]), ("limit=0&nonsense=1", ["limit", "nonsense"]),
])  # fmt: skip
def test_a_wrong_parameter_is_named(cast: Cast, asked: str, wrong: list[str]) -> None:
    response = at().get(f"/api/v1/permits?{asked}")
    assert response.status_code == 400 and response["Content-Type"].startswith("application/problem+json")
    problem = response.json()
    assert [fault["parameter"] for fault in problem["errors"]] == wrong and problem["type"].endswith(
        "/api/#bad-parameter"
    )
    assert response["Access-Control-Allow-Origin"] == "*" and response["Cache-Control"] == "no-store"
    fits(response, "api_permits", document.document())


@pytest.mark.parametrize(
    "path", ["permits/360924-FG-2020-000009-M", "permits/%3Cb%3E", "services/nope", "nothing/here", "v2"]
)
def test_what_is_not_there_is_a_problem_in_the_readers_language(cast: Cast, path: str) -> None:
    for language, title in (("en", "Not found"), ("zh-hans", "未查到")):
        response = at(language=language).get(f"/api/v1/{path}")
        assert response.status_code == 404 and response["Content-Type"].startswith("application/problem+json")
        assert response.json()["title"] == title
    fits(response, "api_permit", document.document())


def test_only_get_is_answered_and_any_site_may_ask(cast: Cast) -> None:
    client = Client(enforce_csrf_checks=True)
    response = client.post("/api/v1/permits")
    assert (
        response.status_code == 405 and response["Allow"] == "GET, HEAD, OPTIONS" and response.json()["status"] == 405
    )
    response = client.options("/api/v1/permits", HTTP_ORIGIN="https://elsewhere.invalid")
    assert response.status_code == 204 and response["Access-Control-Allow-Origin"] == "*"
    assert "If-None-Match" in response["Access-Control-Allow-Headers"]
    assert client.head("/api/v1/permits").status_code == 200
    assert "Set-Cookie" not in client.get("/api/v1/permits").headers


def test_an_answer_without_change_is_not_sent_again(cast: Cast) -> None:
    client = at()
    first = client.get("/api/v1/permits")
    assert first["Cache-Control"] == "public, max-age=60"
    again = client.get("/api/v1/permits", HTTP_IF_NONE_MATCH=first["ETag"])
    assert again.status_code == 304 and not again.content and again["Access-Control-Allow-Origin"] == "*"
    issued(cast)
    assert client.get("/api/v1/permits", HTTP_IF_NONE_MATCH=first["ETag"]).status_code == 200


def test_who_asks_too_often_is_told_when_to_come_again(cast: Cast, monkeypatch) -> None:
    monkeypatch.setattr(throttle.time, "time", lambda: 1_600_000_020 + 50)
    monkeypatch.setattr(api, "PER_MINUTE", 2)
    client = at()
    for _ in range(2):
        assert client.get("/api/v1/services").status_code == 200
    response = client.get("/api/v1/services")
    assert response.status_code == 429 and response["Retry-After"] == "10"
    fits(response, "api_services", document.document())


def test_a_fault_of_ours_is_a_problem_too(cast: Cast, monkeypatch) -> None:
    monkeypatch.setattr("portal.openapi.finding.services", lambda: 1 / 0)
    client = Client(raise_request_exception=False)
    response = client.get("/api/v1/services")
    assert response.status_code == 500 and response["Content-Type"] == "application/problem+json"
    assert response.json()["status"] == 500 and "division" not in response.content.decode()


def test_the_service_is_told_as_its_definition_has_it(cast: Cast) -> None:
    found = at().get("/api/v1/services/resumption").json()
    assert found["legal_basis"]["zh"] and found["limits"]["promised"] == "3h" and found["limits"]["statutory"] == "5d"
    assert [stage["kind"] for stage in found["stages"]] == ["precheck", "countersign", "decision"]
    questions = {field["key"]: field for section in found["sections"] for field in section["fields"]}
    assert questions["first_batch"]["type"] == "integer" and questions["first_batch"]["required"]
    assert {"business_licence", "roster"} <= {material["key"] for material in found["materials"]}


@pytest.mark.parametrize(("language", "title"), [("en", "Search the public register"), ("zh-hans", "查询证照公示")])
def test_the_page_for_people_lists_every_call(cast: Cast, language: str, title: str) -> None:
    client = at(language=language)
    response = client.get("/api/")
    said = words(response)
    assert title in said and all(call.path in said and call.example in said for call in CALLS)
    assert {"/verify/status", "/verify/keys", "/api/v1/openapi.json"} <= set(links(response))
    anchors = set(page(response).xpath("//li/@id"))
    assert {"bad-parameter", "not-found", "method", "too-many"} <= anchors, "the types of problems lead there"
    footer = page(client.get(reverse("home"))).xpath("//footer//a/@href")
    assert {"/register/", "/api/"} <= set(footer)
