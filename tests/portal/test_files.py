"""Files over HTTP: to those who may see them, in the parts they ask for, as what was stored or not at all; an official's copy has their name on it."""

from __future__ import annotations

import hashlib
import io
import re
from email import message_from_bytes
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import openpyxl
import pikepdf
import pypdfium2
import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone
from PIL import Image, ImageChops

from permits.credentials.pdf import drawable
from permits.intake import links, reading, serving, stamp, stamping, storage
from permits.models import Application, Material, StorageFault, User
from reviews import workflow
from reviews.models import Event
from tests.cast import Cast, post
from tests.portal import steps
from tests.portal.browser import at, words

pytestmark = pytest.mark.once  # what goes over HTTP is the same on both engines
DATA = Path(__file__).parents[1] / "data"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def read(name: str) -> bytes:
    return (DATA / name).read_bytes()


def body_of(response: Any) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


@pytest.fixture
def plan(draft: Application) -> Material:
    material: Material = draft.materials.get(requirement="canteen_plan")
    return material


@pytest.fixture
def sent(cast: Cast, draft: Application) -> Application:
    return workflow.submit(draft.pk, applicant=cast.owner)


def looks() -> list[tuple[str, str]]:
    """Who looked at which file, by the log."""
    return [
        (event.actor.name, event.payload) for event in Event.objects.filter(action="looked").select_related("actor")
    ]


# --- who, and as what ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("requirement", "name", "media_type", "shown"),
    [
        ("canteen_plan", "canteen_plan.pdf", "application/pdf", "inline"),
        ("business_licence", "business_licence.jpg", "image/jpeg", "inline"),
        ("roster", "roster.xlsx", XLSX, "attachment"),
        ("epidemic_plan", "epidemic_plan.docx", DOCX, "attachment"),
    ],
)
def test_a_file_is_served_as_what_it_is_and_never_run(
    cast: Cast, draft: Application, requirement: str, name: str, media_type: str, shown: str
) -> None:
    material = draft.materials.get(requirement=requirement)
    response = at(cast.owner).get(material.url)
    kept = storage.open_blob(material.sha256).read() if material.is_image else read(name)
    assert body_of(response) == kept and response["Content-Length"] == str(len(kept))
    assert response["Content-Type"] == media_type
    assert response["Content-Disposition"] == f"{shown}; filename*=UTF-8''{name}"
    assert response["X-Content-Type-Options"] == "nosniff" and response["X-Frame-Options"] == "SAMEORIGIN"
    assert response["Cache-Control"] == "private, no-store"
    policy = response["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'") and "script-src" not in policy and "frame-ancestors 'self'" in policy
    assert ("sandbox" in policy) == (media_type != "application/pdf")
    saved = at(cast.owner).get(material.url + "?save")
    assert saved["Content-Disposition"].startswith("attachment;")


def test_who_has_a_task_on_it_sees_its_files_and_nobody_else_does(
    cast: Cast, draft: Application, plan: Material
) -> None:
    def status(user: User) -> int:
        return at(user).get(plan.url).status_code

    everybody = (cast.street, cast.health, cast.industry, cast.decider, cast.other_street, cast.outsider)
    assert [status(user) for user in everybody] == [404] * 6  # a draft is nobody's but the enterprise's
    assert status(cast.owner) == status(cast.colleague) == 200
    workflow.submit(draft.pk, applicant=cast.owner)
    assert [status(user) for user in everybody] == [200, 404, 404, 404, 404, 404]
    steps.in_review(cast, draft)
    assert [status(user) for user in everybody] == [200, 200, 200, 404, 404, 404]
    steps.decide(cast, draft, "health", "agree")
    steps.decide(cast, draft, "industry", "agree")
    assert [status(user) for user in everybody] == [200, 200, 200, 200, 404, 404]
    assert status(post("health_elsewhere", "health", "360983")) == 404
    cast.street.postings.update(active=False)
    assert status(cast.street) == 404


