"""Help: every topic in both languages, led to from each page, found by the search."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.test import Client
from django.urls import Resolver404, resolve

from portal import help
from portal.help import TOPICS
from tests.cast import Cast
from tests.portal.browser import at, links, page, words

pytestmark = pytest.mark.once


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_topic_is_there_and_leads_to_pages_that_exist(db: None, language: str) -> None:
    client = at(language=language)
    listed = links(client.get("/help/"))
    for topic in TOPICS:
        assert topic.url in listed
        response = client.get(topic.url)
        assert response.status_code == 200 and len(words(response)) > 120, topic.slug
        for address in links(response):
            if address.startswith("/"):
                try:
                    resolve(address)
                except Resolver404:
                    pytest.fail(f"{topic.slug} leads nowhere: {address}")
    assert client.get("/help/nothing/").status_code == 404


def test_every_page_leads_to_help(db: None) -> None:
    assert page(at().get("/")).xpath("//footer//a[@href='/help/']")


def test_contact_says_whom_to_call(cast: Cast, settings) -> None:
    settings.HELP_LINE, settings.HELP_EMAIL = "0795-2765000", "help@yifeng.invalid"
    response = at().get("/help/contact/")
    assert "tel:0795-2765000" in links(response) and "mailto:help@yifeng.invalid" in links(response)
    assert "Xinchang" in words(response) and "新昌镇" in words(at(language="zh-hans").get("/help/contact/"))


@pytest.mark.parametrize(
    ("query", "slug"),
    [
        ("补正", "corrections"),
        ("怎么补正", "corrections"),
        ("offline", "connection"),
        ("phone", "contact"),
        ("隐私", "privacy"),
    ],
)
def test_the_search_finds_help_in_either_language(db: None, query: str, slug: str) -> None:
    assert slug in [topic.slug for topic in help.found(query)]
    assert f"/help/{slug}/" in links(Client().get("/services/", {"q": query}))


@pytest.mark.parametrize("query", ["", "x", "竹笋", "zzz"])
def test_what_has_nothing_to_do_with_help_finds_none(query: str) -> None:
    assert not help.found(query)


def test_help_is_short() -> None:
    """A page that nobody reads helps nobody: at most two screens of a phone."""
    for file in Path("templates/help/zh").glob("*.html"):
        assert len(re.sub(r"<[^>]*>|\s", "", file.read_text(encoding="utf-8"))) < 700, file
