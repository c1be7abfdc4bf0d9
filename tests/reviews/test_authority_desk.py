"""Who reviews what an agent filed sees by which authorisation, with its document; that they looked at it is on record."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from permits.models import Membership
from portal.demo import DOCUMENTS
from reviews import authorisations, workflow
from reviews.audit import log, reads
from reviews.models import Task
from tests.cast import Cast, filled

pytestmark = pytest.mark.django_db


def desk(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    client.cookies["django_language"] = "en"
    return client


def filed(cast: Cast, *, by: Any, document: bool = False) -> Task:
    if document:
        pdf = (DOCUMENTS / "epidemic_plan.pdf").read_bytes()
        agents = Membership.objects.get(enterprise=cast.enterprise, user=cast.colleague)
        upload = SimpleUploadedFile("授权委托书.pdf", pdf, "application/pdf")
        authorisations.put_document(agents.pk, upload, by=cast.owner)
    draft = filled(cast)
    draft.applicant = by
    draft.save()
    return workflow.submit(draft.pk, applicant=by).tasks.get()


def text(client: Client, task: Task) -> str:
    return client.get(reverse("admin:reviews_task_review", args=[task.pk])).content.decode()


def looked(task: Task) -> list[str]:
    return [log.data_of(event)["what"] for event in reads.of(task.application)]


def test_the_document_of_an_agent_is_shown_and_the_look_is_on_record(cast: Cast) -> None:
    task = filed(cast, by=cast.colleague, document=True)
    page, address = text(desk(cast.street), task), reverse("admin:reviews_task_authority", args=[task.pk])
    assert "Authorisation of the agent" in page and "授权委托书.pdf" in page and address in page
    assert "authority" not in looked(task), "to see that there is one is not to look at it"
    shown = desk(cast.street).get(address)
    assert b"".join(shown) == (DOCUMENTS / "epidemic_plan.pdf").read_bytes()
    assert shown["Content-Type"] == "application/pdf" and shown["Content-Disposition"].startswith("inline")
    event = reads.of(task.application)[0]
    assert log.data_of(event) == {"what": "authority"} and event.actor == cast.street
    assert event.role.startswith("official@street:")


def test_an_authorisation_without_a_document_or_ended_since_says_so(cast: Cast) -> None:
    task = filed(cast, by=cast.colleague)
    page = text(desk(cast.street), task)
    assert "none was handed in" in page and "ended since" not in page
    assert desk(cast.street).get(reverse("admin:reviews_task_authority", args=[task.pk])).status_code == 404
    authorisations.end(Membership.objects.get(user=cast.colleague).pk, by=cast.owner)
    assert "ended since" in text(desk(cast.street), task)


def test_an_owner_files_without_one(cast: Cast) -> None:
    assert "Authorisation of the agent" not in text(desk(cast.street), filed(cast, by=cast.owner, document=True))


def test_other_offices_and_applicants_dont_get_it(cast: Cast) -> None:
    task = filed(cast, by=cast.colleague, document=True)
    address = reverse("admin:reviews_task_authority", args=[task.pk])
    assert desk(cast.other_street).get(address).status_code == 404
    assert desk(cast.owner).get(address).status_code in (302, 403)
    assert looked(task) == []
