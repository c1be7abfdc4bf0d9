"""Forms to download and pictures of good documents: frozen with the edition that names them, there for the applicant."""

from __future__ import annotations

import io
from io import StringIO
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client

from permits.definition import Requirement
from permits.edition_files import SHIPPED
from permits.intake import roster
from permits.intake.materials import add_material, remove_material
from permits.models import EditionFile, Service, ServiceVersion
from reviews import publishing, workflow
from reviews.models import Event
from tests.cast import Cast, filled
from tests.data.bad import exe_named_pdf
from tests.reviews.test_editions import SOURCE, signed_in

pytestmark = pytest.mark.django_db
SHEET = (SHIPPED / "returning_staff.xlsx").read_bytes()


def folder_with(tmp_path: Path, source: str, **files: bytes) -> Path:
    (tmp_path / "files").mkdir(exist_ok=True)
    for name, content in files.items():
        (tmp_path / "files" / name.replace("__", ".")).write_bytes(content)
    (tmp_path / "newer.toml").write_text(source, encoding="utf-8")
    return tmp_path / "newer.toml"


def publish(file: Path, *options: str) -> str:
    out = StringIO()
    call_command("publish_service", str(file), *options, stdout=out)
    return out.getvalue()


def test_the_service_page_and_the_draft_lead_to_the_form_and_the_picture(cast: Cast):
    client = signed_in(cast.owner)
    draft = filled(cast)
    for page in ("/services/resumption/", f"/applications/{draft.public_id}/materials/"):
        body = client.get(page).content.decode()
        for name in ("returning_staff.xlsx", "signed_pledge.docx", "business_licence_example.jpg"):
            assert f'href="/services/resumption/files/1/{name}"' in body, (page, name)
    got = Client().get("/services/resumption/files/1/returning_staff.xlsx")
    assert b"".join(got.streaming_content) == SHEET and got["Content-Disposition"].startswith("attachment")
    picture = Client().get("/services/resumption/files/1/business_licence_example.jpg")
    assert picture["Content-Type"] == "image/jpeg" and picture["Content-Disposition"].startswith("inline")
    assert Client().get("/services/resumption/files/1/nothing.pdf").status_code == 404
    assert Client().get("/services/resumption/files/2/returning_staff.xlsx").status_code == 404


def test_count_size_and_formats_are_told_before_one_starts_and_where_one_uploads(cast: Cast):
    client = signed_in(cast.owner)
    for page in ("/services/resumption/", f"/applications/{filled(cast).public_id}/materials/"):
        body = client.get(page).content.decode()
        assert "JPG, HEIC, PNG, up to 20 MB each, at most 9 files." in body and "XLSX, up to 20 MB, one file." in body


def test_the_staff_plan_to_download_has_every_column_that_is_read(cast: Cast):
    wanted = Service.objects.get(slug="resumption").definition.requirement("roster")
    assert isinstance(wanted, Requirement)
    told = [str(fault) for fault in roster.read(io.BytesIO(SHEET), wanted).faults]
    assert len(told) == 1 and "姓名" not in told[0]  # it has no rows yet; no column is missing


def test_a_new_edition_brings_its_own_file_and_the_older_keeps_the_one_it_had(cast: Cast, tmp_path):
    draft = filled(cast)
    other = (SHIPPED / "signed_pledge.docx").read_bytes()
    source = SOURCE.replace('template = "returning_staff.xlsx"', 'template = "plan.docx"')
    said = publish(folder_with(tmp_path, source, plan__docx=other), "--dry-run")
    assert "~ files/plan.docx" in said and "returning_staff.xlsx → plan.docx" in said
    assert EditionFile.objects.filter(version__edition=2).count() == 0
    publish(tmp_path / "newer.toml")
    body = signed_in(cast.owner).get("/services/resumption/").content.decode()
    assert "/files/2/plan.docx" in body
    older = signed_in(cast.owner).get(f"/applications/{draft.public_id}/materials/").content.decode()
    assert "/files/1/returning_staff.xlsx" in older and "plan.docx" not in older
    event = Event.objects.filter(action="service_published").latest("pk")
    assert "plan.docx" in event.payload


def test_a_changed_file_alone_makes_a_new_edition_and_the_same_one_does_not(cast: Cast, tmp_path):
    file = folder_with(tmp_path, SOURCE)
    assert "is in force already" in publish(file)
    (tmp_path / "files" / "signed_pledge.docx").write_bytes((SHIPPED / "signed_pledge.docx").read_bytes()[:])
    assert "is in force already" in publish(file)
    (tmp_path / "files" / "returning_staff.xlsx").write_bytes(
        (Path(__file__).parents[1] / "data" / "roster.xlsx").read_bytes()
    )
    assert "resumption v2 published" in publish(file)
    assert "is in force already" in publish(file)


@pytest.mark.parametrize("content", [None, b"", exe_named_pdf(), b"<html><script>1</script></html>"])
def test_a_file_that_is_not_there_or_no_good_is_told_with_its_line_and_nothing_is_published(
    cast: Cast, tmp_path, content
):
    source = SOURCE.replace('template = "signed_pledge.docx"', 'template = "pledge_2.docx"')
    line = source.splitlines().index('template = "pledge_2.docx"') + 1
    files = {} if content is None else {"pledge_2__docx": content}
    file = folder_with(tmp_path, source, **files)
    good = tmp_path / "good.toml"
    good.write_text(SOURCE.replace("口罩库存", "口罩存量"), encoding="utf-8")
    for options in ((), ("--dry-run",)):
        with pytest.raises(CommandError) as caught:
            call_command("publish_service", str(good), str(file), *options, stdout=StringIO())
        assert f"newer.toml:{line}: materials.3.template: the file 'pledge_2.docx' " in str(caught.value)
    assert ServiceVersion.objects.count() == 1


def test_a_file_of_a_folder_above_is_not_reached(cast: Cast):
    with pytest.raises(publishing.definition_file.DefinitionError):
        publishing.publish(SOURCE.replace('template = "signed_pledge.docx"', 'template = "../../manage.pdf"'))


def test_handing_in_the_bare_form_and_taking_it_back_leaves_it_to_be_downloaded(
    cast: Cast, tmp_path, django_capture_on_commit_callbacks
):
    source = SOURCE.replace('formats = ["pdf", "docx"]\nrequired = false', 'formats = ["docx"]\nrequired = false')
    publishing.publish(source)
    draft = filled(cast)
    version = draft.version
    content = (SHIPPED / "signed_pledge.docx").read_bytes()
    draft.materials.filter(requirement="canteen_plan").delete()
    upload = SimpleUploadedFile("signed_pledge.docx", content)
    handed = add_material(application=draft, requirement_key="canteen_plan", upload=upload, user=cast.owner)
    with django_capture_on_commit_callbacks(execute=True):
        remove_material(material=handed, user=cast.owner)
    got = Client().get(f"/services/resumption/files/{version.edition}/signed_pledge.docx")
    assert b"".join(got.streaming_content) == content


def test_an_edition_s_files_never_change(cast: Cast):
    file = EditionFile.objects.first()
    with pytest.raises(TypeError):
        file.save()
    sent = workflow.submit(filled(cast).pk, applicant=cast.owner)
    assert sent.version.files.count() == 3
