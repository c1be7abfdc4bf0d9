"""A draft saves itself while one types: through a broken connection, a reload, and another device at the same time."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.steps import draft_on_a_phone

pytestmark = pytest.mark.journey


@pytest.fixture
def section(portal, chromium):
    """The first page of a community report, on a phone, with everything that the browser complained of."""
    with draft_on_a_phone(portal[0], chromium, "community-report", "household") as found:
        yield found


def saved(page: Page) -> None:
    expect(page.locator("#autosave")).to_contain_text("Saved at", timeout=10_000)


def test_what_is_typed_is_saved_by_itself(section):
    page, complaints = section
    expect(page.get_by_text("kept as you type")).to_be_visible()
    page.fill("[name=address]", "竹苑小区3栋")
    saved(page)
    page.reload()
    assert page.input_value("[name=address]") == "竹苑小区3栋"
    assert complaints == []


def test_a_broken_connection_is_told_and_loses_nothing(section):
    page, _complaints = section
    page.context.set_offline(True)
    page.fill("[name=address]", "断网时填写")
    expect(page.locator("#autosave")).to_contain_text("No connection", timeout=10_000)
    assert page.input_value("[name=address]") == "断网时填写"
    page.context.set_offline(False)
    saved(page)
    page.reload()
    assert page.input_value("[name=address]") == "断网时填写"


def test_a_page_closed_without_connection_is_put_back_and_saved(section):
    page, _complaints = section
    url, context = page.url, page.context
    context.route(
        "**/fill/household/", lambda route: route.abort() if route.request.method == "POST" else route.continue_()
    )
    closed = context.new_page()
    closed.goto(url)
    closed.fill("[name=address]", "关机前填写")
    expect(closed.locator("#autosave")).to_contain_text("No connection", timeout=10_000)
    closed.close()
    context.unroute("**/fill/household/")
    assert "关机前填写" not in page.request.get(url).text()
    page.goto(url)
    assert page.input_value("[name=address]") == "关机前填写"
    saved(page)


def test_two_devices_never_overwrite_each_other_in_silence(section, chromium):
    page, _complaints = section
    # A browser of its own: two windows of one share what is kept until it is saved.
    device = chromium.new_context(locale="en", storage_state=page.context.storage_state())
    other = device.new_page()
    other.goto(page.url)
    page.fill("[name=address]", "第一台")
    saved(page)
    other.fill("[name=address]", "第二台")
    expect(other.locator("#autosave")).to_contain_text("changed in another window", timeout=10_000)
    other.locator("main .form-actions .btn-primary").click()
    expect(other.locator("main .notice-warning")).to_contain_text("第一台")
    assert other.input_value("[name=address]") == "第二台"
    device.close()


def test_rows_are_added_and_removed_on_the_page_by_keyboard(section):
    page, complaints = section
    assert not page.locator("[data-group=journeys]").is_visible()
    page.locator("[name=travelled][value=true]").check()
    assert page.locator("[data-group=journeys]").is_visible()
    page.fill("[name=journeys-0-place]", "武汉")
    page.locator("[data-add-row]").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.name") == "journeys-1-day"
    page.fill("[name=journeys-1-place]", "长沙")
    assert not page.locator("[name=journeys-1-number]").is_visible()
    page.locator("[name=journeys-1-by][value=train]").check()
    assert page.locator("[name=journeys-1-number]").is_visible()
    assert not page.locator("[name=journeys-0-number]").is_visible()
    page.locator("[data-row='0'] [data-remove-row]").click()
    saved(page)
    page.reload()
    assert page.input_value("[name=journeys-0-place]") == "长沙"
    assert complaints == []