def test_an_official_sees_a_file_and_still_not_the_applicants_pages(cast: Cast, sent: Application) -> None:
    client = at(cast.street)
    for part in ("", "materials/", "receipt/", "check/", "withdraw/"):
        assert client.get(f"/applications/{sent.public_id}/{part}").status_code == 404


def test_a_file_that_was_replaced_by_a_correction_stays_on_record(
    cast: Cast, sent: Application, plan: Material
) -> None:
    Material.objects.filter(pk=plan.pk).update(replaced_at="2026-11-26T00:00Z")
    assert body_of(at(cast.owner).get(plan.url)) == read("canteen_plan.pdf")
    assert at(cast.street).get(plan.url).status_code == 200


@pytest.mark.parametrize("state", ["checking", "held", "refused"])
def test_what_has_not_passed_inspection_is_given_to_nobody(
    cast: Cast, sent: Application, plan: Material, state: str
) -> None:
    Material.objects.filter(pk=plan.pk).update(check_state=state)
    for user in (cast.owner, cast.street):
        assert at(user).get(plan.url).status_code == 404
        assert at(user).get(links.view_url(plan, user)).status_code == 404


def test_an_erased_file_says_what_it_was(cast: Cast, sent: Application, plan: Material) -> None:
    Material.objects.filter(pk=plan.pk).update(erased_at="2026-11-26T00:00Z")
    for user in (cast.owner, cast.street):
        response = at(user).get(plan.url)
        assert response.status_code == 410 and plan.sha256 in words(response)


# --- parts ----------------------------------------------------------------------------------------------------------


PDF = read("canteen_plan.pdf")
SIZE = len(PDF)


@pytest.mark.parametrize(
    ("asked", "begin", "end"),
    [
        ("bytes=0-99", 0, 100), ("bytes=100-", 100, SIZE), ("bytes=-7", SIZE - 7, SIZE), ("bytes=0-0", 0, 1),
        (f"bytes=5-{SIZE * 9}", 5, SIZE), (f"bytes=-{SIZE * 9}", 0, SIZE), ("BYTES = 0-1", 0, 2),
        ("bytes=0-9,10-19", 0, 20), ("bytes=5-9, ,0-7", 0, 10), (f"bytes=0-1,{SIZE}-", 0, 2),
    ],
)  # fmt: skip
def test_a_part_is_sent_when_it_is_asked_for(cast: Cast, plan: Material, asked: str, begin: int, end: int) -> None:
    response = at(cast.owner).get(plan.url, headers={"Range": asked})
    assert response.status_code == 206 and body_of(response) == PDF[begin:end]
    assert response["Content-Range"] == f"bytes {begin}-{end - 1}/{SIZE}"
    assert response["Content-Length"] == str(end - begin) and response["ETag"] == f'"{plan.sha256}"'
    assert response["Content-Type"] == "application/pdf"


@pytest.mark.parametrize(
    "asked",
    ["bytes=9-3", "bytes=", "bytes=-", "bytes", "lines=0-9", "bytes=a-b", "bytes=0-9;10-19", "bytes=٣-٤", "bytes=0x1-2",
     "bytes=" + ",".join(f"{n}-{n}" for n in range(0, 60, 2))],
)  # fmt: skip
def test_what_is_no_range_or_far_too_many_gives_the_whole(cast: Cast, plan: Material, asked: str) -> None:
    response = at(cast.owner).get(plan.url, headers={"Range": asked})
    assert response.status_code == 200 and body_of(response) == PDF and response["Accept-Ranges"] == "bytes"


@pytest.mark.parametrize("asked", [f"bytes={SIZE}-", f"bytes={SIZE + 5}-{SIZE + 9}", "bytes=-0"])
def test_a_part_that_is_not_there_is_said(cast: Cast, plan: Material, asked: str) -> None:
    response = at(cast.owner).get(plan.url, headers={"Range": asked})
    assert response.status_code == 416 and response["Content-Range"] == f"bytes */{SIZE}"


