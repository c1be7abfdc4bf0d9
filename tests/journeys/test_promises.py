"""An owner on a phone: one material pledged, another handed in later, refused, objected, and recorded in the end."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from playwright.sync_api import expect

from tests.journeys.steps import manage
from tests.journeys.test_owner import DATA, DEMO, decide, fill_in, looks_right, sign_in

pytestmark = pytest.mark.journey
RESUMES = (date.today() + timedelta(days=5)).isoformat()
ANSWERS = {
    "epidemic_lead_name": "余小禾", "epidemic_lead_mobile": "13900000312", "headcount": "150", "first_batch": "120",
    "origin_local": "84", "origin_province": "24", "origin_other": "10", "origin_key_area": "2",
    "quarantine_place": "独立宿舍楼", "quarantine_end": RESUMES, "resumption_date": RESUMES, "shift_arrangement": "两班",
    "canteen_used": "true", "canteen_arrangement": "分时就餐", "masks": "2000", "mask_days": "8", "thermometers": "6",
    "disinfectant_litres": "120", "quarantine_room": "true", "pledge": "on",
}  # fmt: skip


def fill(page) -> None:
    for section in ("people", "staff", "arrangement", "supplies"):
        page.wait_for_url(f"**/fill/{section}/**")
        fill_in(page, ANSWERS)
        page.locator("main .form-actions button.btn-primary").click()


def third_of_the_bureau(var) -> None:
    """After a refusal that a supervisor set aside, neither of the two decides it again."""
    names = ("--name", "丁一", "--department", "bureau", "--region", "360924", "--password", DEMO)
    manage(var, "create_official", "third@demo.invalid", *names)


def officials(browser, base, number, *steps) -> None:
    for person, outcome, reason in steps:
        desk = browser.new_context(locale="zh-CN", viewport={"width": 1366, "height": 768})
        page = desk.new_page()
        if not reason:
            decide(page, base, f"{person}@demo.invalid", number, outcome)
        else:
            sign_in(page, base, f"{person}@demo.invalid")
            page.goto(f"{base}/admin/reviews/task/")
            page.get_by_role("link", name=number).first.click()
            page.locator(f"input[name=outcome][value={outcome}]").check()
            page.locator("textarea[name=reason]").fill(reason)
            page.locator("button.rv-button-main").first.click()
            page.wait_for_url("**/admin/reviews/task/")
        desk.close()


def test_promised_refused_objected_and_recorded_on_a_phone(portal, chromium):
    base, mail = portal
    third_of_the_bureau(mail.parent)
    context = chromium.new_context(locale="zh-CN", viewport={"width": 360, "height": 800})
    page = context.new_page()
    sign_in(page, base, "owner@demo.invalid")
    page.goto(f"{base}/services/resumption/")
    expect(page.locator("main")).to_contain_text("可容缺后补")
    page.locator("main .actions .btn-primary").first.click()
    if "/start/" in page.url:
        page.locator("main form button[type=submit]").first.click()
    fill(page)

    page.wait_for_url("**/materials/")
    for key, file in (
        ("business_licence", "business_licence.jpg"),
        ("roster", "roster.xlsx"),
        ("signed_pledge", "pledge.jpg"),
    ):
        page.set_input_files(f"#upload-{key}", DATA / file)
        page.locator(f"#material-{key} li.is-saved").first.wait_for(timeout=30_000)
    plan = page.locator("#material-epidemic_plan")
    plan.locator("details.instead summary").click()
    looks_right(page, "promise-pledge-zh-360")
    plan.locator("[name=agree]").check()
    plan.locator("details.instead button").click()
    expect(page.locator("#material-epidemic_plan .promised")).to_contain_text("本单位承诺")
    canteen = page.locator("#material-canteen_plan")
    canteen.locator("details.instead summary").click()
    canteen.locator("details.instead button").click()
    expect(page.locator("#material-canteen_plan .promised")).to_contain_text("稍后补交")
    looks_right(page, "promise-both-zh-360")
    page.locator(".form-actions a.btn-primary").click()
    page.wait_for_url("**/check/")
    looks_right(page, "promise-check-zh-360")
    page.locator("main form[data-once] button.btn-primary").click()
    page.wait_for_url(re.compile(r"/applications/[0-9a-f-]{36}/$"))
    number, address = page.locator("h1").inner_text().strip(), page.url

    officials(chromium, base, number, ("street", "accept", ""))
    page.goto(address)
    looks_right(page, "owed-zh-360")
    page.set_input_files("#upload-canteen_plan", DATA / "canteen_plan.pdf")
    expect(page.locator("#material-canteen_plan [data-requirement-status]")).to_contain_text("已收到并告知", timeout=60_000)
    expect(page.locator("#material-canteen_plan form[data-upload]")).to_be_hidden()
    assert page.locator("#material-canteen_plan .file-acts form").count() == 0
    looks_right(page, "owed-arrived-zh-360")
    page.reload()
    assert page.locator("#owed").count() == 0

    officials(
        chromium, base, number, ("health", "agree", ""), ("industry", "agree", ""),
        ("decider", "reject", "隔离场所不符合要求"),
    )  # fmt: skip
    page.goto(address)
    looks_right(page, "rejected-zh-360")
    page.locator("a[href$='/objection/']").click()
    page.fill("[name=text]", "隔离场所已更换，附新的租赁合同。")
    looks_right(page, "objection-zh-360")
    page.locator("main form button[type=submit]").click()
    page.wait_for_url(address)
    looks_right(page, "objected-zh-360")

    officials(chromium, base, number, ("supervisor", "overturn", "新场所符合要求"))
    page.goto(address)
    looks_right(page, "overturned-zh-360")
    officials(chromium, base, number, ("third", "approve", ""))
    page.goto(address)
    expect(page.locator("a[href$='permit.pdf']")).to_be_visible()
    looks_right(page, "recorded-zh-360")
    context.close()
