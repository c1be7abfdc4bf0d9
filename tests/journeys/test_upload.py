"""Handing in files in a real browser: the line drops, the page is loaded anew, and nothing is sent twice."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, Dialog, Page, expect

from tests.journeys.steps import draft_on_a_phone
from tests.journeys.test_owner import DATA

pytestmark = pytest.mark.journey
PHOTOS = "#material-stock_photos"
SLOW = {"latency": 5, "downloadThroughput": -1, "uploadThroughput": 700 * 1024}


def photo(name: str, side: int = 60) -> dict[str, Any]:
    """Of noise, so that it can't be made small: a side of 900 has about 1.5 MB."""
    out = BytesIO()
    Image.frombytes("RGB", (side, side), os.urandom(side * side * 3)).save(out, "JPEG", quality=95)
    return {"name": name, "mimeType": "image/jpeg", "buffer": out.getvalue()}


@pytest.fixture(scope="module")
def big() -> dict[str, Any]:
    return photo("仓库.jpg", 1300)


@pytest.fixture
def materials(portal, chromium: Browser) -> Iterator[tuple[Page, list[str]]]:
    """The materials of a fresh filing, on a phone; and what the browser complained of."""
    with draft_on_a_phone(portal[0], chromium, "resumption", "*") as (page, complaints):
        first = page.url
        page.goto(f"{first.partition('/fill/')[0]}/materials/")
        yield page, complaints
        with leaving(page):
            page.goto(first)


@contextmanager
def leaving(page: Page) -> Iterator[None]:
    """Whoever leaves while a file is on its way is asked whether they mean it: they do."""

    def yes(dialog: Dialog) -> None:
        dialog.accept()

    page.on("dialog", yes)
    yield
    page.remove_listener("dialog", yes)  # a page that is closed with one is waited for in vain


def choose(page: Page, *files: dict[str, Any]) -> None:
    page.set_input_files(f"{PHOTOS} input[name=file]", list(files))


def rows(page: Page) -> Any:
    return page.locator(f"{PHOTOS} .file-row")


def there(page: Page, *names: str) -> None:
    """The server has these, in this order; asked from the list and, after a reload, from the server."""
    expect(page.locator(f"{PHOTOS} .file-row.is-sending")).to_have_count(0, timeout=30_000)
    expect(page.locator(f"{PHOTOS} .file-row a.file-name")).to_have_text(list(names), timeout=30_000)


class Line:
    """The page's connection, by Chromium's own emulation: one session, or what is under way doesn't notice."""

    def __init__(self, page: Page) -> None:
        self.session = page.context.new_cdp_session(page)
        self.session.send("Network.enable")

    def is_(self, **conditions: Any) -> None:
        plain = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
        self.session.send("Network.emulateNetworkConditions", plain | conditions)

    def is_left_alone(self) -> None:
        """A context whose page is still slowed down may take for ever to close."""
        self.is_()
        self.session.detach()


def percent(page: Page) -> int:
    found = re.search(r"(\d+)%", rows(page).first.inner_text())
    return int(found[1]) if found else 0


def wait_for_percent(page: Page, least: int) -> None:
    for _turn in range(300):
        if percent(page) >= least:
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"{percent(page)} % after 15 s: {rows(page).first.inner_text()}")


def test_a_dropped_line_costs_little_and_the_upload_goes_on_by_itself(materials, big) -> None:
    page, _complaints = materials
    sent: list[tuple[int, int]] = []
    page.on("request", lambda request: sent.append((int(request.headers["upload-offset"]), len(request.post_data_buffer or b"")))
            if request.method == "PATCH" else None)  # fmt: skip
    line = Line(page)
    line.is_(**SLOW)
    choose(page, big)
    wait_for_percent(page, 60)
    line.is_(offline=True)
    expect(rows(page)).to_contain_text("goes on by itself", timeout=10_000)
    expect(page.locator(f"{PHOTOS} [aria-live]")).to_contain_text("The connection broke off")
    line.is_left_alone()
    there(page, "仓库.jpg")
    assert any(offset > 0 for offset, _size in sent), "it went on, and did not begin again"
    assert sum(size for _offset, size in sent) < 2 * len(big["buffer"])
    page.reload()
    there(page, "仓库.jpg")


