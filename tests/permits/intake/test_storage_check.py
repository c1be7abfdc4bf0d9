"""Rows and blobs compared: what is lost, damaged or left over is found and said, and only what nobody needs is deleted."""

from __future__ import annotations

import hashlib
import io
import os
import time
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from permits import credentials, edition_files
from permits.credentials import checking
from permits.intake import storage, storage_check, storage_rounds, uses
from permits.intake.materials import add_material
from permits.intake.storage_check import How
from permits.models import (
    Check,
    EditionFile,
    Material,
    Permit,
    PermitCorrection,
    StorageCheck,
    StorageFault,
)
from reviews import tasks, workflow
from tests.permits.intake.conftest import document
from tests.permits.intake.storages import client
from tests.reviews import steps

pytestmark = pytest.mark.django_db
LONG_AGO = time.time() - 3 * 24 * 3600


def material(application, content: bytes, **more: Any) -> Material:
    stored = storage.put([content])
    return Material.objects.create(
        application=application, requirement="stock_photos", original_name="照片.jpg", media_type="image/jpeg",
        size=stored.size, sha256=stored.sha256, uploaded_by=application.applicant, **{"check_state": Check.FINE} | more,
    )  # fmt: skip


def age(folder: Path) -> None:
    """Everything that is there has been there for days."""
    for path in folder.rglob("*"):
        os.utime(path, (LONG_AGO, LONG_AGO))


def damage(kept: str, folder: Path, sha256: str, content: bytes) -> None:
    if kept == "s3":
        client().put_object(Bucket="permits", Key=f"materials/{storage.key_of(sha256)}", Body=content)
        return
    (path,) = (path for path in folder.rglob("*") if path.name.startswith(sha256))
    path.write_bytes(content if kept == "folder" else path.read_bytes()[:-1] + b"\0")


def check(*options: str) -> tuple[int, str]:
    """Exit status, and all that was said."""
    out = io.StringIO()
    try:
        call_command("check_storage", *options, stdout=out, stderr=out)
    except SystemExit as end:
        return int(end.code or 0), out.getvalue()
    return 0, out.getvalue()


def test_all_is_well(draft, kept):
    for n in range(5):
        material(draft, b"photo %d" % n)
    status, said = check()
    assert (status, "5 blobs needed, 5 there, 5 read: 0 lost, 0 damaged" in said) == (0, True), said
    assert StorageCheck.objects.get().read == 5


def test_a_lost_and_a_damaged_file_are_named_with_the_row_that_needs_them(draft, kept, storage_folder):
    gone, bad, good = (material(draft, content) for content in (b"gone" * 99, b"same length", b"good"))
    storage.delete_blob(gone.sha256)
    damage(kept, storage_folder, bad.sha256, b"other bytes")
    status, said = check()
    assert status == 1
    assert f"lost     {gone.sha256}  material {gone.pk}" in said
    assert f"damaged  {bad.sha256}  material {bad.pk}" in said
    assert good.sha256 not in said
    assert dict(StorageFault.objects.values_list("sha256", "kind")) == {gone.sha256: "lost", bad.sha256: "damaged"}
    assert check("--repair")[0] == 1 and Material.objects.count() == 3, "what can't be made anew stays on record"
    storage.put([b"gone" * 99])
    storage.put([b"same length"], over=True)
    assert check("--quick")[0] == 0, "what was faulty is read again whatever else is"
    assert not StorageFault.objects.exists()


def test_quick_sees_another_length_and_not_other_bytes(draft, storage_folder):
    short, other = material(draft, b"whole file"), material(draft, b"same length")
    damage("folder", storage_folder, short.sha256, b"half")
    damage("folder", storage_folder, other.sha256, b"other bytes")
    status, said = check("--quick")
    assert status == 1 and short.sha256 in said and other.sha256 not in said
    assert check()[1].count("damaged  ") == 2


def test_a_sample_reads_so_many_and_no_more(draft):
    for n in range(12):
        material(draft, b"photo %d" % n)
    assert "12 there, 4 read" in check("--sample", "4")[1]
    assert "12 there, 12 read" in check("--sample", "40")[1]


