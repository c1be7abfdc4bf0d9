"""The materials at the desk: what the pane is given, what is searched and served, who may, and what goes on record."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from lxml.html import HtmlElement, document_fromstring

from permits.models import Application, Material
from reviews import workflow
from reviews.audit import log, reads
from reviews.models import CorrectionItem, Mark, Task
from tests.cast import Cast, task_of
from tests.parts import give_file, give_picture, give_text
from tests.reviews.steps import say, submitted

pytestmark = pytest.mark.django_db


@pytest.fixture
def task(cast: Cast) -> Task:
    """At the street's pre-check; the plan has text, a picture of its first page, and a warning."""
    application = submitted(cast)
    plan = give_file(
        application.materials.get(requirement="epidemic_plan"), "epidemic_plan.pdf", pages=4,
        warnings=[{"code": "blank", "text": {"zh-hans": "第4页空白", "en": "Page 4 is blank"}}],
    )  # fmt: skip
    give_text(plan, "总则", "应急预案 <b>隔离</b>")
    give_picture(plan)
    give_file(application.materials.get(requirement="roster"), "roster.xlsx")
    return task_of(application, "street")


def desk_of(user, language: str = "en") -> Client:
    client = Client()
    client.force_login(user)
    client.cookies["django_language"] = language
    return client


def address(name: str, task: Task, *more) -> str:
    return reverse(f"admin:reviews_task_{name}", args=[task.pk, *more])


def page_of(response) -> HtmlElement:
    return document_fromstring(response.content.decode())


def sheets(root: HtmlElement) -> list[dict]:
    return [json.loads(option.get("data-sheet")) for option in root.xpath("//*[@id='viewer-main']//option")]


def of(application: Application, requirement: str) -> Material:
    return application.materials.current().get(requirement=requirement)


def looked(application: Application) -> list[dict]:
    return [log.data_of(event) for event in reads.of(application)]


def test_the_pane_has_the_files_that_passed_in_the_order_they_are_asked_for(cast, task):
    of(task.application, "signed_pledge").parts.all().delete()
    Material.objects.filter(requirement="canteen_plan").update(check_state="held")
    root = page_of(desk_of(cast.street).get(address("review", task)))
    given = sheets(root)
    assert [sheet["key"] for sheet in given] == ["business_licence", "epidemic_plan", "roster", "signed_pledge"]
    assert [sheet["kind"] for sheet in given] == ["pdf", "pdf", "none", "pdf"]
    assert given[1]["warnings"] == ["Page 4 is blank"]


def test_without_a_script_there_are_links_pictures_and_a_search(cast, task):
    plan = of(task.application, "epidemic_plan")
    desk = desk_of(cast.street)
    root = page_of(desk.get(address("review", task)))
    assert root.xpath("//*[@id='viewer-main']")[0].get("data-with-script") is not None  # noscript.css hides it
    (list_of_files,) = root.xpath("//section[.//h2[text()='Materials']]")
    assert plan.url in list_of_files.xpath(".//a/@href") and "Page 4 is blank" in list_of_files.text_content()
    (picture,) = list_of_files.xpath(".//img/@src")
    response = desk.get(picture)
    assert response["Content-Type"] == "image/jpeg" and b"".join(response.streaming_content)[:2] == b"\xff\xd8"
    found = desk.get(address("viewer", task), {"q": "预案"})
    assert "1 place with" in found.content.decode() and plan.url in page_of(found).xpath("//a/@href")


def test_the_search_names_file_and_page_and_nothing_of_a_file_becomes_markup(cast, task):
    plan = of(task.application, "epidemic_plan")
    response = desk_of(cast.street).get(address("find_text", task), {"q": "应急 <b>"})
    root = page_of(response)
    (hit,) = root.xpath("//a")
    assert (hit.get("data-file"), hit.get("data-page")) == (str(plan.public_id), "2")
    assert [word.text for word in root.xpath("//mark")] == ["应急", "<b>"] and not root.xpath("//b")
    assert "No text to look in" in root.text_content() and "roster.xlsx" in root.text_content()
    assert "stands in none" in desk_of(cast.street).get(address("find_text", task), {"q": "没有的词"}).content.decode()


