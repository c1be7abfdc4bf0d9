"""A permit's print: one for each permit whatever happens, and what verify_permit says of it when it is held up."""

from __future__ import annotations

import hashlib
import io
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.core.management import call_command
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from permits import credentials
from permits.credentials import checking, pades
from permits.intake import storage
from permits.models import Application, Permit
from reviews import tasks, workflow
from reviews.notices import delivery
from tests.cast import Cast, filled, task_of
from tests.reviews import steps


@pytest.fixture(autouse=True)
def office(settings, tmp_path: Path) -> None:
    settings.PERMIT_KEY_FILE, settings.EMBEDDED = tmp_path / "permit.pem", True


@pytest.fixture
def permit(cast: Cast) -> Permit:
    permit = steps.approved(cast).permit
    credentials.store_pdf(permit)
    return permit


@pytest.fixture
def file(permit: Permit, tmp_path: Path) -> Path:
    path = tmp_path / "从邮件里来的.pdf"
    with storage.open_blob(permit.pdf_sha256) as blob:
        path.write_bytes(blob.read())
    return path


def said(what: object, **options) -> tuple[int, str]:
    out = io.StringIO()
    try:
        call_command("verify_permit", str(what), stdout=out, **options)
    except SystemExit as end:
        return int(end.code or 0), out.getvalue()
    return 0, out.getvalue()


# --- What is said of a file -----------------------------------------------------------------------------------------
def test_a_good_file_is_told_with_its_holder_and_who_signed(permit: Permit, file: Path) -> None:
    status, words = said(file)
    assert status == 0 and words.startswith(f"{permit.number}: VALID"), words
    assert permit.application.enterprise.name in words and "unchanged since it was signed" in words


