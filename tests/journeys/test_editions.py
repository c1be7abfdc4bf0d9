"""A service owner changes a form, sees what applicants will see, publishes it; an applicant meets it; it is taken back."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.journeys.test_owner import SHOTS, sign_in

pytestmark = pytest.mark.journey
LIST = "/admin/permits/editiondraft/"


@pytest.fixture
def people(portal, chromium):
    """Two browsers, in Chinese: of somebody who writes editions, and of an applicant; and what the first complained of."""
    base, _mail = portal
    desk = chromium.new_context(locale="zh-CN", viewport={"width": 1366, "height": 768})
    applicant = chromium.new_context(locale="zh-CN", viewport={"width": 360, "height": 800})
    complaints: list[str] = []
    page = desk.new_page()
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    sign_in(page, base, "ops@demo.invalid")
    theirs = applicant.new_page()
    sign_in(theirs, base, "owner@demo.invalid")
    complaints.clear()
    yield base, page, theirs, complaints
    desk.close()
    applicant.close()


def looks_right(page: Page, name: str) -> None:
    """A screenshot; no sideways scroll; axe finds nothing in our part of the page (the admin's frame is unfold's)."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}.png", full_page=True)
    width = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert width <= 0, f"{name} scrolls sideways by {width}px"
    violations = Axe().run(page, context="main").response["violations"]
    assert not violations, f"{name}: " + "; ".join(f"{v['id']} {v['nodes'][0]['html'][:160]}" for v in violations)


def begin_report(page: Page, base: str) -> str:
    """A new community report; gives the address of its first section."""
    page.goto(f"{base}/services/community-report/")
    page.locator("main .actions .btn-primary").first.click()
    page.wait_for_url("**/fill/**")
    return page.url


def saved(page: Page) -> None:
    expect(page.locator("#autosave")).to_contain_text("已于", timeout=15_000)


def entry(page: Page, key: str):
    return page.locator(".ed-outline .ed-entry", has=page.locator(f"small:text-is('{key}')"))


def test_a_form_is_changed_published_met_by_an_applicant_and_taken_back(people):
    base, page, applicant, complaints = people
    old = begin_report(applicant, base)
    applicant.fill("[name=address]", "竹苑小区3栋")

    # From the edition in force.
    page.goto(f"{base}{LIST}add/")
    looks_right(page, "edition-start-1366")
    page.select_option(
        "[name=edition]", label=page.locator("[name=edition] option", has_text="community-report").inner_text()
    )
    page.locator("main button.rv-button-main, form button.rv-button-main").first.click()
    page.wait_for_url("**/change/**")
    looks_right(page, "edition-head-1366")

    # A label is renamed, and the preview follows while one types.
    entry(page, "address").click()
    preview = page.frame_locator("#preview")
    expect(preview.locator("main")).not_to_contain_text("现住地址（到户）")
    page.fill("[name=label_zh]", "现住地址（到户）")
    expect(preview.locator("main")).to_contain_text("现住地址（到户）", timeout=15_000)
    saved(page)

    # A question is added, named, and moved up; a fault is named while one types, and mended.
    page.locator("button[value^='add:field']").click()
    page.wait_for_load_state()
    page.fill("[name=key]", "floor")
    page.fill("[name=label_zh]", "楼层")
    page.fill("[name=label_en]", "Floor")
    page.fill("[name=help_zh]", "地下层填负数")
    page.fill("[name=help_en]", "Below ground: a negative number")
    page.select_option("[name=type]", "integer")  # another form belongs to it
    page.locator("[name=minimum]").wait_for(state="attached")
    page.locator("summary", has_text="取值范围").click()
    page.fill("[name=minimum]", "three")
    expect(page.locator("#faults")).to_contain_text("minimum", timeout=15_000)
    expect(page.locator("#faults")).to_contain_text("第")
    expect(preview.locator("main")).to_contain_text("“floor”有误")
    looks_right(page, "edition-fault-1366")
    page.fill("[name=minimum]", "-3")
    expect(page.locator("#faults")).to_contain_text("没有问题", timeout=15_000)
    expect(preview.locator("main")).to_contain_text("地下层填负数", timeout=15_000)
    page.locator(".ed-buttons button[value^='up:']").click()
    page.wait_for_load_state()
    names = preview.locator("[name=floor], [name=address]")
    expect(names.first).to_have_attribute("name", "floor")

    # A rule.
    page.locator("button[value='add:rule:']").click()
    page.locator("[name=check]").wait_for()
    page.fill("[name=check]", "floor != 4")
    page.fill("[name=message_zh]", "本小区没有四层，请核对楼层。")
    page.fill("[name=message_en]", "There is no fourth floor here; please check.")
    page.select_option("[name=level]", "error")
    for box in page.locator("[name=fields]:checked").all():
        box.uncheck()
    page.locator("[name=fields][value=floor]").check()
    saved(page)
    looks_right(page, "edition-rule-1366")
    page.set_viewport_size({"width": 360, "height": 800})
    looks_right(page, "edition-rule-360")
    entry(page, "floor").click()
    page.wait_for_load_state()
    looks_right(page, "edition-field-360")
    page.set_viewport_size({"width": 1366, "height": 768})

    # What publishing means, and done.
    page.locator("button.ed-publish").click()
    page.wait_for_url("**/publish/")
    expect(page.locator(".rv-changes").first).to_contain_text("fields.floor")
    looks_right(page, "edition-publish-1366")
    page.set_viewport_size({"width": 360, "height": 800})
    looks_right(page, "edition-publish-360")
    page.set_viewport_size({"width": 1366, "height": 768})
    page.locator("form[data-once] .rv-button-main").click()
    page.wait_for_url("**/change/")
    expect(page.locator(".rv-note-ok").first).to_contain_text("community-report v2")
    looks_right(page, "edition-published-1366")
    assert complaints == []

    # The applicant's old draft keeps its labels; what begins now has the new form, and its rule.
    applicant.goto(old)
    assert applicant.input_value("[name=address]") == "竹苑小区3栋" and not applicant.locator("[name=floor]").count()
    assert "现住地址（到户）" not in applicant.locator("main").inner_text()
    applicant.goto(f"{old.split('/fill/')[0]}/check/")
    applicant.locator("details.more summary").click()
    applicant.locator("details.more button").click()
    begin_report(applicant, base)
    expect(applicant.locator("main")).to_contain_text("现住地址（到户）")
    applicant.fill("[name=floor]", "4")
    applicant.locator("main .form-actions .btn-primary").click()
    expect(applicant.locator("main")).to_contain_text("本小区没有四层")
    looks_right(applicant, "edition-applicant-360")

    # Taken back.
    page.goto(f"{base}/admin/permits/serviceversion/")
    page.locator("tr", has_text="community-report").filter(has=page.locator("text='1'")).locator("a").first.click()
    page.locator("a[href$='/roll-back/']").click()
    page.fill("[name=reason]", "口径有误")
    page.locator("button.rv-button-main").click()
    page.wait_for_load_state()
    applicant.goto(f"{applicant.url.split('/fill/')[0]}/check/")
    applicant.locator("details.more summary").click()
    applicant.locator("details.more button").click()
    begin_report(applicant, base)
    assert not applicant.locator("[name=floor]").count()