def test_a_search_asks_as_many_queries_for_many_files_as_for_one(cast, task):
    desk, where = desk_of(cast.street), address("find_text", task)

    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            desk.get(where, {"q": "应急"})
        return len(asked)

    queries()  # the first one goes on record
    before = queries()
    copy = of(task.application, "epidemic_plan")
    for _n in range(4):
        copy.pk, copy.public_id, copy.sha256 = None, uuid4(), uuid4().hex * 2
        copy.save()
        give_text(copy, "应急")
    assert queries() == before


def test_text_and_file_are_given_and_go_on_record(cast, task):
    plan = of(task.application, "epidemic_plan")
    desk = desk_of(cast.street)
    assert desk.get(address("text", task, plan.public_id)).json() == {"pages": ["总则", "应急预案 <b>隔离</b>"]}
    desk.get(address("find_text", task), {"q": "应急"})
    led = desk.get(address("content", task, plan.public_id))
    assert "/view/" in led["Location"]  # as it was stored, at an address of theirs that is good for minutes
    shown = desk.get(led["Location"])
    assert shown["Content-Type"] == "application/pdf" and shown["Accept-Ranges"] == "bytes"
    data = looked(task.application)
    assert {"what": "file", "file": str(plan.public_id)} in data and {"what": "file_search"} in data


def test_a_file_of_another_application_or_one_that_did_not_pass_is_not_found(cast, task):
    other = give_file(of(submitted(cast), "epidemic_plan"), "canteen_plan.pdf")
    desk = desk_of(cast.street)
    held = of(task.application, "roster")
    Material.objects.filter(pk=held.pk).update(check_state="held")
    for file in (other.public_id, held.public_id, uuid4()):
        for name in ("text", "content"):
            assert desk.get(address(name, task, file)).status_code == 404
    for stranger in (cast.other_street, cast.health, cast.owner):
        response = desk_of(stranger).get(address("text", task, of(task.application, "epidemic_plan").public_id))
        assert response.status_code in (302, 403, 404)


def test_what_draws_a_file_has_no_origin_and_no_network_but_its_own_fonts(cast, task):
    response = desk_of(cast.street).get(reverse("admin:reviews_task_frame"))
    rules = dict(rule.strip().partition(" ")[::2] for rule in response["Content-Security-Policy"].split(";"))
    assert rules["sandbox"] == "allow-scripts" and rules["default-src"] == "'none'"
    assert rules["script-src"] == "http://testserver/static/js/viewer/ http://testserver/static/vendor/pdfjs/"
    assert rules["connect-src"] == rules["font-src"] == "http://testserver/static/vendor/pdfjs/"
    assert rules["worker-src"] == "blob:" and rules["frame-ancestors"] == "'self'"
    assert "unsafe" not in response["Content-Security-Policy"] and response["X-Frame-Options"] == "SAMEORIGIN"


