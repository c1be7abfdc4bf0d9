"""A question to the office and a call back: written on a phone, answered at the desk, read on the phone."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.journeys.steps import manage
from tests.journeys.test_owner import looks_right, sign_in
from tests.journeys.test_queue import come_in

pytestmark = pytest.mark.journey
SENT = """
from types import SimpleNamespace
from portal import demo
from reviews import workflow
from tests.cast import filled
people = demo.ensure_cast()
enterprise = demo.enterprise_of(people["owner"], demo.RECORD)
draft = filled(SimpleNamespace(owner=people["owner"], enterprise=enterprise))
workflow.submit(draft.pk, applicant=people["owner"])
"""
QUESTION, ANSWER, SAID = "夜班是否需要另报？\n请告知。", "夜班一并填写即可，不必另报。", "已电话说明夜班的测温安排。"


def test_a_question_is_answered_and_a_call_is_made(portal, chromium):
    base, mail = portal
    manage(mail.parent, "shell", "-c", SENT)
    context = chromium.new_context(locale="zh-CN", viewport={"width": 360, "height": 780})
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    sign_in(page, base, "owner@demo.invalid")
    page.goto(f"{base}/applications/")
    page.locator("main .case h2 a").first.click()
    page.get_by_role("link", name="咨询办理部门").click()
    looks_right(page, "thread-empty-zh-360")
    page.get_by_role("button", name="发送").click()
    expect(page.locator(".error-summary")).to_be_focused()  # nothing was written
    looks_right(page, "thread-refused-zh-360")
    page.fill("[name=text]", QUESTION)
    page.get_by_role("button", name="发送").click()
    expect(page.locator(".thread-applicant")).to_contain_text("请告知")
    page.locator("#call summary").click()
    page.fill("#call [name=mobile]", "139 0000 0312")
    page.locator("#call [name=slot]").select_option(index=1)
    page.locator("#call details button").click()
    expect(page.locator("#call")).to_contain_text("139")
    looks_right(page, "thread-asked-zh-360")

    desk = come_in(chromium, f"{base}/admin/reviews/thread/", "street")
    looks_right(desk, "thread-list-desk")
    desk.locator("main a[href*='/thread/']", has_text="360924-").first.click()
    expect(desk.locator("main")).to_contain_text("夜班是否需要另报")
    desk.fill("#text", ANSWER)
    desk.locator("button[name=do][value=send]").click()
    expect(desk.locator(".rv-thread")).to_contain_text(ANSWER)
    looks_right(desk, "thread-answered-desk")
    desk.fill("#note-call", SAID)
    desk.locator("button[name=do][value=reached]").click()
    expect(desk.locator(".rv-thread")).to_contain_text(SAID)
    expect(desk.locator("#note-call")).to_have_count(0)
    desk.context.close()

    page.goto(f"{base}/inbox/")
    notice = page.locator(".inbox .is-unread a", has_text="答复").first
    notice.click()
    expect(page.locator("article")).not_to_contain_text(ANSWER)  # a notice repeats no words
    page.get_by_role("link", name="查看并回复").click()
    expect(page.locator(".thread-office")).to_contain_text([ANSWER, SAID])
    expect(page.locator(".thread-office .tag-brand").first).to_be_visible()  # new
    expect(page.locator(".thread-applicant .thread-state").first).to_have_text("部门已读")
    looks_right(page, "thread-read-zh-360")
    page.reload()
    expect(page.locator(".thread-office .tag-brand")).to_have_count(0)
    assert complaints == []
    context.close()
