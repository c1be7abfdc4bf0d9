"""The review page in Chromium: what is to be corrected, and every small act beside the decision."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.steps import manage
from tests.journeys.test_queue import come_in, looks_right

pytestmark = pytest.mark.journey
SCENES = """
from types import SimpleNamespace
from permits.models import Application
from portal import demo
from reviews import workflow
from tests.reviews.many import tasks_at_decision
people = demo.ensure_cast()
enterprise = demo.enterprise_of(people["owner"], demo.RECORD)
draft = demo.draft(people["owner"], enterprise, demo.answers_for(enterprise))
workflow.submit(draft.pk, applicant=people["owner"])
tasks_at_decision(SimpleNamespace(owner=people["owner"], enterprise=enterprise), 2, first=500)
"""


@pytest.fixture(scope="module")
def desk(portal):
    """The address of the queue; one application waits for its pre-check, two for their decision."""
    base, mail = portal
    manage(mail.parent, "shell", "-c", SCENES)
    return f"{base}/admin/reviews/task/"


def first_task(page: Page) -> None:
    page.locator("a.rv-number").first.click()
    page.wait_for_url("**/review/")


def act(page: Page, name: str) -> None:
    """Open an act, say why, and do it."""
    page.locator(f"#act-{name} summary").click()
    choice = page.locator(f"#choice-{name}")
    if choice.count():
        choice.select_option(index=1)
    page.fill(f"#text-{name}", "需要专家到现场核实")
    page.locator(f"#act-{name} button[data-act]").click()


def test_corrections_are_asked_for_row_by_row_and_nothing_typed_is_lost(desk, chromium):
    page = come_in(chromium, desk, "street")
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    first_task(page)
    page.locator("[name=outcome][value=correct]").check()
    masks = page.locator("[name='text-field-masks']")
    expect(masks).to_be_hidden()
    page.locator("[name=fix][value=field-masks]").check()
    expect(masks).to_be_visible()
    page.fill("[name='number-row-roster-1']", "17")
    page.fill("[name='text-row-roster-1']", "手机号少一位")
    page.locator(".rv-more").click()
    page.keyboard.type("18")  # the new line has the focus
    page.keyboard.press("Tab")
    page.keyboard.type("同上")
    looks_right(page, "desk-corrections")
    page.locator(".rv-decide .rv-button-main").click()
    expect(page.locator("[role=alert]").first).to_contain_text("请写明如何补正：口罩库存")
    expect(masks).to_have_attribute("aria-invalid", "true")
    expect(page.locator("[name='number-row-roster-3']")).to_have_value("18")
    looks_right(page, "desk-corrections-refused")
    masks.fill("数量与照片不符")
    page.locator(".rv-decide .rv-button-main").click()
    page.wait_for_url("**/reviews/task/")
    expect(page.locator("body")).to_contain_text("告知补正")
    assert complaints == []
    page.context.close()


@pytest.mark.parametrize(("language", "width"), [("zh-CN", 1366), ("en", 360)])
def test_the_clock_is_stopped_goes_on_and_others_are_asked(desk, chromium, language, width):
    page = come_in(chromium, desk, "decider", language=language, width=width)
    first_task(page)
    page.locator(".rv-act summary").evaluate_all("all => all.forEach(each => each.click())")
    looks_right(page, f"desk-acts-{language}-{width}")
    page.locator("#act-suspend button[data-act]").click()
    expect(page.locator("#act-suspend [role=alert]")).to_be_visible()
    page.locator("#act-suspend summary").click()  # it came back open: closed, to be opened again
    act(page, "suspend")
    expect(page.locator("#act-resume")).to_be_visible()
    looks_right(page, f"desk-suspended-{language}-{width}")
    act(page, "resume")
    expect(page.locator("#act-suspend")).to_be_visible()
    act(page, "ask_advice")
    expect(page.locator("body")).to_contain_text("需要专家到现场核实")
    looks_right(page, f"desk-asked-{language}-{width}")
    page.context.close()


def test_a_supervisor_gives_it_to_somebody_else_and_extends_the_limit(desk, chromium):
    page = come_in(chromium, desk, "supervisor")
    first_task(page)
    act(page, "reassign")
    expect(page.locator("body")).to_contain_text("需要专家到现场核实")
    act(page, "extend")
    expect(page.locator("#act-extend")).to_have_count(0)
    looks_right(page, "desk-extended")
    page.context.close()


def test_what_is_typed_and_not_sent_outlives_reload_back_and_a_log_in_and_nothing_is_sent_twice(desk, chromium):
    page = come_in(chromium, desk, "decider", width=360)
    posted: list[str] = []
    page.on("request", lambda request: posted.append(request.url) if request.method == "POST" else None)
    first_task(page)
    review, reason, kept = page.url, page.locator("#reason"), page.locator(".rv-decide [data-kept]")
    page.locator("[name=outcome][value=reject]").check()
    page.locator(".rv-decide .rv-button-main").click()
    expect(page.locator("#error")).to_be_visible()
    reason.fill("产能与用工不符")
    posted.clear()
    page.reload()
    expect(reason).to_have_value("产能与用工不符")
    expect(kept).to_be_visible()
    looks_right(page, "desk-kept-zh-360")
    page.locator(".rv-back a").click()
    page.wait_for_url("**/reviews/task/")
    page.go_back()
    expect(reason).to_have_value("产能与用工不符")
    assert posted == [], "the refused form was not sent again"

    session = [each for each in page.context.cookies() if each["name"] == "portal_session"]
    page.context.clear_cookies(name="portal_session")
    page.locator(".rv-decide .rv-button-main").click()
    page.wait_for_url("**/login/**")
    page.context.add_cookies(session)
    page.goto(review)
    expect(reason).to_have_value("产能与用工不符")
    expect(page.locator("[name=outcome][value=reject]")).to_be_checked()

    page.locator("#act-ask_advice summary").click()
    page.fill("#text-ask_advice", "产能是否属实?")
    page.locator("#choice-ask_advice").select_option(index=1)
    page.locator("#act-ask_advice button[data-act]").click()
    expect(page.locator("body")).to_contain_text("产能是否属实?")
    expect(page.locator("#text-ask_advice")).to_have_value("")  # it was put
    expect(reason).to_have_value("产能与用工不符")  # beside it
    kept.locator("button").click()
    expect(reason).to_have_value("")
    page.reload()
    expect(reason).to_have_value("")
    expect(kept).to_be_hidden()
    page.context.close()


def test_signing_out_leaves_nothing_typed_in_the_tab(desk, chromium):
    page = come_in(chromium, desk, "decider")
    first_task(page)
    page.fill("#reason", "对他人保密")
    assert page.evaluate("Object.keys(sessionStorage).filter(key => key.startsWith('desk:')).length") == 1
    page.goto(desk.replace("/task/", "/delegation/"))
    page.locator("#logout-form").evaluate("form => form.requestSubmit()")
    page.wait_for_url(lambda url: "/admin/reviews/" not in url)
    assert page.evaluate("Object.keys(sessionStorage).filter(key => key.startsWith('desk:')).length") == 0
    page.context.close()
