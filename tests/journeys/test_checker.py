"""A permit checked at a gate, on a phone, with and without a network; and what its own QR code says on the public page."""

from __future__ import annotations

import base64
import io
import json
import re
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import segno
from playwright.sync_api import Browser, Page, expect

from permits.credentials import base45, code, make_code
from permits.credentials.code import PREFIX
from tests.journeys.steps import manage
from tests.journeys.test_owner import looks_right
from tests.journeys.test_record import NO_CRYPTO, NO_ED25519
from tests.permits import codes

pytestmark = pytest.mark.journey
SCENE = """
import json
from django.conf import settings
from permits.models import Permit
permit = Permit.objects.get()
said = {"number": permit.number, "code": permit.code, "url": permit.content["verify_url"], "holder": permit.content["holder"]["name"]}
(settings.VAR_DIR / "permit.json").write_text(json.dumps(said), encoding="utf-8")
"""
REVOKE = """
from django.utils import timezone
from permits.models import Permit
Permit.objects.update(state="revoked", revoked_at=timezone.now())
"""
# A camera that sees the picture of `__seen`, as a real one would: no sound, no size of its own choice.
CAMERA = """
navigator.mediaDevices.getUserMedia = async () => {
  const canvas = Object.assign(document.createElement("canvas"), {width: 640, height: 640}), pen = canvas.getContext("2d");
  const image = new Image();
  image.src = %s;
  await image.decode();
  setInterval(() => { pen.fillRect(0, 0, 640, 640); pen.drawImage(image, 20, 20, 600, 600); }, 50);
  return canvas.captureStream(20);
};
"""
DETECTOR = """
window.BarcodeDetector = class {
  static async getSupportedFormats() { return ["qr_code"]; }
  async detect(canvas) { window.detected = canvas.width; return [{rawValue: %s}]; }
};
"""
ALL_OF = """async ([texts, keys]) => {
  const said = [];
  for (const text of texts) said.push(await PermitCode.read(text, keys).then(() => "accepted", (fault) => fault.code || String(fault)));
  return said;
}"""
JUDGED = """async ([text, keys, cases]) => {
  const code = await PermitCode.read(text, keys);
  return cases.map(([list, now]) => PermitCode.judge(code, list && {expires: list.expires, revoked: new Map(Object.entries(list.revoked)),
    superseded: new Map(Object.entries(list.superseded)), corrected: new Map(Object.entries(list.corrected))}, now));
}"""


@pytest.fixture(scope="module")
def issued(portal) -> dict[str, Any]:
    """A permit that was issued by the running portal; ``site``, ``var`` and what stands in the row and on the print."""
    site, mail = portal
    var = mail.parent
    manage(var, "demo")
    manage(var, "shell", "-c", SCENE)
    said = json.loads((var / "permit.json").read_text(encoding="utf-8"))
    here = said["url"].replace("http://127.0.0.1:8000", site)  # the command doesn't know where the site is
    return said | {"url": here, "site": site, "var": var, "pdf": var / "demo" / f"{said['number']}.pdf"}


@pytest.fixture
def key_of_the_portal(settings, issued: dict[str, Any]) -> None:
    settings.PERMIT_KEY_FILE = issued["var"] / "keys" / "permit-ed25519.pem"


def come(
    chromium: Browser, site: str, *, language: str = "en", script: str = "", **options: Any
) -> tuple[Page, list[str]]:
    """The checker on a phone, ready; and what the browser complained of."""
    width = options.pop("width", 360)
    context = chromium.new_context(locale=language, viewport={"width": width, "height": 780}, **options)
    if script:
        context.add_init_script(script)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{site}/verify/offline/")
    expect(page.locator("body[data-ready]")).to_be_attached()
    return page, complaints


def paste(page: Page, text: str) -> str:
    """The verdict on a text."""
    page.locator("details.more").evaluate("details => details.open = true")
    page.fill("#checker-text", text)
    page.evaluate("document.querySelector('[data-checker-result]').textContent = ''")
    page.locator("[data-checker-form] button").click()
    return verdict(page)


def verdict(page: Page) -> str:
    found = page.locator("[data-verdict]")
    found.wait_for()
    return str(found.get_attribute("data-verdict"))


def as_png(text: str) -> bytes:
    file = io.BytesIO()
    head, mark, tail = text.partition("#")
    segno.make_qr([head + mark, tail], error="m").save(file, kind="png", border=4, scale=6)
    return file.getvalue()


def on_the_print(issued: dict[str, Any], folder: Path) -> bytes:
    """The whole printed page, as a phone takes a picture of it."""
    subprocess.run(["pdftoppm", "-r", "150", "-png", "-singlefile", issued["pdf"], folder / "page"], check=True)
    return (folder / "page.png").read_bytes()


