"""Take the pictures of the README from a running portal: ``make screens``. They land in docs/screens."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tests import servers
from tests.journeys.conftest import CHROMIUM_FLAGS, binary
from tests.journeys.production import SETTINGS
from tests.journeys.test_owner import DEMO as PASSWORD
from tests.run import free_port, wait_for

TARGET = servers.ROOT / "docs" / "screens"
PHONE, DESK = {"width": 360, "height": 780}, {"width": 1366, "height": 768}


@contextmanager
def portal(var: Path) -> Iterator[str]:
    """The site alone, on demo data: an application at every stage."""
    port = free_port()
    ours = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY")
    environment = {key: value for key, value in os.environ.items() if key not in ours}
    environment |= {"VAR_DIR": str(var), "SITE_URL": f"http://127.0.0.1:{port}"} | SETTINGS
    subprocess.run([sys.executable, "-m", "tests.journeys.made", "12"], cwd=servers.ROOT, env=environment, check=True)
    site = ["gunicorn", "portal.wsgi", "-b", f"127.0.0.1:{port}", "--threads", "4"]
    with servers.process(site, environment, var / "site.log"):
        wait_for(port)
        yield f"http://127.0.0.1:{port}"


def open_page(browser: Browser, base: str, size: dict[str, int], person: str = "", language: str = "zh-CN") -> Page:
    context = browser.new_context(locale=language, viewport=size, device_scale_factor=1.5)  # type: ignore[arg-type]
    context.add_cookies([{"name": "django_language", "value": "en" if language == "en" else "zh-hans", "url": base}])
    page = context.new_page()
    if person:
        page.goto(f"{base}/accounts/login/")
        page.fill("input[name=login]", f"{person}@demo.invalid")
        page.fill("input[name=password]", PASSWORD)
        page.locator("main form button[type=submit]").first.click()
        page.wait_for_url(lambda url: "login" not in url)
    return page


def keep(page: Page, name: str) -> None:
    page.wait_for_load_state("networkidle")
    picture = Image.open(io.BytesIO(page.screenshot()))
    # A palette keeps text sharp and the repository small.
    small = picture.convert("RGB").quantize(colors=96, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    TARGET.mkdir(parents=True, exist_ok=True)
    small.save(TARGET / f"{name}.png", optimize=True)
    sys.stdout.write(f"{name}.png {(TARGET / f'{name}.png').stat().st_size // 1024} KB\n")


def take(browser: Browser, base: str) -> None:
    page = open_page(browser, base, PHONE)
    page.goto(base)
    keep(page, "home")

    page = open_page(browser, base, PHONE, "owner")
    page.goto(f"{base}/applications/")
    page.locator(".case", has=page.locator("a[href$='/go-on/']")).first.locator("h2 a").click()
    draft = page.url.split("/check/")[0]
    page.goto(f"{draft}/fill/staff/")
    page.fill("[name=origin_local]", "85")
    page.locator("main .form-actions .btn-primary").click()
    keep(page, "form")
    page.goto(f"{draft}/materials/")
    page.locator("#material-roster").scroll_into_view_if_needed()
    keep(page, "materials")
    page.goto(f"{base}/applications/")
    page.locator(".case", has=page.locator("text=备案")).locator("h2 a").last.click()
    keep(page, "timeline")

    page = open_page(browser, base, DESK, "street")
    page.goto(f"{base}/admin/reviews/task/")
    keep(page, "queue")
    page.locator("#result_list a[href*='/review/'], main a[href*='/review/']").first.click()
    keep(page, "review")


def main() -> None:
    with (
        tempfile.TemporaryDirectory(prefix="portal-screens-") as folder,
        portal(Path(folder)) as base,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=binary(), args=CHROMIUM_FLAGS)
        take(browser, base)
        browser.close()


if __name__ == "__main__":
    main()
