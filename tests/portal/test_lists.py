"""Lists: fifteen rows take the queries that three take, pages are bounded, and the newest stands first."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from permits.models import AccessRequest, Application, Enterprise, Membership
from reviews import workflow
from reviews.models import Event, Notice
from tests.cast import Cast, filled, person, task_of
from tests.data import cast as invented
from tests.portal import steps
from tests.portal.browser import at, links, page, words


def queries(user: Any, address: str) -> list[str]:
    """What a page asks of the database, the values left out."""
    client = at(user)
    client.get(address)  # what is cached once for all is not counted
    with CaptureQueriesContext(
        connection,
    ) as seen:
        response = client.get(address)
    assert response.status_code == 200
    return [re.sub(r"'[^']*'|\d+", "?", query["sql"]) for query in seen.captured_queries]


def grows_from_three_to_fifteen(user: Any, address: str, more: Callable[[], Any], rows: str) -> None:
    """Three rows, then fifteen: the page shows them, and asks no more than before."""

    def shown() -> int:
        return len(page(at(user).get(address)).xpath(rows))

    before = shown()
    for _ in range(3):
        more()
    three, few = shown(), queries(user, address)
    for _ in range(12):
        more()
    fifteen, many = shown(), queries(user, address)
    assert (three - before, fifteen - before) == (3, 15), "the rows are on the page"
    assert len(few) == len(many), "\n".join(sorted(set(many), key=many.count, reverse=True)[:3])
    assert len(many) < 25


def with_everything(cast: Cast) -> None:
    """An application in one more state each time."""
    made: list[Callable[[Cast], Any]] = [filled, steps.submitted, steps.in_review, steps.rejected]
    made[Application.objects.count() % 4](cast)


def test_the_list_of_applications(cast: Cast) -> None:
    grows_from_three_to_fifteen(
        cast.owner, "/applications/", lambda: with_everything(cast), "//article[contains(@class, 'case')]"
    )


def test_the_inbox(cast: Cast) -> None:
    grows_from_three_to_fifteen(cast.owner, "/inbox/", lambda: steps.submitted(cast), "//ul[@class='inbox']/li")


def enterprise_of(cast: Cast, number: int) -> Enterprise:
    code = f"91360924MA{number:08d}"
    return Enterprise.objects.create(**invented.ENTERPRISE | {"uscc": code, "name": f"第{number}家公司"})


def test_the_list_of_enterprises(cast: Cast) -> None:
    def more() -> None:
        found = enterprise_of(cast, Enterprise.objects.count())
        Membership.objects.create(enterprise=found, user=cast.owner, role="owner")

    grows_from_three_to_fifteen(cast.owner, "/enterprises/", more, "//article[contains(@class, 'case')]")


def test_the_list_of_what_was_asked_for(cast: Cast) -> None:
    def more() -> None:
        AccessRequest.objects.create(enterprise=enterprise_of(cast, Enterprise.objects.count()), user=cast.owner)

    grows_from_three_to_fifteen(cast.owner, "/enterprises/", more, "//p[contains(text(), 'is asked for')]")


def test_an_enterprise_with_its_members_and_those_who_ask(cast: Cast) -> None:
    def more() -> None:
        number = Membership.objects.count()
        Membership.objects.create(enterprise=cast.enterprise, user=person(f"agent{number}"), role="agent")
        AccessRequest.objects.create(enterprise=cast.enterprise, user=person(f"asker{number}"))

    grows_from_three_to_fifteen(
        cast.owner, f"/enterprises/{cast.enterprise.public_id}/", more, "//button[@value='grant']"
    )


def test_an_application_with_more_on_its_timeline(cast: Cast) -> None:
    application = steps.countersigned(cast)

    def more() -> None:  # an event that the applicant is shown; a real process has fewer of them
        last = Event.objects.filter(application=application, action="agreed").latest("seq")
        seq = Event.objects.filter(application=application).latest("seq").seq + 1
        last.pk, last.seq, last.hash = None, seq, f"{seq:064d}"
        last.save(force_insert=True)

    grows_from_three_to_fifteen(cast.owner, application.get_absolute_url(), more, "//ol[@class='timeline']/li")


def add_photo(application: Application, cast: Cast) -> None:
    number = application.materials.count()
    made = application.materials.create(
        requirement="stock_photos", original_name=f"{number}.jpg", media_type="image/jpeg", size=1, sha256=f"{number:064d}",
        check_state="fine", uploaded_by=cast.owner,
    )  # fmt: skip
    if application.submitted_at:  # of what was sent with it
        application.materials.filter(pk=made.pk).update(uploaded_at=application.submitted_at)


@pytest.mark.parametrize("part", ["", "receipt/"])
def test_an_application_with_more_files(cast: Cast, part: str) -> None:
    application = steps.submitted(cast)
    rows = {
        "": "//li[contains(@class, 'file-row')]", "receipt/": "//dd[contains(., '.pdf')]/text()[normalize-space()]"
    }  # fmt: skip
    grows_from_three_to_fifteen(
        cast.owner, application.get_absolute_url() + part, lambda: add_photo(application, cast), rows[part]
    )


@pytest.mark.parametrize(
    ("part", "rows"),
    [("materials/", "//li[contains(@class, 'file-row')]"), ("check/", "//dd/a[contains(@href, '/files/')]")],
)
def test_a_draft_with_more_files(cast: Cast, part: str, rows: str) -> None:
    draft = filled(cast)
    grows_from_three_to_fifteen(cast.owner, draft.get_absolute_url() + part, lambda: add_photo(draft, cast), rows)


def test_corrections_with_more_items(cast: Cast) -> None:
    draft = filled(cast)
    keys = [field.key for field in draft.definition.fields() if field.type in ("integer", "decimal", "text")]
    application = steps.asked_to_correct(cast, ("field", keys.pop(), "请核对"))
    notice = application.correction_notices.get()
    address = f"{application.get_absolute_url()}corrections/"
    grows_from_three_to_fifteen(
        cast.owner, address, lambda: notice.items.create(kind="field", key=keys.pop(), message="请核对"),
        "//*[@id='answers']//textarea",
    )  # fmt: skip


def test_many_unread_notices_cost_no_page_more(cast: Cast) -> None:
    steps.submitted(cast)
    few = queries(cast.owner, "/services/")
    for _ in range(6):
        steps.submitted(cast)
    assert len(queries(cast.owner, "/services/")) == len(few)


def test_a_long_list_has_pages_and_every_row_is_on_one_of_them(cast: Cast) -> None:
    made = [steps.submitted(cast) for _ in range(23)]
    client = at(cast.owner)
    first, second = (links(client.get("/applications/", {"page": number})) for number in (1, 2))
    assert [sum(one.get_absolute_url() in found for one in made) for found in (first, second)] == [20, 3]
    assert all(one.get_absolute_url() in first + second for one in made)
    assert "Page 1 of 2" in words(client.get("/applications/")) and "?page=2" in first
    assert made[-1].get_absolute_url() in first and made[0].get_absolute_url() in second
    rows = [page(client.get("/inbox/", {"page": number})).xpath("//ul[@class='inbox']/li") for number in (1, 2)]
    assert [len(found) for found in rows] == [20, 3]


@pytest.mark.parametrize("number", ["0", "-1", "99", "last", "x", "", "\x00", "9" * 400])
@pytest.mark.parametrize("address", ["/applications/", "/inbox/"])
def test_a_made_up_page_is_one_of_the_pages(cast: Cast, address: str, number: str) -> None:
    steps.submitted(cast)
    assert at(cast.owner).get(address, {"page": number}).status_code == 200


def test_the_list_says_what_to_do_next(cast: Cast) -> None:
    draft, sent = filled(cast), steps.submitted(cast)
    corrected = steps.asked_to_correct(cast, ("field", "masks", "请核对"))
    approved = steps.approved(cast)
    response = at(cast.owner).get("/applications/")
    text, found = words(response), links(response)
    assert f"{draft.get_absolute_url()}go-on/" in found and "Go on filling in" in text
    assert f"{corrected.get_absolute_url()}corrections/" in found and "Answer the corrections" in text
    assert approved.get_absolute_url() in found and "Download the result" in text
    assert sent.number in text and "Promised by" in text


def test_an_empty_list_says_how_to_begin(cast: Cast) -> None:
    response = at(cast.outsider).get("/applications/")
    assert "No applications yet" in words(response) and "/services/" in links(response)


def test_what_is_withdrawn_stays_in_the_list(cast: Cast) -> None:
    application = steps.submitted(cast)
    workflow.withdraw(application.pk, applicant=cast.owner)
    assert "Withdrawn" in words(at(cast.colleague).get("/applications/"))


def test_of_a_claimed_task_the_list_says_nothing(cast: Cast) -> None:
    application = steps.submitted(cast)
    before = words(at(cast.owner).get("/applications/"))
    workflow.claim(task_of(application, "street").pk, official=cast.street)
    assert words(at(cast.owner).get("/applications/")) == before
    assert Notice.objects.filter(recipient=cast.owner, kind="claimed").count() == 0