@pytest.mark.parametrize(("language", "word"), [("zh-CN", "真实有效"), ("en", "Genuine and in force")])
def test_a_permit_is_checked_from_a_picture_of_its_print(issued, chromium, tmp_path, language: str, word: str) -> None:
    page, complaints = come(chromium, issued["site"], language=language)
    assert page.url.endswith("/zh/" if language == "zh-CN" else "/en/")
    looks_right(page, f"checker-{language}")
    page.set_input_files(
        "#checker-picture", {"name": "p.png", "mimeType": "image/png", "buffer": on_the_print(issued, tmp_path)}
    )
    assert verdict(page) == "valid"
    result = page.locator("[data-checker-result]")
    expect(result).to_contain_text(word)
    expect(result).to_contain_text(issued["holder"])
    expect(result).to_contain_text(issued["number"])
    looks_right(page, f"checker-valid-{language}")
    page.set_input_files("#checker-picture", {"name": "p.png", "mimeType": "image/png", "buffer": b"no picture"})
    expect(page.locator("[data-checker-camera]")).not_to_be_empty()
    expect(result).to_be_empty()
    assert complaints == []
    page.context.close()


def test_the_camera_sees_it_by_either_reader(issued, chromium) -> None:
    text = issued["url"] + "#" + issued["code"].replace("%", "%25").replace(" ", "%20")
    picture = json.dumps("data:image/png;base64," + base64.b64encode(as_png(text)).decode())
    for script in (
        CAMERA % picture,
        CAMERA % json.dumps("data:image/png;base64," + base64.b64encode(as_png("https://x/#a")).decode())
        + DETECTOR % json.dumps(text),
    ):
        page, complaints = come(chromium, issued["site"], script=script)
        page.locator("[data-checker-start]").click()
        assert verdict(page) == "valid"
        expect(page.locator("[data-checker-view]")).to_be_hidden()
        assert bool(page.evaluate("!!window.jsQR")) != bool(page.evaluate("!!window.detected"))
        assert complaints == []
        page.context.close()
    page, _complaints = come(chromium, issued["site"])
    page.evaluate(
        "() => { navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', 'NotAllowedError')); }"
    )
    page.locator("[data-checker-start]").click()
    expect(page.locator("[data-checker-camera]")).to_contain_text("Choose a picture")
    page.context.close()


def codes_changed(code: str) -> str:
    """Its last byte changed: it is the signature's."""
    data = base45.decode(code.removeprefix(PREFIX))
    return PREFIX + base45.encode(data[:-1] + bytes([data[-1] ^ 1]))


def in_an_address(code: str) -> str:
    return "#" + code.replace("%", "%25").replace(" ", "%20")


@pytest.mark.usefixtures("key_of_the_portal")
def test_a_thousand_bad_codes_are_judged_as_python_judges_them(issued, chromium) -> None:
    page, _complaints = come(chromium, issued["site"])
    keys = page.request.get(f"{issued['site']}/verify/keys").json()
    cases = codes.hostile()
    said = page.evaluate(ALL_OF, [[case["text"] for case in cases], keys])
    assert len(cases) >= 1000 and said == [case["code"] for case in cases]
    for word in sorted({case["code"] for case in cases}):
        case = next(case for case in cases if case["code"] == word and case["text"].strip())
        assert paste(page, case["text"]) == word
        looks_right(page, f"checker-{word}")
    judged = codes.judged()
    lists = [[given, now] for given, now, _word in judged]
    assert page.evaluate(JUDGED, [codes.lasting(), keys, lists]) == [word for *_given, word in judged]
    page.context.close()


def test_a_browser_that_lacks_the_means_says_so(issued, chromium) -> None:
    for script in (NO_ED25519, NO_CRYPTO):
        page, _complaints = come(chromium, issued["site"], script=script)
        expect(page.locator("[data-checker-able]")).to_contain_text("Firefox from 129")
        assert paste(page, issued["code"]) == "unable"
        page.context.close()
    context = chromium.new_context(java_script_enabled=False, viewport={"width": 360, "height": 780})
    page = context.new_page()
    page.goto(f"{issued['site']}/verify/offline/en/")
    expect(page.get_by_text("Enter the permit's number on the portal instead")).to_be_visible()
    expect(page.locator("[data-checker-start]")).to_be_hidden()
    context.close()


def test_it_can_be_installed_and_its_worker_answers_for_it_alone(issued, chromium) -> None:
    page, _complaints = come(chromium, issued["site"], width=1280)
    looks_right(page, "checker-wide")
    site = issued["site"]
    about = page.request.get(f"{site}/verify/offline/en/manifest.webmanifest").json()
    assert about["scope"] == "/verify/offline/" and about["display"] == "standalone"
    for icon in about["icons"]:
        assert page.request.get(site + icon["src"]).headers["content-type"] == "image/png"
    assert page.evaluate("navigator.serviceWorker.ready.then(own => own.scope)") == f"{site}/verify/offline/"
    policy = page.request.get(f"{site}/verify/offline/en/").headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "connect-src 'self'" in policy
    response = page.goto(f"{site}/verify/")
    assert response and not response.from_service_worker
    page.context.close()


