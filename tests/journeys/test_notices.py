"""What one is told, at a screen: the bell of a page that stays open, the choices, and the wording of notices."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from playwright.sync_api import Page

from tests import servers
from tests.journeys.test_queue import come_in, looks_right

pytestmark = pytest.mark.journey
HIDDEN = """hidden => {
  Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


@pytest.fixture(scope="module")
def told(portal, made):
    """The owner has had some notices."""
    base, mail = portal
    var = mail.parent
    environment = os.environ | {"VAR_DIR": str(var), "DATABASE_URL": f"sqlite:///{var}/portal.sqlite3"}
    command = [sys.executable, "manage.py", "demo_data", "--applications", "2"]
    subprocess.run(command, cwd=servers.ROOT, env=environment, check=True)
    return base


def bell(page: Page) -> str:
    return page.locator("#unread").inner_text().strip()


def test_the_bell_stays_true_while_a_page_is_open_and_rests_while_it_is_hidden(told, chromium):
    page = come_in(chromium, told, "owner", width=360, language="en")
    page.clock.install()
    page.goto(f"{told}/inbox/")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/inbox/unread/" in request.url else None)
    looks_right(page, "inbox-en")
    assert bell(page) and page.locator(".is-unread .tag").first.inner_text() == "Unread"
    other = come_in(chromium, told, "owner", width=360)
    other.goto(f"{told}/inbox/")
    other.get_by_role("button", name="全部标为已读").click()
    looks_right(other, "inbox-zh-read")
    page.evaluate(HIDDEN, True)
    page.clock.run_for(95_000)
    assert not asked and bell(page)
    with page.expect_response("**/inbox/unread/"):
        page.evaluate(HIDDEN, False)
    page.wait_for_function("document.getElementById('unread').textContent.trim() === ''")
    with page.expect_response("**/inbox/unread/"):
        page.clock.run_for(31_000)
    other.context.clear_cookies()
    page.context.clear_cookies()
    with page.expect_response(lambda response: response.status == 401):
        page.clock.run_for(31_000)
    count = len(asked)
    page.clock.run_for(95_000)
    assert len(asked) == count, "nobody asks after signing out"
    assert page.locator("header").count() == 1, "and no log-in page lands in the bell"


def test_the_menu_of_the_review_desk_says_how_many_are_unread(told, chromium):
    page = come_in(chromium, told, "street", language="en")
    page.goto(f"{told}/admin/reviews/task/")
    link = page.locator("#nav-sidebar-apps a[href='/inbox/']")
    link.locator(".count").wait_for()
    looks_right(page, "desk-menu")
    assert link.locator(".count").inner_text().split()[-1].isdecimal()


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_what_one_is_told_is_chosen_on_a_phone_without_script(told, chromium, language):
    page = come_in(chromium, told, "street", width=360, language=language)
    page.goto(f"{told}/accounts/notices/")
    looks_right(page, f"choices-{language}")
    context = chromium.new_context(
        java_script_enabled=False, locale=language, storage_state=page.context.storage_state()
    )
    plain = context.new_page()
    plain.goto(f"{told}/accounts/notices/")
    box = plain.locator("input[name='digest.email']")
    before = box.is_checked()
    box.set_checked(not before)
    plain.locator("main form button").click()
    assert plain.locator("input[name='digest.email']").is_checked() is not before


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_a_service_owner_words_a_notice_on_a_phone(told, chromium, language):
    page = come_in(chromium, told, "service", width=360, language=language)
    page.goto(f"{told}/admin/reviews/noticetext/")
    looks_right(page, f"wordings-{language}")
    page.locator("a[href$='/text/approved-sms/']").click()
    text = f"{{{{ number }}}} {language} {{{{ link }}}}"
    page.fill("#id_zh", text + "{{ nobody }}")
    page.locator("button[value=publish]").click()
    looks_right(page, f"wording-faults-{language}")
    assert "nobody" in page.locator("#faults-zh").inner_text()
    page.fill("#id_zh", text)
    page.locator("button[value=publish]").click()
    page.wait_for_selector("#editions")
    looks_right(page, f"wording-{language}")
    assert f"360924-20200210-000001-C {language}" in page.locator("#text-zh ~ .nt-preview").inner_text()
