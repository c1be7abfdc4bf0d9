"""Materials come in and go out without a row ever losing its blob, and every refusal leaves the rest as it was."""

from __future__ import annotations

import hashlib
import io
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import UploadedFile
from django.db import close_old_connections, connection, transaction
from django.test.utils import CaptureQueriesContext
from PIL import Image

from permits.intake import materials, storage
from permits.intake.materials import (
    Refused,
    add_material,
    discard,
    remove_material,
    requirement_state,
    take_from_record,
)
from permits.intake.sandbox import Turned
from permits.intake.upload import TooLargeUpload
from permits.models import Application, Check, Material, MaterialPart, Permit, Status, User
from tests.data import bad
from tests.permits.intake.conftest import blobs_in, document, edition, photo, upload

pytestmark = pytest.mark.django_db
MB = 1024 * 1024


def hand_in(application: Application, key: str, file: UploadedFile | str) -> Material:
    file = document(file) if isinstance(file, str) else file
    return add_material(application=application, requirement_key=key, upload=file, user=application.applicant)


def refusal(application: Application, key: str, file: UploadedFile) -> str:
    with pytest.raises(Refused) as caught:
        hand_in(application, key, file)
    return str(caught.value.code)


def submit(application: Application, status: Status = Status.SUBMITTED) -> Application:
    application.status = status
    application.number = f"360924-20261124-{application.pk:06}-C"
    application.submitted_at = datetime(2026, 11, 24, tzinfo=UTC)
    application.save()
    return application


def files_in(folder: Path) -> list[str]:
    """The blobs but for small pictures and texts, of which each has its row."""
    return sorted(set(blobs_in(folder)) - set(MaterialPart.objects.values_list("sha256", flat=True)))


def current(application: Application, key: str) -> list[Material]:
    return list(application.materials.current().filter(requirement=key))


# --- In ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "name", "media_type"),
    [
        ("business_licence", "business_licence.jpg", "image/jpeg"),
        ("epidemic_plan", "epidemic_plan.pdf", "application/pdf"),
        ("signed_pledge", "pledge.jpg", "image/jpeg"),
        ("stock_photos", "stock_2.png", "image/png"),
        ("canteen_plan", "canteen_plan.pdf", "application/pdf"),
    ],
)
def test_a_real_document_is_kept_with_what_was_found_in_it(draft, key, name, media_type):
    file = document(name)
    material = hand_in(draft, key, file)
    assert (material.media_type, material.original_name, material.check_state) == (media_type, name, Check.FINE)
    assert material.facts and material.uploaded_by == draft.applicant
    assert material.parts.filter(kind="thumb", page=1).exists()
    sent = file.open().read()
    assert material.received_sha256 == hashlib.sha256(sent).hexdigest()
    with storage.open_blob(material.sha256) as blob:
        kept = blob.read()
    assert material.size == len(kept)
    if media_type == "application/pdf":
        assert kept == sent
        return
    with Image.open(io.BytesIO(kept)) as picture:  # a photo is kept upright, and without where it was taken
        assert not picture.getexif() and picture.size == (material.facts["width"], material.facts["height"])


def test_the_roster_is_kept_with_its_number_of_rows(draft):
    assert hand_in(draft, "roster", "roster.xlsx").facts["rows"] == 120


def test_a_roster_with_faults_is_refused_with_all_of_them(draft, storage_folder):
    with pytest.raises(Turned) as caught:
        hand_in(draft, "roster", "roster_faulty.xlsx")
    assert len(caught.value.faults) == caught.value.total == 6
    assert not draft.materials.exists()
    assert files_in(storage_folder) == []


def test_the_same_file_again_gives_the_material_that_is_there(draft, storage_folder):
    first = hand_in(draft, "stock_photos", "stock_1.jpg")
    assert hand_in(draft, "stock_photos", document("stock_1.jpg", called="again.jpg")) == first
    assert hand_in(draft, "business_licence", "business_licence.jpg") == hand_in(
        draft, "business_licence", "business_licence.jpg"
    )
    assert draft.materials.count() == len(files_in(storage_folder)) == 2


def test_a_name_that_lies_is_set_right(draft):
    assert (
        hand_in(draft, "business_licence", document("business_licence.jpg", called="a.exe")).original_name
        == "a.exe.jpg"
    )


@pytest.mark.parametrize("name", [name for name in bad.names() if name.strip("./\\")])
def test_a_naughty_name_is_kept_as_a_harmless_one(draft, name):
    file = document("canteen_plan.pdf")
    vars(file)["_name"] = name  # past Django's own cleaning
    kept = hand_in(draft, "canteen_plan", file).original_name
    assert kept.lower().endswith(".pdf")
    assert len(kept) <= 120
    assert not {"/", "\\", "\0", "\u202e"} & set(kept)


