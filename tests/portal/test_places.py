"""The applicant is shown the place that was marked: drawn on the page, and in words; and nobody else is."""

from __future__ import annotations

import pytest
from django.urls import reverse

from permits.models import Application, Material
from reviews import marks, workflow
from reviews.models import Place
from tests.cast import Cast, task_of
from tests.parts import give_file, give_picture
from tests.portal import steps
from tests.portal.browser import at, page, words

DAMP = (500, 8000, 4000, 1000)


@pytest.fixture
def asked(cast: Cast) -> Application:
    """The plan's second page is marked, and the pledge as a whole."""
    application = steps.submitted(cast)
    plan = give_file(application.materials.get(requirement="epidemic_plan"), "epidemic_plan.pdf", pages=4)
    items = [
        workflow.Correction("material", "epidemic_plan", "写明地址", place=Place(plan.public_id, 2, *DAMP)),
        workflow.Correction("material", "signed_pledge", "未盖章"),
    ]
    workflow.decide(task_of(application, "street").pk, official=cast.street, outcome="correct", corrections=items)
    application.refresh_from_db()
    return application


def picture_of(application: Application, kind: str = "page", page: int = 2) -> str:
    return reverse("material_part", args=[application.public_id, plan_of(application).public_id, kind, page])


def plan_of(application: Application) -> Material:
    return application.materials.get(requirement="epidemic_plan")


def show(cast: Cast, application: Application, language: str = "en"):
    return at(cast.owner, language=language).get(reverse("corrections", args=[application.public_id]))


def test_the_page_is_shown_with_the_place_drawn_and_said(cast: Cast, asked: Application) -> None:
    marks.draw_waiting()
    response = show(cast, asked)
    (figure,) = page(response).xpath("//figure")
    (picture,) = figure.xpath(".//img")
    assert picture.get("src") == picture_of(asked)
    assert picture.get("alt") == "Page 2 of epidemic_plan.pdf; a frame is drawn: page 2, lower left"
    (frame,) = figure.xpath(".//*[@class='marked-frame']")
    assert tuple(int(frame.get(side)) for side in ("x", "y", "width", "height")) == DAMP
    assert "Epidemic emergency plan, page 2, lower left" in words(response)
    assert "疫情防控应急预案，第2页左下部" in words(show(cast, asked, "zh-hans"))
    served = at(cast.owner).get(picture_of(asked))
    assert served["Content-Type"] == "image/jpeg" and b"".join(served.streaming_content)[:2] == b"\xff\xd8"


def test_until_the_page_is_drawn_there_are_words_or_the_small_picture(cast: Cast, asked: Application) -> None:
    (figure,) = page(show(cast, asked)).xpath("//figure")
    assert not figure.xpath(".//img") and "page 2, lower left" in figure.text_content()
    assert figure.xpath(".//a/@href") == [f"{plan_of(asked).url}#page=2"]
    give_picture(plan_of(asked), page=1)
    assert not page(show(cast, asked)).xpath("//figure//img")
    give_picture(plan_of(asked), page=2)
    assert page(show(cast, asked)).xpath("//figure//img/@src") == [picture_of(asked, "thumb")]


def test_of_a_photo_the_photo_is_shown_until_it_is_erased(cast: Cast, asked: Application) -> None:
    photo = give_file(plan_of(asked), "stock_1.jpg")
    assert page(show(cast, asked)).xpath("//figure//img/@src") == [photo.url]
    Material.objects.filter(pk=photo.pk).update(erased_at="2026-11-24T02:00:00Z")
    assert not page(show(cast, asked)).xpath("//figure//img")


def test_the_picture_is_not_found_by_others(cast: Cast, asked: Application) -> None:
    marks.draw_waiting()
    assert at(cast.colleague).get(picture_of(asked)).status_code == 200
    for stranger in (cast.outsider, cast.health, cast.other_street):
        assert at(stranger).get(picture_of(asked)).status_code == 404


def test_what_was_marked_stays_to_be_seen_after_the_file_is_replaced(cast: Cast, asked: Application) -> None:
    marks.draw_waiting()
    Material.objects.filter(pk=plan_of(asked).pk).update(replaced_at="2026-11-24T02:00:00Z")
    assert page(show(cast, asked)).xpath("//figure//img") and at(cast.owner).get(picture_of(asked)).status_code == 200