def test_several_parts_come_in_one_answer(cast: Cast, plan: Material) -> None:
    response = at(cast.owner).get(plan.url, headers={"Range": "bytes=-5, 0-9, 100-199"})
    body = body_of(response)
    assert response.status_code == 206 and response["Content-Length"] == str(len(body))
    told = message_from_bytes(f"Content-Type: {response['Content-Type']}\r\n".encode() + body)
    assert told.get_content_type() == "multipart/byteranges"
    found = {part["Content-Range"]: part.get_payload(decode=True) for part in told.get_payload()}
    assert found == {
        f"bytes 0-9/{SIZE}": PDF[:10], f"bytes 100-199/{SIZE}": PDF[100:200], f"bytes {SIZE - 5}-{SIZE - 1}/{SIZE}": PDF[-5:],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("only_if", "status"),
    [('"{sha}"', 206), ('"other"', 200), ('W/"{sha}"', 200), ("Thu, 26 Nov 2026 09:00:00 GMT", 200)],
)
def test_a_part_of_another_file_is_not_taken_for_this_one(
    cast: Cast, plan: Material, only_if: str, status: int
) -> None:
    headers = {"Range": "bytes=0-9", "If-Range": only_if.format(sha=plan.sha256)}
    assert at(cast.owner).get(plan.url, headers=headers).status_code == status


def test_who_has_it_already_is_sent_nothing(cast: Cast, plan: Material) -> None:
    client, etag = at(cast.owner), f'"{plan.sha256}"'
    response = client.get(plan.url, headers={"If-None-Match": f'"x", W/{etag}'})
    assert response.status_code == 304 and not body_of(response) and response["ETag"] == etag
    assert client.get(plan.url, headers={"If-None-Match": '"x"'}).status_code == 200
    assert client.get(plan.url, headers={"If-Match": '"x"'}).status_code == 412


def test_the_head_says_what_a_get_would_send(cast: Cast, plan: Material) -> None:
    client = at(cast.owner)
    head, got = client.head(plan.url, headers={"Range": "bytes=0-9"}), client.get(plan.url)
    assert (head.status_code, body_of(head)) == (200, b"")
    same = ("Content-Length", "Content-Type", "ETag", "Accept-Ranges", "Content-Disposition", "Content-Security-Policy")
    assert {name: head[name] for name in same} == {name: got[name] for name in same}
    assert client.post(plan.url).status_code == 405 and client.post(plan.url)["Allow"] == "GET, HEAD"


@pytest.mark.parametrize("sealed", [True, False])
def test_a_sealed_file_is_served_in_parts_too(cast: Cast, draft: Application, settings, sealed: bool) -> None:
    settings.STORAGE_KEYS = ["a2V5IG9mIDMyIGJ5dGVzIGZvciB0ZXN0cyBvbmx5ISE="] if sealed else []
    content = bytes(range(256)) * 1024
    stored = storage.put([content])
    file = draft.materials.get(requirement="roster")
    Material.objects.filter(pk=file.pk).update(sha256=stored.sha256, size=stored.size)
    response = at(cast.owner).get(file.url, headers={"Range": "bytes=65500-131100"})
    assert body_of(response) == content[65500:131101]


# --- as it was stored, or not at all -------------------------------------------------------------------------------


def damage(settings: Any, sha256: str) -> None:
    path = Path(settings.STORAGE_URL.removeprefix("file://")) / storage.key_of(sha256)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("how", ["damaged", "lost"])
