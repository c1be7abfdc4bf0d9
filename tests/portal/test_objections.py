"""异议 on the applicant's pages: within its time, with the words kept, and what came of it."""

from __future__ import annotations

from datetime import timedelta

from django.test import Client
from django.utils import timezone

from permits.models import Application, Status
from reviews import workflow
from reviews.models import Objection
from tests.cast import Cast, post, task_of
from tests.portal import steps
from tests.portal.browser import at, form, links, sign_in, told, words, written

TEXT = "通风已经整改，附照片和检测报告"


def where(application: Application) -> str:
    return f"/applications/{application.public_id}/objection/"


def late(application: Application) -> None:
    """The refusal was long ago."""
    Application.objects.filter(pk=application.pk).update(closed_at=timezone.now() - timedelta(days=60))


def test_a_refusal_is_objected_to_from_its_page(cast: Cast) -> None:
    application, client = steps.rejected(cast), at(cast.owner)
    shown = client.get(application.get_absolute_url())
    until = workflow.objection_until(application)
    assert until and written(until) in words(shown)
    assert where(application) in links(shown)
    response = client.post(where(application), form(client.get(where(application))) | {"text": TEXT}, follow=True)
    assert "was filed" in told(response)
    application.refresh_from_db()
    assert application.status == Status.OBJECTED and Objection.objects.get().text == TEXT
    assert "It is being looked at by somebody who had no part" in words(response) and TEXT in words(response)
    assert where(application) not in links(response)


def test_a_declined_application_can_be_objected_to_as_well(cast: Cast) -> None:
    application = steps.decide(cast, steps.submitted(cast), "street", "decline", reason="不属于本地")
    assert where(application) in links(at(cast.owner).get(application.get_absolute_url()))


def test_without_words_nothing_is_filed(cast: Cast) -> None:
    application = steps.rejected(cast)
    response = at(cast.owner).post(where(application), {"text": "   "})
    assert response.status_code == 422 and "Say what you object to, and why." in words(response)
    assert not Objection.objects.exists()


def test_what_is_too_long_is_refused_with_the_words_kept(cast: Cast) -> None:
    application = steps.rejected(cast)
    response = at(cast.owner).post(where(application), {"text": "长" * 4001})
    assert response.status_code == 422 and "长" * 4001 in form(response)["text"]


def test_too_late_is_said_with_the_words_kept_and_not_offered(cast: Cast) -> None:
    application, client = steps.rejected(cast), at(cast.owner)
    late(application)
    assert where(application) not in links(client.get(application.get_absolute_url()))
    assert "no decision here that can be objected to" in told(client.get(where(application), follow=True))
    response = client.post(where(application), {"text": TEXT})
    assert response.status_code == 409 and form(response)["text"] == TEXT
    assert "The time for objections is over" in words(response)


def test_twice_is_once(cast: Cast) -> None:
    application, client = steps.rejected(cast), at(cast.owner)
    for _time in range(2):
        client.post(where(application), {"text": TEXT})
    assert Objection.objects.count() == 1


def test_an_approval_has_nothing_to_object_to(cast: Cast) -> None:
    application, client = steps.approved(cast), at(cast.owner)
    assert where(application) not in links(client.get(application.get_absolute_url()))
    response = client.post(where(application), {"text": TEXT})
    assert response.status_code == 409 and form(response)["text"] == TEXT


def test_upheld_says_what_is_left_and_set_aside_that_it_goes_on(cast: Cast) -> None:
    for outcome, said in (("uphold", "ask for reconsideration or go to court"), ("overturn", "it is taken anew")):
        application = steps.rejected(cast)
        workflow.object_to(application.pk, applicant=cast.owner, text=TEXT)
        workflow.decide(task_of(application, "bureau").pk, official=cast.supervisor, outcome=outcome, reason="照片为证")
        response = at(cast.owner).get(application.get_absolute_url())
        assert said in words(response) and "照片为证" in words(response)
        assert where(application) not in links(response)


def test_after_a_second_refusal_there_is_no_second_objection(cast: Cast) -> None:
    application = steps.rejected(cast)
    workflow.object_to(application.pk, applicant=cast.owner, text=TEXT)
    workflow.decide(task_of(application, "bureau").pk, official=cast.supervisor, outcome="overturn", reason="再看")
    third = post("third", "bureau")
    workflow.decide(task_of(application, "bureau").pk, official=third, outcome="reject", reason="仍不达标")
    client = at(cast.owner)
    assert where(application) not in links(client.get(application.get_absolute_url()))
    response = client.post(where(application), {"text": TEXT})
    assert response.status_code == 409 and "An objection was decided already" in words(response)


def test_words_typed_before_the_session_ended_are_there_again(cast: Cast) -> None:
    application = steps.rejected(cast)
    client = Client()
    client.cookies["django_language"] = "en"
    after = client.post(where(application), {"text": TEXT})
    response = sign_in(client, cast.owner, after=after)
    assert form(response)["text"] == TEXT and not Objection.objects.exists()