def test_a_changed_file_is_not_valid(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[5000] ^= 1
    file.write_bytes(content)
    status, words = said(file)
    assert status == 1 and words.startswith("NOT VALID: "), words


def test_a_revoked_one_holds_as_a_signature_and_is_not_valid(cast: Cast, permit: Permit, file: Path) -> None:
    workflow.revoke_permit(permit.pk, official=cast.supervisor, reason="停产")
    status, words = said(file)
    assert status == 1 and "NOT VALID" in words and "REVOKED" in words
    assert said(file, offline=True)[0] == 0


def test_a_print_from_before_a_correction_is_void_and_the_new_one_is_good(
    cast: Cast, permit: Permit, file: Path
) -> None:
    later = timezone.now() + timedelta(seconds=2)
    workflow.correct_permit(
        permit.pk, official=cast.supervisor, changes={"first_batch": "90"}, reason="人数笔误", now=later
    )
    status, words = said(file)
    assert status == 1 and "VOID" in words, words


def test_one_that_the_register_does_not_know_is_told(permit: Permit, file: Path) -> None:
    content = permit.content | {"number": "360924-FG-2020-000099-T"}
    file.write_bytes(
        pades.sign_pdf(credentials.render_pdf(content), office=content["office"], number=content["number"])
    )
    status, words = said(file)
    assert status == 1 and "NOT FOUND in the register, though the bureau signed it" in words


# --- One permit, one print ------------------------------------------------------------------------------------------
def test_a_task_that_runs_again_leaves_the_print_as_it_is(permit: Permit) -> None:
    kept = permit.pdf_sha256
    for _ in range(2):
        tasks.print_permit(permit.pk)
    assert tasks.issue_missing_permits() == 0
    permit.refresh_from_db()
    assert permit.pdf_sha256 == kept and Permit.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_four_workers_at_once_one_prints(cast: Cast) -> None:
    permit = steps.approved(cast).permit

    def work() -> None:
        try:
            tasks.print_permit(permit.pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        for future in [pool.submit(work) for _ in range(4)]:
            future.result(timeout=60)
    permit.refresh_from_db()
    with storage.open_blob(permit.pdf_sha256) as blob:
        content = blob.read()
    assert len(content) == permit.pdf_size
    numbers = re.findall(rb"/Reason \((.*?)\)", content)
    assert len(numbers) == 1


def test_a_worker_that_read_it_before_a_correction_prints_nothing_of_it(cast: Cast) -> None:
    before = steps.approved(cast).permit
    workflow.correct_permit(before.pk, official=cast.supervisor, changes={"first_batch": "90"}, reason="人数笔误")
    credentials.store_pdf(before)
    assert Permit.objects.get().pdf_sha256 == ""
    tasks.print_permit(before.pk)
    assert Permit.objects.get().pdf_sha256


def test_without_a_time_stamp_it_waits_and_the_sweep_prints_it_later(cast: Cast, settings) -> None:
    permit = steps.approved(cast).permit
    settings.PERMIT_TSA_URL = "http://127.0.0.1:9/"
    tasks.print_permit(permit.pk)
    assert tasks.issue_missing_permits() == 0 and not Permit.objects.get().pdf_sha256
    settings.PERMIT_TSA_URL = ""
    assert tasks.issue_missing_permits() == 1 and Permit.objects.get().pdf_sha256


def test_who_comes_for_one_that_waits_is_told_and_gets_it_later(cast: Cast, settings, client) -> None:
    permit = steps.approved(cast).permit
    address = reverse("permit_pdf", args=[permit.application.public_id])
    client.force_login(cast.owner)
    settings.PERMIT_TSA_URL = "http://127.0.0.1:9/"
    told = client.get(address, follow=True, headers={"accept-language": "zh-hans"})
    assert told.status_code == 200 and "正在签名" in told.content.decode()
    settings.PERMIT_TSA_URL = ""
    got = client.get(address)
    assert got["Content-Type"] == "application/pdf"
    assert checking.pdf(b"".join(got.streaming_content)).good


def mailed(cast: Cast, application: Application, kind: str = "approved") -> Any:
    delivery.deliver(list(application.notices.filter(kind=kind).values_list("pk", flat=True)))
    to_the_owner: list[Any] = [each for each in mail.outbox if cast.owner.email in each.to]
    return to_the_owner[-1]


def test_the_mail_brings_it_signed_and_leads_to_where_it_is_downloaded(cast: Cast) -> None:
    application = steps.approved(cast)
    sent = mailed(cast, application)
    assert application.number in sent.body and application.get_absolute_url() in sent.body
    ((name, content, media_type),) = sent.attachments
    assert (name, media_type) == (f"{application.permit.number}.pdf", "application/pdf")
    assert checking.pdf(content).good and "/verify/" in sent.body


def test_a_mail_of_a_correction_brings_the_new_print(cast: Cast) -> None:
    application = steps.approved(cast)
    before = mailed(cast, application).attachments[0][1]
    changes = {"first_batch": "110"}
    workflow.correct_permit(application.permit.pk, official=cast.supervisor, changes=changes, reason="笔误")
    after = mailed(cast, application, "permit_corrected").attachments[0][1]
    application.permit.refresh_from_db()
    assert checking.pdf(after).good and hashlib.sha256(after).hexdigest() == application.permit.pdf_sha256
    assert before != after


@pytest.mark.parametrize("why", ["revoked", "switched off", "no certificate", "can not be printed"])
def test_the_mail_goes_without_it_where_it_must_not_or_can_not_come_along(cast: Cast, settings, why: str) -> None:
    application = steps.approved(cast)
    match why:
        case "revoked":
            workflow.revoke_permit(application.permit.pk, official=cast.supervisor, reason="查实虚假承诺")
        case "switched off":
            settings.PERMITS_BY_MAIL = False
        case "no certificate":
            settings.EMBEDDED, settings.PERMIT_PKCS12 = False, settings.PERMIT_PKCS12.with_name("none.p12")
        case _:
            Permit.objects.filter(pk=application.permit.pk).update(content={"number": "nonsense"})
    sent = mailed(cast, application)
    assert not sent.attachments and application.get_absolute_url() in sent.body


def test_one_that_can_not_be_printed_keeps_nobody_waiting(cast: Cast) -> None:
    first, second = steps.approved(cast).permit, steps.approved(cast).permit
    Permit.objects.filter(pk=first.pk).update(content={"number": "nonsense"})
    assert tasks.issue_missing_permits() == 1
    assert Permit.objects.get(pk=second.pk).pdf_sha256


@pytest.mark.django_db(transaction=True)
def test_of_eight_who_issue_at_once_no_number_repeats(cast: Cast) -> None:
    due = []
    for _ in range(24):
        application = workflow.submit(filled(cast).pk, applicant=cast.owner)
        for office, who, outcome in (
            ("street", cast.street, "accept"), ("health", cast.health, "agree"), ("industry", cast.industry, "agree"),
        ):  # fmt: skip
            workflow.decide(task_of(application, office).pk, official=who, outcome=outcome)
        due.append(task_of(application, "bureau").pk)

    def approve(pk: int) -> None:
        try:
            workflow.decide(pk, official=cast.decider, outcome="approve")
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        for future in [pool.submit(approve, pk) for pk in due]:
            future.result(timeout=60)
    serials = sorted(int(number.split("-")[3]) for number in Permit.objects.values_list("number", flat=True))
    assert serials == list(range(1, 25))
