"""Materials over HTTP: each file is judged, named harmlessly, and served to those who may see it."""

from __future__ import annotations

import io
import json
import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import requests
from django.conf import settings as portal_settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from permits.intake import checking, storage
from permits.models import Application
from reviews import workflow
from tests import servers
from tests.cast import Cast, filled
from tests.data import bad, roster
from tests.permits.intake.conftest import photo
from tests.portal import steps
from tests.portal.browser import at, page, sign_in, told, words
from tests.run import free_port, wait_for

SCRIPT = {"X-Requested-With": "XMLHttpRequest"}
DATA = Path(__file__).parents[1] / "data"


def read(name: str) -> bytes:
    return (DATA / name).read_bytes()


def where(application: Application) -> str:
    return f"/applications/{application.public_id}/materials/"


def send(client: Client, application: Application, key: str, *files: tuple[str, bytes]) -> Any:
    """As a browser without JavaScript does: the form, and then where it leads."""
    chosen = [SimpleUploadedFile(name, content) for name, content in files]
    return client.post(f"{where(application)}{key}/add/", {"file": chosen}, follow=True)


def send_by_script(client: Client, application: Application, key: str, name: str, content: bytes) -> Any:
    return client.post(
        f"{where(application)}{key}/add/", {"file": SimpleUploadedFile(name, content)},
        headers=SCRIPT,
    )  # fmt: skip


def kept(application: Application, key: str) -> list[str]:
    return list(application.materials.current().filter(requirement=key).values_list("original_name", flat=True))


@pytest.fixture
def empty(cast: Cast) -> Application:
    """A draft without any file."""
    draft = filled(cast)
    draft.materials.all().delete()
    return draft


# --- taking in ---------------------------------------------------------------------------------------------------


def test_without_javascript_a_file_is_saved_and_listed(cast: Cast, empty: Application) -> None:
    response = send(at(cast.owner), empty, "canteen_plan", ("食堂方案.pdf", read("canteen_plan.pdf")))
    assert response.redirect_chain == [(f"{where(empty)}#material-canteen_plan", 302)]
    assert "Saved." in told(response)
    (block,) = page(response).xpath("//*[@id='material-canteen_plan']")
    assert "食堂方案.pdf" in block.text_content()
    material = empty.materials.get()
    assert material.uploaded_by == cast.owner and storage.open_blob(material.sha256).read() == read("canteen_plan.pdf")


def test_the_script_gets_the_row_to_put_into_the_list(cast: Cast, empty: Application) -> None:
    response = send_by_script(at(cast.owner), empty, "canteen_plan", "食堂方案.pdf", read("canteen_plan.pdf"))
    answer = json.loads(response.content)
    material = empty.materials.get()
    assert response.status_code == 200 and answer["ok"] is True and answer["replace"] is True
    assert "食堂方案.pdf" in answer["html"] and material.url in answer["html"]
    assert f"/files/{material.public_id}/remove/" in answer["html"]


def test_the_row_has_a_token_so_that_its_button_works(cast: Cast, empty: Application) -> None:
    client = at(cast.owner, enforce_csrf_checks=True)
    client.get(where(empty))
    token = client.cookies["csrftoken"].value
    response = client.post(
        f"{where(empty)}canteen_plan/add/", {"file": SimpleUploadedFile("a.pdf", read("canteen_plan.pdf"))},
        headers={"X-Requested-With": "XMLHttpRequest", "X-CSRFToken": token},
    )  # fmt: skip
    row = json.loads(response.content)["html"]
    (action,) = re.findall(r'action="([^"]+)"', row)
    (token,) = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', row)
    assert client.post(action, {"csrfmiddlewaretoken": token}).status_code == 302
    assert not empty.materials.exists()


def test_several_photos_are_sent_at_once(cast: Cast, empty: Application) -> None:
    send(at(cast.owner), empty, "stock_photos", ("一.jpg", read("stock_1.jpg")), ("二.png", read("stock_2.png")))
    assert kept(empty, "stock_photos") == ["一.jpg", "二.png"]


