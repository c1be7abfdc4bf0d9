"""Files are kept as long as the rule says and no longer: bytes go, rows and the audit log stay and still verify."""

from __future__ import annotations

import io
import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from permits.intake import storage, uses
from permits.intake.materials import requirement_state
from permits.models import Application, EditionFile, Material, MaterialPart, StorageFault
from reviews import retention, workflow
from reviews.audit import log, verify
from reviews.audit.sealing import seal
from reviews.models import Event, Notice
from reviews.tasks import announce_erasures
from tests.cast import Cast, filled
from tests.faults.killing import killed_before
from tests.reviews import steps

pytestmark = pytest.mark.django_db
YEARS = timedelta(days=3653)


@pytest.fixture(autouse=True)
def rules(settings, tmp_path) -> None:
    settings.STORAGE_URL = f"file://{tmp_path / 'materials'}"
    settings.KEEP_FILES = {"draft": 180, "ended": 365, "rejected": 1095, "closed": 3650}


def with_files(application: Application) -> Application:
    """The cast's materials are rows only: give each of them its bytes."""
    for material in application.materials.all():
        stored = storage.put([f"{material.requirement} of {application.public_id}".encode()])
        Material.objects.filter(pk=material.pk).update(sha256=stored.sha256, size=stored.size)
    return application


def long_ago(application: Application, by: timedelta) -> Application:
    """As if all of it had happened so much earlier."""
    at = timezone.now() - by
    fields = {"updated_at": at} if application.is_draft else {"closed_at": at}
    Application.objects.filter(pk=application.pk).update(**fields)
    application.materials.update(uploaded_at=at)
    application.refresh_from_db()
    return application


def blobs_of_applications() -> set[str]:
    """All that is stored but the forms that editions give to download."""
    return {blob.sha256 for blob in storage.listed()} - set(EditionFile.objects.values_list("sha256", flat=True))


def erase(*options: str) -> str:
    out = io.StringIO()
    call_command("erase_materials", *options, stdout=out)
    return out.getvalue()


def kept(application: Application) -> list[bool]:
    return [storage.exists(material.sha256) for material in application.materials.all()]


@pytest.mark.parametrize(
    ("options", "says"), [(("--limit", "0"), "at least 1"), (("--limit", "-3"), "at least 1"), (("--number", ""), "is empty")]
)  # fmt: skip
def test_a_limit_of_nothing_and_an_empty_number_erase_nothing(cast: Cast, options: tuple[str, str], says: str) -> None:
    application = long_ago(with_files(steps.rejected(cast)), timedelta(days=1100))
    with pytest.raises(CommandError, match=says):
        erase("--apply", *options)
    assert not application.materials.exclude(erased_at=None).exists() and all(kept(application))


def test_what_is_over_is_only_listed_until_it_is_applied(cast: Cast, django_capture_on_commit_callbacks) -> None:
    application = long_ago(with_files(steps.rejected(cast)), timedelta(days=1100))
    said = erase()
    assert application.number in said and "rejected: 1095 days" in said and "5 files of 1 applications" in said
    assert "would be erased" in said and all(kept(application))
    with django_capture_on_commit_callbacks(execute=True):
        assert "5 files of 1 applications" in erase("--apply")
    assert not any(kept(application)) and application.materials.filter(erased_at=None).count() == 0
    assert "0 files" in erase("--apply")


def test_rows_digests_and_the_log_stay_and_verify(cast: Cast, django_capture_on_commit_callbacks) -> None:
    draft = with_files(filled(cast))
    application = workflow.submit(draft.pk, applicant=cast.owner, now=steps.TUESDAY)
    workflow.withdraw(application.pk, applicant=cast.owner, reason="不办了")
    MaterialPart.objects.create(
        material=application.materials.first(), kind="thumb", sha256=storage.put([b"small"]).sha256, media_type="image/jpeg",
        size=5,
    )  # fmt: skip
    before = dict(application.materials.values_list("public_id", "sha256"))
    Application.objects.filter(pk=application.pk).update(closed_at=timezone.now() - timedelta(days=400))
    with django_capture_on_commit_callbacks(execute=True):
        assert workflow.erase_files(application.pk) == 5
    assert (
        dict(application.materials.values_list("public_id", "sha256")) == before and not MaterialPart.objects.exists()
    )
    assert not blobs_of_applications()
    event = Event.objects.get(action="files_erased")
    assert log.data_of(event) == {"count": 5, "rule": "ended", "days": 365} and event.actor is None
    seal()
    assert verify.verify().first is None
    Material.objects.filter(application=application).first().delete()
    assert verify.verify().first is not None, "or the check above would say so of anything"


@pytest.mark.parametrize("state", ["in_review", "objected", "open_task", "young", "no_rule"])
def test_what_is_under_way_or_young_or_without_a_rule_is_kept(cast: Cast, settings, state: str) -> None:
    application = with_files(steps.accepted(cast) if state == "in_review" else steps.rejected(cast))
    match state:
        case "objected":
            workflow.object_to(
                application.pk, applicant=cast.owner, text="已整改", now=steps.TUESDAY + timedelta(days=1)
            )
        case "open_task":
            application.tasks.filter(department__kind="bureau").update(state="open", closed_at=None)
        case "no_rule":
            settings.KEEP_FILES = {"closed": 3650}
    if state != "young":
        long_ago(application, YEARS)
    assert workflow.erase_files(application.pk) == 0 and not list(retention.all_over(timezone.now()))
    assert not Event.objects.filter(action="files_erased").exists()