def test_the_same_file_chosen_again_after_a_reload_goes_on(materials, big, tmp_path) -> None:
    page, _complaints = materials
    path = tmp_path / "仓库.jpg"  # the same file for the browser only if it was changed at the same time
    path.write_bytes(big["buffer"])
    line = Line(page)
    line.is_(**SLOW)
    page.set_input_files(f"{PHOTOS} input[name=file]", path)
    wait_for_percent(page, 60)
    with leaving(page):
        page.reload()
    expect(rows(page)).to_contain_text("Choose the same file again", timeout=10_000)
    line.is_left_alone()
    first: list[str] = []
    page.on("request", lambda request: first.append(request.method) if "/uploads/" in request.url else None)
    page.set_input_files(f"{PHOTOS} input[name=file]", path)
    there(page, "仓库.jpg")
    assert first[0] == "HEAD" and "POST" not in first
    page.reload()
    there(page, "仓库.jpg")
    expect(rows(page)).to_have_count(1)


def test_an_upload_is_cancelled_and_leaves_nothing(materials, big) -> None:
    page, _complaints = materials
    line = Line(page)
    line.is_(**SLOW)
    choose(page, big)
    wait_for_percent(page, 10)
    page.get_by_role("button", name="Cancel 仓库.jpg").click()
    expect(rows(page)).to_have_count(0)
    line.is_left_alone()
    page.reload()
    expect(rows(page)).to_have_count(0)


def test_several_files_are_sent_and_put_in_order(materials) -> None:
    page, complaints = materials
    choose(page, photo("一.jpg"), photo("二.jpg"), photo("三.jpg"))
    expect(page.locator(f"{PHOTOS} .file-row a.file-name")).to_have_count(3, timeout=30_000)
    page.reload()
    names = page.locator(f"{PHOTOS} .file-row a.file-name").all_inner_texts()
    assert sorted(names) == sorted(["一.jpg", "二.jpg", "三.jpg"])
    up = page.get_by_role("button", name=f"Move {names[2]} up")
    up.focus()
    page.keyboard.press("Enter")
    expect(page.locator(f"{PHOTOS} [aria-live]")).to_contain_text(f"{names[2]} is now number 2 of 3.")
    expect(up).to_be_focused()
    there(page, names[0], names[2], names[1])
    page.reload()
    there(page, names[0], names[2], names[1])
    rows(page).nth(1).evaluate("row => row.scrollIntoView({block: 'center', behavior: 'instant'})")  # all three
    last, first = rows(page).nth(2).bounding_box(), rows(page).nth(0).bounding_box()
    page.mouse.move(last["x"] + 25, last["y"] + 20)
    page.mouse.down()
    page.mouse.move(first["x"] + 25, first["y"] + 20, steps=8)
    page.mouse.move(first["x"] + 25, first["y"] + 6, steps=4)
    expect(rows(page).first).to_contain_text(names[1])
    with page.expect_response("**/move/"):
        page.mouse.up()
    page.reload()
    there(page, names[1], names[0], names[2])
    assert complaints == []


def test_once_there_is_a_file_the_button_says_that_the_next_one_takes_its_place(materials) -> None:
    page, complaints = materials
    plan = "#material-epidemic_plan"
    expect(page.locator(f"{plan} .pick label").first).to_contain_text("Choose a file")
    page.set_input_files(f"{plan} input[name=file]", DATA / "epidemic_plan.pdf")
    expect(page.locator(f"{plan} .pick label").first).to_contain_text("Replace the file")
    assert complaints == []


