"""At a gate, on the narrowest phone: a number, a code, a forgery, with the line down and up again; and without a script."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.steps import manage
from tests.journeys.test_owner import looks_right, sign_in

pytestmark = pytest.mark.journey
SCENE = """
import json
from django.conf import settings
from permits.models import Permit
permit = Permit.objects.get()
said = {"number": permit.number, "code": permit.code, "holder": permit.content["holder"]["name"]}
(settings.VAR_DIR / "gate.json").write_text(json.dumps(said), encoding="utf-8")
"""
COUNT = """
import json
from django.conf import settings
from reviews.models import GateScan
rows = [[scan.result, scan.late] for scan in GateScan.objects.order_by("pk")]
(settings.VAR_DIR / "scans.json").write_text(json.dumps(rows), encoding="utf-8")
"""


@pytest.fixture(scope="module")
def permit(portal) -> dict[str, str]:
    _base, mail = portal
    manage(mail.parent, "demo")
    return told(mail.parent, SCENE, "gate.json")


def told(var: Any, scene: str, name: str) -> Any:
    manage(var, "shell", "-c", scene)
    return json.loads((var / name).read_text(encoding="utf-8"))


def verdict(page: Page, text: str, word: str) -> None:
    page.fill("#text", text)
    page.press("#text", "Enter")  # as a hand scanner does
    expect(page.locator("[data-verdict]")).to_have_attribute("data-verdict", word, timeout=15_000)
    expect(page.locator("#text")).to_have_value("")


def test_at_a_gate(portal, chromium, permit) -> None:
    base, mail = portal
    tampered = permit["code"][:-8] + "00000000"
    context = chromium.new_context(locale="zh-CN", viewport={"width": 360, "height": 800})
    page = context.new_page()
    sign_in(page, base, "gate@demo.invalid")
    page.goto(f"{base}/gate/")
    page.locator("[data-gate][data-ready]").wait_for()
    looks_right(page, "gate-empty-zh-360")
    verdict(page, permit["number"], "good")
    expect(page.locator("[data-verdict] h2")).to_have_text("放行")
    expect(page.locator("[data-verdict]")).to_contain_text(permit["holder"])
    looks_right(page, "gate-good-zh-360")
    verdict(page, permit["code"], "good")
    verdict(page, tampered, "forged")
    expect(page.locator("[data-verdict] h2")).to_have_text("不放行")
    looks_right(page, "gate-bad-zh-360")

    context.set_offline(True)
    verdict(page, permit["code"], "valid")
    expect(page.locator("[data-verdict] h2")).to_have_text("放行")
    looks_right(page, "gate-alone-zh-360")
    verdict(page, tampered, "forged")
    expect(page.locator("[data-verdict] h2")).to_have_text("不放行")
    verdict(page, permit["number"], "no_code")
    expect(page.locator("[data-gate-waiting]")).to_contain_text("3")
    context.set_offline(False)
    expect(page.locator("[data-gate-waiting]")).to_be_empty(timeout=15_000)
    assert page.evaluate("localStorage.getItem('gate:' + document.querySelector('[data-gate]').dataset.gate)") is None
    rows = told(mail.parent, COUNT, "scans.json")
    assert rows == [["good", False]] * 2 + [["forged", False], ["good", True], ["forged", True], ["good", True]]
    context.close()


def test_without_a_script(portal, chromium, permit) -> None:
    base, _mail = portal
    context = chromium.new_context(locale="en", viewport={"width": 360, "height": 800}, java_script_enabled=False)
    page = context.new_page()
    sign_in(page, base, "gate@demo.invalid")
    page.goto(f"{base}/gate/")
    page.fill("#text", permit["number"].lower())
    page.locator("[data-gate-form] button").click()
    expect(page.locator("#verdict")).to_have_text("放行")
    context.close()
