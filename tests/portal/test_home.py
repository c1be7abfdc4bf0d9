"""The first page, the search over services as people use it, a service's page, and what waits for somebody signed in."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from permits.models import Promise, Service
from reviews.models import Notice
from tests.cast import Cast, filled
from tests.portal import steps
from tests.portal.browser import at, links, page, words, written

TODO = "//*[contains(@class, 'panel-next')]//a"


def found(response: Any) -> list[str]:
    """Addresses of the services that a page shows, in order."""
    addresses = page(response).xpath("//*[contains(@class, 'card-title')]/a/@href | //ul/li/a/@href")
    return [str(address) for address in addresses if re.fullmatch(r"/services/[a-z-]+/", address)]


def todo(cast: Cast, user: Any = None) -> list[tuple[str, str]]:
    rows = page(at(user or cast.owner).get("/")).xpath(TODO)
    return [(" ".join(row.text_content().split()), str(row.get("href"))) for row in rows]


# --- the search --------------------------------------------------------------------------------------------------


@pytest.fixture
def three(cast: Cast) -> Cast:
    for name in ("job_retention", "community_report"):
        steps.shipped(name)
    return cast


@pytest.mark.parametrize(
    ("typed", "slug", "why"),
    [
        ("發燒", "community-report", "“发烧” is often called “发热”"), ("resumtion", "resumption", "“resumtion” looks like “resumption”"),
        ("返岗", "resumption", "Keyword: 返岗"), ("营业执照", "resumption", "Material: Business licence"),
    ],
)  # fmt: skip
def test_what_is_found_says_why(three: Cast, typed: str, slug: str, why: str) -> None:
    response = at().get("/services/", {"q": typed})
    assert found(response)[0] == f"/services/{slug}/" and why in words(response)
    response = at().get("/suggest/", {"q": typed})
    assert found(response)[0] == f"/services/{slug}/"


def test_the_words_are_marked_in_what_was_found(three: Cast) -> None:
    response = at(language="zh-hans").get("/services/", {"q": "復工"})
    marked = page(response).xpath("//article[1]//h3//mark/text()")
    assert marked == ["复工"] and "企业复工复产备案" in words(response)


def test_when_nothing_is_found_the_page_helps(three: Cast) -> None:
    response = at().get("/services/", {"q": "付工 <b>"})
    text = words(response)
    assert "No service was found for “付工 <b>”" in text and "12345" in text and "tel:12345" in links(response)
    assert "Did you mean: 复工" in text and "Words that were looked for: 付工 · b" in text
    assert len(found(response)) == 3, "all services"
    assert "Nothing fits so far" in at().get("/suggest/", {"q": "付工 <b>"}).content.decode()


def test_a_service_that_is_closed_is_not_found(three: Cast) -> None:
    assert found(at().get("/services/", {"q": "复工"}))
    Service.objects.filter(slug="resumption").update(open=False)
    assert "/services/resumption/" not in found(at().get("/services/", {"q": "复工"}))


@pytest.mark.parametrize("typed", ["", "   ", "\x00", "'\"><script>", "a" * 500, "%", "\ud7ff复", "?q=&"])
@pytest.mark.parametrize("address", ["/services/", "/suggest/"])
def test_nothing_that_is_typed_breaks_the_search(three: Cast, address: str, typed: str) -> None:
    response = at().get(address, {"q": typed})
    assert response.status_code == 200 and b"<script>" not in response.content.replace(b"<script ", b"")


@pytest.mark.parametrize("address", ["/", "/services/", "/services/?q=复工", "/suggest/?q=复工", "/services/?q=xyz"])
def test_the_services_cost_one_query_however_many_they_are(cast: Cast, address: str) -> None:
    at().get(address)
    with CaptureQueriesContext(connection) as one:
        at().get(address)
    for name in ("job_retention", "community_report"):
        steps.shipped(name)
    at().get(address)
    with CaptureQueriesContext(connection) as three:
        at().get(address)
    assert len(three) == len(one) == 1


# --- the first page ----------------------------------------------------------------------------------------------


def test_the_first_page_says_what_one_can_do_here(three: Cast) -> None:
    response = at().get("/")
    text = words(response)
    assert "What you can do here" in text and len(found(response)) == 3
    assert text.index("For enterprises") < text.index("For residents") < text.index("Look up an application")
    examples = [address for address in links(response) if address.startswith("/services/?q=")]
    assert examples and all(found(at().get(address)) for address in examples)
    assert not page(response).xpath(TODO)


def test_who_is_signed_in_sees_the_next_thing_first(three: Cast) -> None:
    assert todo(three, three.outsider) == []
    draft, correct = filled(three), steps.asked_to_correct(three, ("field", "masks", "请核对"))
    steps.submitted(three)  # waits for the office: nothing to do
    done = steps.approved(three)
    rows = todo(three)
    assert [address for _, address in rows] == [
        f"{correct.get_absolute_url()}corrections/", done.get_absolute_url(), f"{draft.get_absolute_url()}go-on/", "/inbox/",
    ]  # fmt: skip
    assert [row[0] for row in rows[:3]] == ["Answer the corrections", "Download the result", "Go on filling in"]
    assert re.fullmatch(r"\d+ unread notices", rows[3][0])
    deadline = timezone.localtime(correct.correction_notices.get().deadline)
    assert f"By {written(deadline)}" in words(at(three.owner).get("/"))


def test_what_is_owed_is_named_with_its_time(cast: Cast) -> None:
    application = steps.in_review(cast)
    due = timezone.now() + timedelta(days=3)
    Promise.objects.create(
        application=application, requirement="epidemic_plan", kind="later", made_by=cast.owner, made_at=timezone.now(), due_at=due,
    )  # fmt: skip
    (first, *_) = todo(cast)
    title = str(application.definition.requirement("epidemic_plan").title.en)
    assert first == (f"Hand in what is owed: {title}", f"{application.get_absolute_url()}#owed")
    assert f"Hand in what is owed: {title}" in words(at(cast.owner).get("/applications/"))


def test_a_result_that_was_fetched_is_not_the_next_thing_any_more(cast: Cast) -> None:
    done = steps.approved(cast)
    client = at(cast.owner)
    assert todo(cast)[0][0] == "Download the result"
    client.get(f"{done.get_absolute_url()}permit.pdf")
    assert "Download the result" not in [text for text, _ in todo(cast)]
    assert "Download the result" in words(client.get("/applications/")), "it can be fetched again"


def test_only_unread_notices_are_a_next_thing_too(cast: Cast) -> None:
    steps.submitted(cast)
    assert todo(cast) == [("1 unread notice", "/inbox/")]
    Notice.objects.update(read_at=timezone.now())
    assert todo(cast) == []


# --- my applications ---------------------------------------------------------------------------------------------


def test_the_list_is_narrowed_to_open_or_closed_ones(cast: Cast) -> None:
    draft, sent, closed = filled(cast), steps.submitted(cast), steps.rejected(cast)
    client = at(cast.owner)
    shown = {
        show: {
            one
            for one in (draft, sent, closed)
            if one.get_absolute_url() in links(client.get(f"/applications/?show={show}"))
        }
        for show in ("", "open", "closed", "made-up\x00")
    }
    assert shown[""] == shown["made-up\x00"] == {draft, sent, closed}
    assert shown["open"] == {draft, sent} and shown["closed"] == {closed}
    assert "No application is in this list" in words(at(cast.outsider).get("/applications/?show=closed"))


def test_a_late_office_is_said_to_be_late(cast: Cast) -> None:
    application = steps.submitted(cast)
    type(application).objects.filter(pk=application.pk).update(due_at=timezone.now() - timedelta(days=8))
    assert "The office is late. There is nothing for you to do." in words(at(cast.owner).get("/applications/"))
    text = words(at(cast.owner).get(application.get_absolute_url()))
    assert "Late: it was promised by" in text and "of working time ago" in text


# --- a service's page, and the draft -----------------------------------------------------------------------------


def test_the_page_of_a_service_says_what_one_needs_and_gets(cast: Cast) -> None:
    response = at().get("/services/resumption/")
    text = words(response)
    for said in (
        "Have at hand before you start",
        "Free of charge",
        "5 working days",
        "Business licence",
        "FG-…",
        "Until it is revoked",
    ):
        assert said in text, said
    definition = Service.objects.get(slug="resumption").definition
    assert str(definition.legal_basis.en) in text and str(definition.outcome.statement.en) in text
    assert (
        all(str(each.question.en) in text and str(each.answer.en) in text for each in definition.faq) and definition.faq
    )
    assert len(page(response).xpath("//form[@action='/services/resumption/start/']")) == 2


def test_a_draft_goes_on_at_the_first_section_that_is_incomplete(cast: Cast) -> None:
    draft = filled(cast)
    section = draft.definition.sections[2]
    draft.answers |= {field.key: None for field in section.fields}
    draft.save()
    (address, *_) = [a for a in links(at(cast.owner).get("/services/resumption/")) if a.endswith("/go-on/")]
    assert at(cast.owner).get(address)["Location"].startswith(f"{draft.get_absolute_url()}fill/{section.key}/")