def test_the_same_file_again_is_one_file(cast: Cast, empty: Application) -> None:
    for _ in range(2):
        response = send_by_script(at(cast.owner), empty, "stock_photos", "一.jpg", read("stock_1.jpg"))
        assert json.loads(response.content)["ok"] is True
    assert kept(empty, "stock_photos") == ["一.jpg"]


def test_another_file_takes_the_place_of_the_first(
    cast: Cast, empty: Application, django_capture_on_commit_callbacks
) -> None:
    client = at(cast.owner)
    with django_capture_on_commit_callbacks(execute=True):
        send(client, empty, "canteen_plan", ("第一版.pdf", read("epidemic_plan.pdf")))
        first = empty.materials.get().sha256
        send(client, empty, "canteen_plan", ("第二版.pdf", read("canteen_plan.pdf")))
    assert kept(empty, "canteen_plan") == ["第二版.pdf"] and not storage.exists(first)


BAD = {
    "an empty file": ("plan.pdf", bad.empty(), "The file is empty (0 bytes)"),
    "a program called plan.pdf": ("plan.pdf", bad.exe_named_pdf(), "content is not a PDF, whatever its name says"),
    "a PDF with a password": ("plan.pdf", bad.encrypted_pdf(), "The file is protected"),
    "a PDF that broke off": ("plan.pdf", bad.truncated_pdf(), "The file is damaged or not whole"),
    "a web page called photo.jpg": ("photo.jpg", bad.html_named_jpg(), "It is a web page"),
    "a photo where a document is asked for": ("photo.jpg", read("stock_1.jpg"), "of the format JPG, but PDF or DOCX"),
    "21 MB": ("plan.pdf", bad.too_big(21), "The file has 21 MB, at most 20 MB are taken"),
}


@pytest.mark.parametrize("what", BAD)
@pytest.mark.parametrize("script", [True, False])
def test_a_bad_file_is_refused_in_words_and_the_earlier_one_stays(
    cast: Cast, empty: Application, what: str, script: bool
) -> None:
    name, content, message = BAD[what]
    client = at(cast.owner)
    send(client, empty, "canteen_plan", ("早先.pdf", read("canteen_plan.pdf")))
    answers = dict(Application.objects.get().answers)
    if script:
        response = send_by_script(client, empty, "canteen_plan", name, content)
        answer = json.loads(response.content)
        assert response.status_code == 422 and answer["ok"] is False and message in answer["message"]
    else:
        response = send(client, empty, "canteen_plan", (name, content))
        assert response.status_code == 200 and message in told(response)
        assert "早先.pdf" in words(response)
    assert kept(empty, "canteen_plan") == ["早先.pdf"] and Application.objects.get().answers == answers


def test_of_three_photos_a_bad_one_is_named_and_the_others_are_kept(cast: Cast, empty: Application) -> None:
    response = send(
        at(cast.owner), empty, "stock_photos",
        ("一.jpg", read("stock_1.jpg")), ("坏.jpg", bad.html_named_jpg()), ("二.png", read("stock_2.png")),
    )  # fmt: skip
    assert kept(empty, "stock_photos") == ["一.jpg", "二.png"]
    assert "坏.jpg: The file's content is not a JPG" in told(response)


def test_the_tenth_photo_is_refused(cast: Cast, empty: Application) -> None:
    photos = [(f"{n}.png", photo(n)) for n in range(10)]
    response = send(at(cast.owner), empty, "stock_photos", *photos)
    assert len(kept(empty, "stock_photos")) == 9 and "At most 9 files are taken here" in told(response)


def test_no_file_at_all_is_said(cast: Cast, empty: Application) -> None:
    client = at(cast.owner)
    response = client.post(f"{where(empty)}canteen_plan/add/", follow=True)
    assert "No file arrived" in told(response)
    response = client.post(f"{where(empty)}canteen_plan/add/", headers={"X-Requested-With": "XMLHttpRequest"})
    assert response.status_code == 400 and "No file arrived" in json.loads(response.content)["message"]


