"""The viewer in Chromium: a PDF read by keyboard, searched, marked; the applicant sees the place; old and new side by side."""

from __future__ import annotations

import io
import re
import time

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.journeys.looking import SHIFT, WATCH
from tests.journeys.steps import manage
from tests.journeys.test_owner import DATA, sign_in
from tests.journeys.test_queue import come_in, looks_right
from tests.servers import wait_until

pytestmark = pytest.mark.journey
SCENES = """
from types import SimpleNamespace
import pypdfium2
from portal import demo
from reviews import workflow
from tests.cast import filled
from tests.parts import DATA, give_file, give_text
people = demo.ensure_cast()
enterprise = demo.enterprise_of(people["owner"], demo.RECORD)
pages = [page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(DATA / "epidemic_plan.pdf")]
warning = {"code": "blank", "text": {"zh-hans": "第 4 页是空白页。", "en": "Page 4 is blank."}}
names = {"business_licence": "business_licence.jpg", "epidemic_plan": "epidemic_plan.pdf", "roster": "roster.xlsx",
         "signed_pledge": "pledge.jpg", "canteen_plan": "canteen_plan.pdf"}
for _n in range(2):
    draft = filled(SimpleNamespace(owner=people["owner"], enterprise=enterprise))
    files = {file.requirement: give_file(file, names[file.requirement]) for file in draft.materials.all()}
    give_text(give_file(files["epidemic_plan"], "epidemic_plan.pdf", pages=4, warnings=[warning]), *pages)
    give_text(files["roster"], "姓名 手机", "应急联系人")
    workflow.submit(draft.pk, applicant=people["owner"])
"""


@pytest.fixture(scope="module")
def desk(portal):
    """The address of the queue; two applications wait for their pre-check, each with a PDF of four pages."""
    base, mail = portal
    manage(mail.parent, "shell", "-c", SCENES)
    return f"{base}/admin/reviews/task/"


def watched(page: Page) -> list[str]:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return complaints


def a_task(page: Page, at: int) -> str:
    page.locator("a.rv-number").nth(at).click()
    page.wait_for_url("**/review/")
    return page.url


def part(page: Page, name: str, pane: str = "main"):
    return page.locator(f"#viewer-{pane} [data-vw='{name}']")


def drawn(page: Page, of: str, pane: str = "main") -> None:
    """Wait until this page of this file stands there."""
    expect(part(page, "canvas", pane)).to_have_attribute("aria-label", re.compile(of), timeout=20_000)
    expect(part(page, "page", pane)).to_be_visible()


def ink(page: Page) -> float:
    """The share of what is seen of the page that is not as white as paper."""
    shot = Image.open(io.BytesIO(part(page, "page").screenshot())).convert("L").resize((200, 200))
    return sum(shot.histogram()[:200]) / 40_000


def width(page: Page) -> float:
    return page.evaluate("document.querySelector('#viewer-main [data-vw=page]').offsetWidth")


def lies(page: Page) -> bool:
    return part(page, "page").evaluate("page => page.offsetWidth > page.offsetHeight")


