"""An official with sixty tasks works them off: by keyboard, by next task, by a saved filter, many at once, on a phone."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.journeys.steps import manage
from tests.journeys.test_owner import SHOTS, sign_in

pytestmark = pytest.mark.journey
SIXTY = """
from types import SimpleNamespace
from portal import demo
from tests.reviews.many import tasks_at_decision
people = demo.ensure_cast()
enterprise = demo.enterprise_of(people["owner"], demo.RECORD)
tasks_at_decision(SimpleNamespace(owner=people["owner"], enterprise=enterprise), 60, first=500)
"""


@pytest.fixture(scope="module")
def desk(portal):
    """The address of the queue, with sixty tasks in it."""
    base, mail = portal
    manage(mail.parent, "shell", "-c", SIXTY)
    return f"{base}/admin/reviews/task/"


def come_in(chromium, desk: str, person: str, *, language: str = "zh-CN", width: int = 1366, **options) -> Page:
    size = {"width": width, "height": 768 if width > 600 else 780}
    # Without motion, so that no colour is looked at on its way to another.
    context = chromium.new_context(locale=language, viewport=size, reduced_motion="reduce", **options)
    base = desk.split("/admin/")[0]
    context.add_cookies([{"name": "django_language", "value": "en" if language == "en" else "zh-hans", "url": base}])
    page = context.new_page()
    sign_in(page, base, f"{person}@demo.invalid")
    page.goto(desk)
    return page


def looks_right(page: Page, name: str) -> None:
    """A screenshot; no sideways scroll; axe finds nothing."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}.png", full_page=True)
    width = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert width <= 0, f"{name} scrolls sideways by {width}px"
    violations = Axe().run(page).response["violations"]
    assert not violations, f"{name}: " + "; ".join(f"{v['id']} {v['nodes'][0]['html'][:160]}" for v in violations)


def focused_row(page: Page) -> int:
    return page.evaluate(
        "[...document.querySelectorAll('[data-row]')].indexOf(document.activeElement.closest('[data-row]'))"
    )


def number(page: Page, row: int) -> str:
    return page.locator("[data-row]").nth(row).locator(".rv-number").inner_text()


def test_an_official_works_by_keyboard(desk, chromium):
    page = come_in(chromium, desk, "decider")
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    expect(page.locator("[data-row]")).to_have_count(25)
    looks_right(page, "queue-zh-1366")

    page.keyboard.press("?")
    expect(page.locator("#shortcuts")).to_be_visible()
    looks_right(page, "queue-shortcuts")
    page.keyboard.press("Escape")
    expect(page.locator("#shortcuts")).to_be_hidden()

    for key, row in (("j", 0), ("j", 1), ("j", 2), ("k", 1), ("k", 0), ("k", 0)):
        page.keyboard.press(key)
        assert focused_row(page) == row
    page.keyboard.press("j")
    wanted = number(page, 1)
    page.keyboard.press("c")
    page.wait_for_url("**/review/")
    expect(page.locator(".rv-head")).to_contain_text(wanted)
    page.keyboard.press("r")
    assert page.locator("[name=outcome][value=reject]").is_checked()
    assert page.evaluate("document.activeElement.id") == "reason"
    page.keyboard.type("nac?")  # letters are letters while one types
    assert page.input_value("#reason") == "nac?"
    page.keyboard.press("Tab")
    page.keyboard.press("u")
    page.wait_for_url(re.compile(r"/task/$"))

    most_urgent = number(page, 0)
    page.keyboard.press("n")
    page.wait_for_url("**/review/")
    expect(page.locator(".rv-head")).to_contain_text(most_urgent)
    page.keyboard.press("a")
    assert page.locator("[name=outcome][value=approve]").is_checked()
    page.locator(".rv-decide .rv-button-main").click()
    page.wait_for_url(re.compile(r"/task/$"))
    expect(page.locator("[data-row]").first).to_contain_text(wanted)

    page.keyboard.press("?")
    page.locator("[data-shortcuts-off]").check()
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    assert focused_row(page) == -1, "switched off"
    page.keyboard.press("?")
    page.locator("[data-shortcuts-off]").uncheck()
    assert complaints == []
    page.context.close()


