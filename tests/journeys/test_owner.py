"""From sign-up to the downloaded permit, in a real Chromium, against the embedded portal's own processes."""

from __future__ import annotations

import re
import subprocess
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Response

from tests import servers
from tests.data import cast as invented

pytestmark = pytest.mark.journey
DATA = Path(__file__).parents[1] / "data"
SHOTS = servers.ROOT / "var" / "screens"
PASSWORD = "yifeng-2020-zhusun"
DEMO = "Demo-2020-yifeng"
MOST_PAGES = 12  # from the first page to the receipt, for somebody who has never been here


def mail_to(folder: Path, address: str, pattern: str) -> str:
    """What ``pattern`` finds in the newest mails to ``address``; waits for them."""
    found: list[str] = []

    def look() -> list[str]:
        for file in sorted(folder.glob("*")):
            text = file.read_text(encoding="utf-8", errors="replace").replace("=\n", "")
            if address in text and (match := re.search(pattern, text)):
                found.append(match[0])
        return found

    servers.wait_until(look, f"a mail to {address} with {pattern}")
    return found[-1]


def looks_right(page: Page, name: str) -> None:
    """A screenshot; no sideways scroll; axe finds nothing."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}.png", full_page=True)
    width = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert width <= 0, f"{name} scrolls sideways by {width}px"
    violations = Axe().run(page).response["violations"]
    assert not violations, f"{name}: " + "; ".join(f"{v['id']} {v['nodes'][0]['html'][:120]}" for v in violations)


def pages_of(page: Page) -> list[str]:
    """The pages that somebody comes by from now on, each once, in order; it grows."""
    seen: list[str] = []

    def came(response: Response) -> None:
        path = urlsplit(response.url).path
        if response.request.is_navigation_request() and response.status in (200, 422) and path not in seen:
            seen.append(path)

    page.on("response", came)
    return seen


def sign_in(page: Page, base: str, email: str) -> None:
    page.goto(f"{base}/accounts/login/")
    page.fill("input[name=login]", email)
    page.fill("input[name=password]", DEMO)
    page.locator("main form button[type=submit]").first.click()
    page.wait_for_url(lambda url: "login" not in url)


def fill_in(page: Page, answers: dict[str, str]) -> None:
    """Answer those of the questions that stand on the page."""
    for key, value in answers.items():
        control = page.locator(f"[name={key}]")
        if not control.count():
            continue
        if control.first.get_attribute("type") in ("radio", "checkbox"):
            (control if value == "on" else page.locator(f"[name={key}][value={value}]")).check()
        else:
            control.fill(value)


def decide(page: Page, base: str, email: str, number: str, outcome: str) -> None:
    sign_in(page, base, email)
    page.goto(f"{base}/admin/reviews/task/")
    page.get_by_role("link", name=number).first.click()
    page.locator(f"input[name=outcome][value={outcome}]").check()
    page.locator("button.rv-button-main").first.click()
    page.wait_for_url("**/admin/reviews/task/")
    assert number in page.content()


@pytest.mark.parametrize(("language", "width"), [("zh-CN", 360), ("en", 1280)])
def test_an_owner_files_from_sign_up_to_the_downloaded_permit(portal, chromium, language, width, tmp_path):
    base, mail = portal
    name = f"{language}-{width}"
    email = f"owner-{width}@qingzhu.example"
    record = (
        {**invented.ENTERPRISE, "uscc": "91360924MA35ABC16Y"}
        if width == 360
        else {**invented.OTHER_ENTERPRISE, "region": "360924"}
    )
    context = chromium.new_context(locale=language, viewport={"width": width, "height": 800}, accept_downloads=True)
    page = context.new_page()
    seen = pages_of(page)

    page.goto(base)
    if language == "en" and page.locator("html").get_attribute("lang") != "en":
        page.locator("button[value=en]").click()
    looks_right(page, f"home-{name}")
    page.locator(".service-card a[href='/services/resumption/']").click()
    page.wait_for_url("**/services/resumption/")
    looks_right(page, f"service-{name}")
    page.locator("main .actions a[href*='/accounts/signup/']").first.click()
    page.fill("input[name=name]", record["legal_name"])
    page.fill("input[name=email]", email)
    page.fill("input[name=password1]", PASSWORD)
    page.fill("input[name=password2]", PASSWORD)
    looks_right(page, f"signup-{name}")
    page.locator("main form button[type=submit]").first.click()
    page.goto(mail_to(mail, email, r"http://127\.0\.0\.1:\d+/accounts/confirm-email/[^\s/]+/"))
    page.wait_for_url("**/enterprises/new/**")
    for key, value in record.items():
        control = page.locator(f"[name={key}]").first
        if key == "region":  # typed, as a person would
            page.locator("input[role=combobox]").fill(value)
            page.locator("input[role=combobox]").press("Enter")
            assert control.input_value() == value
        elif control.get_attribute("type") == "radio":
            page.locator(f"[name={key}][value={value}]").check()
        elif control.evaluate("e => e.tagName") == "SELECT":
            control.select_option(value)
        else:
            control.fill(value)
    looks_right(page, f"enterprise-{name}")
    page.locator("main form[data-once] button[type=submit]").last.click()

    resumes = (date.today() + timedelta(days=5)).isoformat()
    answers = {
        "epidemic_lead_name": "余小禾", "epidemic_lead_mobile": "139 0000 0312", "headcount": "150",
        "first_batch": "120", "origin_local": "80", "origin_province": "24", "origin_other": "10",
        "origin_key_area": "2", "quarantine_place": "独立宿舍楼", "quarantine_end": resumes,
        "resumption_date": resumes, "shift_arrangement": "两班", "canteen_used": "true",
        "canteen_arrangement": "分时就餐", "masks": "2000", "mask_days": "8", "thermometers": "6",
        "disinfectant_litres": "120", "quarantine_room": "true", "pledge": "on",
    }  # fmt: skip
    for section in ("people", "staff", "arrangement", "supplies"):
        page.wait_for_url(f"**/fill/{section}/**")
        fill_in(page, answers)
        page.locator("main .form-actions button.btn-primary").click()
        if section == "staff":  # the origins don't add up: told so, and nothing typed is lost
            page.locator(".error-summary").wait_for()
            assert page.input_value("[name=origin_local]") == "80"
            looks_right(page, f"origins-{name}")
            page.fill("[name=origin_local]", "84")
            page.locator("main .form-actions button.btn-primary").click()
    page.wait_for_url("**/materials/")
    for key, file in (
        ("business_licence", "business_licence.jpg"), ("epidemic_plan", "epidemic_plan.docx"),
        ("roster", "roster.xlsx"), ("signed_pledge", "pledge.jpg"), ("canteen_plan", "canteen_plan.pdf"),
    ):  # fmt: skip
        page.set_input_files(f"#upload-{key}", DATA / file)
        page.locator(f"#material-{key} li.is-saved").first.wait_for(timeout=30_000)
    looks_right(page, f"materials-{name}")
    page.locator(".form-actions a.btn-primary").click()
    page.wait_for_url("**/check/")
    looks_right(page, f"check-{name}")
    page.locator("main form[data-once] button.btn-primary").dblclick()
    page.wait_for_url(re.compile(r"/applications/[0-9a-f-]{36}/$"))
    number = page.locator("h1").inner_text().strip()
    assert re.fullmatch(r"360924-\d{8}-\d{6}-[0-9A-Z]", number)
    looks_right(page, f"submitted-{name}")
    assert len(seen) <= MOST_PAGES, f"from home to the receipt {len(seen)} pages: {seen}"

    industry = "industry@demo.invalid"
    for official, outcome in (
        ("street@demo.invalid", "accept"), ("health@demo.invalid", "agree"), (industry, "agree"),
        ("decider@demo.invalid", "approve"),
    ):  # fmt: skip
        desk = chromium.new_context(locale="zh-CN", viewport={"width": 1366, "height": 768})
        decide(desk.new_page(), base, official, number, outcome)
        desk.close()

    page.reload()
    looks_right(page, f"approved-{name}")
    with page.expect_download() as download:
        page.locator("a[href$='permit.pdf']").click()
    target = tmp_path / "permit.pdf"
    download.value.save_as(target)
    text = subprocess.run(["pdftotext", str(target), "-"], capture_output=True, text=True, check=True).stdout
    assert record["name"] in re.sub(r"\s", "", text)
    mail_to(mail, email, re.escape(number))
    context.close()
