"""A service that the code has never seen: published while the portal runs, filed and decided in the browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.steps import manage
from tests.journeys.test_owner import decide, looks_right, sign_in
from tests.portal.test_services_as_data import UNKNOWN

pytestmark = pytest.mark.journey


@pytest.fixture
def phone(portal, chromium):
    base, mail = portal
    context = chromium.new_context(locale="zh-CN", viewport={"width": 360, "height": 800})
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page, base, mail.parent
    context.close()
    assert complaints == []


def pick_the_county(page: Page) -> None:
    """By typing a part of its name, with the keyboard alone; the steps follow."""
    search = page.locator("input[role=combobox]")
    search.fill("宜丰")
    expect(page.locator("[role=option]")).to_have_count(1)
    search.press("ArrowDown")
    looks_right(page, "unknown-region")
    search.press("Enter")
    assert page.locator("select[name=county]").input_value() == "360924"
    steps = page.locator(".region-step select")
    assert [steps.nth(n).evaluate("s => s.selectedOptions[0].text") for n in range(3)] == ["江西省", "宜春市", "宜丰县"]
    # And step by step: another county of the same city.
    steps.nth(2).select_option("360983")
    assert search.input_value().endswith("高安市")
    steps.nth(2).select_option("360924")


def test_a_service_published_while_the_portal_runs_is_filed_and_decided_in_the_browser(phone, tmp_path):
    page, base, var = phone
    sign_in(page, base, "owner@demo.invalid")
    assert page.goto(f"{base}/services/river-fishing/").status == 404
    definition = tmp_path / "fishing.toml"
    definition.write_text(UNKNOWN, encoding="utf-8")
    manage(var, "publish_service", str(definition))
    manage(var, "create_official", "fish@demo.invalid", "--name", "余渔", "--department", "agriculture", "--region",
           "360924", "--department-name", "宜丰县农业农村局", "Yifeng Agriculture Bureau", "--password", "Demo-2020-yifeng")  # fmt: skip
    page.goto(f"{base}/services/")
    page.get_by_role("link", name="禁渔期捕捞特许").first.click()
    page.locator("main .actions .btn-primary").first.click()
    page.wait_for_url("**/fill/catch/")
    pick_the_county(page)
    page.get_by_role("checkbox", name="湖").check()
    page.fill("[name=species-0-name]", "鳙")
    page.fill("[name=species-0-kilos]", "1001")
    page.locator("main .form-actions button.btn-primary").click()
    expect(page.locator("main")).to_contain_text("合计不超过1吨")
    looks_right(page, "unknown-fault")
    page.fill("[name=species-0-kilos]", "600")
    page.locator("main .form-actions button.btn-primary").click()
    page.wait_for_url(lambda url: "/fill/" not in url)
    page.goto(f"{base}/applications/{page.url.split('/')[4]}/check/")
    page.locator("main form[data-once] button.btn-primary").click()
    page.wait_for_url(lambda url: "/check" not in url)
    number = page.locator("main").inner_text().split("360924-")[1].split()[0]
    address = page.url
    context = page.context.browser.new_context(locale="zh-CN", viewport={"width": 1366, "height": 768})
    decide(context.new_page(), base, "fish@demo.invalid", f"360924-{number}", "approve")
    context.close()
    page.goto(address)
    expect(page.locator("main")).to_contain_text("特许捕捞证")
    looks_right(page, "unknown-approved")