def test_a_file_that_is_not_what_was_stored_is_shown_to_nobody_and_told(
    cast: Cast, sent: Application, plan: Material, settings, how: str
) -> None:
    settings.ADMINS = [("", "ops@test.invalid")]
    roster = sent.materials.get(requirement="roster")
    for material in (plan, roster):
        if how == "lost":
            storage.delete_blob(material.sha256)
        else:
            damage(settings, material.sha256)
    view = links.view_url(plan, cast.street)
    asked: list[tuple[Client, str, dict[str, str]]] = [
        (at(cast.street), plan.url, {}), (at(cast.street), view, {}), (at(cast.street), view, {"Range": "bytes=0-9"}),
        (at(cast.street), view, {"Range": "bytes=0-9,20-29"}), (at(cast.street), roster.url, {}), (at(cast.owner), plan.url, {}),
    ]  # fmt: skip
    for client, address, headers in asked:
        response = client.get(address, headers=headers)
        assert response.status_code == 503 and "damaged in storage" in words(response), address
    assert set(StorageFault.objects.values_list("kind", "sha256")) == {(how, plan.sha256), (how, roster.sha256)}
    (letter,) = [each for each in mail.outbox if each.to == ["ops@test.invalid"]]
    assert plan.sha256 in letter.body and "check_storage" in letter.body


def test_a_large_file_that_is_damaged_breaks_off_before_its_end(
    cast: Cast, draft: Application, settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "SMALL", 1000)
    file = draft.materials.get(requirement="roster")
    damage(settings, file.sha256)
    response = at(cast.owner).get(file.url)
    received = b""
    with pytest.raises(reading.Damaged):
        for chunk in response.streaming_content:
            received += chunk
    assert len(received) < int(response["Content-Length"])
    assert StorageFault.objects.get().sha256 == file.sha256
    monkeypatch.setattr(reading, "SMALL", 8 * 1024 * 1024)
    storage.put([read("roster.xlsx")])
    monkeypatch.setattr(reading, "SMALL", 1000)
    assert body_of(at(cast.owner).get(file.url)) == read("roster.xlsx")


def test_a_part_is_looked_into_whole_once_and_again_when_the_file_changes(cast: Cast, plan: Material, settings) -> None:
    client = at(cast.owner)
    assert client.get(plan.url, headers={"Range": "bytes=0-9"}).status_code == 206
    damage(settings, plan.sha256)
    assert client.get(plan.url, headers={"Range": "bytes=0-9"}).status_code == 503


def test_the_storage_being_away_is_said(cast: Cast, plan: Material, settings) -> None:
    settings.STORAGE_URL = "s3://key:topsecret@127.0.0.1:9/permits?region=us-east-1&secure=0"
    response = at(cast.owner).get(plan.url)
    assert response.status_code == 503 and "can't be reached just now" in words(response)
    assert not StorageFault.objects.exists()


# --- the viewer's address ------------------------------------------------------------------------------------------


def test_the_viewer_gets_the_file_as_it_was_stored_by_an_address_that_is_one_persons(
    cast: Cast, sent: Application, plan: Material
) -> None:
    steps.in_review(cast, sent)
    address = links.view_url(plan, cast.street)
    response = at(cast.street).get(address)
    assert body_of(response) == PDF and response["Content-Disposition"].startswith("inline")
    assert at(cast.street).get(address, headers={"Range": "bytes=3-9"}).status_code == 206
    for user, other in ((cast.health, address), (cast.street, address[:-2] + "x/")):
        turned = at(user).get(other)
        assert turned.status_code == 302 and turned["Location"] == plan.url
    another = sent.materials.get(requirement="roster")
    token = address.rstrip("/").rpartition("/")[2]
    assert at(cast.street).get(f"{another.url}view/{token}/")["Location"] == another.url
    assert at(cast.outsider).get(address).status_code == 404
    cast.street.postings.update(active=False)
    assert at(cast.street).get(address).status_code == 404, "the right is asked each time"


def test_an_address_of_the_viewer_is_soon_over_and_none_to_save_from(
    cast: Cast, sent: Application, plan: Material, settings
) -> None:
    address = links.view_url(plan, cast.street)
    opened = at(cast.street).get(address, headers={"Sec-Fetch-Dest": "document"})
    assert opened.status_code == 302 and opened["Location"] == plan.url
    settings.FILE_LINK_SECONDS = -1
    assert at(cast.street).get(address).status_code == 302


