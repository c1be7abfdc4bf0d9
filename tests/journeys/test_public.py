"""What everybody may see: the figures and the register, walked by a visitor on a phone and at a desk."""

from __future__ import annotations

import csv
import io
import json
import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.steps import manage
from tests.journeys.test_owner import looks_right

pytestmark = pytest.mark.journey
PERMITS, FILED = 30, 12  # more than a page of the register; a step of the board's is five
MADE = f"""
from types import SimpleNamespace
from portal import demo
from reviews import workflow
from tests.cast import filled
from tests.portal.permits_issued import issued
people = demo.ensure_cast()
cast = SimpleNamespace(owner=people["owner"], enterprise=demo.enterprise_of(people["owner"], demo.RECORD))
issued(cast, {PERMITS - 1})
issued(cast, 1, begin={PERMITS}, name="宜丰县松涛木业有限公司", uscc="91360924MA35ABC16Y")
for _each in range({FILED}):
    workflow.submit(filled(cast).pk, applicant=cast.owner)
"""


@pytest.fixture(scope="module")
def site(portal) -> str:
    base, mail = portal
    manage(mail.parent, "shell", "-c", MADE)
    manage(mail.parent, "seal_audit_log")
    manage(mail.parent, "count_board")
    return base


def visitor(chromium: Browser, base: str, language: str, width: int) -> Page:
    context = chromium.new_context(locale=language, viewport={"width": width, "height": 800}, accept_downloads=True)
    context.add_cookies([{"name": "django_language", "value": "en" if language == "en" else "zh-hans", "url": base}])
    return context.new_page()


def taken(page: Page, link: re.Pattern[str]) -> str:
    """What the link of this name gives to take away."""
    address = page.get_by_role("link", name=link).evaluate("link => link.href")
    response = page.request.get(address)
    assert response.ok, address
    return response.text()


@pytest.mark.parametrize(("language", "width"), [("zh-CN", 360), ("en", 1280)])
def test_the_register_is_searched_paged_and_taken_away(site, chromium, language, width):
    page = visitor(chromium, site, language, width)
    page.goto(site)
    page.locator("footer a[href='/register/']").click()
    rows = page.locator(".register-table tbody tr")
    expect(rows).to_have_count(25)
    looks_right(page, f"register-{language}-{width}")
    page.locator("[rel=next]").click()
    expect(rows).to_have_count(PERMITS - 25)
    page.locator("[rel=prev]").click()
    page.fill("#q", "松涛")
    page.keyboard.press("Enter")
    expect(rows).to_have_count(1)
    looks_right(page, f"register-found-{language}-{width}")
    sheet = list(csv.DictReader(io.StringIO(taken(page, re.compile("CSV")).removeprefix("\ufeff"))))
    assert [row["holder"] for row in sheet] == ["宜丰县松涛木业有限公司"]
    number = rows.locator("a").inner_text()
    assert sheet[0]["number"] == number
    rows.locator("a").click()
    page.wait_for_url(f"**/verify/{number}/")
    page.go_back()
    page.select_option("#state", "revoked")
    page.locator(".register-act button").click()
    expect(page.locator(".empty")).to_be_visible()  # none of that name is revoked
    looks_right(page, f"register-none-{language}-{width}")
    page.locator(".register-act a").click()
    expect(rows).to_have_count(25)
    page.context.close()


@pytest.mark.parametrize(("language", "width"), [("zh-CN", 360), ("en", 1280)])
def test_the_figures_are_narrowed_and_taken_away(site, chromium, language, width):
    page = visitor(chromium, site, language, width)
    page.goto(site)
    page.locator("footer a[href='/board/']").click()
    filed = page.locator(".pb-total dd").first
    expect(filed).to_have_text(str(FILED // 5 * 5))  # full fives only
    looks_right(page, f"board-{language}-{width}")
    page.select_option("[name=service]", "resumption")
    page.select_option("[name=per]", "month")
    page.locator(".pb-form button").click()
    page.wait_for_url("**per=month**")
    expect(filed).to_have_text(str(FILED // 5 * 5))
    looks_right(page, f"board-narrowed-{language}-{width}")
    found = json.loads(taken(page, re.compile("JSON")))
    assert found["service"] == "resumption" and found["per"] == "month" and found["steps_of"] == 5
    sheet = list(csv.DictReader(io.StringIO(taken(page, re.compile("CSV")).removeprefix("\ufeff"))))
    assert [(row["of"], row["code"]) for row in sheet] == [(row["of"], row["code"]) for row in found["rows"]]
    text = json.dumps(found, ensure_ascii=False)
    assert "青竹" not in text and not re.search(r"\d{6}-\d{8}-\d{6}", text), "of nobody in particular"
    page.context.close()