def test_a_material_that_is_not_asked_for_is_not_found(cast: Cast, empty: Application) -> None:
    assert send(at(cast.owner), empty, "passport", ("a.pdf", read("canteen_plan.pdf"))).status_code == 404


def test_each_fault_of_a_roster_is_told_with_its_row(cast: Cast, empty: Application) -> None:
    faults = json.loads(read("faults.json"))
    rows = [fault["row"] for fault in (faults["faults"] if isinstance(faults, dict) else faults)]
    for text in (
        told(send(at(cast.owner), empty, "roster", ("名单.xlsx", read("roster_faulty.xlsx")))),
        json.loads(send_by_script(at(cast.owner), empty, "roster", "名单.xlsx", read("roster_faulty.xlsx")).content)[
            "message"
        ],
    ):
        assert "The roster has 6 faults" in text
        assert [int(row) for row in re.findall(r"Row (\d+)", text)] == sorted(rows)
        assert not re.search(r"\d{17}[\dX]", text)  # nobody's ID number
    assert len(text.splitlines()) == 1 + len(rows)  # to read line by line
    assert not empty.materials.exists()


def test_a_roster_with_other_rows_than_the_form_says_is_said_before_sending(cast: Cast) -> None:
    draft = filled(cast)
    client = at(cast.owner)
    short = roster.workbook_bytes(roster.people()[:118])
    send(client, draft, "roster", ("名单.xlsx", short))
    response = client.post(f"/applications/{draft.public_id}/check/")
    assert response.status_code == 422 and "The roster has 118 rows" in words(response)


def test_the_storage_being_down_is_said_and_nothing_else_is_lost(cast: Cast, empty: Application, settings) -> None:
    client = at(cast.owner)
    send(client, empty, "canteen_plan", ("早先.pdf", read("canteen_plan.pdf")))
    settings.STORAGE_URL = "file:///proc/no/such/place"
    response = send_by_script(client, empty, "canteen_plan", "plan.pdf", read("epidemic_plan.pdf"))
    assert response.status_code == 503 and "could not be stored just now" in json.loads(response.content)["message"]
    assert "could not be stored just now" in told(
        send(client, empty, "canteen_plan", ("a.pdf", read("epidemic_plan.pdf")))
    )
    assert kept(empty, "canteen_plan") == ["早先.pdf"]


def test_a_file_without_a_session_leads_back_to_the_materials(cast: Cast, empty: Application) -> None:
    client = at()
    response = client.post(
        f"{where(empty)}canteen_plan/add/", {"file": SimpleUploadedFile("a.pdf", read("canteen_plan.pdf"))}
    )
    landed = sign_in(client, cast.owner, after=response)
    assert landed.status_code == 200 and "Canteen and dormitory plan" in words(landed)


# --- names -------------------------------------------------------------------------------------------------------

NAMES = {
    "../../etc/passwd.pdf": "passwd.pdf",
    "..\\..\\Windows\\System32\\预案.pdf": "预案.pdf",
    "C:\\fakepath\\营业执照.pdf": "营业执照.pdf",
    "预" * 296 + ".pdf": "预" * 116 + ".pdf",
    "😷🏭复工预案✅.pdf": "😷🏭复工预案✅.pdf",
    "预案\u202efdp.exe": "预案fdp.exe.pdf",
    "plan\tfinal\x07\x1b[31m.pdf": "planfinal[31m.pdf",
    "<script>alert(1)</script>.pdf": "script>.pdf",
    "'; DROP TABLE permits_material;--.pdf": "'; DROP TABLE permits_material;--.pdf",
    "引号%2e%2e%2f.pdf": "引号%2e%2e%2f.pdf",
    "没有后缀": "没有后缀.pdf",
    ".htaccess": "htaccess.pdf",
}