def test_only_what_nobody_needs_and_is_old_is_deleted(draft, storage_folder, settings):
    needed = material(draft, b"needed")
    orphan = storage.put([b"orphan"]).sha256
    (storage_folder / "incoming" / "broken-off").write_bytes(b"half an upl")
    (storage_folder / "sha256" / "notes.txt").write_text("a file of somebody else's")
    age(storage_folder)
    young = storage.put([b"its row is still to be written"]).sha256
    (storage_folder / "incoming" / "under-way").write_bytes(b"half")
    status, said = check()
    assert status == 2
    assert f"orphan   {orphan}" in said and "leftover incoming/broken-off" in said and "notes.txt" in said
    assert young not in said and "under-way" not in said
    status, said = check("--repair")
    assert status == 2 and "2 removed" in said, "somebody else's file is left for a person to look at"
    kept = {path.name for path in storage_folder.rglob("*") if path.is_file()}
    assert kept == {needed.sha256, young, "under-way", "notes.txt"}
    (storage_folder / "sha256" / "notes.txt").unlink()
    assert check() == (0, check()[1])


def test_a_bucket_keeps_what_is_needed_and_loses_uploads_in_parts_that_were_never_ended(
    draft, s3_service, settings, kept_on_s3
):
    needed = material(draft, b"needed")
    orphan = storage.put([b"orphan"]).sha256
    client().create_multipart_upload(Bucket="permits", Key=f"materials/{storage.key_of('0' * 64)}")
    client().create_multipart_upload(Bucket="permits", Key="materials/uploads/of-an-applicant")
    tally = storage_check.look(How(repair=True, grace=timedelta(seconds=-1)))
    assert (tally.orphans, tally.leftovers, tally.removed) == (1, 1, 2)
    assert storage.exists(needed.sha256) and not storage.exists(orphan)
    left = client().list_multipart_uploads(Bucket="permits")["Uploads"]
    assert [upload["Key"] for upload in left] == ["materials/uploads/of-an-applicant"]


@pytest.fixture
def kept_on_s3(settings, s3_service):
    from tests.permits.intake.storages import S3_URL

    settings.STORAGE_URL = S3_URL


@pytest.mark.parametrize("state", ["refused", "erased"])
def test_a_row_without_a_blob_by_right_is_no_loss(draft, state: str):
    row = material(
        draft, b"x", **({"check_state": Check.REFUSED} if state == "refused" else {"erased_at": "2026-11-01T00:00Z"})
    )
    storage.delete_blob(row.sha256)
    assert check()[0] == 0


def test_a_row_that_goes_and_a_blob_that_comes_while_it_is_looked_are_no_faults(draft, storage_folder):
    contents = sorted((b"photo %d" % n for n in range(3)), key=lambda content: hashlib.sha256(content).hexdigest())
    _first, comes, goes = (material(draft, content) for content in contents)
    storage.delete_blob(comes.sha256)
    storage.delete_blob(goes.sha256)

    def meanwhile(tally: storage_check.Tally) -> None:
        """The rows were listed by now."""
        storage.put([contents[1]])
        Material.objects.filter(pk=goes.pk).delete()

    tally = storage_check.look(How(tell=meanwhile))
    assert tally.needed == 3 and not tally.faulty


def test_a_lost_form_that_ships_is_made_anew(draft, version, storage_folder):
    name = next(path.name for path in edition_files.SHIPPED.iterdir())
    content = (edition_files.SHIPPED / name).read_bytes()
    EditionFile.objects.create(
        version=version, name=name, media_type="application/pdf", size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )  # fmt: skip
    assert check()[0] == 1
    status, said = check("--repair")
    assert status == 0 and "1 made anew" in said
    assert storage.open_blob(EditionFile.objects.get().sha256).read() == content


