"""A service owner uploads the files of a draft edition: looked into, published with the draft, and nobody's before that."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from permits import definition_text, edition_files
from permits.edition_files import SHIPPED
from permits.intake import inspect, storage
from permits.models import EditionDraft, EditionDraftFile, Service, ServiceVersion, User
from reviews import draft_files, drafting, editions
from tests.cast import Cast, holder
from tests.data.bad import exe_named_pdf

pytestmark = pytest.mark.django_db
DATA = Path(__file__).parents[1] / "data"
ROSTER, PLEDGE = (DATA / "roster.xlsx").read_bytes(), (SHIPPED / "signed_pledge.docx").read_bytes()
HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(200)
PICTURE = (DATA / "stock_1.jpg").read_bytes()


@pytest.fixture
def author(cast: Cast) -> User:
    return holder("service_owner")


@pytest.fixture
def draft(author: User) -> EditionDraft:
    return drafting.start(by=author, base=ServiceVersion.objects.get(service__slug="resumption"))


@pytest.fixture
def desk(author: User) -> Client:
    client = Client()
    client.force_login(author)
    client.cookies["django_language"] = "en"
    return client


def send(desk: Client, draft: EditionDraft, material: str, role: str, do: str = "put", **file: Any) -> Any:
    typed: dict[str, Any] = {"material": material, "role": role, "do": do}
    if file:
        typed["file"] = SimpleUploadedFile(file["name"], file["content"])
    return desk.post(f"/admin/permits/editiondraft/{draft.pk}/files/", typed)


def named(draft: EditionDraft, material: str) -> dict[str, str]:
    draft.refresh_from_db()
    return {each.role: each.name for each in draft_files.asked(draft.source) if each.material == material}


def publish(draft: EditionDraft, by: User) -> ServiceVersion:
    draft.refresh_from_db()
    return editions.publish_draft(draft.pk, by=by, revision=draft.revision, against=Service.objects.get().current_id)


def test_what_is_uploaded_is_published_with_the_draft_and_not_before(desk, draft, author):
    assert send(desk, draft, "epidemic_plan", "template", name="应急预案 模板.docx", content=PLEDGE).status_code == 302
    assert send(desk, draft, "stock_photos", "example", name="Shelf.JPEG", content=PICTURE).status_code == 302
    assert named(draft, "epidemic_plan") == {"template": "epidemic_plan_template.docx", "example": ""}
    assert named(draft, "stock_photos")["example"] == "shelf.jpg" and draft.revision == 3
    page = desk.get(f"/admin/permits/editiondraft/{draft.pk}/files/")
    assert page.content.decode().count("uploaded for this draft") == 2
    shown = desk.get(f"/admin/permits/editiondraft/{draft.pk}/files/?show=shelf.jpg")
    assert b"".join(shown.streaming_content) == PICTURE and "sandbox" in shown["Content-Security-Policy"]
    assert (
        "epidemic_plan_template.docx" in desk.get(f"/admin/permits/editiondraft/{draft.pk}/publish/").content.decode()
    )
    for edition in (1, 2):
        assert Client().get(f"/services/resumption/files/{edition}/shelf.jpg").status_code == 404
    assert publish(draft, author).edition == 2
    got = Client().get("/services/resumption/files/2/epidemic_plan_template.docx")
    assert b"".join(got.streaming_content) == PLEDGE
    assert Client().get("/services/resumption/files/2/returning_staff.xlsx").status_code == 200, "as before"


def test_a_file_in_the_place_of_one_with_its_name_is_a_new_edition_of_the_very_same_text(desk, draft, author):
    with pytest.raises(editions.NotPublished, match="现行版本就是这份文本"):
        publish(draft, author)
    send(desk, draft, "roster", "template", name="returning_staff.xlsx", content=ROSTER)
    assert named(draft, "roster")["template"] == "returning_staff.xlsx" and draft.source == draft.base.source
    version = publish(draft, author)
    assert storage.open_blob(version.files.get(name="returning_staff.xlsx").sha256).read() == ROSTER
    assert version.edition == 2 and ServiceVersion.objects.get(edition=1).files.count() == version.files.count()


def test_who_saw_the_draft_before_a_file_came_looks_again(desk, draft, author):
    seen = draft.revision
    send(desk, draft, "roster", "template", name="returning_staff.xlsx", content=ROSTER)
    with pytest.raises(editions.LookAgain):
        editions.publish_draft(draft.pk, by=author, revision=seen, against=draft.base_id)


@pytest.mark.parametrize(("role", "name", "content", "why"), [
    ("template", "form.pdf", exe_named_pdf(), "PDF"),
    ("template", "form.exe", b"MZ", "what can: PDF, DOCX, XLSX, CSV, JPG, PNG"),
    ("template", "form.docx", b"", "empty"),
    ("example", "form.docx", PLEDGE, "what can: JPG, PNG"),
    ("example", "form.png", PLEDGE, "PNG"),
])  # fmt: skip
def test_a_file_that_is_no_good_is_refused_in_words_and_changes_nothing(desk, draft, role, name, content, why):
    before = draft.source
    refused = send(desk, draft, "signed_pledge", role, name=name, content=content)
    assert refused.status_code == 422 and why in refused.content.decode()
    draft.refresh_from_db()
    assert (draft.source, draft.revision, draft.files.count()) == (before, 1, 0)


def test_what_an_owner_uploads_is_opened_in_the_process_that_has_nothing(settings, monkeypatch):
    settings.INSPECTION_SANDBOX = True
    monkeypatch.setitem(inspect._LOOK_INTO, "jpg", lambda _file: pytest.fail("opened by the site itself"))
    assert edition_files.looked_into("stock.jpg", PICTURE).content == PICTURE
    assert refused("stock.jpg", PICTURE[:500]) == "damaged"
    settings.INSPECTION_LIMITS = {"megabytes": 60, "seconds": 30}  # too little to begin with
    assert refused("stock.jpg", PICTURE) == "unreadable"


def test_a_picture_that_only_calls_itself_a_jpeg_is_refused_as_it_is_given_out_as_it_is():
    assert refused("stock.jpg", HEIC) == "format"


def refused(name: str, content: bytes) -> str | None:
    with pytest.raises(inspect.Refused) as caught:
        edition_files.looked_into(name, content)
    return caught.value.code


def test_without_a_file_for_a_material_that_is_gone_or_in_a_closed_draft_nothing_is_taken(desk, draft):
    assert "Choose a file first" in send(desk, draft, "roster", "template").content.decode()
    gone = send(desk, draft, "nothing", "template", name="a.xlsx", content=ROSTER)
    assert gone.status_code == 422 and "no such material" in gone.content.decode()
    assert send(desk, draft, "roster", "owner", name="a.xlsx", content=ROSTER).status_code == 422
    EditionDraft.objects.update(published_version=draft.base)
    closed = send(desk, draft, "roster", "template", name="a.xlsx", content=ROSTER)
    assert closed.status_code == 422 and "published already" in closed.content.decode()
    EditionDraft.objects.update(published_version=None, source="[[[")
    assert "be read as TOML" in desk.get(f"/admin/permits/editiondraft/{draft.pk}/files/").content.decode()
    assert not EditionDraftFile.objects.exists()


def test_it_is_taken_back_or_not_named_at_all_and_what_nobody_names_is_not_kept(desk, draft):
    send(desk, draft, "roster", "template", name="returning_staff.xlsx", content=ROSTER)
    sha256 = draft.files.get().sha256
    send(desk, draft, "roster", "template", name="plan.xlsx", content=ROSTER)
    assert named(draft, "roster")["template"] == "plan.xlsx" and draft.files.get().name == "plan.xlsx"
    assert storage.exists(sha256)
    send(desk, draft, "stock_photos", "template", name="plan.xlsx", content=ROSTER)
    send(desk, draft, "roster", "template", "remove")
    assert named(draft, "roster")["template"] == "" and draft.files.get().name == "plan.xlsx", "another names it still"
    send(desk, draft, "stock_photos", "template", "remove")
    assert not draft.files.exists() and not storage.exists(sha256)
    send(
        desk,
        draft,
        "signed_pledge",
        "template",
        name="signed_pledge.docx",
        content=(SHIPPED / "signed_pledge.docx").read_bytes(),
    )
    send(desk, draft, "signed_pledge", "template", "back")
    send(desk, draft, "signed_pledge", "template", "back")
    assert named(draft, "signed_pledge")["template"] == "signed_pledge.docx" and not draft.files.exists()
    assert storage.exists(draft.base.files.get(name="signed_pledge.docx").sha256), "the edition in force has it"


def test_with_a_draft_that_is_discarded_its_files_go(desk, draft, django_capture_on_commit_callbacks):
    send(desk, draft, "roster", "template", name="plan.xlsx", content=ROSTER)
    sha256 = draft.files.get().sha256
    with django_capture_on_commit_callbacks(execute=True):
        desk.post(f"/admin/permits/editiondraft/{draft.pk}/delete/", {"post": "yes"})
    assert not EditionDraft.objects.exists() and not storage.exists(sha256)


def test_a_name_without_a_file_says_so_where_it_can_be_mended(desk, draft, author):
    place = next(each.path for each in draft_files.asked(draft.source) if each.material == "roster")
    drafting.save(draft.pk, by=author, edit=lambda d: definition_text.put(d.source, place, {"template": "new.xlsx"}))
    assert "not there: upload it" in desk.get(f"/admin/permits/editiondraft/{draft.pk}/files/").content.decode()
    assert (
        "upload it on the page of files"
        in desk.get(f"/admin/permits/editiondraft/{draft.pk}/publish/").content.decode()
    )
    assert desk.get(f"/admin/permits/editiondraft/{draft.pk}/files/?show=new.xlsx").status_code == 404


@pytest.mark.parametrize(("uploaded", "name"), [
    ("plan.xlsx", "plan.xlsx"), ("PLAN-2.XLSX", "plan-2.xlsx"), ("../../etc/passwd.pdf", "k_template.pdf"),
    ("计划.pdf", "k_template.pdf"), ("a b.jpeg", "k_template.jpg"), ("x" * 90 + ".csv", "k_template.csv"), (".pdf", "k_template.pdf"),
])  # fmt: skip
def test_a_name_is_one_that_an_address_can_hold(uploaded, name):
    assert edition_files.name_for(uploaded, material="k", role="template") == name