def test_without_javascript_the_buttons_send_and_move(materials, chromium: Browser) -> None:
    page, _complaints = materials
    plain = chromium.new_context(locale="en", java_script_enabled=False, storage_state=page.context.storage_state())
    bare = plain.new_page()
    bare.goto(page.url)
    for name in ("一.jpg", "二.jpg"):
        bare.set_input_files(f"{PHOTOS} input[name=file]", [photo(name)])
        bare.locator(f"{PHOTOS} form[data-upload] [type=submit]").click()
    for _turn in range(30):  # checked by a worker meanwhile; the page is as it was when it was asked for
        bare.reload()
        if bare.locator(f"{PHOTOS} a.file-name").count() == 2:
            break
        bare.wait_for_timeout(500)
    there(bare, "一.jpg", "二.jpg")
    bare.get_by_role("button", name="Move 一.jpg down").click()
    there(bare, "二.jpg", "一.jpg")
    plain.close()


def test_a_file_is_dropped_and_a_screenshot_is_pasted(materials) -> None:
    page, _complaints = materials
    dropped, pasted = photo("掉落.jpg"), photo("image.png")
    script = """([bytes, name, type]) => { const all = new DataTransfer();
        all.items.add(new File([new Uint8Array(bytes)], name, {type})); return all; }"""
    transfer = page.evaluate_handle(script, [list(dropped["buffer"]), "掉落.jpg", "image/jpeg"])
    page.dispatch_event(f"{PHOTOS} [data-dropzone]", "drop", {"dataTransfer": transfer})
    there(page, "掉落.jpg")
    page.focus(f"{PHOTOS} input[name=file]")
    clip = page.evaluate_handle(script, [list(pasted["buffer"]), "image.png", "image/png"])
    page.evaluate(
        "clip => document.activeElement.dispatchEvent(new ClipboardEvent('paste', {clipboardData: clip, bubbles: true}))", clip
    )
    expect(page.locator(f"{PHOTOS} .file-row a.file-name").nth(1)).to_have_text(re.compile(r"Screenshot-\d{4}-"), timeout=30_000)


def test_a_file_that_is_refused_says_why_and_can_be_dismissed(materials) -> None:
    page, _complaints = materials
    choose(page, {"name": "假.jpg", "mimeType": "image/jpeg", "buffer": b"<html><script>alert(1)</script></html>"})
    refused = page.locator(f"{PHOTOS} .file-row.is-refused")
    expect(refused).to_contain_text("It is a web page", timeout=30_000)
    expect(page.locator(f"{PHOTOS} [aria-live]")).to_contain_text("It is a web page")
    page.get_by_role("button", name="Dismiss 假.jpg").click()
    expect(refused).to_have_count(0)
    expect(page.locator(f"{PHOTOS} input[name=file]")).to_be_focused()


def test_a_phone_offers_its_camera_and_the_page_is_for_everybody(portal, materials, chromium: Browser, tmp_path) -> None:
    page, _complaints = materials
    phone = chromium.new_context(
        locale="en", has_touch=True, is_mobile=True, viewport={"width": 360, "height": 740},
        storage_state=page.context.storage_state(),
    )  # fmt: skip
    touch = phone.new_page()
    touch.goto(page.url)
    expect(touch.locator(f"{PHOTOS} label[for^=camera-]")).to_be_visible()
    expect(page.locator(f"{PHOTOS} label[for^=camera-]")).to_be_hidden()
    touch.set_input_files(f"{PHOTOS} input[capture]", [photo("拍照一.jpg")])
    there(touch, "拍照一.jpg")
    line = Line(touch)
    line.is_(**SLOW)
    choose(touch, photo("另一.jpg", 900))
    wait_for_percent(touch, 0)
    found = Axe().run(touch)
    assert not found.response["violations"], found.generate_report()
    assert touch.evaluate("document.documentElement.scrollWidth") <= 360
    touch.locator(PHOTOS).screenshot(path=str(tmp_path / "upload-360.png"))
    line.is_left_alone()
    there(touch, "拍照一.jpg", "另一.jpg")
    phone.close()