def test_many_requests_of_one_view_are_one_look(cast: Cast, sent: Application, plan: Material) -> None:
    client, address = at(cast.street), links.view_url(plan, cast.street)
    for n in range(12):
        client.get(address, headers={"Range": f"bytes={n * 10}-{n * 10 + 9}"})
    client.get(plan.url)
    ((name, payload),) = looks()
    assert name == "street" and str(plan.public_id) in payload
    at(cast.owner).get(plan.url)
    assert len(looks()) == 1, "an applicant's look at their own file is nobody's business"


# --- an official's copy --------------------------------------------------------------------------------------------


def page_of(pdf: bytes) -> Image.Image:
    return pypdfium2.PdfDocument(pdf)[0].render(scale=1).to_pil().convert("L")


def test_the_copy_of_a_pdf_has_the_officials_name_on_every_page(cast: Cast, sent: Application, plan: Material) -> None:
    response = at(cast.street).get(plan.url)
    copy = body_of(response)
    assert response.status_code == 200 and len(copy) == int(response["Content-Length"]) and copy != PDF
    assert response["Content-Disposition"].startswith("inline") and response["Accept-Ranges"] == "none"
    name = unquote(response["Content-Disposition"].partition("''")[2])
    assert re.fullmatch(r"canteen_plan \(street \d{8}-\d{4}\)\.pdf", name)
    before, after = page_of(PDF), page_of(copy)
    changed = ImageChops.difference(before, after)
    for box in ((0, 0, 300, 420), (300, 0, 595, 420), (0, 420, 300, 842), (300, 420, 595, 842)):
        assert changed.crop(box).getbbox(), "the words stand in every quarter"
    assert (
        0.02 < sum(1 for value in changed.get_flattened_data() if value > 20) / (before.width * before.height) < 0.2
    ), "light"
    with pikepdf.open(io.BytesIO(copy)) as opened, pikepdf.open(io.BytesIO(PDF)) as original:
        assert len(opened.pages) == len(original.pages)
    assert hashlib.sha256(storage.open_blob(plan.sha256).read()).hexdigest() == plan.sha256, "what is stored stays"


