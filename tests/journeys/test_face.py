"""The portal's face, on the site as production has it (tests/journeys/production.py): paper, keyboard, screen reader, errors.

Every page in every state is walked in test_every_page.py.
"""

from __future__ import annotations

import re
import subprocess

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.looking import enter, found_by_axe

pytestmark = pytest.mark.journey


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


MAIN_PAGES = {
    ("nobody", "/"): """
- main:
  - heading "File once, online. Follow every step." [level=1]
  - search:
    - searchbox "Search services"
    - button "Search"
  - region "What you can do here":
    - heading "What you can do here" [level=2]
    - list:
      - listitem:
        - article:
          - heading "Resumption-of-work filing" [level=4]:
            - link "Resumption-of-work filing"
  - region "Look up an application":
    - textbox "Application number"
    - textbox "Last 4 digits of the mobile number"
    - button "Look up"
  - region "How it works"
""",
    ("nobody", "/services/resumption/"): """
- main:
  - navigation "Breadcrumb"
  - heading "Resumption-of-work filing" [level=1]
  - button "Start now"
  - heading "Have at hand before you start" [level=2]
  - list
  - heading "In short" [level=2]
  - term: Promised time
  - definition: 3 working hours
  - heading "Materials" [level=2]
  - heading "How it is handled" [level=2]
  - list
""",
    ("session", "{reviewed}"): """
- main:
  - heading /^360924-/ [level=1]
  - heading "Progress" [level=2]
  - list:
    - listitem:
      - text: Sent and received
    - listitem:
      - text: Pre-check by the town or street office
    - listitem:
      - list "Several offices at the same time":
        - listitem: /Yifeng County Health Commission/
        - listitem: /Yifeng County Industry and IT Bureau/
    - listitem: /Decision by the approval bureau \\(still to come\\)/
  - paragraph:
    - link "Questions to the office"
  - paragraph:
    - link "Receipt"
""",
    ("session", "{asked}corrections/"): """
- main:
  - heading "Answer the corrections" [level=1]
  - navigation "What is asked for"
  - region "1 Masks in stock":
    - textbox "Masks in stock (pieces)"
  - region "2 Signed pledge":
    - button "Replace the file Signed pledge"
  - region "Now send your answers":
    - button "Send the answers"
""",
    ("decider", "/admin/reviews/task/{task_decision}/review/"): """
- main:
  - paragraph:
    - link "← Queue"
  - heading [level=1]
  - button "Claim"
  - region "What was filed":
    - navigation "What was filed"
    - heading "The enterprise" [level=2]
    - term: Enterprise name
    - heading "Materials" [level=2]
  - region "Decision and record":
    - region "Decision"
    - region "Other steps"
    - heading "History" [level=2]
""",
}


@pytest.mark.parametrize(("who", "pattern"), list(MAIN_PAGES))
def test_the_main_pages_are_read_out_in_their_order(site, chromium, who, pattern):
    page = enter(chromium, site, who, "en")
    page.goto(site.base + pattern.format(**site.pages))
    expect(page.locator("main")).to_match_aria_snapshot(MAIN_PAGES[who, pattern])
    page.context.close()
