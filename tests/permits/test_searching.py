"""The search over services: found by every one of their words, by what people say instead, and in spite of slips."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from permits.definition import Definition
from permits.definition_file import parse
from permits.definition_parts import Text
from permits.searching import Index, cut, fold, highlighted

FOLDER = Path(__file__).parents[2] / "permits/services"
SERVICES = {(found := parse(file.read_text(), name=file.name)).slug: found for file in sorted(FOLDER.glob("*.toml"))}
INDEX = Index(SERVICES.items())
TYPED = st.text(max_size=200) | st.text("复工產补 　ｒｅsume备案report()*[\\^$.?\u0130\u00df\ufdfa", max_size=100)


def slugs(query: str) -> list[str]:
    return [found.slug for found in INDEX.search(query)]


def names(definition: Definition) -> list[str]:
    """What a service is called, and what its parts are called, in both languages."""
    said = [
        definition.title,
        definition.outcome.title,
        *(each.title for each in (*definition.sections, *definition.materials)),
    ]
    return [text for each in said for text in (each.zh, each.en)] + list(definition.keywords)


@pytest.mark.parametrize(("slug", "name"), [(slug, name) for slug, one in SERVICES.items() for name in names(one)])
def test_every_service_is_found_by_each_of_its_names(slug: str, name: str) -> None:
    assert slug in slugs(name)
    assert slug in slugs(f"我想办理{name}需要什么材料" if not name.isascii() else f"how do I apply for {name}")


@pytest.mark.parametrize("slug", SERVICES)
def test_by_its_title_and_by_its_keywords_it_is_the_first(slug: str) -> None:
    definition = SERVICES[slug]
    for name in (definition.title.zh, definition.title.en, *definition.keywords):
        assert slugs(name)[0] == slug, name


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("复業", "resumption"), ("復工復產備案", "resumption"), ("ＲＥＳＵＭＥ　ＷＯＲＫ", "resumption"), ("工厂什么时候可以开门", "resumption"),
        ("reopen factory", "resumption"), ("resumtion", "resumption"), ("员工回来上班", "resumption"), ("防疫口罩", "resumption"),
        ("裁员了可以退钱吗", "job-retention"), ("社保补助", "job-retention"), ("失业保佥", "job-retention"), ("subsdy", "job-retention"),
        ("發燒", "community-report"), ("小区健康打卡", "community-report"), ("I have a temperature", "community-report"),
        ("复产和复工", "resumption"), ("企业付工复产备案", "resumption"), ("res", "resumption"), ("稳", "job-retention"),
    ],
)  # fmt: skip
def test_it_is_found_by_what_people_say(typed: str, first: str) -> None:
    assert slugs(typed)[:1] == [first]


@pytest.mark.parametrize("typed", ["", "   ", "?!", "离婚", "婚姻登记", "企业注销", "qwertz", "passport", "驾驶证"])
def test_what_no_service_does_finds_nothing(typed: str) -> None:
    assert slugs(typed) == []


def test_why_it_was_found_is_said() -> None:
    (said,) = INDEX.search("返岗")[0].reasons
    assert (said.how, said.word, said.phrase.kind) == ("said", "返岗", "keyword")
    (same,) = INDEX.search("發燒")[0].reasons
    assert (same.how, same.typed, same.word) == ("synonym", "发烧", "发热")
    (near,) = INDEX.search("resumtion")[0].reasons
    assert (near.how, near.word) == ("near", "resumption")
    (plan,) = INDEX.search("营业执照复印件")[0].reasons[:1]
    assert plan.phrase.kind == "material" and isinstance(plan.phrase.said, Text)


def test_a_rare_word_weighs_more_than_one_of_every_service() -> None:
    assert slugs("企业 失业保险")[0] == "job-retention"


def test_words_around_are_passed_over_unless_there_is_nothing_else() -> None:
    assert INDEX.terms("我想申请复工，怎么办？") == ["复工"]
    assert INDEX.terms("申请") == ["申请"] and slugs("申请")
    assert INDEX.terms("how do I apply") == ["how", "do", "i", "apply"]


def test_the_fewest_known_words_are_cut() -> None:
    known = frozenset({"复工", "复产", "复工复产", "备案"})
    assert cut("复工复产备案", known, 4) == ["复工复产", "备案"]
    assert cut("某镇复工须知", known, 4) == ["某镇", "复工", "须知"]
    assert cut("", known, 4) == []


def test_a_slip_in_a_short_word_is_asked_about() -> None:
    assert "复工" in INDEX.meant("付工") and not slugs("付工")
    assert INDEX.meant("") == INDEX.meant("xyz") == []


def test_what_was_found_is_marked_as_it_is_written() -> None:
    assert highlighted("企業复工，ＡＢＣ", ["企业", "abc"]) == [("企業", True), ("复工，", False), ("ＡＢＣ", True)]
    assert highlighted("㍿ part", [fold("株式")]) == [("㍿", True), (" part", False)]
    assert highlighted("", ["a"]) == highlighted("", []) == []


@given(TYPED)
@settings(max_examples=150, deadline=None)
def test_whatever_is_typed_it_never_raises(typed: str) -> None:
    found = INDEX.search(typed)
    INDEX.meant(typed)
    assert all(one.points > 0 and one.reasons for one in found)
    assert [one.points for one in found] == sorted((one.points for one in found), reverse=True)
    assert found == INDEX.search(typed)


@given(st.text(max_size=60), st.lists(st.text(max_size=5), max_size=4))
@settings(max_examples=150, deadline=None)
def test_marking_loses_no_character(text: str, words: list[str]) -> None:
    parts = highlighted(text, map(fold, words))
    assert "".join(piece for piece, _ in parts) == text and all(piece for piece, _ in parts)


@given(st.sampled_from([name for one in SERVICES.values() for name in names(one)]), st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_width_case_and_blanks_change_nothing(name: str, random: object) -> None:
    wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" and random.random() < 0.5 else c for c in name)  # type: ignore[attr-defined]
    assert slugs(f"  {wide.upper()}　") == slugs(name)


def test_nothing_is_found_where_nothing_is_open() -> None:
    assert Index([]).search("复工") == [] and Index([]).meant("复工") == []