def test_a_draft_keeps_its_answers_and_its_applicant_is_told(cast: Cast, django_capture_on_commit_callbacks) -> None:
    draft = long_ago(with_files(filled(cast)), timedelta(days=200))
    answers = dict(draft.answers)
    with django_capture_on_commit_callbacks(execute=True):
        assert "0 files" in erase("--apply") and announce_erasures() == 1 and announce_erasures() == 0
        assert "0 files" in erase("--apply"), "told today, erased today"
    told = Notice.objects.filter(application=draft, channel="inbox").latest("pk")
    assert told.kind == "draft_to_be_erased" and told.params["files"] == 5
    in_time = datetime.fromisoformat(told.params["erase_at"])
    assert abs(in_time - timezone.now() - timedelta(days=14)) < timedelta(minutes=1)
    assert workflow.erase_files(draft.pk, now=in_time - timedelta(seconds=1)) == 0
    assert [over.application for over in retention.all_over(in_time)] == [draft]
    with django_capture_on_commit_callbacks(execute=True):
        assert workflow.erase_files(draft.pk, now=in_time) == 5
    draft.refresh_from_db()
    assert draft.answers == answers and draft.is_draft and not any(kept(draft))
    assert not any(state.files for state in requirement_state(draft, {})), "they are to be uploaded again"
    notice = Notice.objects.filter(application=draft, channel="inbox").latest("pk")
    assert notice.kind == "draft_erased" and notice.params["files"] == 5
    assert notice.params["days"] == 180
    assert draft.materials.filter(replaced_at__isnull=False, erased_at__isnull=False).count() == 5
    seal()
    assert verify.verify().first is None


@pytest.mark.parametrize("how", ["typed", "uploaded"])
def test_who_goes_on_with_the_draft_after_the_notice_keeps_the_files_and_is_told_anew_later(cast: Cast, how: str) -> None:
    draft = long_ago(with_files(filled(cast)), timedelta(days=170))
    assert announce_erasures() == 1
    later = timezone.now() + timedelta(days=5)
    if how == "typed":
        Application.objects.filter(pk=draft.pk).update(updated_at=later)
    else:
        draft.materials.filter(requirement="roster").update(uploaded_at=later)
    assert workflow.erase_files(draft.pk, now=later + timedelta(days=30)) == 0
    assert not workflow.announce_erasure(draft.pk, now=later + timedelta(days=165))
    assert workflow.announce_erasure(draft.pk, now=later + timedelta(days=167))


def test_nobody_is_told_too_early_and_without_a_notice_the_rule_alone_decides(cast: Cast, settings) -> None:
    draft = long_ago(with_files(filled(cast)), timedelta(days=165))
    assert announce_erasures() == 0
    settings.DRAFT_NOTICE_DAYS = 0
    long_ago(draft, timedelta(days=200))
    assert announce_erasures() == 0 and workflow.erase_files(draft.pk) == 5


def test_a_draft_that_got_a_file_lately_is_not_left_alone(cast: Cast) -> None:
    draft = long_ago(with_files(filled(cast)), timedelta(days=200))
    draft.materials.filter(requirement="roster").update(uploaded_at=timezone.now())
    assert workflow.erase_files(draft.pk) == 0


def test_a_file_that_another_application_took_over_from_the_record_stays(
    cast: Cast, django_capture_on_commit_callbacks
) -> None:
    application = long_ago(with_files(steps.rejected(cast)), YEARS)
    licence = application.materials.get(requirement="business_licence")
    other = filled(cast)
    other.materials.filter(requirement="business_licence").update(sha256=licence.sha256)
    with django_capture_on_commit_callbacks(execute=True):
        erase("--apply")
    assert storage.exists(licence.sha256) and kept(application).count(True) == 1


def test_the_definition_of_a_service_goes_before_the_rule_of_the_portal(cast: Cast) -> None:
    steps.edition(top="keep_files = {rejected = 4000}")
    application = long_ago(with_files(steps.rejected(cast)), timedelta(days=3900))
    assert retention.days_for(application) == 4000 and workflow.erase_files(application.pk) == 0
    long_ago(application, timedelta(days=4001))
    assert workflow.erase_files(application.pk) == 5


def test_one_application_can_be_named_and_many_be_limited(cast: Cast) -> None:
    first, second = (long_ago(with_files(steps.rejected(cast)), YEARS) for _ in range(2))
    assert second.number in erase("--number", second.number) and first.number not in erase("--number", second.number)
    assert "1 applications" in erase("--limit", "1", "--apply")
    with pytest.raises(CommandError, match="is not over"):
        erase("--number", "360924-20200210-000001-C")


@pytest.mark.fault
@pytest.mark.django_db(transaction=True)
def test_killed_at_any_statement_no_row_is_left_that_says_more_than_there_is(cast: Cast, settings) -> None:
    """Either nothing has happened, or the rows say that it did; a blob that is left over is found, and no loss is."""
    application = long_ago(with_files(steps.rejected(cast)), YEARS)
    places = 0
    while killed_before(places + 1, lambda: workflow.erase_files(application.pk)):
        places += 1
        erased = application.materials.filter(erased_at__isnull=False).count()
        assert erased in (0, 5) and Event.objects.filter(action="files_erased").exists() == (erased == 5)
        _no_loss()
        assert places < 60
        if erased:
            break
    assert places > 5
    assert blobs_of_applications(), "killed before they were thrown away"
    for sha256 in blobs_of_applications():
        os.utime(Path(settings.STORAGE_URL.removeprefix("file://")) / storage.key_of(sha256), (0, 0))
    out = io.StringIO()
    call_command("check_storage", "--repair", stdout=out, stderr=out)
    assert not blobs_of_applications()


def _no_loss() -> None:
    for needed in uses.needed():
        assert storage.exists(needed.sha256)
    assert not StorageFault.objects.exists()
