"""The ZIP of an application: every file, checked against its manifest; for officials with their name on each, and on record."""

from __future__ import annotations

import hashlib
import io
import json
import tracemalloc
import zipfile
from typing import Any
from urllib.parse import unquote

import pytest
from PIL import Image

from permits.intake import bundle, storage
from permits.models import Application, Material, StorageFault
from reviews import workflow
from reviews.models import Event
from tests.cast import Cast
from tests.portal.browser import at, links

pytestmark = pytest.mark.once  # what goes over HTTP is the same on both engines


def address(application: Application) -> str:
    return f"/applications/{application.public_id}/materials.zip"


def taken(user: Any, application: Application, language: str = "en") -> tuple[zipfile.ZipFile, dict[str, Any], str]:
    """The ZIP, its manifest, its list."""
    response = at(user, language=language).get(address(application))
    assert response.status_code == 200 and response["Content-Type"] == "application/zip"
    archive = zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content)))
    assert archive.testzip() is None
    (words,) = [name for name in archive.namelist() if name in ("list.txt", "清单.txt")]
    return archive, json.loads(archive.read("manifest.json")), archive.read(words).decode("utf-8-sig")


def agrees(archive: zipfile.ZipFile, manifest: dict[str, Any]) -> None:
    """Every file of the manifest is there with its digest, and nothing else is."""
    there = {each["path"]: each["in_zip"] for each in manifest["files"] if each["path"]}
    for path, said in there.items():
        content = archive.read(path)
        assert said == {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
    assert set(archive.namelist()) - {"manifest.json", "list.txt", "清单.txt"} == set(there)


def test_an_applicant_takes_all_files_as_they_were_handed_in(cast: Cast, draft: Application) -> None:
    application = workflow.submit(draft.pk, applicant=cast.owner)
    archive, manifest, words = taken(cast.owner, application)
    agrees(archive, manifest)
    stored = {(material.requirement, material.sha256, material.size) for material in application.materials.all()}
    assert {(each["requirement"], each["in_zip"]["sha256"], each["size"]) for each in manifest["files"]} == stored
    assert manifest["application"] == application.number and manifest["made_for"] == "owner"
    assert all(material.sha256 in words for material in application.materials.all())
    assert not Event.objects.filter(action="looked").exists()
    assert address(application) in links(at(cast.owner).get(application.get_absolute_url()))


def test_in_chinese_the_list_and_the_folders_are_chinese(cast: Cast, draft: Application) -> None:
    archive, _manifest, words = taken(cast.owner, draft, "zh-hans")
    assert any(name.startswith("01 营业执照/") for name in archive.namelist())
    assert "尚未提交" in words and "上传" in words and "\r\n" in words


def test_versions_are_told_apart(cast: Cast, draft: Application) -> None:
    old = draft.materials.get(requirement="canteen_plan")
    Material.objects.filter(pk=old.pk).update(replaced_at="2026-11-26T02:00Z")
    stored = storage.put([b"%PDF-1.7 another"])
    Material.objects.create(
        application=draft, requirement="canteen_plan", original_name=old.original_name, media_type="application/pdf",
        size=stored.size, sha256=stored.sha256, uploaded_by=cast.owner, check_state="fine",
    )  # fmt: skip
    archive, manifest, words = taken(cast.owner, draft)
    agrees(archive, manifest)
    first, second = [each for each in manifest["files"] if each["requirement"] == "canteen_plan"]
    assert (first["version"], second["version"]) == (1, 2) and first["replaced_at"] and not second["replaced_at"]
    assert "/replaced/canteen_plan.pdf" in first["path"] and "replaced" not in second["path"]
    assert "Replaced: 2026-11-26 10:00:00" in words


NAMES = [
    "../../etc/passwd",
    "CON.pdf",
    "a<b>:c|d?.pdf",
    "同名.pdf",
    "同名.PDF",
    "同名.pdf",
    "nul",
    " . ",
    "😷.pdf",
    "x" * 255,
]


def test_no_name_is_one_that_a_system_minds(cast: Cast, draft: Application) -> None:
    Material.objects.all().delete()
    for n, name in enumerate(NAMES):
        stored = storage.put([b"file %d" % n])
        Material.objects.create(
            application=draft, requirement="stock_photos", original_name=name, media_type="image/jpeg", size=stored.size,
            sha256=stored.sha256, uploaded_by=cast.owner, check_state="fine",
        )  # fmt: skip
    archive, manifest, _words = taken(cast.owner, draft)
    agrees(archive, manifest)
    paths = [each["path"] for each in manifest["files"]]
    assert len({path.casefold() for path in paths}) == len(NAMES)
    for path in paths:
        folder, _slash, name = path.partition("/")
        assert folder.startswith("01 ") and name and "/" not in name and not set(name) & set('<>:"|?*\\')
        assert name.partition(".")[0].casefold() not in {"con", "nul"} and ".." not in path.split("/")
        assert not name.endswith((" ", "."))


def test_an_official_gets_copies_with_their_name_and_it_is_on_record(cast: Cast, draft: Application) -> None:
    application = workflow.submit(draft.pk, applicant=cast.owner)
    assert at(cast.health).get(address(application)).status_code == 404
    archive, manifest, words = taken(cast.street, application)
    agrees(archive, manifest)
    for each in manifest["files"]:
        drawn = each["media_type"] in ("application/pdf", "image/jpeg", "image/png")
        assert (each["in_zip"]["sha256"] != each["sha256"]) == drawn, each
        assert "(street " in each["path"]
        if each["media_type"] == "image/jpeg":
            Image.open(io.BytesIO(archive.read(each["path"]))).verify()
    assert "street · " in manifest["made_for"] and "with the name of who took it" in words
    event = Event.objects.get(action="looked")
    assert event.actor == cast.street and '"what":"bundle"' in event.payload


def test_what_is_lost_erased_or_not_to_be_drawn_on_is_left_out_and_said(cast: Cast, draft: Application) -> None:
    application = workflow.submit(draft.pk, applicant=cast.owner)
    of = {material.requirement: material for material in application.materials.all()}
    storage.delete_blob(of["roster"].sha256)
    Material.objects.filter(pk=of["canteen_plan"].pk).update(erased_at="2026-11-26T02:00Z")
    broken = storage.put([b"%PDF-1.4 no more"])
    Material.objects.filter(pk=of["signed_pledge"].pk).update(
        sha256=broken.sha256, size=broken.size, media_type="application/pdf"
    )
    archive, manifest, words = taken(cast.street, application)
    agrees(archive, manifest)
    said = {each["requirement"]: each["left_out"] for each in manifest["files"] if each["left_out"]}
    assert set(said) == {"roster", "canteen_plan", "signed_pledge"} and all(reason in words for reason in said.values())
    assert StorageFault.objects.get().sha256 == of["roster"].sha256


def test_only_a_look_is_possible_and_the_head_makes_nothing(cast: Cast, draft: Application) -> None:
    client = at(cast.owner)
    assert client.post(address(draft)).status_code == 405
    head = client.head(address(draft))
    assert head.status_code == 200 and b"".join(head.streaming_content) == b""
    assert unquote(head["Content-Disposition"]) == "attachment; filename*=UTF-8''materials-resumption.zip"


def test_it_is_sent_piece_by_piece_and_takes_no_more_memory_for_more(cast: Cast, draft: Application) -> None:
    Material.objects.all().delete()
    for n in range(3):
        stored = storage.put(bytes([n]) * 1024 * 1024 for _ in range(12))
        Material.objects.create(
            application=draft, requirement="stock_photos", original_name=f"{n}.jpg", media_type="image/jpeg",
            size=stored.size, sha256=stored.sha256, uploaded_by=cast.owner, check_state="fine",
        )  # fmt: skip
    response = at(cast.owner).get(address(draft))
    tracemalloc.start()
    size = sum(len(piece) for piece in response.streaming_content)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size > 36 * 1024 * 1024 and peak < 4 * 1024 * 1024


def test_a_file_of_more_than_four_gigabytes_would_fit(cast: Cast, draft: Application, monkeypatch) -> None:
    """``zipfile`` writes the other format above a limit, which is made small here."""
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 1000)
    archive, manifest, _words = taken(cast.owner, draft)
    agrees(archive, manifest)
    assert bundle.MANIFEST in archive.namelist()