@pytest.mark.parametrize("name", NAMES)
def test_a_naughty_name_is_stored_and_served_harmlessly(cast: Cast, empty: Application, name: str) -> None:
    client = at(cast.owner)
    # Django's client would clean the name itself; a browser, or somebody with a script, does not.
    body = encode_multipart(BOUNDARY, {"file": SimpleUploadedFile("NAME.pdf", read("canteen_plan.pdf"))})
    body = body.replace(b'filename="NAME.pdf"', b'filename="' + name.replace("\\", "\\\\").encode() + b'"')
    client.generic("POST", f"{where(empty)}canteen_plan/add/", body, MULTIPART_CONTENT)
    material = empty.materials.get()
    assert material.original_name == NAMES[name]
    served = client.get(material.url)
    disposition = served["Content-Disposition"]
    # RFC 6266: the name in UTF-8, percent-encoded (RFC 8187), so no quote and no line end gets into the header.
    assert re.fullmatch(r"inline; filename\*=UTF-8''[A-Za-z0-9!#$&+.^_`|~%-]+", disposition)
    assert unquote(disposition.partition("''")[2]) == material.original_name
    response = client.get(where(empty))
    assert material.original_name in words(response) and "<script>alert" not in response.content.decode()


def test_a_name_with_a_line_end_adds_no_header(cast: Cast, empty: Application) -> None:
    body = encode_multipart(BOUNDARY, {"file": SimpleUploadedFile("NAME.pdf", read("canteen_plan.pdf"))})
    body = body.replace(b'filename="NAME.pdf"', b"filename*=UTF-8''plan%0D%0AX-Injected%3A%20yes.pdf")
    client = at(cast.owner)
    client.generic("POST", f"{where(empty)}canteen_plan/add/", body, MULTIPART_CONTENT)
    material = empty.materials.get()
    served = client.get(material.url)
    assert "X-Injected" not in served.headers and "\n" not in material.original_name


# --- removing ----------------------------------------------------------------------------------------------------


def test_a_file_is_removed_and_its_bytes_are_gone(
    cast: Cast, draft: Application, django_capture_on_commit_callbacks
) -> None:
    material = draft.materials.get(requirement="canteen_plan")
    client = at(cast.owner)
    address = f"/applications/{draft.public_id}/files/{material.public_id}/remove/"
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(address, follow=True)
    assert "“canteen_plan.pdf” was removed" in told(response) and "canteen_plan.pdf" not in words(
        client.get(where(draft))
    )
    assert not storage.exists(material.sha256)
    again = client.post(address, follow=True)  # a double click
    assert again.status_code == 200 and again.redirect_chain == [(where(draft), 302)]


def test_a_file_whose_bytes_cannot_be_deleted_is_removed_all_the_same(
    cast: Cast, django_capture_on_commit_callbacks, caplog
) -> None:
    draft = filled(cast)  # whose rows have digests that no storage takes
    material = draft.materials.get(requirement="canteen_plan")
    with django_capture_on_commit_callbacks(execute=True):
        address = f"/applications/{draft.public_id}/files/{material.public_id}/remove/"
        response = at(cast.owner).post(address, follow=True)
    assert "was removed" in told(response) and not kept(draft, "canteen_plan")
    assert "in on_commit()" in caplog.text  # it did fail


def test_a_link_alone_removes_nothing(cast: Cast, draft: Application) -> None:
    material = draft.materials.get(requirement="canteen_plan")
    response = at(cast.owner).get(f"/applications/{draft.public_id}/files/{material.public_id}/remove/")
    assert response["Location"] == where(draft) and draft.materials.filter(pk=material.pk).exists()


def test_what_was_sent_is_not_changed_any_more(cast: Cast, draft: Application) -> None:
    workflow.submit(draft.pk, applicant=cast.owner)
    client = at(cast.owner)
    before = list(draft.materials.order_by("pk").values())
    response = send(client, draft, "canteen_plan", ("新.pdf", read("epidemic_plan.pdf")))
    assert "its materials can't be changed now" in told(response)
    response = send_by_script(client, draft, "canteen_plan", "新.pdf", read("epidemic_plan.pdf"))
    assert response.status_code == 409
    material = draft.materials.get(requirement="canteen_plan")
    response = client.post(f"/applications/{draft.public_id}/files/{material.public_id}/remove/", follow=True)
    assert "its materials can't be changed now" in told(response)
    assert list(draft.materials.order_by("pk").values()) == before