def test_a_pdf_is_read_searched_and_marked_and_the_applicant_sees_the_place(desk, chromium):
    page = come_in(chromium, desk, "street", language="en")
    complaints = watched(page)
    review = a_task(page, 0)
    drawn(page, "business_licence.jpg, page 1 of 1")
    page.keyboard.press("]")
    drawn(page, "epidemic_plan.pdf, page 1 of 4")
    assert 0.005 < ink(page) < 0.5, "letters on paper"
    expect(part(page, "warnings")).to_contain_text("Page 4 is blank.")

    fitting = width(page)
    page.keyboard.press("+")
    wait_until(lambda: width(page) > fitting, "a larger page")
    page.keyboard.press("0")
    wait_until(lambda: width(page) == fitting, "a page as wide as the pane")
    page.keyboard.press("t")
    wait_until(lambda: lies(page), "a page that lies on its side")
    for _quarter in range(3):
        page.keyboard.press("t")
    page.keyboard.press(".")
    drawn(page, "page 2 of 4")
    page.keyboard.press("g")
    page.keyboard.type("4")
    page.keyboard.press("Enter")
    drawn(page, "page 4 of 4")
    page.keyboard.press("Escape")
    part(page, "stage").focus()
    page.keyboard.press("p")
    page.locator("#viewer-main .vw-thumbs button").nth(2).click()
    drawn(page, "page 3 of 4")
    looks_right(page, "viewer-en-1366")

    page.keyboard.press("f")
    page.keyboard.type("应急 联系")  # two words; a line may break within one
    page.keyboard.press("Enter")
    hits = page.locator("#viewer-main .vw-hits a")
    expect(hits.last).to_contain_text("roster.xlsx · sheet 2")
    hits.last.click()
    expect(part(page, "words-of-page")).to_contain_text("应急联系人")
    page.locator("#viewer-main .vw-find input").fill("应急预案")
    page.keyboard.press("Enter")
    expect(hits.first).to_contain_text("epidemic_plan.pdf · page 1")
    hits.first.click()
    drawn(page, "epidemic_plan.pdf, page 1 of 4")
    expect(page.locator("#viewer-main .vw-found").first).to_be_attached()
    part(page, "search").click()

    part(page, "stage").focus()
    page.keyboard.press("m")
    rectangle = page.locator("#viewer-main .vw-mark-new")
    expect(rectangle).to_be_focused()
    left = float(rectangle.evaluate("rect => rect.style.left.replace('%', '')"))
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    assert float(rectangle.evaluate("rect => rect.style.left.replace('%', '')")) == pytest.approx(left + 1)
    looks_right(page, "viewer-marking-en-1366")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(part(page, "fault")).to_be_visible()
    page.keyboard.type("Name the place of quarantine")
    page.locator(".rv-decide .rv-button-main").click()  # what was written beside the place is not lost
    expect(part(page, "fault")).to_contain_text("not among the corrections yet")
    expect(part(page, "said")).to_be_focused()
    page.keyboard.press("Enter")
    line = page.locator("[data-mark-line]")
    expect(line).to_contain_text("page 1")
    expect(page.locator("[name=outcome][value=correct]")).to_be_checked()
    page.reload()
    expect(page.locator("[name=text-mark-1]")).to_have_value("Name the place of quarantine")
    place = page.locator("[name=mark-1]").input_value().split(",")
    page.locator(".rv-decide .rv-button-main").click()
    page.wait_for_url("**/reviews/task/")
    assert complaints == []

    corrected(page, desk, chromium, place)
    page.goto(review)
    expect(page.locator("body")).to_contain_text("Corrections asked for")
    page.locator("a.rv-button", has_text="Side by side").click()
    page.wait_for_url("**/viewer/**")
    drawn(page, "epidemic_plan.pdf, page 1 of 4", "before")
    drawn(page, "canteen_plan.pdf, page 1", "main")
    expect(page.locator("#viewer-before .vw-mark")).to_have_attribute("title", "Name the place of quarantine")
    looks_right(page, "viewer-beside-en-1366")
    assert complaints == []
    page.context.close()


def corrected(page: Page, desk: str, chromium, place: list[str]) -> None:
    """The applicant sees the place drawn, on a phone, and hands in another file."""
    base = desk.split("/admin/")[0]
    context = chromium.new_context(locale="en", viewport={"width": 360, "height": 780})
    context.add_cookies([{"name": "django_language", "value": "en", "url": base}])
    phone = context.new_page()
    complaints = watched(phone)
    sign_in(phone, base, "owner@demo.invalid")
    phone.goto(f"{base}/applications/")
    phone.locator("a[href$='/corrections/']").first.click()
    phone.wait_for_url("**/corrections/")
    picture = phone.locator(".marked-page img")
    expect(phone.locator(".marked-place")).to_contain_text("page 1, ")  # in words at once; drawn a little later, by the worker
    wait_until(lambda: phone.reload() and picture.count(), "the page drawn by the worker")
    picture.scroll_into_view_if_needed()  # it is fetched when it comes near
    wait_until(lambda: picture.evaluate("image => image.naturalWidth") > 300, "the picture of the page")
    expect(picture).to_have_attribute("alt", re.compile("Page 1 of epidemic_plan.pdf.*page 1, "))
    frame = phone.locator(".marked-frame")
    for side, share in zip(("x", "y", "width", "height"), place[2:], strict=True):
        assert int(frame.get_attribute(side)) == round(float(share) * 10_000)
    looks_right(phone, "viewer-applicant-en-360")
    phone.locator("input[type=file]").first.set_input_files(DATA / "canteen_plan.pdf")
    row = phone.locator("li[id^='file-']", has_text="canteen_plan.pdf")
    expect(row).to_be_visible(timeout=20_000)  # it arrived; the worker looks into it
    wait_until(lambda: phone.reload() and row.count() and "Saved" in row.inner_text(), "the file looked into")
    phone.get_by_role("button", name="Send the answers").click()
    phone.wait_for_url(re.compile(r"/applications/[^/]+/$"))
    assert complaints == []
    context.close()