# --- Refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (bad.empty, "plan.pdf", "empty"),
        (bad.exe_named_pdf, "plan.pdf", "format"),
        (bad.html_named_jpg, "photo.jpg", "format"),
        (bad.encrypted_pdf, "plan.pdf", "encrypted"),
        (bad.truncated_pdf, "plan.pdf", "damaged"),
        (bad.too_big, "plan.pdf", "too_large"),
    ],
)
def test_a_bad_file_is_refused_and_what_is_there_stays(draft, storage_folder, content, name, code):
    there = hand_in(draft, "epidemic_plan", "epidemic_plan.pdf")
    assert refusal(draft, "epidemic_plan", upload(content(), name)) == code
    assert current(draft, "epidemic_plan") == [there]
    assert files_in(storage_folder) == [there.sha256]


def test_a_file_that_the_upload_handler_let_go_is_told_to_be_too_large(draft):
    with pytest.raises(Refused) as caught:
        hand_in(draft, "epidemic_plan", TooLargeUpload("plan.pdf", 60 * MB))
    assert caught.value.messages == ["The file has 60 MB, at most 20 MB are taken. Make it smaller."]


def test_a_material_that_nobody_asked_for_is_refused(draft):
    assert refusal(draft, "passport", document("pledge.jpg")) == "unknown_requirement"


def test_of_nine_photos_a_tenth_is_refused_and_leaves_no_blob(draft, storage_folder):
    for number in range(9):
        hand_in(draft, "stock_photos", upload(photo(number), f"{number}.png"))
    assert refusal(draft, "stock_photos", upload(photo(9), "10.png")) == "too_many"
    assert len(current(draft, "stock_photos")) == len(files_in(storage_folder)) == 9


def small_total(draft: Application, definition: Any) -> Application:
    draft.version = edition(definition.model_copy(update={"total_mb": 1}))
    draft.save()
    return draft


def test_all_files_together_have_a_limit(draft, definition, storage_folder):
    small_total(draft, definition)
    there = hand_in(draft, "stock_photos", "stock_1.jpg")
    assert refusal(draft, "signed_pledge", document("pledge.jpg")) == "total_too_large"
    assert files_in(storage_folder) == [there.sha256]


def test_a_file_that_replaces_another_does_not_count_twice(draft, definition):
    small_total(draft, definition)
    half = 600 * 1024
    hand_in(draft, "canteen_plan", upload(bad.too_big(half / MB), "a.pdf"))
    hand_in(draft, "canteen_plan", upload(bad.too_big((half + 1) / MB), "b.pdf"))
    assert [material.original_name for material in current(draft, "canteen_plan")] == ["b.pdf"]


def test_nothing_is_written_while_the_storage_is_away(draft, settings, tmp_path):
    (tmp_path / "a_file").write_text("")
    settings.STORAGE_URL = f"file://{tmp_path}/a_file"
    with pytest.raises(storage.StorageUnavailable):
        hand_in(draft, "canteen_plan", "canteen_plan.pdf")
    assert not draft.materials.exists()


# --- Out, and instead ----------------------------------------------------------------------------------------


def test_in_a_draft_a_new_file_takes_the_place_of_the_earlier_one(
    draft, storage_folder, django_capture_on_commit_callbacks
):
    hand_in(draft, "epidemic_plan", "epidemic_plan.pdf")
    with django_capture_on_commit_callbacks(execute=True):
        new = hand_in(draft, "epidemic_plan", "epidemic_plan.docx")
    assert list(draft.materials.all()) == [new]
    assert files_in(storage_folder) == [new.sha256]


def test_in_a_submitted_application_the_earlier_file_stays_on_record(
    draft, storage_folder, django_capture_on_commit_callbacks
):
    old = hand_in(draft, "epidemic_plan", "epidemic_plan.pdf")
    submit(draft)
    with django_capture_on_commit_callbacks(execute=True):
        new = hand_in(draft, "epidemic_plan", "epidemic_plan.docx")
    old.refresh_from_db()
    assert old.replaced_at
    assert current(draft, "epidemic_plan") == [new]
    assert files_in(storage_folder) == sorted([old.sha256, new.sha256])


def test_the_file_before_last_can_come_back_after_submission(draft):
    submit(draft)
    for name in ("epidemic_plan.pdf", "epidemic_plan.docx", "epidemic_plan.pdf"):
        last = hand_in(draft, "epidemic_plan", name)
    assert current(draft, "epidemic_plan") == [last]
    assert draft.materials.count() == 3


