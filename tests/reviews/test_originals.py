"""The original of a file leaves the office by an act of a supervisor or the audit administrator, with a reason, on record."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from permits.intake import storage
from permits.models import Application, StorageFault
from reviews import policy, workflow
from reviews.audit import log
from reviews.models import Event
from tests.cast import Cast, holder
from tests.portal.browser import at, words
from tests.reviews import steps

pytestmark = pytest.mark.django_db


@pytest.fixture
def application(cast: Cast, settings, tmp_path) -> Application:
    settings.STORAGE_URL = f"file://{tmp_path / 'materials'}"
    filed = steps.countersigned(cast)
    stored = storage.put([b"%PDF-1.7 as it was handed in"])
    filed.materials.filter(requirement="signed_pledge").update(sha256=stored.sha256, size=stored.size)
    return filed


def page(application: Application) -> str:
    return reverse("admin:permits_application_originals", args=[application.pk])


def take(user: Any, application: Application, reason: str = "复议取证") -> Any:
    file = application.materials.get(requirement="signed_pledge")
    return at(user).post(page(application), {"file": str(file.public_id), "reason": reason})


@pytest.mark.parametrize("who", ["supervisor", "auditor"])
def test_a_supervisor_or_the_auditor_takes_it_out_with_a_reason(cast: Cast, application: Application, who: str) -> None:
    user = cast.supervisor if who == "supervisor" else holder("audit_admin")
    assert "signed_pledge.pdf" in words(at(user).get(page(application)))
    response = take(user, application)
    assert b"".join(response.streaming_content) == b"%PDF-1.7 as it was handed in"
    assert response["Content-Disposition"] == "attachment; filename*=UTF-8''signed_pledge.pdf"
    event = Event.objects.get(action="original_taken")
    assert event.actor == user and event.note.text == "复议取证"
    assert event.application == application and log.first_broken_link(event.stream) is None
    file = application.materials.get(requirement="signed_pledge")
    assert log.data_of(event) == {"file": str(file.public_id), "requirement": "signed_pledge"}
    take(user, application)
    assert Event.objects.filter(action="original_taken").count() == 2, "each time it goes out is on record"


def test_nobody_else_finds_the_page_a_superuser_included(cast: Cast, application: Application) -> None:
    root = holder("system_admin", "root")
    root.is_superuser = True
    root.save()
    for user in (cast.street, cast.decider, cast.other_street, holder("service_owner"), root):
        assert at(user).get(page(application)).status_code == 404
        assert take(user, application).status_code == 404
    assert not Event.objects.filter(action="original_taken").exists()


def test_without_a_reason_or_a_file_nothing_goes_out(cast: Cast, application: Application) -> None:
    for response in (take(cast.supervisor, application, " "), at(cast.supervisor).post(page(application), {"reason": "取证"})):
        assert response.status_code == 422 and not Event.objects.filter(action="original_taken").exists()
    assert "what the original is needed for" in words(take(cast.supervisor, application, ""))


def test_who_is_linked_to_the_enterprise_takes_nothing_out(cast: Cast, application: Application) -> None:
    workflow.declare_interest(cast.supervisor.pk, by=cast.supervisor, enterprise=cast.enterprise)
    response = take(cast.supervisor, application)
    assert response.status_code == 422
    assert log.data_of(Event.objects.get(action="refused")) == {"rule": "conflict_of_interest", "step": "take_original"}
    with pytest.raises(policy.Refused):
        workflow.take_original(application.materials.first().pk, by=cast.street, reason="x")


def test_what_is_damaged_goes_out_to_nobody_and_no_event_says_it_did(cast: Cast, application: Application) -> None:
    file = application.materials.get(requirement="signed_pledge")
    storage.delete_blob(file.sha256)
    response = take(cast.supervisor, application)
    assert response.status_code == 422 and "damaged in storage" in words(response)
    assert StorageFault.objects.get().sha256 == file.sha256 and not Event.objects.filter(action="original_taken").exists()


def test_the_review_page_and_the_log_lead_there(cast: Cast, application: Application) -> None:
    task = application.tasks.get(department__kind="bureau")
    review = reverse("admin:reviews_task_review", args=[task.pk])
    assert page(application) in at(cast.supervisor).get(review).content.decode()
    assert page(application) not in at(cast.decider).get(review).content.decode()
    auditor = holder("audit_admin")
    listed = reverse("admin:reviews_event_changelist")
    assert page(application) in at(auditor).get(f"{listed}?number={application.number}").content.decode()
    assert "originals" not in at(auditor).get(listed).content.decode()