def test_nothing_moves_when_its_script_comes_late(desk, chromium):
    page = come_in(chromium, desk, "street")
    review = a_task(page, 0)
    page.add_init_script(f"({WATCH})()")

    def late(route):
        time.sleep(0.7)  # the browser draws meanwhile
        route.continue_()

    page.route("**/viewer/pane*.js", late)
    alone = review.replace("/review/", "/viewer/")
    for width, address in ((1366, review), (1366, alone), (360, alone)):
        page.set_viewport_size({"width": width, "height": 768})
        page.goto(address)
        drawn(page, "page 1|第 1")
        assert page.evaluate("window.__shift") < SHIFT, (width, address)
    page.context.close()


def test_on_a_phone_it_is_a_page_of_its_own_and_a_mark_finds_its_way_to_the_form(desk, chromium):
    page = come_in(chromium, desk, "street", width=360, has_touch=True)
    complaints = watched(page)
    a_task(page, 0)
    expect(page.locator("#viewer-main")).to_be_hidden()
    page.locator("[data-look]").nth(1).click()
    page.wait_for_url("**/viewer/**")
    drawn(page, r"epidemic_plan\.pdf")
    looks_right(page, "viewer-zh-360")
    part(page, "turn").click()
    wait_until(lambda: lies(page), "a page that lies on its side")
    part(page, "mark").click()
    paper = part(page, "over")
    paper.scroll_into_view_if_needed()
    around = paper.bounding_box()
    # The upper right corner of the page as it lies turned is the upper left one of the page.
    page.mouse.move(around["x"] + around["width"] * 0.75, around["y"] + 8)
    page.mouse.down()
    page.mouse.move(around["x"] + around["width"] * 0.95, around["y"] + around["height"] * 0.2, steps=3)
    page.mouse.up()
    page.keyboard.type("盖章不清")
    looks_right(page, "viewer-marking-zh-360")
    page.locator("#viewer-main .vw-words .vw-button-main").click()
    expect(part(page, "say")).to_contain_text("已记下")
    page.locator(".rv-back a").click()
    page.wait_for_url("**/review/")
    expect(page.locator("[name=text-mark-1]")).to_have_value("盖章不清")
    left, top, wide, high = map(float, page.locator("[name=mark-1]").input_value().split(",")[2:])
    assert 0 < left < 0.1 and 0.03 < top < 0.07, "as the page lies unturned"
    assert 0.1 < wide < 0.25 and 0.18 < high < 0.22
    expect(page.locator("[data-mark-line]")).to_contain_text("第1页左上部")
    page.locator("[data-mark-line]").scroll_into_view_if_needed()
    looks_right(page, "viewer-form-zh-360")
    page.locator("[data-mark-remove]").click()
    expect(page.locator("[data-mark-line]")).to_have_count(0)
    assert complaints == []
    page.context.close()


def test_in_the_dark_and_what_draws_a_file_reaches_nothing_of_the_portal(desk, chromium):
    page = come_in(chromium, desk, "street", color_scheme="dark")
    a_task(page, 0)
    page.keyboard.press("]")
    drawn(page, r"epidemic_plan\.pdf")
    looks_right(page, "viewer-dark-zh-1366")
    box = next(frame for frame in page.frames if frame.url.endswith("/viewer/frame/"))
    tried = box.evaluate("""async () => {
        const refused = async (work) => { try { await work(); return "done"; } catch (error) { return error.name; } };
        return [
            self.origin, await refused(() => document.cookie), await refused(() => parent.document), await refused(() => localStorage),
            await refused(() => fetch("/healthz")), await refused(() => fetch("https://example.com/")),
            await refused(() => new Promise((done, failed) => { const picture = new Image(); picture.onload = done; picture.onerror = () => failed(new TypeError()); picture.src = "/static/img/mark.svg"; })),
        ];
    }""")  # fmt: skip
    assert tried == ["null", *["SecurityError"] * 3, *["TypeError"] * 3]
    # On a page of its own in another tab, as on a second screen: what is marked there stands in the form here.
    with page.context.expect_page() as opened:
        part(page, "window").click()
    other = opened.value
    drawn(other, r"epidemic_plan\.pdf")
    looks_right(other, "viewer-alone-dark-zh-1366")
    part(other, "stage").focus()
    other.keyboard.press("m")
    other.keyboard.press("Enter")
    other.keyboard.type("补充联系人")
    other.keyboard.press("Enter")
    expect(part(other, "say")).to_contain_text("已加入补正事项")
    expect(page.locator("[name=text-mark-1]")).to_have_value("补充联系人")
    assert other.evaluate("Object.keys(sessionStorage).filter(key => key.endsWith(':marks')).length") == 0
    page.context.close()