def test_the_page_of_its_own_has_a_strict_policy_and_takes_no_script_of_a_file(cast, task):
    response = desk_of(cast.street).get(address("viewer", task))
    policy = response["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "script-src 'self';" in policy and "unsafe" not in policy
    root = page_of(response)
    assert not root.xpath("//script[not(@src) and @type!='application/json'] | //style | //*[@style] | //*[@onclick]")
    assert root.xpath("//*[@data-vw='mark']"), "corrections can be asked for"


def test_marking_is_offered_where_corrections_can_be_asked_for(cast, task):
    say(task.application, "street", cast.street, "accept")
    for office, user in (("street", cast.street), ("health", cast.health)):
        at = Task.objects.get(application=task.application, department__kind=office)
        for name in ("viewer", "review"):
            root = page_of(desk_of(user).get(address(name, at)))
            assert root.xpath("//*[@id='viewer-main']") and not root.xpath("//*[@data-vw='mark'] | //*[@data-marks]")


def sent(task: Task, *marks: tuple[str, str], **more: str) -> dict[str, str]:
    lines = {f"mark-{n}": place for n, (place, _words) in enumerate(marks, 1)}
    words = {f"text-mark-{n}": said for n, (_place, said) in enumerate(marks, 1)}
    return {"outcome": "correct", **lines, **words, **more}


def test_a_mark_is_sent_with_the_form_and_shown_to_who_reviews_the_answer(cast, task):
    plan = of(task.application, "epidemic_plan")
    desk = desk_of(cast.street)
    response = desk.post(address("review", task), sent(task, (f"{plan.public_id},2,0.1,0.2,0.3,0.4", "写明地址")))
    assert response.status_code == 302
    mark = Mark.objects.select_related("item").get()
    assert (mark.file, mark.page, mark.place.sides) == (plan.public_id, 2, (1000, 2000, 3000, 4000))
    assert (mark.item.kind, mark.item.key, mark.item.message) == ("material", "epidemic_plan", "写明地址")
    root = page_of(desk.get(address("review", task)))
    (given,) = [sheet for sheet in sheets(root) if sheet["key"] == "epidemic_plan"]
    assert given["marks"] == [{"page": 2, "at": [1000, 2000, 3000, 4000], "words": "写明地址"}]
    assert "page 2, middle left" in root.text_content()


def test_a_refused_form_comes_back_with_its_marks(cast, task):
    plan = of(task.application, "epidemic_plan")
    place = f"{plan.public_id},2,0.1000,0.2000,0.3000,0.4000"
    desk = desk_of(cast.street)
    response = desk.post(address("review", task), sent(task, (place, "写明地址"), (place, " ")))
    assert response.status_code == 422 and not CorrectionItem.objects.exists()
    root = page_of(response)
    (box,) = root.xpath("//*[@data-marks]")
    lines = box.xpath("./*[@data-mark-line]")
    assert box.get("hidden") is None and len(lines) == 2
    assert [line.xpath(".//input/@value") for line in lines] == [[place, "写明地址"], [place, ""]]
    assert [line.xpath(".//@aria-invalid") for line in lines] == [[], ["true"]]
    assert "epidemic_plan.pdf · page 2, middle left" in lines[0].text_content()


def test_a_mark_that_is_none_or_on_no_file_of_the_application_is_not_taken(cast, task):
    desk = desk_of(cast.street)
    elsewhere = of(submitted(cast), "epidemic_plan").public_id
    marks = (("rubbish", "x"), (f"{elsewhere},1,0,0,1,1", "x"), (f"{uuid4()},1,0,0,1,1", "x"))
    assert desk.post(address("review", task), sent(task, *marks)).status_code == 422
    assert not Mark.objects.exists()


def test_a_mark_on_a_file_that_was_replaced_meanwhile_is_refused_and_kept(cast, task):
    plan = of(task.application, "epidemic_plan")
    Material.objects.filter(pk=plan.pk).update(replaced_at="2026-11-24T02:00:00Z")
    response = desk_of(cast.street).post(
        address("review", task), sent(task, (f"{plan.public_id},1,0,0,1,1", "写明地址"))
    )
    assert response.status_code == 409 and "写明地址" in response.content.decode()


def test_old_and_new_file_stand_side_by_side_after_a_correction(cast, task):
    application, plan = task.application, of(task.application, "epidemic_plan")
    desk = desk_of(cast.street)
    desk.post(address("review", task), sent(task, (f"{plan.public_id},1,0,0,1,1", "重做")))
    Material.objects.filter(pk=plan.pk).update(replaced_at="2026-11-24T02:00:00Z")
    newer = Material.objects.create(
        application=application, requirement="epidemic_plan", original_name="new.pdf", media_type="application/pdf",
        size=9, sha256="f" * 64, uploaded_by=cast.owner, check_state="fine",
    )  # fmt: skip
    application.refresh_from_db()
    workflow.answer_corrections(application.pk, applicant=cast.owner, answers={})
    root = page_of(desk.get(address("review", task_of(application, "street"))))
    (way,) = root.xpath("//a[contains(text(), 'Side by side')]/@href")
    assert way.endswith(f"/viewer/?beside={plan.public_id}&file={newer.public_id}")
    root = page_of(desk.get(way))
    chosen = root.xpath("//section[@data-viewer]//option[@selected]/@value")
    assert chosen == [str(plan.public_id), str(newer.public_id)] and not root.xpath("//*[@data-vw='mark']")
