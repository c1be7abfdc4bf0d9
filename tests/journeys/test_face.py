"""Every page of an applicant, in every state: seen by axe in light and dark on the narrowest phone, weighed, and still.

On the site as production has it (tests/journeys/production.py).
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator

import pytest
from axe_playwright_python.base import AXE_FILE_PATH
from playwright.sync_api import Browser, Page, expect

from tests.journeys import production

pytestmark = pytest.mark.journey

FIRST, LATER = 100_000, 30_000  # bytes as they travel, all of a page's requests: at the first visit, and then
SHIFT = 0.05  # of the layout, at most
WIDTHS = (360, 768, 1280, 2560)
NARROW = {"width": 360, "height": 740}
# who: nobody, the session of an owner, of a newcomer. {name}: an address of tests/journeys/states.py
ADDRESSES = {
    "nobody": [
        "/services/", "/services/?q=zzzz", "/services/resumption/", "/accounts/login/", "/accounts/signup/",
        "/accounts/password/reset/", "/track/", "/track/?number=360924-20200210-000001-C&mobile_last4=0000", "/verify/",
        "{permit}", "/verify/NOTHING/", "/verify/offline/zh/", "/audit/receipt", "/nowhere/",
    ],
    "session": [
        "/", "/applications/", "{draft}fill/enterprise/", "{draft}fill/staff/", "{draft}materials/", "{draft}check/",
        "{empty}fill/enterprise/", "{empty}materials/", "{empty}check/", "{sent}", "{reviewed}", "{approved}", "{asked}",
        "{asked}corrections/", "{reviewed}receipt/", "{reviewed}withdraw/", "{approved}rate/", "/inbox/", "{notice}",
        "/enterprises/", "{enterprise}", "/enterprises/new/", "/accounts/notices/", "/accounts/email/",
        "/accounts/password/change/", "/accounts/2fa/", "/accounts/logout/",
    ],
    "newcomer": ["/applications/", "/inbox/", "/enterprises/"],
}  # fmt: skip
WATCH = """() => {
  window.__shift = 0;
  new PerformanceObserver(list => list.getEntries().forEach(each => { if (!each.hadRecentInput) window.__shift += each.value; }))
    .observe({type: "layout-shift", buffered: true});
}"""
PAINTED = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 30))))"
CONTRAST = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}


@pytest.fixture(scope="module")
def site(made, tmp_path_factory: pytest.TempPathFactory) -> Iterator[production.Site]:
    with production.site(tmp_path_factory.mktemp("face"), made) as running:
        yield running


def enter(chromium: Browser, site: production.Site, who: str, language: str = "zh-hans", **more) -> Page:
    # Without motion, so that no colour is looked at on its way to another.
    context = chromium.new_context(
        viewport=NARROW, locale="en" if language == "en" else "zh-CN", reduced_motion="reduce", **more
    )
    cookies = {"django_language": language}
    if who != "nobody":
        cookies["portal_session"] = site.pages[who]
    context.add_cookies([{"name": name, "value": value, "url": site.base} for name, value in cookies.items()])
    return context.new_page()


class Scales:
    """Counts what travels, headers too; what the cache has weighs nothing."""

    def __init__(self, page: Page) -> None:
        self.bytes, self.requests = 0, 0
        devtools = page.context.new_cdp_session(page)
        devtools.send("Network.enable")
        devtools.on("Network.loadingFinished", self._add)

    def _add(self, event: dict) -> None:
        self.bytes += int(event["encodedDataLength"])
        self.requests += 1

    def read(self) -> int:
        weighed, self.bytes = self.bytes, 0
        return weighed


AXE = AXE_FILE_PATH.read_text()


def scrolls(page: Page, width: int) -> bool:
    page.set_viewport_size({"width": width, "height": 800})
    return page.evaluate("document.documentElement.scrollWidth - window.innerWidth") > 0


def found_by_axe(page: Page, options: dict | None = None) -> list[str]:
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    found = page.evaluate("options => axe.run(document, options)", {"resultTypes": ["violations"], **(options or {})})
    return [
        f"{each['id']} {each['nodes'][0]['html'][:140]} {each['nodes'][0]['failureSummary'][-200:]}"
        for each in found["violations"]
    ]


@pytest.mark.parametrize("who", list(ADDRESSES))
def test_every_page_is_whole_light_and_still(site, chromium, who):
    page = enter(chromium, site, who)
    page.add_init_script(f"({WATCH})()")
    scales = Scales(page)
    faults: list[str] = []

    page.goto(f"{site.base}/", wait_until="load")
    if (first := scales.read()) > FIRST:
        faults.append(f"the first page weighs {first} bytes")
    assert first > 20_000 and scales.requests > 4, "nothing was weighed"
    for pattern in ADDRESSES[who]:
        address = pattern.format(**site.pages)
        page.goto(site.base + address, wait_until="load")
        if (weight := scales.read()) > LATER:
            faults.append(f"{address} weighs {weight} bytes")
        if (shift := page.evaluate("window.__shift")) > SHIFT:
            faults.append(f"{address} moves by {shift:.3f}")
        faults += [f"{address}: {each}" for each in found_by_axe(page)]
        page.emulate_media(color_scheme="dark")
        page.evaluate(PAINTED)
        faults += [f"{address} in the dark: {each}" for each in found_by_axe(page, CONTRAST)]
        page.emulate_media(color_scheme="light")
        faults += [f"{address} scrolls sideways at {width} px" for width in WIDTHS if scrolls(page, width)]
        page.set_viewport_size(NARROW)
    page.context.close()
    assert not faults, "\n".join(faults)


def test_a_receipt_is_one_printed_page_with_nothing_on_it_that_can_only_be_clicked(site, chromium, tmp_path):
    page = enter(chromium, site, "session", color_scheme="dark")
    page.goto(f"{site.base}{site.pages['reviewed']}receipt/")
    page.pdf(path=tmp_path / "receipt.pdf", format="A4")
    said = subprocess.run(
        ["pdftotext", tmp_path / "receipt.pdf", "-"], capture_output=True, text=True, check=True
    ).stdout
    assert said.count("\f") == 1
    said = re.sub(r"\s", "", said)
    assert "收件回执" in said and "政务办件" in said and "business_licence.jpg" in said
    assert "打印" not in said and "English" not in said and "站内信" not in said
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") in (
        "rgb(255, 255, 255)",
        "rgba(0, 0, 0, 0)",
    )
    assert page.evaluate("getComputedStyle(document.querySelector('.summary dd')).color") == "rgb(21, 38, 46)"
    page.context.close()


# What a screen reader says of the key parts, in English. Addresses and what is not named here may be anything.
HEADER = """
- banner:
  - link "Permit portal"
  - navigation "Main":
    - list:
      - listitem:
        - link "Services"
      - listitem:
        - link "My applications"
      - listitem:
        - link /Inbox/
      - listitem:
        - link "Enterprises"
  - button "中文"
  - group: /Account/
