"""What a page is looked at for: by axe, for its weight, its stillness, its width, its lines, what the browser complains of."""

from __future__ import annotations

import os
import re
import time

from axe_playwright_python.base import AXE_FILE_PATH
from playwright.sync_api import Browser, Page

from tests.journeys.production import Site

# `make walk` looks at every page in the dark and in English too; `make test` at what tests/journeys/test_face.py chose.
WHOLE = os.environ.get("WALK") == "whole"
NARROW = {"width": 360, "height": 740}
WIDTHS = (360, 768, 2560)
FIRST, LATER = 100_000, 30_000  # bytes as they travel, all of a page's requests: at the first visit, and then
SHIFT = 0.05  # of the layout, at most
LINE = 50  # times the size of the letters, at most, on the widest screen
AXE = AXE_FILE_PATH.read_text()
CONTRAST = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
WATCH = """() => {
  window.__shift = 0;
  new PerformanceObserver(list => list.getEntries().forEach(each => { if (!each.hadRecentInput) window.__shift += each.value; }))
    .observe({type: "layout-shift", buffered: true});
}"""
PAINTED = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 30))))"
LONGEST_LINE = """() => {
  let longest = 0, words = "";
  const texts = document.createTreeWalker(document.querySelector("main") || document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const text = texts.currentNode, said = text.textContent.trim(), box = text.parentElement;
    if (said.length < 40 || box.closest("pre, code, textarea, script, style, table")) continue;
    const range = document.createRange();
    range.selectNodeContents(text);
    for (const line of range.getClientRects()) {
      const long = line.width / parseFloat(getComputedStyle(box).fontSize);
      if (long > longest) { longest = long; words = said.slice(0, 40); }
    }
  }
  return [longest, words];
}"""
# In English on the pages of applicants: "1 days". What else may follow a number and end in s.
ONE_OF_MANY = re.compile(
    r"(?<![\d.,:/–-])1 (?!is\b|was\b|has\b|less\b|across\b|address\b|process\b|pass\b|business\b)[a-z]+s\b"
)


def enter(chromium: Browser, site: Site, who: str, language: str = "zh-hans", **more) -> Page:
    # Without motion, so that no colour is looked at on its way to another.
    context = chromium.new_context(
        **({"viewport": NARROW, "locale": "en" if language == "en" else "zh-CN", "reduced_motion": "reduce"} | more)
    )
    cookies = {"django_language": language}
    if who != "nobody":
        cookies["portal_session"] = site.pages[who]
    context.add_cookies([{"name": name, "value": value, "url": site.base} for name, value in cookies.items()])
    return context.new_page()


class Scales:
    """Counts what travels, headers too; what the cache has weighs nothing."""

    def __init__(self, page: Page, leave_out: re.Pattern[str] = re.compile(r"^data:")) -> None:
        self.page, self.leave_out = page, leave_out
        self.bytes, self.requests, self.under_way = 0, 0, set[str]()
        devtools = page.context.new_cdp_session(page)
        devtools.send("Network.enable")
        devtools.on("Network.requestWillBeSent", self._begin)
        devtools.on("Network.loadingFinished", self._add)
        devtools.on("Network.loadingFailed", lambda event: self.under_way.discard(event["requestId"]))

    def _begin(self, event: dict) -> None:
        if not self.leave_out.search(event["request"]["url"]):
            self.under_way.add(event["requestId"])

    def _add(self, event: dict) -> None:
        if event["requestId"] in self.under_way:
            self.under_way.discard(event["requestId"])
            self.bytes += int(event["encodedDataLength"])
            self.requests += 1

    def read(self) -> int:
        """What arrived since the last reading: the browser tells of it a little after the page is there."""
        end = time.monotonic() + 10
        self.page.wait_for_timeout(30)
        while self.under_way and time.monotonic() < end:
            self.page.wait_for_timeout(20)
        self.under_way.clear()
        weighed, self.bytes = self.bytes, 0
        return weighed


class Complaints(list[str]):
    """What the browser complains of, but for the answer that was asked for."""

    def __init__(self, page: Page) -> None:
        super().__init__()
        page.on("console", lambda message: self.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.append(str(error)))

    def read(self, status: int) -> list[str]:
        found = [each for each in self if f"status of {status}" not in each]
        self.clear()
        return found


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


def faults_of(page: Page) -> list[str]:
    """What is wrong with the page as it stands, at 360 px and wider, in the light and in the dark."""
    faults = []
    if (shift := page.evaluate("window.__shift")) > SHIFT:
        faults.append(f"moves by {shift:.3f}")
    if page.locator(".error-summary").count() and not page.evaluate("document.activeElement.matches('.error-summary')"):
        faults.append("does not lead to what is wrong: the summary of errors has not the focus")
    faults += found_by_axe(page)
    if WHOLE:
        page.emulate_media(color_scheme="dark")
        page.evaluate(PAINTED)
        faults += [f"in the dark: {each}" for each in found_by_axe(page, CONTRAST)]
        page.emulate_media(color_scheme="light")
    faults += [f"scrolls sideways at {width} px" for width in WIDTHS if scrolls(page, width)]
    longest, words = page.evaluate(LONGEST_LINE)  # at the last of the widths
    if longest > LINE:
        faults.append(f"has a line of {longest:.0f} letters: {words}")
    page.set_viewport_size(NARROW)
    return faults
