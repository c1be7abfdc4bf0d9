"""Words looked for in the text of files: as people write them, within bounds, with what stands around them."""

from __future__ import annotations

import pytest

from permits.intake import texts
from permits.models import Application, Material
from tests.cast import Cast, filled
from tests.parts import give_text


def found(text: str, query: str) -> list[str]:
    """What is marked on a page with this text."""
    hits = texts.on_page(Material(), 1, text, texts.words_of(query))
    return [words for hit in hits for words, is_word in hit.pieces if is_word]


@pytest.mark.parametrize(
    ("text", "query", "marked"),
    [
        ("本公司制定应急预案。", "应急预案", ["应急预案"]),
        ("本公司制定应急\n  预案。", "应急预案", ["应急\n  预案"]),
        ("Name of the PLAN", "plan", ["PLAN"]),
        ("编号ＡＢ１２３", "ab123", ["ＡＢ１２３"]),
        ("number ab123", "ＡＢ１２３", ["ab123"]),
        ("the plan of the year", "plan year", ["plan", "year"]),
        ("the plan of the\nyear", "the year", ["the", "the", "year"]),
        ("the rapist", "therapist", []),  # words of letters are kept apart
        ("the plan", "plan year", []),
        ("㎡ and ﬁle", "m2 file", ["㎡", "ﬁle"]),
        ("aaaa", "aa", ["aa", "aa"]),
        ("straße", "STRASSE", ["straße"]),
    ],
)
def test_words_are_found_as_people_write_them(text, query, marked):
    assert found(text, query) == marked


def test_what_is_shown_of_a_page_is_the_text_itself_and_bounded():
    text = "一" * 500 + "应急" + "二" * 500 + "应急应急" + "三" * 500 + "应急" + "四" * 900 + "应急"
    hits = texts.on_page(Material(), 1, text, ["应急"])
    assert len(hits) == texts.HITS_A_PAGE
    for hit in hits:
        shown = "".join(words for words, _is_word in hit.pieces)
        assert shown in text and len(shown) <= 2 * texts.AROUND + 4


def test_a_query_has_so_many_words_of_so_many_signs():
    assert texts.words_of("a b c d e f g") == ["a", "b", "c", "d", "e"]
    assert texts.words_of("a a A　Ａ") == ["a"]
    assert len(texts.words_of("长" * 300)[0]) == texts.LONGEST_QUERY
    assert texts.words_of(" \t\n") == []


@pytest.fixture
def application(cast: Cast) -> Application:
    return filled(cast)


def test_files_are_searched_in_order_and_those_without_text_are_named(application):
    plan, roster, pledge = (
        application.materials.get(requirement=key) for key in ("epidemic_plan", "roster", "signed_pledge")
    )
    give_text(plan, "第一页", "应急预案", "第三页提到应急")
    give_text(roster, "应急联系人")
    give_text(pledge, "", " \n")
    result = texts.find([plan, roster, pledge], "应急")
    assert [(hit.material, hit.page) for hit in result.hits] == [(plan, 2), (plan, 3), (roster, 1)]
    assert result.without_text == [pledge] and not result.cut
    assert texts.find([plan, roster], "  ") == texts.Found([], False, [])


def test_a_search_reads_and_shows_only_so_much(application, monkeypatch):
    plan = application.materials.get(requirement="epidemic_plan")
    give_text(plan, *["应急"] * 10)
    monkeypatch.setattr(texts, "MOST_HITS", 4)
    result = texts.find([plan], "应急")
    assert len(result.hits) == 4 and result.cut
    monkeypatch.setattr(texts, "MOST_SIGNS", 5)
    result = texts.find([plan], "应急")
    assert len(result.hits) == 2 and result.cut


def test_a_text_that_is_lost_or_no_list_is_no_text(application):
    plan = application.materials.get(requirement="epidemic_plan")
    part = give_text(plan, "应急")
    part.sha256 = "0" * 64
    part.save()
    assert texts.pages_of(plan) == []
