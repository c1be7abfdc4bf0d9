"""A file that was sent is checked by the worker, and the page says by itself how it went: with script and without."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.data import bad
from tests.journeys.test_owner import DATA, looks_right, sign_in

pytestmark = pytest.mark.journey
BROKEN = {"name": "应急预案.pdf", "mimeType": "application/pdf", "buffer": bad.encrypted_pdf()}


def begin(page: Page, base: str) -> str:
    """A new draft; the address of its materials."""
    sign_in(page, base, "owner@demo.invalid")
    page.goto(f"{base}/services/resumption/")
    page.locator("main .actions .btn-primary").first.click()
    if "/start/" in page.url:
        page.locator("main form button[type=submit]").first.click()
    page.wait_for_url("**/fill/**")
    return re.sub(r"/fill/.*", "/materials/", page.url)


def test_with_script_each_row_says_how_its_file_was_found(portal, chromium):
    base, _mail = portal
    context = chromium.new_context(locale="zh-CN", viewport={"width": 360, "height": 800})
    page = context.new_page()
    materials = begin(page, base)
    page.goto(materials)
    page.set_input_files("#upload-epidemic_plan", BROKEN)
    page.set_input_files("#upload-roster", DATA / "roster_faulty.xlsx")
    plan, roster = page.locator("#material-epidemic_plan"), page.locator("#material-roster")
    expect(plan.locator("li.is-refused")).to_contain_text("已加密", timeout=30_000)
    expect(roster.locator("li.is-refused")).to_contain_text("第9行", timeout=30_000)
    looks_right(page, "checked-refused-zh-360")
    page.set_input_files("#upload-epidemic_plan", DATA / "epidemic_plan.docx")
    expect(plan.locator("li.is-saved")).to_contain_text("epidemic_plan.docx", timeout=30_000)
    expect(plan.locator("li")).to_have_count(1)  # what was refused made room
    expect(plan.locator("[aria-live]").first).to_contain_text("epidemic_plan.docx")
    page.set_input_files("#upload-signed_pledge", DATA / "pledge.jpg")
    page.locator("#material-signed_pledge li[data-check]").wait_for()
    page.goto(materials.replace("/materials/", "/check/"))  # which sums up, and comes anew when the file is found fine
    expect(page.locator("main")).to_contain_text("roster_faulty.xlsx · 已拒绝")
    expect(page.get_by_role("link", name="pledge.jpg")).to_be_visible(timeout=30_000)
    context.close()


def test_without_script_the_page_comes_anew_by_itself(portal, chromium):
    base, _mail = portal
    context = chromium.new_context(locale="zh-CN", viewport={"width": 360, "height": 800}, java_script_enabled=False)
    page = context.new_page()
    page.goto(begin(page, base))
    plan = page.locator("#material-epidemic_plan")
    page.set_input_files("#upload-epidemic_plan", DATA / "epidemic_plan.pdf")
    plan.locator("form[enctype] button").click()
    expect(plan).to_contain_text("正在检查")
    expect(plan.locator("li.is-saved")).to_contain_text("epidemic_plan.pdf", timeout=30_000)
    expect(plan).not_to_contain_text("正在检查")
    context.close()
