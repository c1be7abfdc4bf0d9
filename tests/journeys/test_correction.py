"""Corrections from one end to the other: the office asks, the owner is told and answers on a phone, the office sees what changed."""

from __future__ import annotations

import re
from pathlib import Path

import openpyxl
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.steps import manage
from tests.journeys.test_owner import DATA, SHOTS, looks_right, sign_in
from tests.journeys.test_queue import come_in

pytestmark = pytest.mark.journey
SENT = """
from portal import demo
from reviews import workflow
people = demo.ensure_cast()
enterprise = demo.enterprise_of(people["owner"], demo.RECORD)
for _each in range(2):
    draft = demo.draft(people["owner"], enterprise, demo.answers_for(enterprise))
    workflow.submit(draft.pk, applicant=people["owner"])
"""
ROW, MOBILE = 17, "13900000017"
ASKED = {"field-masks": "数量与照片不符", "material-signed_pledge": "承诺书未盖章"}


@pytest.fixture(scope="module")
def desk(portal) -> str:
    """The address of the queue; two applications wait for their pre-check."""
    base, mail = portal
    manage(mail.parent, "shell", "-c", SENT)
    return f"{base}/admin/reviews/task/"


def ask(chromium: Browser, desk: str) -> str:
    """A field, a material and a row of the roster are to be corrected; the number of the application."""
    page = come_in(chromium, desk, "street")
    first = page.locator("a.rv-number").first
    number = first.inner_text()
    first.click()
    page.wait_for_url("**/review/")
    page.locator("[name=outcome][value=correct]").check()
    for name, words in ASKED.items():
        page.locator(f"[name=fix][value={name}]").check()
        page.fill(f"[name='text-{name}']", words)
    page.fill("[name='number-row-roster-1']", str(ROW))
    page.fill("[name='text-row-roster-1']", "手机号有误")
    page.locator(".rv-decide .rv-button-main").click()
    page.wait_for_url("**/reviews/task/")
    page.context.close()
    return number


def owner(chromium: Browser, desk: str, language: str, **options) -> tuple[Page, str]:
    base = desk.split("/admin/")[0]
    context = chromium.new_context(locale=language, viewport={"width": 360, "height": 780}, **options)
    context.add_cookies([{"name": "django_language", "value": "en" if language == "en" else "zh-hans", "url": base}])
    page = context.new_page()
    sign_in(page, base, "owner@demo.invalid")
    return page, base


def told(page: Page, base: str, number: str) -> None:
    """From the bell to the notice, and by its one button to what is to be done."""
    page.goto(base)
    page.locator(".site-nav a[href='/inbox/']").click()
    notice = page.locator(".inbox .is-unread a", has_text=number).first
    expect(notice).to_be_visible()
    looks_right(page, "correction-inbox-zh-360")
    notice.click()
    expect(page.locator("article")).to_contain_text(ASKED["field-masks"])
    looks_right(page, "correction-notice-zh-360")
    page.get_by_role("link", name="答复补正").click()
    page.wait_for_url("**/corrections/")


def mended_roster(folder: Path) -> Path:
    book = openpyxl.load_workbook(DATA / "roster.xlsx")
    book.worksheets[0].cell(ROW, 3).value = MOBILE
    target = folder / "roster_mended.xlsx"
    book.save(target)
    return target


def test_three_corrections_are_answered_on_a_phone_and_the_office_goes_on(desk, chromium, tmp_path):
    number = ask(chromium, desk)
    page, base = owner(chromium, desk, "zh-CN", has_touch=True)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    told(page, base, number)
    expect(page.locator(".asked h2")).to_contain_text(["口罩库存", "责任承诺书", f"第{ROW}行"])
    looks_right(page, "correction-asked-zh-360")

    page.get_by_role("button", name="提交补正").last.click()
    summary = page.locator(".error-summary")
    expect(summary.locator("a")).to_have_count(3)  # nothing was changed yet
    expect(summary).to_be_focused()
    looks_right(page, "correction-refused-zh-360")
    page.fill("[name=masks]", "2400")
    page.set_input_files("#upload-signed_pledge", DATA / "canteen_plan.pdf")
    page.set_input_files("#upload-roster", mended_roster(tmp_path))
    for key, file in (("signed_pledge", "canteen_plan.pdf"), ("roster", "roster_mended.xlsx")):
        page.locator(f"#material-{key} .is-saved", has_text=file).wait_for(timeout=60_000)
    page.get_by_role("button", name="暂存").click()
    expect(page.locator(".asked .tag-ok")).to_have_text(["已修改"] * 3)
    expect(page.locator(".asked", has_text="责任承诺书").get_by_role("link", name="pledge.jpg")).to_be_visible()
    looks_right(page, "correction-mended-zh-360")
    page.get_by_role("button", name="提交补正").last.click()
    page.wait_for_url(re.compile(r"/applications/[0-9a-f-]{36}/$"))
    looks_right(page, "correction-sent-zh-360")
    address = page.url

    street = come_in(chromium, desk, "street")
    street.get_by_role("link", name=number).first.click()
    street.wait_for_url("**/review/")
    seen = street.locator("main")
    for before, now in (("2000", "2400"), ("pledge.jpg", "canteen_plan.pdf")):
        expect(seen.get_by_text(before).first).to_be_visible()
        expect(seen.get_by_text(now).first).to_be_visible()
    looks_right(street, "correction-diff-desk")
    street.locator("[name=outcome][value=accept]").check()
    street.locator(".rv-decide .rv-button-main").click()
    street.wait_for_url("**/reviews/task/")
    street.context.close()
    page.goto(address)
    expect(page.locator(".page-header .tag")).to_have_text("已受理，审核中")
    assert complaints == []
    page.context.close()


def test_without_a_script_words_are_an_answer_and_the_notice_leads_on_when_all_is_sent(desk, chromium):
    number = ask(chromium, desk)
    page, base = owner(chromium, desk, "en", java_script_enabled=False)
    page.goto(f"{base}/inbox/?show=unread")
    page.locator(".inbox a", has_text=number).first.click()
    notice = page.url
    page.get_by_role("link", name="Answer the corrections").click()
    page.fill("[name=masks]", "2400")
    for part in page.locator("details.asked-instead").all()[1:]:
        part.locator("summary").click()
        part.locator("textarea").fill("It is right as it was sent.")
    page.screenshot(path=SHOTS / "correction-words-en-360.png", full_page=True)
    page.get_by_role("button", name="Send the answers").last.click()
    expect(page.locator("[role=status]")).to_contain_text("Your corrections were sent.")
    page.goto(notice)  # what was to be done then is done
    expect(page.get_by_role("link", name="Open the application")).to_be_visible()
    expect(page.get_by_role("link", name="Answer the corrections")).to_have_count(0)
    page.context.close()