"""
FORM_WITH_AN_ERROR = """
- main:
  - heading "Returning staff" [level=1]
  - navigation "Steps":
    - paragraph: Step 3 of 7
    - list:
      - listitem:
        - link "The enterprise Completed"
      - listitem:
        - link "Persons in charge Completed"
      - listitem:
        - link "Returning staff In progress"
      - listitem:
        - link "Arrangements Completed"
      - listitem:
        - link "Supplies and pledge Completed"
      - listitem:
        - link "Materials Completed"
      - listitem:
        - link "Check and send Not started"
  - alert "There is a problem":
    - heading "There is a problem" [level=2]
    - list:
      - listitem:
        - link /of these, from the local city/
  - textbox "Usual headcount (people)": "150"
  - textbox "of these, from the local city (people)" [invalid]: "85"
  - status
  - button "Save and continue"
  - link "Back"
"""
TO_DO = """
- main:
  - heading "Check everything, then send" [level=1]
  - region "Still missing before it can be sent":
    - list:
      - listitem:
        - link "The enterprise"
        - text: 7 missing
  - region "Now send the application":
    - button "Send the application"
"""
SENT = """
- main:
  - heading /^360924-/ [level=1]
  - region "It was sent, and received"
  - region "What happens next":
    - paragraph:
      - link "Keep the receipt"
  - heading "Progress" [level=2]