def test_a_filter_is_saved_and_comes_back(desk, chromium):
    page = come_in(chromium, desk, "decider")
    page.keyboard.press("/")
    page.keyboard.type("竹制")
    page.locator(".rv-q-filters summary").click()
    page.select_option("[name=stage]", "decision")
    page.select_option("[name=due]", "week")
    page.locator(".rv-q-fields button").click()
    expect(page).to_have_url(re.compile(r"stage=decision.*due=week"))
    page.locator(".rv-q-saved summary").click()
    page.fill(".rv-q-save [name=name]", "本周竹制品")
    page.locator(".rv-q-save button").click()
    looks_right(page, "queue-filtered")
    page.goto(desk)
    page.get_by_role("link", name="本周竹制品").click()
    expect(page.locator("[name=stage]")).to_have_value("decision")
    expect(page.locator("#q")).to_have_value("竹制")
    expect(page.locator("[data-row]")).to_have_count(25)
    page.context.close()


def test_many_are_approved_and_the_one_that_somebody_else_decided_is_told(desk, chromium):
    page = come_in(chromium, desk, "decider")
    page.get_by_role("link", name="待认领").click()
    chosen = [number(page, row) for row in range(3)]
    for _ in chosen:
        page.keyboard.press("j")
        page.keyboard.press("x")
    expect(page.locator("[data-selected]")).to_contain_text("3")
    page.keyboard.press("a")
    expect(page.locator("tbody [name=task]:checked")).to_have_count(3)
    looks_right(page, "queue-confirm")

    other = come_in(chromium, desk, "supervisor")
    other.get_by_role("link", name=chosen[1]).click()
    other.locator("[name=outcome][value=reject]").check()
    other.fill("#reason", "产能与用工不符")
    other.locator(".rv-decide .rv-button-main").click()
    other.wait_for_url(re.compile(r"/task/$"))
    other.context.close()

    page.locator("button.rv-button-main").click()
    expect(page.locator("tr.rv-q-good")).to_have_count(2)
    bad = page.locator("tr.rv-q-bad")
    expect(bad).to_contain_text(chosen[1])
    expect(bad).to_contain_text("方远")
    looks_right(page, "queue-result")
    page.context.close()


@pytest.mark.parametrize(
    ("language", "width", "scheme"), [("en", 360, "light"), ("zh-CN", 360, "dark"), ("en", 1366, "dark")]
)
def test_the_queue_fits_every_screen(desk, chromium, language, width, scheme):
    page = come_in(chromium, desk, "supervisor", language=language, width=width, color_scheme=scheme)
    looks_right(page, f"queue-{language}-{width}-{scheme}")
    page.locator(".rv-q-filters summary").click()
    page.locator("[name=task]").first.check()
    page.locator("button[value=approve]").click()
    looks_right(page, f"queue-confirm-{language}-{width}-{scheme}")
    page.context.close()


def test_the_queue_works_without_a_script(desk, chromium):
    page = come_in(chromium, desk, "supervisor", java_script_enabled=False)
    page.fill("#q", "宜丰县")
    page.locator(".rv-q-search button").click()
    assert page.locator("[data-row]").count() == 25
    page.locator("a[rel=next]").click()
    assert page.locator("[data-row]").count() == 25
    page.locator("a[rel=prev]").click()
    page.locator("[name=task]").first.check()
    page.locator("button[value=claim]").click()
    assert page.locator("tr.rv-q-good").count() == 1
    page.goto(desk)
    page.locator("[data-next] button").click()
    assert page.url.endswith("/review/") and page.locator(".rv-decide").count() == 1
    page.context.close()
