"""The record of an application as a file: whoever may see the application gets it, it proves itself, and it tells no more."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from permits.models import Application
from portal.timeline import SHOWN
from reviews import policy, workflow
from reviews.audit import archive, checkpoints, receipts, sealing
from reviews.workflow import erasing
from tests.cast import Cast, filled, task_of
from tests.portal import steps
from tests.portal.browser import at, page, words

PROGRAM = Path(settings.BASE_DIR) / "static" / "verify_receipt.py"


@pytest.fixture(autouse=True)
def own_audit_key(settings, tmp_path: Path) -> None:
    settings.AUDIT_KEY_FILE = tmp_path / "audit" / "audit.pem"


def checked(folder: Path, text: bytes, *options: str) -> tuple[int, str]:
    """What the program says outside of the portal, given the portal's key."""
    (folder / "receipt.json").write_bytes(text)
    (folder / "verify_receipt.py").write_bytes(PROGRAM.read_bytes())
    keys = [part for key in checkpoints.verifier_keys() for part in ("--key", key)]
    command = [sys.executable, "-I", "verify_receipt.py", "receipt.json", "--lang", "en", *(options or keys)]
    done = subprocess.run(command, cwd=folder, env={}, capture_output=True, text=True, check=False)
    assert not done.stderr
    return done.returncode, done.stdout


def file_of(cast: Cast, application: Application) -> Any:
    response = at(cast.owner).get(reverse("record_proof", args=[application.public_id]))
    assert response.status_code == 200, response
    return response


def proved(cast: Cast) -> Application:
    """Approved, with words, an opinion asked for and a refusal on the way; among others' events, sealed bit by bit."""
    steps.submitted(cast)
    application = steps.submitted(cast)
    sealing.seal()
    steps.decide(cast, application, "street", "accept")
    steps.submitted(cast)
    sealing.seal()
    with pytest.raises(policy.Refused):
        workflow.decide(task_of(application, "health").pk, official=cast.street, outcome="agree")
    steps.decide(cast, application, "health", "agree", reason="现场已看过")
    steps.decide(cast, application, "industry", "agree")
    steps.decide(cast, application, "bureau", "approve", reason="材料齐全 ✓")
    sealing.seal()
    return application


def test_its_applicant_takes_it_away_and_it_proves_itself(cast: Cast, tmp_path: Path) -> None:
    application = proved(cast)
    response = file_of(cast, application)
    assert f'filename="receipt-{application.number}.json"' in response["Content-Disposition"]
    assert "no-store" in response["Cache-Control"]
    status, said = checked(tmp_path, response.content)
    assert status == 0 and f"PROVED: {application.events.count()} events of application {application.number}" in said
    assert "材料齐全 ✓" in said and "approved" in said


def test_it_shows_what_the_timeline_shows_and_of_the_rest_that_it_is_there(cast: Cast) -> None:
    application = proved(cast)
    events = json.loads(file_of(cast, application).content)["events"]
    recorded = list(application.events.order_by("seq").values_list("action", flat=True))
    assert {"refused", "claimed", "stage_opened"} & set(recorded) and len(events) == len(recorded)
    for action, event in zip(recorded, events, strict=True):
        assert ("payload" in event) == (action in SHOWN), action
    assert [each["reason"]["text"] for each in events if each.get("reason")] == ["现场已看过", "材料齐全 ✓"]


def test_there_is_nothing_of_a_person_in_it(cast: Cast) -> None:
    application = proved(cast)
    mine, theirs = (file.content.decode() for file in (file_of(cast, application), official_file(cast, application)))
    answers = application.answers
    secret = [answers[key] for key in ("legal_name", "legal_id_number", "legal_mobile", "epidemic_lead_name")]
    people = [cast.owner, cast.street, cast.health, cast.decider]
    secret += [each for user in people for each in (user.email, user.mobile)] + [
        cast.enterprise.name,
        cast.enterprise.uscc,
    ]
    assert len(secret) > 8 and not [each for each in secret if each and (each in mine or each in theirs)]
    payloads = [json.loads(event["payload"]) for event in json.loads(mine)["events"] if "payload" in event]
    said = {key for payload in payloads for key in payload["data"]}
    assert said <= {"number", "answers", "files", "stage", "department", "permit"}  # the answers and the files as salted digests
    assert len(payloads[0]["data"]["answers"]) == 64 and application.answers_salt not in mine + theirs


def official_file(cast: Cast, application: Application, who: str = "decider") -> Any:
    task = application.tasks.get(department__kind="bureau")
    return at(getattr(cast, who)).get(reverse("admin:reviews_task_proof", args=[task.pk]))


def test_an_official_gets_what_their_page_shows(cast: Cast, tmp_path: Path) -> None:
    application = proved(cast)
    response = official_file(cast, application)
    assert checked(tmp_path, response.content)[0] == 0
    hidden = [n for n, event in enumerate(json.loads(response.content)["events"], 1) if "withheld" in event]
    assert hidden == list(application.events.filter(action="refused").values_list("seq", flat=True)) != []
    heads = json.loads(official_file(cast, application, "supervisor").content)
    assert not [event for event in heads["events"] if "withheld" in event]
    assert official_file(cast, application, "other_street").status_code == 404


