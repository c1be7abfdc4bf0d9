"""With JavaScript switched off: every form of an applicant and of the desk can be sent, and says what is wrong with it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.looking import enter
from tests.journeys.test_owner import DATA

pytestmark = pytest.mark.journey


@pytest.fixture
def come(site, chromium):
    """A page of somebody, without script; and the address of what tests.journeys.states made."""
    opened: list[Page] = []

    def to(who: str, pattern: str) -> Page:
        page = enter(chromium, site, who, "en", java_script_enabled=False)
        opened.append(page)
        page.goto(site.base + pattern.format(**site.pages))
        return page

    yield to
    for page in opened:
        page.context.close()


def send(page: Page, within: str = "main") -> None:
    with page.expect_navigation():
        page.locator(f"{within} button[type=submit].btn-primary").first.click()


def refused(page: Page) -> None:
    expect(page.locator(".error-summary")).to_be_visible()
    assert page.title().startswith("Error:") or page.locator(".error-summary li").count()


def test_a_section_is_mended_and_the_filing_sent(come, site):
    page = come("session", "{draft}fill/staff/")
    page.fill("[name=origin_local]", "85")
    send(page, "main .form-actions")
    refused(page)
    page.fill("[name=origin_local]", "84")
    send(page, "main .form-actions")
    page.wait_for_url("**/fill/arrangement/")
    page.goto(f"{site.base}{site.pages['draft']}check/")
    page.get_by_role("button", name="Send the application").click()
    page.wait_for_url(re.compile(r"/applications/[0-9a-f-]{36}/$"))
    expect(page.locator("main")).to_contain_text("It was sent, and received")


def test_corrections_are_saved_a_file_replaced_and_all_of_it_sent(come):
    page = come("session", "{asked}corrections/")
    page.fill("[name=masks]", "2400")
    page.get_by_role("button", name="Save for later").first.click()  # it is said there that a file brings the page anew
    file = page.locator("#material-signed_pledge")
    file.locator("input[name=file]").set_input_files(DATA / "pledge.jpg")  # the very same one changes nothing
    file.get_by_role("button", name="Upload").click()
    page.locator(".form-actions").get_by_role("button", name="Send the answers").click()
    refused(page)
    assert page.input_value("[name=masks]") == "2400"
    file.locator("input[name=file]").set_input_files(DATA / "business_licence.jpg")
    file.get_by_role("button", name="Upload").click()
    page.locator(".form-actions").get_by_role("button", name="Send the answers").click()
    expect(page.locator("main")).to_contain_text("Your corrections were sent.")


def test_the_office_is_asked_and_calls_back(come):
    page = come("session", "{sent}messages/")
    send(page, "#write")
    refused(page)
    page.fill("#write textarea", "Must everybody sign?")
    send(page, "#write")
    expect(page.locator("#thread")).to_contain_text("Must everybody sign?")
    page.locator("#call summary").click()
    page.fill("#call [name=mobile]", "1")
    page.locator("#call button[type=submit]").click()
    refused(page)
    page.fill("#call [name=mobile]", "13800000618")
    page.locator("#call button[type=submit]").click()
    expect(page.locator("#call")).to_contain_text("The office calls you")


def test_the_record_of_the_enterprise_is_put_right(come):
    page = come("session", "{enterprise}record/")
    page.fill("[name=name]", "")
    send(page)
    refused(page)
    page.fill("[name=name]", "宜丰县青竹制品有限公司")
    page.fill("[name=registered_address]", "江西省宜春市宜丰县工业园区演示路20号")
    send(page)
    expect(page.locator("main")).to_contain_text("演示路20号")


def test_a_service_is_rated_a_decision_objected_to_a_filing_withdrawn(come, site):
    page = come("session", "{approved}rate/")
    send(page)
    refused(page)
    page.locator(".rating label").first.click()
    send(page)
    expect(page.locator("main")).to_contain_text("Your rating")
    page.goto(f"{site.base}{site.pages['rejected']}objection/")
    send(page)
    refused(page)
    page.fill("main textarea", "The rooms were put right.")
    send(page)
    expect(page.locator("main")).to_contain_text("Objection")
    page.goto(f"{site.base}{site.pages['reviewed']}withdraw/")
    page.locator("main form button[type=submit]").first.click()
    page.wait_for_url(re.compile(r"/applications/[0-9a-f-]{36}/$"))
    expect(page.locator(".page-header")).to_contain_text("Withdrawn")


def test_visitors_search_and_the_language_changes_where_one_is(come):
    page = come("nobody", "/register/")
    page.fill("#q", "青竹")
    send(page, ".register-form")
    expect(page.locator(".register-table")).to_contain_text("青竹")
    before = page.url
    page.get_by_role("button", name="中文").click()
    assert page.url == before and page.locator("html").get_attribute("lang") == "zh-hans"
    page.goto(page.url.split("/register/")[0] + "/track/")
    page.fill("#number", "360924-20200210-000001-C")
    page.fill("#last4", "0000")
    send(page)
    expect(page.locator("main [role=alert], main .notice").first).to_be_visible()


def test_a_task_is_claimed_and_decided(come):
    page = come("decider", "/admin/reviews/task/{task_decision}/review/")
    page.locator("form[action$='/claim/'] button").click()
    page.locator(".rv-decide .rv-button-main").click()
    expect(page.locator("[role=alert]").first).to_be_visible()
    page.locator("[name=outcome][value=reject]").check()
    page.locator(".rv-decide .rv-button-main").click()
    expect(page.locator("[role=alert]").first).to_be_visible()  # why, it asks
    page.locator(".rv-decide [name=reason]").fill("The rooms can't be aired.")
    page.locator(".rv-decide .rv-button-main").click()
    page.wait_for_url("**/reviews/task/**")
    expect(page.locator("body")).to_contain_text("360924-")
    assert "/review/" not in page.url