"""
FOCUSED = """() => {
  const one = document.activeElement, style = getComputedStyle(one);
  return {name: one.name || one.id || one.tagName, text: one.innerText || "", seen: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2};
}"""


def tab_to(page: Page, wanted: str, most: int = 40) -> None:
    """Tab until the control of that name, or with that text, has the focus; wherever it is on the way, it is seen."""
    for _press in range(most):
        page.keyboard.press("Tab")
        at = page.evaluate(FOCUSED)
        # A radio or box that is drawn by its label shows the focus there.
        assert at["seen"] or at["name"] == "BODY", f"the focus on {at} can't be seen"
        if wanted in (at["name"], at["text"].strip()):
            return
    raise AssertionError(f"{wanted} can't be reached")


def test_a_filing_is_mended_checked_and_sent_by_keyboard_alone(site, chromium):
    page = enter(chromium, site, "session", "en")
    page.goto(f"{site.base}{site.pages['draft']}fill/staff/")
    expect(page.locator("header.site-header")).to_match_aria_snapshot(HEADER)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip-link"
    page.keyboard.press("Enter")
    tab_to(page, "origin_local")
    page.keyboard.type("85")  # tabbing into a field selects what is in it
    page.keyboard.press("Enter")
    page.locator(".error-summary").wait_for()
    assert page.evaluate("document.activeElement.className") == "error-summary"
    assert page.title().startswith("Error:")
    expect(page.locator("main")).to_match_aria_snapshot(FORM_WITH_AN_ERROR)
    assert not found_by_axe(page)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.name") == "origin_local"
    page.keyboard.press("Control+a")
    page.keyboard.type("84")
    page.keyboard.press("Enter")
    page.wait_for_url("**/fill/arrangement/")

    page.goto(f"{site.base}{site.pages['empty']}check/")
    expect(page.locator("main")).to_match_aria_snapshot(TO_DO)
    tab_to(page, "Send the application", 120)
    page.keyboard.press("Enter")
    page.locator(".error-summary").wait_for()
    assert page.evaluate("document.activeElement.className") == "error-summary"
    assert not found_by_axe(page)

    page.goto(f"{site.base}{site.pages['draft']}check/")
    tab_to(page, "Send the application", 120)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/applications/[0-9a-f-]{36}/$"))
    expect(page.locator("main")).to_match_aria_snapshot(SENT)
    assert not found_by_axe(page)
    page.context.close()


def test_closed_in_the_middle_of_a_form_and_nothing_typed_is_lost(site, chromium):
    page = enter(chromium, site, "session", "en")
    page.goto(f"{site.base}{site.pages['empty']}fill/people/")
    page.fill("[name=legal_name]", "张三")
    (site.var / "maintenance.json").write_text("{}")
    try:
        page.locator("main .form-actions .btn-primary").click()
        page.locator("main .code", has_text="503").wait_for()
        assert not found_by_axe(page)
        assert page.evaluate("getComputedStyle(document.querySelector('.btn')).backgroundColor") == "rgb(11, 90, 111)"
    finally:
        (site.var / "maintenance.json").unlink()
    page.go_back()
    expect(page.locator("[name=legal_name]")).to_have_value("张三")
    page.context.close()


def test_every_error_is_a_page_that_says_what_to_do(site, chromium):
    page = enter(chromium, site, "nobody", "en")

    def shown(code: str) -> None:
        expect(page.locator("main .code")).to_have_text(code)
        expect(page.locator("main h1")).to_be_visible()
        assert page.locator("main li").count() and page.locator("main .btn").count()
        assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
        assert not found_by_axe(page), code

    page.goto(f"{site.base}/nowhere/")
    shown("404")
    page.goto(site.base.replace("127.0.0.1", "localhost"))  # a name that this site does not have
    shown("400")
    page.goto(f"{site.base}/accounts/login/")
    page.context.clear_cookies(name="csrftoken")
    page.locator("main form button[type=submit]").first.evaluate("button => button.form.submit()")
    shown("403")
    page.goto(f"{site.base}/accounts/login/")
    page.locator("input[name=login]").evaluate("field => { field.value = 'x'.repeat(3 << 20); field.form.submit(); }")
    shown("413")
    for _time in range(21):
        page.request.get(f"{site.base}/track/?number=1&mobile_last4=0000")
    page.goto(f"{site.base}/track/?number=1&mobile_last4=0000")
    shown("429")
    page.context.close()
