"""Every page of the desk, by who works there: as test_every_page.py walks those of applicants."""

from __future__ import annotations

import re

import pytest

from tests.journeys import pages
from tests.journeys.looking import FIRST, WATCH, Complaints, Scales, enter
from tests.journeys.test_every_page import KEEP, keep, look

pytestmark = pytest.mark.journey
DOCUMENTS = re.compile(r"^data:|/files/|/viewer/(file|text)/")  # what was handed in weighs what it weighs
# An icon is a word that its font draws as one: a word that is wider than it is high was not drawn.
WORDS_FOR_ICONS = """() => [...document.querySelectorAll(".material-symbols-outlined")]
  .filter(each => each.scrollWidth > 1.5 * parseFloat(getComputedStyle(each).fontSize) && each.innerText.trim())
  .map(each => each.innerText.trim())"""


@pytest.mark.parametrize("who", list(pages.DESK))
def test_every_page_of_the_desk_is_whole_light_and_still(site, chromium, who):
    page = enter(chromium, site, who)
    page.add_init_script(f"({WATCH})()")
    scales, complaints, faults = Scales(page, DOCUMENTS), Complaints(page), list[str]()
    page.goto(f"{site.base}/admin/", wait_until="load")
    if (first := scales.read()) > FIRST:
        faults.append(f"the first page weighs {first} bytes")
    assert scales.requests > 4, "nothing was weighed"
    complaints.clear()
    for pattern in pages.DESK[who]:
        here = look(page, site, pattern, scales, complaints)
        if any(each.startswith("weighs") for each in here):  # what is this page's own is in the cache from now on
            here = look(page, site, pattern, scales, complaints)
        faults += [f"{pattern}: {each}" for each in here]
        faults += [f"{pattern}: “{each}” is no icon" for each in page.evaluate(WORDS_FOR_ICONS)]
        if KEEP:
            keep(page, f"desk-{who}-{pattern}")
    page.context.close()
    assert not faults, "\n".join(faults)
