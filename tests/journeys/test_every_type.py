"""Every type of question in a real browser: a condition on another section, a file, rows; what was typed offline comes back."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.steps import draft_on_a_phone, manage
from tests.journeys.test_draft import saved
from tests.journeys.test_owner import looks_right, sign_in

pytestmark = pytest.mark.journey
SOURCE = Path(__file__).parents[1] / "portal" / "every_type.toml"


@pytest.fixture
def draft(portal, chromium):
    """A fresh draft of the service, in a phone's browser; its address, and what the browser complained of."""
    base, mail = portal
    manage(mail.parent, "publish_service", str(SOURCE))
    with draft_on_a_phone(base, chromium, "every-type", "one") as (page, complaints):
        yield page, page.url.removesuffix("fill/one/"), complaints


def well(page: Page, answer: str) -> None:
    page.locator(f"[name=well][value={answer}]").check()


def test_each_type_can_be_answered_on_a_phone_and_looks_right(draft):
    page, _address, complaints = draft
    assert page.input_value("[name=people]") == "3" and page.locator("[name=some_of][value=y]").is_checked()
    looks_right(page, "every-type-one")
    page.fill("[name=moment]", "2026-12-01T08:30")
    page.fill("[name=day]", "2026-12-01")
    page.locator("[name=some_of][value=x]").check()
    page.fill("[name=account]", "6222021011111111114")
    saved(page)
    page.reload()
    assert page.input_value("[name=moment]") == "2026-12-01T08:30"
    assert page.locator("[name=some_of][value=x]").is_checked()
    assert page.input_value("[name=account]") == "6222021011111111114"
    page.fill("[name=plate]", "京A1")
    page.locator("main .form-actions .btn-primary").click()
    expect(page.locator("#div_id_plate .invalid-feedback")).to_have_text("A plate is written as 赣C12345")
    looks_right(page, "every-type-faults")
    assert not [each for each in complaints if "422" not in each]


def test_a_file_appears_with_its_question(draft):
    page, _address, complaints = draft
    block = page.locator("#material-proof")
    assert not block.is_visible() and not page.locator("[name=why]").is_visible()
    well(page, "false")
    expect(block).to_be_visible()
    assert page.locator("[name=why]").is_visible() and block.locator("input[type=file][name=file]").is_enabled()
    well(page, "true")
    expect(block).to_be_hidden()
    assert complaints == []


def test_what_hangs_on_another_section_is_shown_where_it_should_be(draft):
    page, address, complaints = draft
    well(page, "false")
    saved(page)
    page.goto(f"{address}fill/two/")
    page.locator("[name=trips-0-by][value=train]").check()
    page.fill("[name=trips-0-number]", "G1")
    assert page.locator("[name=trips-0-seat]").is_visible()
    page.locator("[name=trips-0-by][value=car]").check()
    assert (
        not page.locator("[name=trips-0-number]").is_visible() and not page.locator("[name=trips-0-seat]").is_visible()
    )
    page.locator("[data-add-row]").click()
    page.locator("[name=trips-1-by][value=train]").check()
    assert page.locator("[name=trips-1-number]").is_visible()
    saved(page)
    looks_right(page, "every-type-two")
    page.goto(f"{address}fill/one/")
    well(page, "true")
    saved(page)
    page.goto(f"{address}fill/two/")
    assert not page.locator("[name=trips-1-number]").is_visible()
    assert complaints == []


def typed_without_connection(page: Page, address: str, type_in) -> None:
    """A page in which somebody types while nothing gets through, and which is then closed."""
    context = page.context
    context.route("**/fill/*/", lambda route: route.abort() if route.request.method == "POST" else route.continue_())
    closed = context.new_page()
    closed.goto(address)
    type_in(closed)
    expect(closed.locator("#autosave")).to_contain_text("No connection", timeout=10_000)
    closed.close()
    context.unroute("**/fill/*/")


def test_rows_typed_without_a_connection_come_back_all_of_them(draft):
    page, address, _complaints = draft
    two = f"{address}fill/two/"

    def three_rows(closed: Page) -> None:
        for number, place in enumerate(("南昌", "宜春", "九江")):
            if number:
                closed.locator("[data-add-row]").click()
            closed.fill(f"[name=trips-{number}-where]", place)
        closed.locator("[data-row='1'] [data-remove-row]").click()

    typed_without_connection(page, two, three_rows)
    page.goto(two)
    expect(page.locator("[data-row]")).to_have_count(2)
    assert page.input_value("[name=trips-0-where]") == "南昌" and page.input_value("[name=trips-1-where]") == "九江"
    saved(page)
    page.reload()
    assert page.input_value("[name=trips-1-where]") == "九江"


def test_what_comes_back_after_a_broken_connection_never_overwrites_what_was_saved_elsewhere(draft):
    page, address, _complaints = draft
    one = f"{address}fill/one/"
    typed_without_connection(page, one, lambda closed: closed.fill("[name=story]", "断网时写的经过"))
    other = page.context.browser.new_context(
        locale="en", storage_state={"cookies": page.context.cookies(), "origins": []}
    )
    elsewhere = other.new_page()  # another device
    elsewhere.goto(one)
    elsewhere.fill("[name=story]", "另一台上写的经过")
    saved(elsewhere)
    page.goto(one)
    assert page.input_value("[name=story]") == "断网时写的经过"
    expect(page.locator("#autosave")).to_contain_text("changed in another window", timeout=10_000)
    elsewhere.reload()
    assert elsewhere.input_value("[name=story]") == "另一台上写的经过"
    page.locator("main .form-actions .btn-primary").click()
    expect(page.locator("main .notice-warning").first).to_contain_text("另一台上写的经过")
    assert page.input_value("[name=story]") == "断网时写的经过"
    looks_right(page, "every-type-conflict")
    other.close()


def test_the_button_pressed_while_a_save_is_on_its_way_is_not_in_its_own_way(draft):
    page, _address, _complaints = draft
    held: list = []
    page.route(
        "**/fill/one/",
        lambda route: held.append(route) if "autosave" in (route.request.post_data or "") else route.continue_(),
    )
    page.fill("[name=story]", "先写一半")
    for _wait in range(100):
        if held:
            break
        page.wait_for_timeout(50)
    page.fill("[name=story]", "先写一半再写完")
    page.locator("main .form-actions .btn-primary").click()
    page.wait_for_timeout(300)
    held[0].continue_()
    page.wait_for_load_state()
    page.wait_for_timeout(1000)
    assert "changed in another window" not in page.content()
    page.unroute("**/fill/one/")
    page.goto(page.url.split("/fill/")[0] + "/fill/one/")
    assert page.input_value("[name=story]") == "先写一半再写完"


def test_signing_out_leaves_nothing_typed_in_the_browser(draft):
    page, address, _complaints = draft
    page.evaluate("localStorage.setItem('draft:x:y', '{}')")
    context = page.context
    page.goto(f"{address.split('/applications/')[0]}/accounts/logout/")
    page.locator("main form button[type=submit]").first.click()
    page.wait_for_url(lambda url: "logout" not in url)
    assert page.evaluate("Object.keys(localStorage).filter(key => key.startsWith('draft:')).length") == 0
    sign_in(page, address.split("/applications/")[0], "owner@demo.invalid")
    page.goto(f"{address}fill/one/")
    assert context.pages
