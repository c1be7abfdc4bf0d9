"""What follows when a worker finds an owed material fine."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from permits.intake import checking
from permits.intake.materials import take_in
from permits.models import Material, Membership, Promise
from reviews import arrivals
from reviews.models import Event, Notice
from tests.data import bad
from tests.permits.intake.conftest import document
from tests.reviews.test_promises import owing

pytestmark = pytest.mark.django_db


@pytest.fixture
def application(cast, settings, tmp_path):
    settings.INSPECTION = "worker"
    settings.STORAGE_URL = f"file://{tmp_path}/materials"
    return owing(cast)


def came(application, cast, file: SimpleUploadedFile) -> Material:
    return take_in(application=application, requirement_key="canteen_plan", upload=file, user=cast.owner)


def owed(application) -> bool:
    return Promise.objects.owed().filter(application=application).exists()


def test_what_is_owed_is_met_when_it_was_found_fine_and_the_office_is_told(application, cast):
    material = came(application, cast, document("canteen_plan.pdf"))
    assert owed(application)
    arrivals.check(material.pk)
    assert not owed(application)
    assert Event.objects.filter(application=application, action="promise_met").count() == 1
    assert Notice.objects.filter(kind="promise_met").exists()


def test_what_was_refused_is_owed_still(application, cast):
    material = came(application, cast, SimpleUploadedFile("plan.pdf", bad.truncated_pdf()))
    arrivals.check(material.pk)
    assert owed(application) and not Event.objects.filter(action="promise_met").exists()


def test_a_worker_that_died_before_it_could_say_so_is_made_good_by_the_sweep(application, cast):
    material = came(application, cast, document("canteen_plan.pdf"))
    checking.check(material.pk)  # and there it died
    assert owed(application)
    assert arrivals.sweep() == 1 and not owed(application)
    assert arrivals.sweep() == 0


def test_what_an_agent_sent_counts_when_their_authorisation_ended_before_it_was_looked_into(application, cast):
    material = take_in(
        application=application, requirement_key="canteen_plan", upload=document("canteen_plan.pdf"), user=cast.colleague
    )
    Membership.objects.filter(user=cast.colleague).update(active=False)
    arrivals.check(material.pk)
    assert not owed(application)
    event = Event.objects.get(application=application, action="promise_met")
    assert (event.actor, event.role) == (None, "system")
    assert not Event.objects.filter(action="refused").exists()
