"""A file that came in is looked at by a worker: fine, refused, or held; and only what is fine counts."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone, translation

from permits import checks
from permits.intake import checking, scanner, storage
from permits.intake.materials import Refused, add_material, remove_material, requirement_state, take_in
from permits.models import Application, Check, Material, MaterialPart, Status
from tests.data import bad
from tests.fakes import clamd as fakes
from tests.permits.intake.conftest import blobs_in, document, photo, upload

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def by_a_worker(settings) -> None:
    settings.INSPECTION = "worker"


@pytest.fixture
def clamd(settings):
    with fakes.running() as server:
        settings.CLAMD_URL = server.url
        yield server


def came(application: Application, key: str, file: Any) -> Material:
    file = document(file) if isinstance(file, str) else file
    return take_in(application=application, requirement_key=key, upload=file, user=application.applicant)


def sent(application: Application, **columns: Any) -> None:
    number = f"360924-20261124-{application.pk:06}-C"
    Application.objects.filter(pk=application.pk).update(number=number, submitted_at=timezone.now(), **columns)


def current(application: Application, key: str) -> list[Material]:
    return list(application.materials.current().filter(requirement=key))


def test_what_came_counts_only_when_it_was_found_fine(draft):
    material = came(draft, "canteen_plan", "canteen_plan.pdf")
    assert material.check_state == Check.CHECKING and not current(draft, "canteen_plan")
    [state] = [each for each in requirement_state(draft, {"has_canteen": True}) if each.requirement.key == "canteen_plan"]
    assert state.others == [material] and not state.files
    assert any("being checked" in problem.message for problem in checks.problems(draft))
    assert checking.check(material.pk) == material
    assert current(draft, "canteen_plan") == [material]
    assert set(material.parts.values_list("kind", flat=True)) == {"thumb", "text"}
    assert not any("being checked" in problem.message for problem in checks.problems(draft))
    assert checking.check(material.pk) is None  # once is enough


def test_what_is_refused_says_why_in_both_languages_and_leaves_no_blob(
    draft, storage_folder, django_capture_on_commit_callbacks
):
    material = came(draft, "epidemic_plan", upload(bad.truncated_pdf(), "plan.pdf"))
    with django_capture_on_commit_callbacks(execute=True):
        checking.check(material.pk)
    material.refresh_from_db()
    assert (material.check_state, material.verdict["code"]) == (Check.REFUSED, "damaged")
    with translation.override("zh-hans"):
        assert "损坏" in material.why
    with translation.override("en"):
        assert "damaged" in material.why
    assert blobs_in(storage_folder) == []
    assert any("was refused" in problem.message for problem in checks.problems(draft))
    remove_material(material=material, user=draft.applicant)
    assert not draft.materials.exists()


def test_the_faults_of_a_roster_are_told_row_by_row_in_both_languages(draft):
    material = came(draft, "roster", "roster_faulty.xlsx")
    checking.check(material.pk)
    material.refresh_from_db()
    assert material.verdict["total"] == 6
    with translation.override("en"):
        assert len(material.faults) == 6 and material.faults[0].startswith("Row ")
    with translation.override("zh-hans"):
        assert material.faults[0].startswith("第")


def test_what_shows_at_once_is_refused_at_once(draft, storage_folder):
    for content, name in ((bad.empty(), "plan.pdf"), (bad.exe_named_pdf(), "plan.pdf"), (bad.too_big(), "plan.pdf")):
        with pytest.raises(Refused):
            came(draft, "epidemic_plan", upload(content, name))
    assert not draft.materials.exists() and blobs_in(storage_folder) == []


def test_a_new_file_takes_the_place_of_another_only_when_it_is_fine(draft, django_capture_on_commit_callbacks):
    there = add_material(
        application=draft, requirement_key="epidemic_plan", upload=document("epidemic_plan.pdf"), user=draft.applicant
    )
    sent(draft, status=Status.NEEDS_CORRECTION)
    broken = came(draft, "epidemic_plan", upload(bad.encrypted_pdf(), "plan.pdf"))
    checking.check(broken.pk)
    assert current(draft, "epidemic_plan") == [there]
    better = came(draft, "epidemic_plan", "epidemic_plan.docx")
    assert not Material.objects.filter(pk=broken.pk).exists()  # what was refused makes room
    assert current(draft, "epidemic_plan") == [there]
    checking.check(better.pk)
    there.refresh_from_db()
    assert current(draft, "epidemic_plan") == [better] and there.replaced_at  # a correction adds, never replaces


def test_the_same_file_again_is_the_one_that_is_there_and_a_refused_one_is_looked_at_again(draft):
    shot = photo(1)
    first = came(draft, "stock_photos", upload(shot, "1.png"))
    assert came(draft, "stock_photos", upload(shot, "again.png")) == first
    checking.check(first.pk)
    assert came(draft, "stock_photos", upload(shot, "again.png")) == first  # by what was sent, though it was kept otherwise
    refused = came(draft, "epidemic_plan", upload(bad.truncated_pdf(), "plan.pdf"))
    checking.check(refused.pk)
    again = came(draft, "epidemic_plan", upload(bad.truncated_pdf(), "plan.pdf"))
    assert again.check_state == Check.CHECKING and draft.materials.filter(requirement="epidemic_plan").count() == 1


def test_a_photo_is_kept_without_what_its_camera_wrote_and_the_original_goes(
    draft, storage_folder, django_capture_on_commit_callbacks
):
    material = came(draft, "signed_pledge", "pledge.jpg")
    original = material.sha256
    with django_capture_on_commit_callbacks(execute=True):
        checking.check(material.pk)
    material.refresh_from_db()
    assert material.received_sha256 == original != material.sha256
    assert not storage.exists(original) and storage.exists(material.sha256)
    with django_capture_on_commit_callbacks(execute=True):
        remove_material(material=material, user=draft.applicant)
    assert blobs_in(storage_folder) == []  # the small picture went too


def test_after_the_application_ended_nothing_comes_in_any_more(draft):
    material = came(draft, "canteen_plan", "canteen_plan.pdf")
    sent(draft, status=Status.WITHDRAWN, closed_at=timezone.now())
    assert checking.check(material.pk) is None
    assert not draft.materials.exists()


# --- Workers -------------------------------------------------------------------------------------------------


def test_a_claim_ends_and_a_file_that_kills_every_worker_is_refused(draft):
    material = came(draft, "canteen_plan", "canteen_plan.pdf")
    for _worker in range(checking.TRIES):  # each is killed with the claim in hand
        assert checking._claimed(material.pk)
        assert checking.check(material.pk) is None  # somebody has it
        Material.objects.filter(pk=material.pk).update(check_claimed_until=timezone.now())
    checking.check(material.pk)
    material.refresh_from_db()
    assert (material.check_state, material.verdict["code"]) == (Check.REFUSED, "unreadable")


def test_a_worker_that_was_taken_for_dead_writes_nothing(draft, monkeypatch):
    material = came(draft, "canteen_plan", "canteen_plan.pdf")
    made_of = checking.keeping.made_of

    def slow(*args: Any) -> Any:
        Material.objects.filter(pk=material.pk).update(check_claimed_until=timezone.now() + timedelta(hours=1))
        return made_of(*args)

    monkeypatch.setattr(checking.keeping, "made_of", slow)
    assert checking.check(material.pk) is None
    material.refresh_from_db()
    assert material.check_state == Check.CHECKING


def test_the_sweep_finds_what_a_lost_kick_left(draft):
    material = came(draft, "canteen_plan", "canteen_plan.pdf")
    assert checking.left_behind() == []
    Material.objects.filter(pk=material.pk).update(uploaded_at=timezone.now() - timedelta(minutes=1))
    assert checking.left_behind() == [material.pk]
    checking.check(material.pk)
    assert checking.left_behind() == []


@pytest.mark.django_db(transaction=True)
def test_of_two_workers_with_the_same_file_one_looks_at_it(draft):
    material = came(draft, "canteen_plan", "canteen_plan.pdf")
    found: list[Material | None] = []

    def work() -> None:
        found.append(checking.check(material.pk))
        connection.close()

    threads = [threading.Thread(target=work) for _each in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [each for each in found if each] == [material]
    assert MaterialPart.objects.filter(material=material, kind="text").count() == 1


# --- The virus scanner ---------------------------------------------------------------------------------------


def test_a_virus_is_refused(draft, clamd):
    clean = came(draft, "canteen_plan", "canteen_plan.pdf")
    checking.check(clean.pk)
    assert current(draft, "canteen_plan") == [clean] and clamd.scanned == 1
    with document("epidemic_plan.pdf") as file:
        infected = upload(file.read() + b"\n%" + fakes.EICAR, "plan.pdf")
    material = came(draft, "epidemic_plan", infected)
    checking.check(material.pk)
    material.refresh_from_db()
    assert (material.check_state, material.verdict["code"]) == (Check.REFUSED, "virus")


def test_while_the_scanner_is_away_a_file_is_held_and_never_passed(draft, clamd, settings):
    clamd.broken = True
    material = came(draft, "canteen_plan", "canteen_plan.pdf")
    checking.check(material.pk)
    material.refresh_from_db()
    assert material.check_state == Check.HELD and not current(draft, "canteen_plan")
    assert any("virus scanner" in problem.message for problem in checks.problems(draft))
    settings.CLAMD_URL = "tcp://127.0.0.1:1"  # nobody there
    checking.check(material.pk)
    material.refresh_from_db()
    assert material.check_state == Check.HELD
    settings.CLAMD_URL, clamd.broken = clamd.url, False
    Material.objects.filter(pk=material.pk).update(uploaded_at=timezone.now() - timedelta(minutes=1))
    assert checking.left_behind() == [material.pk]
    checking.check(material.pk)
    assert current(draft, "canteen_plan") == [material]


def test_a_file_that_is_too_large_for_the_scanner_is_held_and_operators_hear_what_to_raise(draft, clamd, caplog):
    clamd.most = 1000
    material = came(draft, "canteen_plan", "canteen_plan.pdf")
    checking.check(material.pk)
    material.refresh_from_db()
    assert material.check_state == Check.HELD and "StreamMaxLength" in caplog.text
    with pytest.raises(scanner.Down), document("canteen_plan.pdf") as file:
        scanner.scan(file)
