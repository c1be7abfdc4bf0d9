"""Every page of the portal in every state that it has: seen by axe in the light and in the dark on the narrowest phone, weighed,
still, no wider than its screen, in both languages, without a complaint of the browser. On the site as production has it.

The list is tests/journeys/pages.py; tests/portal/test_every_page_is_walked.py holds it to the site's routes.
"""

from __future__ import annotations

import os
import re
from urllib.parse import quote

import pytest
from playwright.sync_api import Page

from tests.journeys import pages
from tests.journeys.looking import (
    FIRST,
    LATER,
    ONE_OF_MANY,
    WATCH,
    WHOLE,
    Complaints,
    Scales,
    enter,
    faults_of,
    scrolls,
)
from tests.journeys.production import Site
from tests.journeys.test_owner import SHOTS

pytestmark = pytest.mark.journey
KEEP = os.environ.get("KEEP_SCREENS")  # a picture of each page, for a look at all of them


@pytest.mark.parametrize("walk", list(pages.PORTAL))
def test_every_page_is_whole_light_and_still(site, chromium, walk):
    who, patterns = pages.PORTAL[walk]
    page = enter(chromium, site, who)
    page.add_init_script(f"({WATCH})()")
    scales, complaints, faults = Scales(page), Complaints(page), list[str]()
    page.goto(f"{site.base}/", wait_until="load")
    if (first := scales.read()) > FIRST:
        faults.append(f"the first page weighs {first} bytes")
    assert first > 20_000 and scales.requests > 4, "nothing was weighed"
    for pattern in patterns:
        if here := look(page, site, pattern, scales, complaints):
            faults += [f"{pattern}: {each}" for each in here]
        if KEEP:
            keep(page, f"{walk}-{pattern}")
        if WHOLE:
            faults += [f"{pattern}: {each}" for each in in_english(page, site, pattern)]
            scales.read(), complaints.clear()
    page.context.close()
    assert not faults, "\n".join(faults)


def in_english(page: Page, site: Site, pattern: str) -> list[str]:
    page.context.add_cookies([{"name": "django_language", "value": "en", "url": site.base}])
    page.goto(address(site, pattern), wait_until="load")
    faults = ["scrolls sideways in English"] if scrolls(page, 360) else []
    faults += [f"“{each[0]}”" for each in ONE_OF_MANY.finditer(page.locator("body").inner_text())]
    page.context.add_cookies([{"name": "django_language", "value": "zh-hans", "url": site.base}])
    return faults


def address(site: Site, pattern: str) -> str:
    return site.base + quote(pattern.format(**site.pages), safe="/?=&:%")


def look(page: Page, site: Site, pattern: str, scales: Scales, complaints: Complaints) -> list[str]:
    wanted = address(site, pattern)
    answer = page.goto(wanted, wait_until="load")
    weight, faults = scales.read(), list[str]()
    status = pages.OTHERWISE.get(pattern, 200)
    if answer is None or answer.status != status:
        faults.append(f"answers {answer.status if answer else 'nothing'}, not {status}")
    if page.url.split("#")[0] != wanted and pattern not in pages.MOVES:
        faults.append(f"leads to {page.url}")
    if weight > LATER:
        faults.append(f"weighs {weight} bytes")
    return faults + complaints.read(status) + faults_of(page)


def keep(page: Page, name: str) -> None:
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"page-{re.sub(r'[^a-z0-9]+', '-', name.lower()).strip('-')}.png", full_page=True)
