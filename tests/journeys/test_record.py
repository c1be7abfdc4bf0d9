"""The record of an application: taken away on a phone, and checked by anybody in the browser, whatever was done to it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.steps import manage
from tests.journeys.test_owner import looks_right, sign_in
from tests.reviews.audit.receipt_made import FORGER, as_text, fits, receipt, tamperings, vkey
from tests.reviews.audit.test_verify_receipt import program

pytestmark = pytest.mark.journey
SCENE = """
from portal import demo
from reviews import workflow
from reviews.models import Task
people = demo.ensure_cast()
draft = demo.draft(people["owner"], demo.enterprise_of(people["owner"], demo.RECORD),
                   demo.answers_for(demo.enterprise_of(people["owner"], demo.RECORD)))
application = workflow.submit(draft.pk, applicant=people["owner"])
task = Task.objects.open().get(application=application)
workflow.decide(task.pk, official=people["street"], outcome="decline", reason="不属本机关管辖")
"""
# What the page says in other words than the program.
OWN_WORDS = {
    "format": "This is no receipt of a form that this page knows.",
    "not_your_key": "which is not the one that you entered",
}
NO_ED25519 = """
const real = crypto.subtle.importKey.bind(crypto.subtle);
crypto.subtle.importKey = (...given) => given[2].name === "Ed25519"
  ? Promise.reject(new DOMException("no", "NotSupportedError")) : real(...given);
"""
NO_CRYPTO = "Object.defineProperty(Crypto.prototype, 'subtle', {get: () => undefined});"


@pytest.fixture(scope="module")
def site(portal) -> str:
    """The portal's address; one application was declined, and its record is sealed."""
    base, mail = portal
    manage(mail.parent, "shell", "-c", SCENE)
    manage(mail.parent, "seal_audit_log")
    return str(base)


def come(
    chromium: Browser, site: str, *, language: str = "en", width: int = 1280, script: str = "", **options: Any
) -> Page:
    context = chromium.new_context(locale=language, viewport={"width": width, "height": 800}, **options)
    context.add_cookies([{"name": "django_language", "value": "en" if language == "en" else "zh-hans", "url": site}])
    if script:
        context.add_init_script(script)
    page = context.new_page()
    page.goto(f"{site}/audit/receipt")
    return page


def check(page: Page, text: str) -> str:
    """What the page says of a file."""
    page.evaluate("document.querySelector('[data-receipt-result]').textContent = ''")
    page.set_input_files("#receipt-file", {"name": "r.json", "mimeType": "application/json", "buffer": text.encode()})
    notice = page.locator("[data-receipt-result] .notice")
    notice.wait_for()
    return notice.inner_text()


def with_key(page: Page, key: str) -> Page:
    page.locator("details.more summary").click()
    page.fill("#receipt-key", key)
    return page


def test_an_applicant_takes_the_record_away_and_anybody_checks_it(site: str, chromium: Browser, tmp_path: Path) -> None:
    page = come(chromium, site, language="zh-CN", width=360)
    sign_in(page, site, "owner@demo.invalid")
    page.goto(f"{site}/applications/")
    page.locator(".case h2 a").first.click()
    looks_right(page, "record-timeline")
    with page.expect_download() as download:
        page.get_by_role("link", name="下载凭证").click()
    assert download.value.suggested_filename.startswith("receipt-360924-")
    download.value.save_as(tmp_path / "r.json")
    for language, width, verdict in (("zh-CN", 360, "已证明"), ("en", 1280, "Proved")):
        page = come(chromium, site, language=language, width=width)
        looks_right(page, f"record-check-{width}")
        sent: list[str] = []
        complaints: list[str] = []
        page.on("console", lambda message, told=complaints: told.append(message.text))
        page.on("pageerror", lambda error, told=complaints: told.append(str(error)))
        page.on("request", lambda request, sent=sent: sent.append(request.url))
        assert check(page, (tmp_path / "r.json").read_text(encoding="utf-8")).startswith(verdict)
        expect(page.locator("[data-receipt-result] .reason")).to_have_text("不属本机关管辖")
        assert [url for url in sent if not url.endswith("sprite.svg")] == complaints == []
        looks_right(page, f"record-proved-{width}")
        page.context.close()


def test_whatever_was_done_to_it_the_page_finds_it(site: str, chromium: Browser) -> None:
    page = with_key(come(chromium, site), vkey())
    genuine = check(page, as_text(receipt()))
    assert genuine.startswith("Proved") and "which you entered" in genuine
    expect(page.locator("[data-receipt-result] .is-todo")).to_have_count(1)
    for name, (made, code) in tamperings().items():
        said = check(page, as_text(made))
        wanted = OWN_WORDS.get(code, program.WORDS[code][0])
        assert said.startswith("This receipt proves nothing") and fits(wanted, said), f"{name}: {said}"
    for nonsense in (
        "",
        "{",
        "[]",
        "null",
        json.dumps(receipt() | {"events": [None]}),
        json.dumps(receipt() | {"key": 7}),
    ):
        assert check(page, nonsense).startswith("This receipt proves nothing")
    page.context.close()


def test_a_key_that_the_portal_does_not_know_proves_nothing_by_itself(site: str, chromium: Browser) -> None:
    page = come(chromium, site)
    said = check(page, as_text(receipt()))
    assert "whose it is isn't proved" in said and "only the receipt itself vouches for it" in said
    looks_right(page, "record-unproved")
    with_key(page, "no key")
    page.locator("#receipt-key").blur()
    expect(page.locator("[data-receipt-result]")).to_contain_text("What you entered is no key")
    page.fill("#receipt-key", vkey(FORGER))
    page.locator("#receipt-key").blur()
    expect(page.locator("[data-receipt-result]")).to_contain_text("which is not the one that you entered")
    looks_right(page, "record-broken")
    page.context.close()


def test_a_browser_that_lacks_the_means_says_so(site: str, chromium: Browser) -> None:
    page = with_key(come(chromium, site, script=NO_ED25519), vkey())
    assert "Everything else was checked" in check(page, as_text(receipt()))
    made, _code = tamperings()["words"]
    assert "are not those that were recorded" in check(page, as_text(made))
    page.context.close()
    page = come(chromium, site, script=NO_CRYPTO)
    assert "so nothing was checked" in check(page, as_text(receipt()))
    page.context.close()
    page = come(chromium, site, width=360, java_script_enabled=False)
    expect(page.get_by_text("The program below does the same")).to_be_visible()
    expect(page.locator("#receipt-file")).to_be_hidden()
    box = page.locator("section.no-js-only").bounding_box()
    assert box and box["width"] > 300  # a panel, not a run of text
    page.context.close()


def test_a_file_is_dropped(site: str, chromium: Browser) -> None:
    page = with_key(come(chromium, site), vkey())
    transfer = page.evaluate_handle(
        "text => { const t = new DataTransfer(); t.items.add(new File([text], 'r.json')); return t; }",
        as_text(receipt()),
    )
    page.dispatch_event("[data-drop]", "drop", {"dataTransfer": transfer})
    expect(page.locator("[data-receipt-result] .notice")).to_contain_text("Proved")
    page.context.close()