def test_a_time_is_set_by_keyboard_and_two_windows_dont_overwrite_each_other(people):
    base, page, _applicant, _complaints = people
    page.goto(f"{base}{LIST}add/")
    page.select_option(
        "[name=edition]", label=page.locator("[name=edition] option", has_text="job-retention").inner_text()
    )
    page.locator("form button.rv-button-main").first.click()
    page.wait_for_url("**/change/**")
    entry(page, "account_name").click()
    page.locator("[name=label_zh]").wait_for()
    other = page.context.new_page()
    other.goto(page.url)
    page.fill("[name=label_zh]", "户名（甲）")
    saved(page)
    other.fill("[name=label_zh]", "户名（乙）")
    expect(other.locator("#autosave")).to_contain_text("未保存", timeout=15_000)
    other.locator(".ed-buttons .rv-button-main").click()
    expect(other.locator("[role=alert]").first).to_contain_text("户名（甲）")
    assert other.input_value("[name=label_zh]") == "户名（乙）"
    looks_right(other, "edition-conflict-1366")
    other.locator(".ed-buttons .rv-button-main").click()
    other.wait_for_load_state()
    assert other.input_value("[name=label_zh]") == "户名（乙）"

    # Without a connection the text stays and is saved later.
    other.context.set_offline(True)
    other.fill("[name=label_zh]", "断网时改的")
    expect(other.locator("#autosave")).to_contain_text("网络已断开", timeout=15_000)
    other.context.set_offline(False)
    saved(other)

    # The TOML page: a fault's line is a click away.
    other.locator(".ed-entry", has_text="TOML").click()
    other.locator("#source").wait_for()
    text = other.input_value("#source")
    other.fill("#source", text.replace('region_field = "region"', 'region_field = "nowhere"'))
    expect(other.locator("#faults")).to_contain_text("nowhere", timeout=15_000)
    other.locator("#faults [data-line]").first.click()
    chosen = other.evaluate(
        "(() => { const s = document.getElementById('source'); return s.value.slice(s.selectionStart, s.selectionEnd); })()"
    )
    assert chosen == 'region_field = "nowhere"'
    looks_right(other, "edition-toml-1366")
    other.fill("#source", text)
    expect(other.locator("#faults")).to_contain_text("没有问题", timeout=15_000)

    other.locator("button.ed-publish").click()
    other.wait_for_url("**/publish/")
    other.locator("[name=when][value=later]").focus()
    other.keyboard.press("Space")
    other.fill("[name=at]", (datetime.now() + timedelta(days=2)).strftime("%Y-%m-%dT09:00"))
    other.locator("form[data-once] .rv-button-main").press("Enter")
    other.wait_for_url("**/change/")
    expect(other.locator(".rv-note-warn").first).to_contain_text("09:00")
    looks_right(other, "edition-scheduled-1366")
    other.goto(f"{base}{LIST}")
    expect(other.locator("#result_list")).to_contain_text("09:00")
    other.close()


def test_without_script_the_editor_does_the_same(portal, chromium):
    base, _mail = portal
    context = chromium.new_context(locale="zh-CN", viewport={"width": 360, "height": 800}, java_script_enabled=False)
    page = context.new_page()
    sign_in(page, base, "ops@demo.invalid")
    page.goto(f"{base}{LIST}add/")
    page.set_input_files("[name=file]", Path("permits/services/resumption.toml"))
    page.locator("form button.rv-button-main").first.click()
    page.wait_for_url("**/change/**")
    entry(page, "masks").click()
    page.locator("[name=label_zh]").wait_for()
    page.fill("[name=label_zh]", "口罩（盒）")
    page.locator(".ed-buttons button[value^='down:']").click()
    page.wait_for_url("**fields.1")
    assert page.input_value("[name=label_zh]") == "口罩（盒）"
    expect(page.frame_locator("#preview").locator("main")).to_contain_text("口罩（盒）")
    context.close()
