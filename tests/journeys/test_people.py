"""Somebody looks after an enterprise and their account on a phone: every page looked at, one language switched to another."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.journeys.test_owner import looks_right, sign_in

pytestmark = pytest.mark.journey


def test_an_owner_invites_an_agent_changes_the_record_and_reads_help(portal, chromium) -> None:
    base, _mail = portal
    context = chromium.new_context(locale="en", viewport={"width": 360, "height": 800})
    context.add_cookies([{"name": "django_language", "value": "en", "url": base}])
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    sign_in(page, base, "owner@demo.invalid")
    page.goto(f"{base}/enterprises/")
    page.locator("main .case h2 a").first.click()
    looks_right(page, "enterprise")

    page.get_by_role("link", name="Invite somebody").click()
    page.get_by_label("Their e-mail address").fill("agent@example.com")
    page.get_by_label("Only those chosen below").check()
    page.get_by_label("Resumption-of-work filing").check()
    looks_right(page, "invite")
    page.locator("header form button[name=language]").click()  # 中文: the page comes anew, and nothing typed is lost
    expect(page.locator("html")).to_have_attribute("lang", "zh-hans")
    expect(page.locator("[name=email]")).to_have_value("agent@example.com")
    expect(page.get_by_label("企业复工复产备案")).to_be_checked()
    expect(page.get_by_label("仅限下列选定事项")).to_be_checked()
    page.reload()
    expect(page.locator("[name=email]")).to_have_value("")  # once, and not for whoever opens it next
    page.locator("[name=email]").fill("agent@example.com")
    page.get_by_role("button", name="发送邀请").click()
    expect(page.get_by_text("已邀请 agent@example.com")).to_be_visible()
    page.locator("header form button[name=language]").click()

    page.get_by_role("link", name="Change Record").click()
    looks_right(page, "record")
    page.locator("#id_production_address").fill("工业园区新厂房")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="History").click()
    expect(page.get_by_text("工业园区新厂房")).to_be_visible()
    looks_right(page, "record_history")

    for address, name in (
        ("help/", "help"),
        ("help/time/", "help_time"),
        ("accounts/", "account"),
        ("accounts/2fa/", "two_steps"),
    ):
        page.goto(f"{base}/{address}")
        looks_right(page, name)
    assert not complaints
    context.close()