def test_a_file_taken_out_of_a_draft_is_gone(draft, storage_folder, django_capture_on_commit_callbacks):
    material = hand_in(draft, "canteen_plan", "canteen_plan.pdf")
    with django_capture_on_commit_callbacks(execute=True):
        remove_material(material=material, user=draft.applicant)
        remove_material(material=material, user=draft.applicant)  # a double click
    assert not draft.materials.exists()
    assert files_in(storage_folder) == []


def test_a_file_taken_out_of_a_submitted_application_stays_on_record(draft, storage_folder):
    material = hand_in(draft, "canteen_plan", "canteen_plan.pdf")
    submit(draft)
    remove_material(material=material, user=draft.applicant)
    assert current(draft, "canteen_plan") == []
    assert draft.materials.count() == len(files_in(storage_folder)) == 1


def test_a_blob_stays_as_long_as_another_row_uses_it(draft, storage_folder, django_capture_on_commit_callbacks):
    material = hand_in(draft, "canteen_plan", "canteen_plan.pdf")
    hand_in(draft, "epidemic_plan", "canteen_plan.pdf")
    with django_capture_on_commit_callbacks(execute=True):
        remove_material(material=material, user=draft.applicant)
    assert files_in(storage_folder) == [material.sha256]


def test_the_print_of_a_permit_is_not_thrown_away_with_a_copy_of_it(draft, storage_folder):
    stored = storage.put([b"permit"])
    Permit.objects.create(
        application=submit(draft), number="FG1", content={}, issued_at=draft.submitted_at, pdf_sha256=stored.sha256
    )
    discard(stored.sha256)
    assert files_in(storage_folder) == [stored.sha256]


def test_a_blob_that_was_thrown_away_meanwhile_is_kept_again(draft, storage_folder, monkeypatch):
    put = storage.put

    def put_and_lose(source: Any) -> storage.Stored:
        stored = put(source)
        monkeypatch.setattr(storage, "put", put)
        storage.delete_blob(stored.sha256)  # another request took back the last material that used it
        return stored

    monkeypatch.setattr(storage, "put", put_and_lose)
    material = hand_in(draft, "canteen_plan", "canteen_plan.pdf")
    assert files_in(storage_folder) == [material.sha256]