class SlowUpload(io.BytesIO):
    """The body of a request that takes its time: meanwhile ``then`` happens, once."""

    def __init__(self, body: bytes, then: Any) -> None:
        super().__init__(body)
        self.then = then

    def read(self, size: int | None = -1, /) -> bytes:
        then, self.then = self.then, None
        if then:
            then()
        return super().read(size)


def test_a_file_on_its_way_while_the_application_is_sent_comes_too_late(cast: Cast, draft: Application) -> None:
    body = encode_multipart(BOUNDARY, {"file": SimpleUploadedFile("新.pdf", read("epidemic_plan.pdf"))})
    slow = SlowUpload(body, lambda: workflow.submit(draft.pk, applicant=cast.owner))
    response = at(cast.owner).generic(
        "POST", f"{where(draft)}canteen_plan/add/", body, MULTIPART_CONTENT,
        headers={"X-Requested-With": "XMLHttpRequest"}, **{"wsgi.input": slow},
    )  # fmt: skip
    draft.refresh_from_db()
    assert draft.number, "it was sent while the file was read"
    assert json.loads(response.content)["ok"] is False
    assert kept(draft, "canteen_plan") == ["canteen_plan.pdf"]


# --- over a real socket ------------------------------------------------------------------------------------------


@pytest.mark.once
@pytest.mark.django_db(transaction=True)
def test_sixty_megabytes_are_refused_in_words_by_the_real_server(cast: Cast, tmp_path: Path) -> None:
    draft = filled(cast)
    draft.materials.filter(requirement="signed_pledge").delete()
    port = free_port()
    environment = {
        "DATABASE_URL": servers.database_url(connection.settings_dict),
        "VAR_DIR": str(tmp_path / "var"),
        "STORAGE_URL": f"file://{tmp_path / 'stored'}",
        "FILE_UPLOAD_TEMP_DIR": str(tmp_path),
        "REDIS_URL": "",
    }
    client = at(cast.owner)
    client.get(where(draft))
    cookies = {name: morsel.value for name, morsel in client.cookies.items()}
    site = ["gunicorn", "portal.wsgi", "-b", f"127.0.0.1:{port}", "--threads", "2"]
    log = tmp_path / "site.log"
    with servers.process(site, environment, log):
        wait_for(port)
        address = f"http://127.0.0.1:{port}{where(draft)}signed_pledge/add/"

        def upload(name: str, content: bytes) -> requests.Response:
            headers = {"X-CSRFToken": cookies["csrftoken"], "X-Requested-With": "XMLHttpRequest", "Referer": address}
            return requests.post(
                address, files={"file": (name, content)}, headers=headers, cookies=cookies, timeout=120
            )

        saved = upload("承诺书.jpg", read("pledge.jpg"))
        assert saved.status_code == 200, (saved.text, log.read_text()[-3000:])
        refused = upload("承诺书.pdf", bad.too_big(60))
        assert refused.status_code == 422, log.read_text()[-3000:]
        assert "60 MB, at most 20 MB" in refused.json()["message"]
        page_after = requests.get(f"http://127.0.0.1:{port}{where(draft)}", cookies=cookies, timeout=30)
        assert page_after.status_code == 200 and "承诺书.jpg" in page_after.text
    assert kept(draft, "signed_pledge") == ["承诺书.jpg"]
    assert not [name for name in os.listdir(tmp_path) if name.endswith(".upload")], "nothing of the 60 MB stays"
    assert portal_settings.UPLOAD_MAX_BYTES == 20 * 1024 * 1024


# --- Checked by a worker --------------------------------------------------------------------------------------


@pytest.fixture
def by_a_worker(settings) -> None:
    settings.INSPECTION = "worker"