def test_a_table_of_any_length_is_read_in_pieces_of_one_size(draft, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(uses, "AT_ONCE", 7)
    rows = [
        Material(application=draft, requirement="x", original_name="x", media_type="x", size=1, uploaded_by=draft.applicant,
                 sha256=hashlib.sha256(b"%d" % (n // 2)).hexdigest(), replaced_at="2026-11-01T00:00Z")
        for n in range(60)
    ]  # fmt: skip
    Material.objects.bulk_create(rows)
    with CaptureQueriesContext(connection) as queries:
        found = [each.sha256 for each in uses.needed()]
    assert found == sorted({row.sha256 for row in rows})
    assert all("LIMIT 7" in query["sql"] for query in queries) and len(queries) == 5 + 6
    assert [each.sha256 for each in uses.needed(found[3], found[9])] == found[4:9]


def test_the_shares_of_the_nights_are_all_of_it_and_none_twice(settings):
    settings.STORAGE_CHECK_NIGHTS = 5
    shares = sorted(storage_rounds.share_of(date(2026, 11, day)) for day in range(1, 6))
    assert shares[0][0] == "" and shares[-1][1] == ""
    assert all(one[1] == other[0] for one, other in pairwise(shares))


def test_a_night_goes_on_where_it_was(draft, storage_folder, settings):
    settings.STORAGE_CHECK_NIGHTS = 1
    bad = [material(draft, b"photo %d" % n) for n in range(6)][3]
    damage("folder", storage_folder, bad.sha256, b"PHOTO 3")
    seen = []
    for _slice in range(7):  # each looks at one
        tally = storage_rounds.tonight(date(2026, 11, 26), seconds=-1.0)
        assert tally is not None
        seen.append(tally.read)
    assert seen == [1] * 6 + [0]
    assert storage_rounds.tonight(date(2026, 11, 26)) is None, "the night's share is done"
    night = StorageCheck.objects.get()
    assert (night.read, night.damaged, night.ended_at is not None) == (6, 1, True)
    assert StorageFault.objects.get().sha256 == bad.sha256


def test_the_nightly_task_mails_what_nobody_knew_of(draft, storage_folder, settings):
    settings.STORAGE_CHECK_NIGHTS = 1
    settings.ADMINS = [("", "ops@test.invalid")]
    row = material(draft, b"photo")
    storage.delete_blob(row.sha256)
    tasks.check_stored_files()
    (letter,) = mail.outbox
    assert "1 files lost" in letter.subject and f"material {row.pk}" in letter.body and "check_storage" in letter.body
    StorageCheck.objects.all().delete()
    tasks.check_stored_files()
    assert len(mail.outbox) == 1


def test_a_storage_that_is_not_there_is_no_loss(draft, settings):
    material(draft, b"photo")
    settings.STORAGE_URL = "s3://key:topsecret@127.0.0.1:9/permits?region=us-east-1&secure=0"
    status, said = check()
    assert status == 3 and "could not be checked" in said and "topsecret" not in said
    assert not StorageFault.objects.exists()


def test_a_lost_print_is_made_anew_and_the_row_follows_one_that_comes_out_otherwise(cast):
    permit = steps.approved(cast).permit
    credentials.store_pdf(permit)
    Material.objects.all().delete()  # the cast's have no blobs
    storage.delete_blob(permit.pdf_sha256)
    assert check()[0] == 1
    status, said = check("--repair")
    lost, permit = permit.pdf_sha256, Permit.objects.get()
    assert status == 0 and permit.pdf_sha256 != lost, said
    with storage.open_blob(permit.pdf_sha256) as blob:
        assert checking.pdf(blob.read()).good


def test_a_lost_print_from_before_a_correction_comes_back_without_a_signature(cast):
    permit = steps.approved(cast).permit
    credentials.store_pdf(permit)
    Material.objects.all().delete()
    workflow.correct_permit(permit.pk, official=cast.supervisor, changes={"first_batch": "90"}, reason="笔误")
    credentials.store_pdf(Permit.objects.get())
    storage.delete_blob(permit.pdf_sha256)
    status, said = check("--repair")
    with storage.open_blob(PermitCorrection.objects.get().pdf_sha256) as blob:
        found = checking.pdf(blob.read())
    assert status == 0 and not found.good and "has no signature" in found.lines[0], said



def test_a_lost_small_picture_is_made_anew_from_its_file(draft):
    row = add_material(
        application=draft, requirement_key="canteen_plan", upload=document("canteen_plan.pdf"), user=draft.applicant
    )
    thumb = row.parts.get(kind="thumb", page=1)
    storage.delete_blob(thumb.sha256)
    assert check()[0] == 1
    status, said = check("--repair")
    thumb.refresh_from_db()
    assert status == 0 and "1 made anew" in said and storage.exists(thumb.sha256), said
    storage.delete_blob(row.sha256)
    storage.delete_blob(thumb.sha256)
    assert check("--repair")[0] == 1, "without the file there is nothing to make it of"
