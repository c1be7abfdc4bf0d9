"""A permit's later life on the applicant's pages: renewed, superseded, corrected."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from permits import credentials
from permits.models import Application, Permit
from reviews import workflow
from tests.cast import Cast, filled
from tests.portal import steps
from tests.portal.browser import at, form, page, told, words, written
from tests.reviews.steps import edition


@pytest.fixture
def permit(cast: Cast) -> Permit:
    """In force for 20 days more; it can be renewed from 30 days before its end."""
    edition(outcome="valid_days = 20\nrenewable_days = 30")
    return Permit.objects.get(application=steps.approved(cast))


def where(permit: Permit) -> str:
    return f"/applications/{permit.application.public_id}/renew/"


def begun(cast: Cast, permit: Permit) -> Application:
    draft = workflow.start_renewal(permit.pk, applicant=cast.owner)
    whole = filled(cast)
    whole.materials.update(application=draft)
    draft.answers = whole.answers
    draft.save()
    return draft


def renewed(cast: Cast, permit: Permit) -> Permit:
    sent = workflow.submit(begun(cast, permit).pk, applicant=cast.owner)
    return Permit.objects.get(application=steps.approved(cast, sent))


def test_the_button_leads_into_a_filled_in_draft_that_says_what_it_renews(cast: Cast, permit: Permit) -> None:
    client = at(cast.owner)
    shown = page(client.get(permit.application.get_absolute_url()))
    assert shown.xpath(f"//form[@action='{where(permit)}']")
    response = client.post(where(permit), follow=True)
    draft = Application.objects.get(renews=permit)
    assert response.redirect_chain[-1][0] == f"/applications/{draft.public_id}/fill/enterprise/"
    assert "filled in with what you said last time" in told(response)
    for address in ("fill/people/", "materials/", "check/"):
        text = words(client.get(f"/applications/{draft.public_id}/{address}"))
        assert f"This application renews permit {permit.number}" in text, address
    assert draft.answers["headcount"] == permit.application.answers["headcount"]


def test_a_second_click_finds_the_same_draft_and_the_page_goes_on_with_it(cast: Cast, permit: Permit) -> None:
    client = at(cast.owner)
    for _time in range(2):
        client.post(where(permit))
    assert Application.objects.filter(renews=permit).count() == 1
    shown = client.get(permit.application.get_absolute_url())
    assert "Go on with the renewal" in words(shown)
    assert not page(shown).xpath(f"//form[@action='{where(permit)}']")


def test_starting_the_service_anew_does_not_land_in_the_renewal(cast: Cast, permit: Permit) -> None:
    client = at(cast.owner)
    client.post(where(permit))
    client.post("/services/resumption/start/")
    assert Application.objects.filter(status="draft", renews=None).count() == 1


def test_before_its_day_the_page_says_from_when(cast: Cast) -> None:
    edition(outcome="valid_days = 90\nrenewable_days = 30")
    permit = Permit.objects.get(application=steps.approved(cast))
    assert permit.valid_until
    opens = written(permit.valid_until - timedelta(days=30))
    client = at(cast.owner)
    shown = client.get(permit.application.get_absolute_url())
    assert f"It can be renewed from {opens} on." in words(shown)
    assert not page(shown).xpath(f"//form[@action='{where(permit)}']")
    assert opens in told(client.post(where(permit), follow=True)) and not permit.renewals.exists()


def test_a_permit_without_an_end_says_nothing_of_renewal(cast: Cast) -> None:
    permit = Permit.objects.get(application=steps.approved(cast))
    client = at(cast.owner)
    assert "renew" not in words(client.get(permit.application.get_absolute_url())).lower()
    assert "can't be renewed" in told(client.post(where(permit), follow=True))


def test_once_renewed_the_earlier_one_says_so_everywhere(cast: Cast, permit: Permit) -> None:
    new = renewed(cast, permit)
    old_page = words(at(cast.owner).get(permit.application.get_absolute_url()))
    assert f"Superseded by {new.number}" in old_page

    def verdict(number: str) -> str:
        (section,) = page(at().get(f"/verify/{number}/")).xpath("//section[@aria-labelledby='verdict']")
        return str(section.text_content())

    verified = verdict(permit.number)
    assert "Superseded" in verified and new.number in verified and "in force" not in verified
    assert "genuine and in force" in verdict(new.number)
    new_page = words(at(cast.owner).get(new.application.get_absolute_url()))
    assert f"This application renews permit {permit.number}" in new_page
    assert "Permit superseded by a renewed one" in new_page
    pdf = at(cast.owner).get(f"/applications/{permit.application.public_id}/permit.pdf")
    permit.refresh_from_db()
    assert pdf.content == credentials.render_pdf(permit.content, code=permit.code, state="superseded")


def test_a_corrected_permit_says_that_earlier_prints_are_void(cast: Cast, permit: Permit) -> None:
    workflow.correct_permit(permit.pk, official=cast.supervisor, changes={"first_batch": "110"}, reason="人数有误")
    today = written(timezone.localdate())
    assert f"Corrected on {today}: earlier prints are void" in words(
        at(cast.owner).get(permit.application.get_absolute_url())
    )
    verified = words(at().get(f"/verify/{permit.number}/"))
    assert "Prints from before that day are void" in verified and "Corrected on" in verified


def test_a_renewal_of_a_permit_that_was_revoked_is_not_sent_and_the_page_says_what_to_do(
    cast: Cast, permit: Permit
) -> None:
    draft = begun(cast, permit)
    workflow.revoke_permit(permit.pk, official=cast.supervisor, reason="承诺不实")
    response = at(cast.owner).post(f"/applications/{draft.public_id}/check/")
    assert response.status_code == 409
    assert f"{permit.number} is not valid any more" in words(response) and "apply anew" in words(response)
    draft.refresh_from_db()
    assert draft.is_draft


def test_who_objects_while_another_renewal_is_under_way_is_told_so_with_the_words_kept(
    cast: Cast, permit: Permit
) -> None:
    refused = workflow.submit(begun(cast, permit).pk, applicant=cast.owner)
    steps.decide(cast, refused, "street", "decline", reason="不属于本地")
    begun(cast, permit)
    response = at(cast.owner).post(f"/applications/{refused.public_id}/objection/", {"text": "厂房在本镇"})
    assert response.status_code == 409 and form(response)["text"] == "厂房在本镇"
    assert "Throw that draft away first" in words(response)