def test_a_file_is_shown_as_being_checked_until_the_worker_has_found_something(
    cast: Cast, empty: Application, by_a_worker
) -> None:
    client = at(cast.owner)
    answer = send_by_script(client, empty, "canteen_plan", "plan.pdf", read("canteen_plan.pdf")).json()
    assert answer["ok"] and not answer["replace"] and "being checked" in answer["html"] and "data-check" in answer["html"]
    material = empty.materials.get()
    state = f"/applications/{empty.public_id}/files/{material.public_id}/state/"
    assert state in answer["html"] and client.get(state, headers=SCRIPT).json()["state"] == "checking"
    shown = client.get(where(empty)).content.decode()
    assert '<noscript><meta http-equiv="refresh" content="4; url=' in shown and "being checked" in shown
    assert client.get(material.url).status_code == 404  # nobody opens what nobody looked at
    checking.check(material.pk)
    answer = client.get(state, headers=SCRIPT).json()
    assert (answer["state"], answer["replace"]) == ("fine", True) and material.url in answer["html"]
    assert "refresh" not in client.get(where(empty)).content.decode()
    assert at(cast.outsider).get(state, headers=SCRIPT).status_code == 404


def test_why_a_file_was_refused_stands_in_its_row_until_it_is_removed(cast: Cast, empty: Application, by_a_worker) -> None:
    client = at(cast.owner)
    response = send(client, empty, "epidemic_plan", ("plan.pdf", bad.truncated_pdf()))
    assert "It is being checked" in told(response)
    material = empty.materials.get()
    checking.check(material.pk)
    shown = words(client.get(where(empty)))
    assert "Not taken" in shown and "damaged" in shown
    client.post(f"/applications/{empty.public_id}/files/{material.public_id}/remove/")
    assert not empty.materials.exists()


def test_nothing_is_sent_while_a_file_is_being_checked(cast: Cast, by_a_worker) -> None:
    draft = filled(cast)
    client = at(cast.owner)
    send(client, draft, "stock_photos", ("photo.png", photo(1)))
    response = client.post(f"/applications/{draft.public_id}/check/", {"agreed": "on"}, follow=True)
    assert "is being checked. It takes a moment" in words(response)
    shown = response.content.decode()
    assert "photo.png · 正在检查" in shown or "photo.png · Being checked" in shown
    assert "data-reload" in shown and '<meta http-equiv="refresh" content="4; url=' in shown
    draft.refresh_from_db()
    assert draft.is_draft


def test_while_the_scanner_is_away_the_page_asks_less_often(cast: Cast, empty: Application, by_a_worker) -> None:
    client = at(cast.owner)
    send(client, empty, "canteen_plan", ("plan.pdf", read("canteen_plan.pdf")))
    empty.materials.update(check_state="held")
    shown = client.get(where(empty))
    assert '<meta http-equiv="refresh" content="30; url=' in shown.content.decode() and "waits for the virus scanner" in words(shown)


def test_a_page_with_something_typed_on_it_never_comes_anew_by_itself(cast: Cast, by_a_worker) -> None:
    sent = steps.asked_to_correct(cast, ("material", "epidemic_plan", "盖章"))
    client = at(cast.owner)
    send(client, sent, "epidemic_plan", ("plan.pdf", read("canteen_plan.pdf")))
    page = client.get(f"/applications/{sent.public_id}/corrections/")
    assert "being checked" in words(page) and "save what you typed" in page.content.decode()
    assert "http-equiv" not in page.content.decode()
    answer = client.post(f"/applications/{sent.public_id}/corrections/", {"send": "1"})
    assert answer.status_code == 422 and "is being checked. It takes a moment" in words(answer)
    sent.refresh_from_db()
    assert sent.status == "needs_correction" and kept(sent, "epidemic_plan") == ["epidemic_plan.pdf"]
    [new] = sent.materials.filter(check_state="checking")
    checking.check(new.pk)
    assert kept(sent, "epidemic_plan") == ["plan.pdf"]
    assert client.post(f"/applications/{sent.public_id}/corrections/", {"send": "1"}).status_code == 302