@pytest.mark.django_db(transaction=True)
def test_of_many_uploads_at_once_not_one_too_many_comes_in(draft, storage_folder):
    codes: list[str] = []

    def send(number: int) -> None:
        try:
            hand_in(
                Application.objects.get(pk=draft.pk), "stock_photos", upload(photo(number), f"{number}.png")
            )
            codes.append("ok")
        except Refused as refused:
            codes.append(str(refused.code))
        finally:
            close_old_connections()
            connection.close()

    threads = [threading.Thread(target=send, args=(number,)) for number in range(14)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == ["ok"] * 9 + ["too_many"] * 5
    assert sorted(m.sha256 for m in current(draft, "stock_photos")) == files_in(storage_folder)


@pytest.mark.django_db(transaction=True)
def test_the_same_file_taken_back_and_handed_in_at_once_never_leaves_a_row_without_its_blob(draft):
    def send() -> None:
        for _again in range(8):
            hand_in(Application.objects.get(pk=draft.pk), "canteen_plan", "canteen_plan.pdf")
        connection.close()

    def take_back() -> None:
        for _again in range(16):
            for material in current(Application.objects.get(pk=draft.pk), "canteen_plan"):
                remove_material(material=material, user=draft.applicant)
        connection.close()

    threads = [threading.Thread(target=work) for work in (send, take_back, send, take_back)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for material in Material.objects.all():
        assert storage.exists(material.sha256)


@pytest.mark.django_db(transaction=True)
def test_a_blob_about_to_get_its_row_is_not_thrown_away_by_another_request(draft, storage_folder, monkeypatch):
    found, exists = threading.Event(), storage.exists

    def slow_exists(sha256: str) -> bool:
        there = exists(sha256)
        found.set()
        time.sleep(0.3)  # the other request has all the time it could want
        return there

    def throw_away() -> None:
        found.wait(5)
        for sha256 in blobs_in(storage_folder):
            discard(sha256)
        connection.close()

    monkeypatch.setattr(storage, "exists", slow_exists)
    other = threading.Thread(target=throw_away)
    other.start()
    material = hand_in(draft, "canteen_plan", "canteen_plan.pdf")
    other.join()
    assert files_in(storage_folder) == [material.sha256]


@pytest.mark.django_db(transaction=True)
def test_a_lock_on_a_blob_needs_a_transaction():
    with pytest.raises(RuntimeError, match="transaction"):
        materials.lock_blob("a" * 64)


def test_a_rolled_back_removal_keeps_row_and_blob(draft, storage_folder):
    material = hand_in(draft, "canteen_plan", "canteen_plan.pdf")
    with pytest.raises(RuntimeError), transaction.atomic():
        remove_material(material=material, user=draft.applicant)
        raise RuntimeError
    assert current(draft, "canteen_plan") == [material]
    assert files_in(storage_folder) == [material.sha256]


# --- What is there and what is missing -----------------------------------------------------------------------


def state(application: Application, values: dict[str, Any] | None = None) -> dict[str, materials.RequirementState]:
    return {found.requirement.key: found for found in requirement_state(application, values or {})}


def test_every_requirement_says_whether_it_is_met(draft):
    hand_in(draft, "roster", "roster.xlsx")
    found = state(draft)
    assert [key for key, item in found.items() if item.required] == [
        "business_licence", "epidemic_plan", "roster", "signed_pledge",
    ]  # fmt: skip
    assert [key for key, item in found.items() if item.satisfied] == ["roster", "stock_photos", "canteen_plan"]
    assert found["roster"].rows == 120


def test_the_canteen_plan_is_required_only_where_there_is_a_canteen(draft):
    assert state(draft, {"canteen_used": True})["canteen_plan"].required
    assert not state(draft, {"canteen_used": True})["canteen_plan"].satisfied
    assert not state(draft, {"canteen_used": False})["canteen_plan"].required


def test_the_state_takes_as_many_queries_for_one_file_as_for_six(draft):
    hand_in(draft, "stock_photos", "stock_1.jpg")
    with CaptureQueriesContext(
        connection,
    ) as few:
        state(draft)
    for key, name in {"stock_photos": "stock_2.png", "roster": "roster.xlsx", "signed_pledge": "pledge.jpg"}.items():
        hand_in(draft, key, name)
    with CaptureQueriesContext(connection) as many:
        _ = [material.application for item in state(draft).values() for material in item.files]
    assert len(many) == len(few) == 3


@pytest.fixture
def approved(draft: Application) -> Application:
    hand_in(draft, "business_licence", "business_licence.jpg")
    hand_in(draft, "epidemic_plan", "epidemic_plan.pdf")
    return submit(draft, Status.APPROVED)


def second(of: Application, **changes: Any) -> Application:
    return Application.objects.create(
        **{"version": of.version, "enterprise": of.enterprise, "applicant": of.applicant, **changes}
    )


def test_a_licence_on_record_is_not_asked_for_again(approved):
    found = state(second(approved))
    assert found["business_licence"].on_record
    assert found["business_licence"].satisfied
    assert not found["business_licence"].files
    assert not found["epidemic_plan"].on_record  # only what the definition allows


def test_a_licence_of_a_draft_or_of_another_enterprise_is_not_on_record(approved, enterprise):
    stranger = type(enterprise).objects.create(
        uscc="91360983MAYDEMW27F", name="other", region="360983", industry="C30", size="small"
    )
    assert not state(second(approved, enterprise=stranger))["business_licence"].on_record
    assert not state(second(approved, enterprise=None))["business_licence"].on_record
    submit(approved, Status.REJECTED)
    assert not state(second(approved))["business_licence"].on_record


def test_at_submission_the_licence_on_record_becomes_a_material_of_the_application_once(approved, storage_folder):
    application = second(approved)
    before = files_in(storage_folder)
    (taken,) = take_from_record(application)
    assert take_from_record(application) == []
    original = current(approved, "business_licence")[0]
    assert taken.from_record
    assert (taken.sha256, taken.media_type, taken.facts) == (original.sha256, original.media_type, original.facts)
    assert taken.uploaded_by == original.uploaded_by
    assert files_in(storage_folder) == before
    assert not state(application)["business_licence"].on_record
    assert state(application)["business_licence"].files == [taken]


def test_a_licence_handed_in_anew_goes_before_the_one_on_record(approved):
    application = second(approved)
    hand_in(application, "business_licence", "pledge.jpg")
    assert take_from_record(application) == []
    assert not state(application)["business_licence"].on_record


def test_a_person_s_name_is_not_needed_to_be_the_uploader(draft):
    colleague = User.objects.create(email="colleague@test.invalid", name="colleague")
    file = document("pledge.jpg")
    material = add_material(application=draft, requirement_key="signed_pledge", upload=file, user=colleague)
    assert material.uploaded_by == colleague