def test_the_qr_code_on_a_phone_leads_to_the_public_page_which_says_whose_the_paper_is(issued, chromium) -> None:
    tail = in_an_address(issued["code"])
    for language, word in (("zh-CN", "此件上的核验码真实"), ("en", "The code on this paper is genuine")):
        context = chromium.new_context(locale=language, viewport={"width": 360, "height": 780})
        page = context.new_page()
        asked: list[str] = []
        page.on("request", lambda request, asked=asked: asked.append(request.url + (request.post_data or "")))
        page.goto(issued["url"] + tail)
        paper = page.locator("[data-paper]")
        expect(paper).to_contain_text(word)
        expect(paper).to_contain_text(issued["holder"])
        looks_right(page, f"verify-paper-{language}")
        assert not [each for each in asked[1:] if "PP1" in each]
        for address, words in (
            (issued["url"] + in_an_address(codes_changed(issued["code"])), "Forged|伪造"),
            (issued["url"].replace("-000", "-100") + tail, "belong together|不一致"),
        ):
            page.goto("about:blank")
            page.goto(address)
            expect(paper).to_contain_text(re.compile(words))
        looks_right(page, f"verify-paper-foreign-{language}")
        page.goto("about:blank")
        page.goto(issued["url"])
        expect(paper).to_be_hidden()
        context.close()


@pytest.mark.usefixtures("key_of_the_portal")
def test_the_qr_code_of_a_person_shows_no_more_of_their_name_than_the_public_page(issued, chromium) -> None:
    person = {"kind": "person", "name": "欧阳喆堃", "uscc": "", "address": ""}
    text = make_code(codes.CONTENT | {"holder": person}, now=codes.NOW)
    page = chromium.new_context(locale="en", viewport={"width": 360, "height": 780}).new_page()
    page.goto(code.address(f"{issued['site']}/verify/{codes.CONTENT['number']}/", text))
    expect(page.locator("[data-paper]")).to_contain_text("欧***")
    assert "阳喆堃" not in page.content()
    page.context.close()


def test_it_works_without_a_network_says_how_old_its_list_is_and_learns_of_a_revocation(issued, chromium) -> None:
    page, _complaints = come(chromium, issued["site"])
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.context.set_offline(True)
    page.goto(f"{issued['site']}/verify/offline/zh/")  # the other language is there too
    expect(page.locator("body[data-ready]")).to_be_attached()
    page.goto(f"{issued['site']}/verify/offline/en/")
    expect(page.locator("[data-checker-keys]")).to_contain_text("No network")
    assert paste(page, issued["code"]) == "valid"
    looks_right(page, "checker-offline")

    manage(issued["var"], "shell", "-c", REVOKE)
    assert paste(page, issued["code"]) == "valid"  # it can't know, and says of when its list is
    later = datetime.now(UTC) + timedelta(days=3)
    page.clock.set_fixed_time(later)
    page.reload()
    expect(page.locator("[data-checker-list]")).to_contain_text("(3 days ago)")
    assert paste(page, issued["code"]) == "valid"
    expect(page.locator("[data-checker-result]")).to_contain_text("3 days ago")
    page.clock.set_fixed_time(later + timedelta(days=5))
    page.reload()
    expect(page.locator("[data-checker-list] .notice-warning")).to_contain_text("what was revoked since isn't known")
    assert paste(page, issued["code"]) == "unknown"
    assert paste(page, codes_changed(issued["code"])) == "forged"
    looks_right(page, "checker-list-expired")

    page.clock.set_fixed_time(datetime.now(UTC))
    page.context.set_offline(False)
    page.reload()
    expect(page.locator("body[data-ready]")).to_be_attached()
    assert paste(page, issued["code"]) == "revoked"
    page.context.set_offline(True)
    page.reload()
    expect(page.locator("[data-checker-keys]")).to_contain_text("No network")
    assert paste(page, issued["code"]) == "revoked"
    looks_right(page, "checker-revoked")
    page.context.close()


def test_a_forged_list_or_one_older_than_that_at_hand_is_not_taken(issued, chromium) -> None:
    page, _complaints = come(chromium, issued["site"])
    older = page.request.get(f"{issued['site']}/verify/status").body()
    manage(issued["var"], "shell", "-c", REVOKE)
    answers = [older[:-1] + bytes([older[-1] ^ 1]), None, older]
    page.route(
        "**/verify/status", lambda route: route.fulfill(body=body) if (body := answers.pop(0)) else route.continue_()
    )
    as_of = "JSON.stringify(localStorage.getItem('checker:list'))"
    first = page.evaluate(as_of)
    page.locator("[data-checker-refresh]").click()
    expect(page.locator("[data-checker-keys]")).to_contain_text("not signed by this portal")
    assert page.evaluate(as_of) == first
    page.locator("[data-checker-refresh]").click()
    expect(page.locator("[data-checker-keys]")).to_be_empty()
    newer = page.evaluate(as_of)
    assert newer != first and paste(page, issued["code"]) == "revoked"
    page.locator("[data-checker-refresh]").click()
    expect(page.locator("[data-checker-keys]")).to_be_empty()
    assert answers == [] and page.evaluate(as_of) == newer
    page.context.close()