def test_until_it_is_sealed_the_page_says_so_and_offers_what_is_there(cast: Cast) -> None:
    application = steps.submitted(cast)
    client = at(cast.owner)
    address = reverse("record_proof", args=[application.public_id])
    said = client.get(application.get_absolute_url())
    assert "sealed within seconds" in words(said) and not page(said).xpath(f"//a[@href='{address}']")
    assert "sealed within seconds" in words(client.get(address, follow=True))
    task = task_of(application, "street")
    review = at(cast.street).get(reverse("admin:reviews_task_proof", args=[task.pk]), follow=True)
    assert "sealed within seconds" in review.content.decode()

    sealing.seal()
    assert "sealed within seconds" not in words(client.get(application.get_absolute_url()))
    steps.decide(cast, application, "street", "accept")
    said = client.get(application.get_absolute_url())
    assert "newest steps are sealed within seconds" in words(said) and page(said).xpath(f"//a[@href='{address}']")
    assert len(json.loads(client.get(address).content)["events"]) < application.events.count()


def test_a_draft_has_no_record(cast: Cast) -> None:
    draft = filled(cast)
    response = at(cast.owner).get(reverse("record_proof", args=[draft.public_id]))
    assert response.status_code == 302 and response["Location"] == reverse("check", args=[draft.public_id])


def test_erased_words_leave_the_receipt_valid_and_blind(cast: Cast, tmp_path: Path) -> None:
    application = proved(cast)
    erasing.erase_words(application.events.get(action="approved"), reason="数据主体申请")
    response = file_of(cast, application)
    status, said = checked(tmp_path, response.content)
    assert status == 0 and "材料齐全" not in said and "现场已看过" in said


def test_when_its_year_is_archived_the_receipt_is_the_same(cast: Cast, settings, tmp_path: Path) -> None:
    settings.AUDIT_ARCHIVE_URL = f"file://{tmp_path}/archive"
    application = proved(cast)
    before, before_official = file_of(cast, application).content, official_file(cast, application).content
    now = timezone.now()
    list(archive.archive_year(timezone.localtime(now).year, now=now + timedelta(days=400)))
    assert not application.events.exists()
    assert file_of(cast, application).content == before
    assert official_file(cast, application).content == before_official
    assert reverse("record_proof", args=[application.public_id]) in str(
        page(at(cast.owner).get(application.get_absolute_url())).xpath("//a/@href")
    )


def test_while_the_archive_is_out_of_reach_the_pages_still_open_and_say_so(cast: Cast, settings, tmp_path: Path) -> None:
    settings.AUDIT_ARCHIVE_URL = f"file://{tmp_path}/archive"
    application = proved(cast)
    now = timezone.now()
    [made] = archive.archive_year(timezone.localtime(now).year, now=now + timedelta(days=400))
    (tmp_path / "archive" / made.name).unlink()
    owner, decider = at(cast.owner), at(cast.decider)
    review = reverse("admin:reviews_task_review", args=[application.tasks.get(department__kind="bureau").pk])
    for browser, address in ((owner, application.get_absolute_url()), (decider, review)):
        assert "can't be read just now" in words(browser.get(address))
    for browser, name, key in (
        (owner, "record_proof", application.public_id),
        (decider, "admin:reviews_task_proof", application.tasks.get(department__kind="bureau").pk),
    ):
        assert "can't be read just now" in words(browser.get(reverse(name, args=[key]), follow=True))


def test_a_story_of_any_length_takes_as_many_queries(cast: Cast, django_assert_num_queries) -> None:
    for application in (proved(cast), steps.submitted(cast)):
        sealing.seal()
        with django_assert_num_queries(4):
            receipts.make(application, shows=lambda _event: True, tells=lambda _event: True)


def test_after_a_rotation_the_receipt_names_the_key_of_its_checkpoint(cast: Cast, tmp_path: Path) -> None:
    application = proved(cast)
    call_command("make_audit_key", "--rotate", stdout=io.StringIO())
    response = file_of(cast, application)
    new, old = checkpoints.verifier_keys()
    assert json.loads(response.content)["key"] == old
    assert checked(tmp_path, response.content)[0] == 0
    assert checked(tmp_path, response.content, "--key", new)[0] == 1
    steps.submitted(cast)
    sealing.seal()
    assert json.loads(file_of(cast, application).content)["key"] == new


@pytest.mark.parametrize(
    ("language", "title"), [("en", "Check the record of an application"), ("zh-hans", "核验办件记录")]
)
def test_the_public_page_may_send_nothing_and_helps_without_javascript(client, db, language: str, title: str) -> None:
    response = at(language=language).get(reverse("record_check"))
    assert title in words(response) and "connect-src 'none'" in response["Content-Security-Policy"]
    assert page(response).xpath("//a[contains(@href, 'verify_receipt')][@download='verify_receipt.py']")
    assert page(response).xpath("//section[contains(@class, 'no-js-only')]")
    assert "--key KEY" in words(response)


def test_the_page_of_permits_and_the_review_page_lead_to_it(cast: Cast) -> None:
    address = reverse("record_check")
    application = steps.submitted(cast)
    review = reverse("admin:reviews_task_review", args=[task_of(application, "street").pk])
    for user, where in ((None, reverse("verify")), (cast.owner, application.get_absolute_url()), (cast.street, review)):
        assert page(at(user).get(where)).xpath(f"//a[@href='{address}']"), where