def test_the_copy_of_a_picture_has_it_too(cast: Cast, sent: Application) -> None:
    licence = sent.materials.get(requirement="business_licence")
    response = at(cast.street).get(licence.url + "?save")
    assert response["Content-Type"] == "image/jpeg" and response["Content-Disposition"].startswith("attachment")
    with (
        Image.open(io.BytesIO(body_of(response))) as copy,
        storage.open_blob(licence.sha256) as blob,
        Image.open(blob) as original,
    ):
        assert copy.size == original.size
        changed = ImageChops.difference(copy.convert("L"), original.convert("L")).point(
            lambda value: 255 if value > 12 else 0
        )
    width, height = changed.size
    for box in ((0, 0, width // 2, height // 2), (width // 2, height // 2, width, height)):
        assert changed.crop(box).getbbox()


def test_a_name_that_no_font_draws_is_drawn_all_the_same(cast: Cast, sent: Application, plan: Material) -> None:
    User.objects.filter(pk=cast.street.pk).update(name="\u202e𰻝𰻝 😀" + "长" * 100)
    response = at(User.objects.get(pk=cast.street.pk)).get(plan.url)
    assert response.status_code == 200 and ImageChops.difference(page_of(PDF), page_of(body_of(response))).getbbox()
    assert "\n" not in response["Content-Disposition"] and "\u202e" not in unquote(response["Content-Disposition"])


@pytest.mark.parametrize("name", ["李雷", "张𠮷𪚥", "𰻝𰻝面", "Ngô Bảo Châu 😀", "a" * 150, "\u202eevil", " "])
def test_every_name_gives_words_to_draw_and_the_id_behind_it(name: str) -> None:
    user = User(name=name, email="x@test.invalid")
    who, when = stamping.lines_for(user, "行政审批局", timezone.now())
    assert "行政审批局" in who and when.endswith(str(user.public_id)[:8])
    assert set(who) <= drawable() and ("〓" in who) == bool(set(name) - drawable())
    assert all(mask.getbbox() for mask in stamp.words([who, when], str(stamping.FONT), 20))


def test_an_office_document_is_named_after_who_took_it(cast: Cast, sent: Application) -> None:
    roster = sent.materials.get(requirement="roster")
    Material.objects.filter(pk=roster.pk).update(original_name="返岗名册.xlsx")
    response = at(cast.street).get(roster.url)
    name = unquote(response["Content-Disposition"].partition("''")[2])
    assert re.fullmatch(r"返岗名册 \(street \d{8}-\d{4}\)\.xlsx", name)
    openpyxl.load_workbook(io.BytesIO(body_of(response)))
    assert len(looks()) == 1


@pytest.mark.parametrize("content", [b"%PDF-1.4 no more than that", b"GIF89a"])
def test_what_no_name_can_be_drawn_on_is_not_handed_out_without(
    cast: Cast, sent: Application, plan: Material, content: bytes
) -> None:
    stored = storage.put([content])
    Material.objects.filter(pk=plan.pk).update(sha256=stored.sha256, size=stored.size)
    response = at(cast.street).get(plan.url)
    assert response.status_code == 503 and "could not be made" in words(response)


def test_a_picture_that_would_take_all_memory_is_not_drawn_on(cast: Cast, sent: Application, plan: Material) -> None:
    bomb = io.BytesIO()
    Image.new("1", (30_000, 30_000)).save(bomb, "PNG")
    stored = storage.put([bomb.getvalue()])
    Material.objects.filter(pk=plan.pk).update(sha256=stored.sha256, size=stored.size, media_type="image/png")
    assert at(cast.street).get(plan.url).status_code == 503


# --- sent by somebody else -----------------------------------------------------------------------------------------


def test_nginx_is_told_which_file_and_sends_it(cast: Cast, sent: Application, plan: Material, settings) -> None:
    settings.SERVE_FILES = "nginx"
    response = at(cast.owner).get(plan.url)
    assert response["X-Accel-Redirect"] == f"/_materials/sha256/{plan.sha256[:2]}/{plan.sha256[2:4]}/{plan.sha256}"
    assert response.content == b"" and response["Content-Type"] == "application/pdf"
    assert (
        response["Content-Disposition"].startswith("inline")
        and "default-src 'none'" in response["Content-Security-Policy"]
    )
    assert "X-Accel-Redirect" not in at(cast.street).get(plan.url), "a copy is made here"
    damage(settings, plan.sha256)
    assert at(cast.owner).get(plan.url).status_code == 503


def test_nginx_cannot_open_what_is_sealed_so_it_is_sent_from_here(cast: Cast, plan: Material, settings) -> None:
    settings.SERVE_FILES, settings.STORAGE_KEYS = "nginx", ["a2V5IG9mIDMyIGJ5dGVzIGZvciB0ZXN0cyBvbmx5ISE="]
    storage.put([PDF])
    response = at(cast.owner).get(plan.url)
    assert "X-Accel-Redirect" not in response and body_of(response) == PDF


def test_the_service_sends_what_an_applicant_saves(cast: Cast, draft: Application, settings, s3_service) -> None:
    from tests.permits.intake.storages import S3_URL

    settings.STORAGE_URL, settings.SERVE_FILES = S3_URL, "s3"
    stored = storage.put([read("roster.xlsx")])
    roster = draft.materials.get(requirement="roster")
    assert roster.sha256 == stored.sha256
    Material.objects.filter(pk=roster.pk).update(original_name="名册.xlsx")
    response = at(cast.owner).get(roster.url)
    assert response.status_code == 302 and "X-Amz-Expires=60" in response["Location"]
    assert "response-content-disposition=attachment" in response["Location"] and "topsecret" not in response["Location"]
    storage.put([PDF])
    shown = at(cast.owner).get(draft.materials.get(requirement="canteen_plan").url, headers={"Range": "bytes=5-9"})
    assert shown.status_code == 206 and body_of(shown) == PDF[5:10], "what a page shows comes from here"
    assert serving.PRESIGNED == 60
